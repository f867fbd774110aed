"""Hydration: the rows behind ranked hits, read as moments to show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from reelworks.domain.ids import TITLE_SUFFIX
from reelworks.domain.library.search import Kind, Moment, SearchHit
from reelworks.store.db.schema.library import NAMES
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


def locations_of(connection: Connection, kinds: Mapping[str, Kind]) -> dict[str, RowLocation]:
    """Return the locations of rows, whose kinds are given, by id.

    Captions are where their scenes are, titles at the beginning of their videos.
    """
    ids = {table: [row_id for row_id, kind in kinds.items() if kind in of_table]
           for table, of_table in _TABLES.items()}  # fmt: skip
    ids["titles"] = [row_id.removesuffix(TITLE_SUFFIX) for row_id in ids["titles"]]
    rows = connection.execute(text(_LOCATIONS), ids)
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
        keys = [row_id.removesuffix(TITLE_SUFFIX) for row_id in ids] if kind is Kind.TITLE else ids
        values = {"ids": keys, "wide": wide, "options": _HEADLINE}
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
    in_lines = found.kind in (Kind.TEXT, Kind.TITLE)
    return SearchHit(
        id=row.id,
        video_id=row.video_id,
        title=row.title,
        kind=found.kind,
        t_start=row.t_start,
        t_end=row.t_end,
        excerpt=excerpt_of(row.text, (row.stemmed, row.exact), parsed.runs, in_lines=in_lines),
        reasons=found.rank_sources,
        score=sum(1 / (K + source.rank) for source in found.rank_sources),
        frame_id=row.frame_id,
        frame_path=row.frame_path,
        model=f"{row.model}@{row.revision}" if row.revision else row.model,
        speaker=row.speaker,
    )


_HEADLINE = f"HighlightAll=true, StartSel={OPEN}, StopSel={CLOSE}"
_SEEN = "hashtext(p.seen_text || p.screen_text)"
_NAMES = NAMES.replace("title", "v.title").replace("original_path", "v.original_path")
_TITLE_SECONDS = 5
"""Length of the moment of a hit in a title."""
_TABLES = {
    "speech": {Kind.SPEECH},
    "frames": {Kind.PICTURE, Kind.TEXT},
    "titles": {Kind.TITLE},
}

_LOCATIONS = f"""
SELECT s.id, s.video_id, s.t_start, s.t_end, hashtext(s.text) AS text_digest
FROM transcript_segments s WHERE s.id = ANY (CAST(:speech AS text[]))
UNION ALL
SELECT p.id, p.video_id, c.t_start, c.t_end, {_SEEN}
FROM frame_captions p JOIN frames f ON f.id = p.frame_id JOIN scenes c ON c.id = f.scene_id
WHERE p.id = ANY (CAST(:frames AS text[]))
UNION ALL
SELECT v.id || '{TITLE_SUFFIX}', v.id, 0, least(coalesce(v.duration_sec, 0), {_TITLE_SECONDS}),
       hashtext({_NAMES})
FROM videos v WHERE v.id = ANY (CAST(:titles AS text[]))
"""  # noqa: S608 - own names

_VIDEO = "coalesce(v.title, v.id) AS title, v.library, v.original_path, v.duration_sec"


def _headlines(config: str, column: str) -> str:
    """Return the SQL of a text and of its headlines, which have a space for each separator."""
    words = f"reelworks_words({column}), CAST(:wide AS tsquery), :options"
    return (
        f"{column} AS text, ts_headline({config}, {words}) AS stemmed,"
        f" ts_headline('{PLAIN}', {words}) AS exact"
    )


_SPEECH_ROWS = f"""
SELECT s.id, s.video_id, {_VIDEO}, s.t_start, s.t_end, s.model, s.revision, s.speaker,
       hashtext(s.text) AS text_digest, {_headlines("s.ts_config", "s.text")},
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
       {_SEEN} AS text_digest, {_headlines(config, f"p.{column}")},
       f.id AS frame_id, f.path AS frame_path
FROM frame_captions p
JOIN frames f ON f.id = p.frame_id
JOIN scenes c ON c.id = f.scene_id
JOIN videos v ON v.id = p.video_id
WHERE p.id = ANY (CAST(:ids AS text[]))
"""  # noqa: S608 - our own names


_TITLE_ROWS = f"""
SELECT v.id || '{TITLE_SUFFIX}' AS id, v.id AS video_id, {_VIDEO}, 0 AS t_start,
       least(coalesce(v.duration_sec, 0), {_TITLE_SECONDS}) AS t_end, 'title' AS model,
       '' AS revision, NULL AS speaker,
       hashtext({_NAMES}) AS text_digest, {_headlines("'english'", _NAMES)},
       f.id AS frame_id, f.path AS frame_path
FROM videos v
LEFT JOIN LATERAL (
    SELECT one.id, one.path FROM frames one WHERE one.video_id = v.id ORDER BY one.t LIMIT 1
) f ON true
WHERE v.id = ANY (CAST(:ids AS text[]))
"""  # noqa: S608 - own names

_ROWS = {
    Kind.TITLE: _TITLE_ROWS,
    Kind.SPEECH: _SPEECH_ROWS,
    Kind.PICTURE: _frame_rows("seen_text", "'english'"),
    Kind.TEXT: _frame_rows("screen_text", "p.ts_config"),
}
