"""Search reads words as people type them, titles and file names too, and forgives typos in all.

Notes: texts become NFC, and all text vectors are computed again, which rewrites the tables of
speech and captions once and builds their indexes again, those of the vectors too; nobody can read
or write these tables meanwhile. The vocabulary is made from all texts. The trigram index over the
text on screen goes: the vocabulary does its work.
"""

from __future__ import annotations

from alembic import op

from reelworks.store.db.schema.library import NAMES_TSV, SCREEN_TSV, SEEN_TSV, SPOKEN_TSV
from reelworks.store.db.schema.search import PLAIN, READING, UNSPACED
from reelworks.store.db.schema.search_words import ALL_WORDS_ADDED

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

COMPOSED = tuple(
    f"UPDATE {table} SET {column} = normalize({column}, NFC)"  # noqa: S608 - own names
    f" WHERE {column} IS NOT NFC NORMALIZED"
    for table, column in (
        ("transcript_segments", "text"),
        ("frame_captions", "seen_text"),
        ("frame_captions", "screen_text"),
        ("frame_captions", "caption"),
    )
)
"""Texts that came in another form. Their vectors stay: they mean the same."""
COMPOSED_WORDS = (
    "UPDATE transcript_segments SET words = normalize(words::text, NFC)::jsonb"
    " WHERE words::text IS NOT NFC NORMALIZED"
)
_VOCABULARY = """
CREATE TABLE IF NOT EXISTS search_words (
    word TEXT NOT NULL,
    CONSTRAINT pk_search_words PRIMARY KEY (word)
);
"""
_VOCABULARY_INDEX = """
CREATE INDEX IF NOT EXISTS ix_search_words_word ON search_words USING gin (word gin_trgm_ops)
"""

_READING_BEFORE = f"""
CREATE OR REPLACE FUNCTION reelworks_unspaced(words TEXT) RETURNS TSVECTOR
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN words ~ '{UNSPACED}' THEN
    coalesce((
        SELECT string_agg('''' || pair || '''' || chr(58) || least(place, 16383), ' ')
        FROM (
            SELECT letter, place, letter || CASE
                WHEN lead(letter) OVER (ORDER BY place) ~ '{UNSPACED}'
                THEN lead(letter) OVER (ORDER BY place) ELSE '' END AS pair
            FROM unnest(string_to_array(words, NULL)) WITH ORDINALITY AS one (letter, place)
        ) AS pairs
        WHERE letter ~ '{UNSPACED}'
    ), '')::TSVECTOR
    || to_tsvector('{PLAIN}'::REGCONFIG, regexp_replace(words, '{UNSPACED}+', ' ', 'g'))
ELSE ''::TSVECTOR END;
"""  # noqa: S608 - own names


def upgrade() -> None:
    """Compose the texts, read them again, and gather their words."""
    for statement in (*COMPOSED, COMPOSED_WORDS):
        op.execute(statement)
    op.execute("DROP INDEX IF EXISTS ix_frame_captions_screen_text")
    op.execute(READING)
    for statement in _read_again(SPOKEN_TSV, SEEN_TSV, SCREEN_TSV):
        op.execute(statement)
    op.execute(
        "ALTER TABLE videos DROP COLUMN IF EXISTS names_tsv,"
        f" ADD COLUMN names_tsv {_stored(NAMES_TSV)}"
    )
    op.execute("CREATE INDEX ix_videos_names_tsv ON videos USING gin (names_tsv)")
    op.execute(_VOCABULARY)
    op.execute(ALL_WORDS_ADDED)
    op.execute(_VOCABULARY_INDEX)


def downgrade() -> None:
    """Read texts as before; they stay composed."""
    op.execute("DROP TABLE IF EXISTS search_words")
    op.execute("ALTER TABLE videos DROP COLUMN names_tsv")
    op.execute(_READING_BEFORE)
    before = (
        f"to_tsvector({config}, {column}) || to_tsvector('{PLAIN}'::regconfig, {column})"
        f" || reelworks_unspaced({column})"
        for config, column in (
            ("ts_config", "text"),
            ("'english'::regconfig", "seen_text"),
            ("ts_config", "screen_text"),
        )
    )
    for statement in _read_again(*before):
        op.execute(statement)
    op.execute(
        "DROP FUNCTION reelworks_names_tsv(TEXT, TEXT), reelworks_names(TEXT, TEXT),"
        " reelworks_words(TEXT)"
    )
    op.execute(
        "CREATE INDEX IF NOT EXISTS ix_frame_captions_screen_text"
        " ON frame_captions USING gin (screen_text gin_trgm_ops)"
    )


def _stored(tsv: str) -> str:
    return f"TSVECTOR GENERATED ALWAYS AS ({tsv}) STORED NOT NULL"


def _read_again(spoken: str, seen: str, screen: str) -> tuple[str, ...]:
    """Return the statements that compute the text vectors again, each table in one rewrite."""
    return (
        f"ALTER TABLE transcript_segments DROP COLUMN IF EXISTS tsv,"
        f" ADD COLUMN tsv {_stored(spoken)}",
        "CREATE INDEX ix_transcript_segments_tsv ON transcript_segments USING gin (tsv)",
        f"ALTER TABLE frame_captions DROP COLUMN IF EXISTS seen_tsv,"
        f" DROP COLUMN IF EXISTS screen_tsv,"
        f" ADD COLUMN seen_tsv {_stored(seen)},"
        f" ADD COLUMN screen_tsv {_stored(screen)}",
        "CREATE INDEX ix_frame_captions_seen_tsv ON frame_captions USING gin (seen_tsv)",
        "CREATE INDEX ix_frame_captions_screen_tsv ON frame_captions USING gin (screen_tsv)",
    )
