"""Hydration: the rows behind ranked hits, read as moments to show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from reelworks.domain.library.search import Kind, Moment, Reason, SearchHit
from reelworks.store.db.schema.search import PLAIN
from reelworks.store.search.query_parser import ParsedQuery, read_query
from reelworks.store.search.rank_fusion import K
from reelworks.store.search.result_pages import ListedHit, ListedMoment, RankedList, survivors
from reelworks.store.search.snippets import CLOSE, OPEN, excerpt_of


@dataclass(frozen=True, slots=True)
class RowLocation:
    """Video and time range of a row."""

    video_id: str
    t_start: float
    t_end: float
    text_digest: int
    """Digest of its text."""


def locations_of(
    connection: Connection, speech: Sequence[str], frames: Sequence[str]
) -> dict[str, RowLocation]:
    """Return the locations of rows, by id: lines of speech, and captions by their scenes."""
    rows = connection.execute(text(_LOCATIONS), {"speech": list(speech), "frames": list(frames)})
    return {
        row.id: RowLocation(row.video_id, row.t_start, row.t_end, row.text_digest) for row in rows
    }


def moments_of(
    connection: Connection, listed: RankedList, chosen: Sequence[ListedMoment]
) -> list[Moment]:
    """Return moments with all that is shown of them; what is gone or changed is left out."""
    parsed = read_query(listed.query)
    rows = _rows(connection, (hit for one in chosen for hit in one.hits), listed.wide)
    text_digests = {row_id: row.text_digest for row_id, row in rows.items()}
    return [
        _moment(one, [_hit(rows[hit.id], hit, parsed) for hit in hits], rows[hits[0].id])
        for one, hits in survivors(chosen, text_digests)
    ]


def _rows(connection: Connection, hits: Iterable[ListedHit], wide: str) -> dict[str, Row[Any]]:
    by_kind: defaultdict[Kind, list[str]] = defaultdict(list)
    for hit in hits:
        by_kind[hit.kind].append(hit.id)
    rows: dict[str, Row[Any]] = {}
    for kind, ids in by_kind.items():
        values = {"ids": ids, "wide": wide, "options": _HEADLINE}
        rows |= {row.id: row for row in connection.execute(text(_ROWS[kind]), values)}
    return rows


def _moment(one: ListedMoment, hits: Sequence[SearchHit], row: Row[Any]) -> Moment:
    return Moment(
        video_id=row.video_id,
        title=row.title,
        library=row.library,
        source=row.original_path,
        duration=row.duration_sec,
        t_start=one.t_start,
        t_end=one.t_end,
        score=one.score,
        hits=tuple(hits),
    )


def _hit(row: Row[Any], found: ListedHit, parsed: ParsedQuery) -> SearchHit:
    spelt = any(source.reason is Reason.SIMILAR_SPELLING for source in found.rank_sources)
    misspelt = parsed.long_words if spelt else ()
    return SearchHit(
        id=row.id,
        video_id=row.video_id,
        title=row.title,
        kind=found.kind,
        t_start=row.t_start,
        t_end=row.t_end,
        excerpt=excerpt_of((row.stemmed, row.exact), misspelt, parsed.runs),
        reasons=found.rank_sources,
        score=sum(1 / (K + source.rank) for source in found.rank_sources),
        frame_id=row.frame_id,
        frame_path=row.frame_path,
        model=f"{row.model}@{row.revision}" if row.revision else row.model,
        speaker=row.speaker,
    )


_HEADLINE = f"HighlightAll=true, StartSel={OPEN}, StopSel={CLOSE}"
_SEEN = "hashtext(p.seen_text || p.screen_text)"

_LOCATIONS = f"""
SELECT s.id, s.video_id, s.t_start, s.t_end, hashtext(s.text) AS text_digest
FROM transcript_segments s WHERE s.id = ANY (CAST(:speech AS text[]))
UNION ALL
SELECT p.id, p.video_id, c.t_start, c.t_end, {_SEEN}
FROM frame_captions p JOIN frames f ON f.id = p.frame_id JOIN scenes c ON c.id = f.scene_id
WHERE p.id = ANY (CAST(:frames AS text[]))
"""  # noqa: S608 - own names

_VIDEO = "coalesce(v.title, v.id) AS title, v.library, v.original_path, v.duration_sec"

_SPEECH_ROWS = f"""
SELECT s.id, s.video_id, {_VIDEO}, s.t_start, s.t_end, s.model, s.revision, s.speaker,
       hashtext(s.text) AS text_digest,
       ts_headline(s.ts_config, s.text, CAST(:wide AS tsquery), :options) AS stemmed,
       ts_headline('{PLAIN}', s.text, CAST(:wide AS tsquery), :options) AS exact,
       f.id AS frame_id, f.path AS frame_path
FROM transcript_segments s
JOIN videos v ON v.id = s.video_id
LEFT JOIN LATERAL (
    SELECT one.id, one.path FROM frames one JOIN scenes c ON c.id = one.scene_id
    WHERE one.video_id = s.video_id
    ORDER BY c.t_start <= s.t_start AND s.t_start < c.t_end DESC, abs(one.t - s.t_start)
    LIMIT 1
) f ON true
WHERE s.id = ANY (CAST(:ids AS text[]))
"""  # noqa: S608 - our own names


def _frame_rows(column: str, config: str) -> str:
    return f"""
SELECT p.id, p.video_id, {_VIDEO}, c.t_start, c.t_end, p.model, p.revision, NULL AS speaker,
       {_SEEN} AS text_digest,
       ts_headline({config}, p.{column}, CAST(:wide AS tsquery), :options) AS stemmed,
       ts_headline('{PLAIN}', p.{column}, CAST(:wide AS tsquery), :options) AS exact,
       f.id AS frame_id, f.path AS frame_path
FROM frame_captions p
JOIN frames f ON f.id = p.frame_id
JOIN scenes c ON c.id = f.scene_id
JOIN videos v ON v.id = p.video_id
WHERE p.id = ANY (CAST(:ids AS text[]))
"""  # noqa: S608 - our own names


_ROWS = {
    Kind.SPEECH: _SPEECH_ROWS,
    Kind.PICTURE: _frame_rows("seen_text", "'english'"),
    Kind.TEXT: _frame_rows("screen_text", "p.ts_config"),
}
