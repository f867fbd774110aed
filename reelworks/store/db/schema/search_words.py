"""Statements that fill the vocabulary (``SearchWordRow``) from the text vectors."""

from __future__ import annotations

from reelworks.store.db.schema.search import AS_WRITTEN, PLUS, SHARP, UNSPACED


def _words_added(of_video: str, the_video: str) -> str:
    """Return the statement that adds what is missing, in one order, so that two never deadlock."""
    return f"""
INSERT INTO search_words (word)
SELECT DISTINCT lexeme FROM (
    SELECT lexeme, weights FROM transcript_segments r, unnest(r.tsv) {of_video}
    UNION ALL SELECT lexeme, weights FROM frame_captions r, unnest(r.seen_tsv) {of_video}
    UNION ALL SELECT lexeme, weights FROM frame_captions r, unnest(r.screen_tsv) {of_video}
    UNION ALL SELECT lexeme, weights FROM videos r, unnest(r.names_tsv) {the_video}
) AS found
WHERE '{AS_WRITTEN}' = ANY (weights) AND length(lexeme) BETWEEN 3 AND 40
    AND lexeme !~ '[0-9{PLUS}{SHARP}]' AND lexeme !~ '{UNSPACED}'
    AND NOT EXISTS (SELECT FROM search_words known WHERE known.word = lexeme)
ORDER BY lexeme
ON CONFLICT DO NOTHING
"""  # noqa: S608 - own names


WORDS_OF_VIDEO_ADDED = _words_added("WHERE r.video_id = :id", "WHERE r.id = :id")
"""The statement that adds the words of the video ``:id``."""

ALL_WORDS_ADDED = _words_added("", "")
"""The statement that adds the words of the whole library."""
