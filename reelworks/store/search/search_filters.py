"""Search filters: SQL conditions on the row ``r``, which a search may find."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from reelworks.domain.library.search import Filters
from reelworks.errors import InputError
from reelworks.store.db.table_ops import check_known, sanitize_text

NAMED_AT_MOST = 2000
"""Videos that a statement names one by one; more are looked up inside it."""
NARROW = 15_000
_PAYS = 195
"""Rows that are compared one by one rather than by walking the vector index: at most ``NARROW``,
and at most the root of ``_PAYS`` times the table's rows. One comparison takes 2 µs (384 numbers, in
memory), the index 13 µs for each row that it passes, and for 30 wanted rows it passes 30 times the
table's rows over those that count: the two are equal where n² = 30 x 13 / 2 x rows."""
MOST_VALUES = 1000
"""Videos, libraries, languages or speakers in one filter."""
_LANGUAGE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one table that count."""

    condition: str
    """SQL on the row ``r``."""
    values: Mapping[str, Any]
    narrow: bool = False
    """True when they are few."""


@dataclass(frozen=True, slots=True)
class SearchScope:
    """The rows that count: lines of speech, frames, videos; None leaves all of a table out."""

    speech: Rows | None
    frames: Rows | None
    titles: Rows | None = None


@dataclass
class _SqlConditions:
    parts: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    def add(self, part: str, **values: Any) -> None:
        self.parts.append(part)
        self.values |= sanitize_text(values)

    @property
    def sql(self) -> str:
        return " AND ".join(self.parts) or "true"


def check_filters(filters: Filters) -> None:
    """Raise ``InputError`` for invalid filters, with one sentence that says why."""
    for name in ("video_ids", "libraries", "languages", "speakers"):
        if len(getattr(filters, name)) > MOST_VALUES:
            raise InputError(f"The filter {name} has too many values: use at most {MOST_VALUES}.")
    for language in filters.languages:
        if not _LANGUAGE.fullmatch(language):
            raise InputError(
                f"The language {language!r} is not a code of two or three letters, such as en."
            )
    _check_order("created", filters.created_from, filters.created_to)
    _check_order("ready", filters.ready_from, filters.ready_to)
    lengths = [one for one in (filters.min_seconds, filters.max_seconds) if one is not None]
    if any(not math.isfinite(one) or one < 0 for one in lengths) or lengths != sorted(lengths):
        raise InputError(
            "Invalid range of video lengths: give a minimum and a maximum in seconds, 0 or more."
        )


def _check_order(name: str, start: datetime | None, end: datetime | None) -> None:
    for one in (start, end):
        if one is not None and one.tzinfo is None:
            raise InputError(f"The {name} date {one} has no time zone: add one, or Z for UTC.")
    if start is not None and end is not None and start >= end:
        raise InputError(f"The {name} dates are not a range: {start} is not before {end}.")


def scope_of(connection: Connection, filters: Filters) -> SearchScope:
    """Return the rows that pass the filters; videos that were never ready never do.

    Raises ``UnknownVideoError`` when a video that is asked for does not exist.
    """
    check_known(connection, filters.video_ids)
    about = _about_video(filters)
    speech, spoken = _SqlConditions(), _SqlConditions(list(about.parts), dict(about.values))
    _add_videos(connection, speech, spoken)
    if filters.languages:
        speech.add("r.language = ANY (CAST(:languages AS text[]))", languages=[*filters.languages])
        about.add("v.language = ANY (CAST(:languages AS text[]))", languages=[*filters.languages])
    if filters.speakers:
        speech.add("r.speaker = ANY (CAST(:speakers AS text[]))", speakers=[*filters.speakers])
    frames = None
    if not filters.speakers:
        frames = _SqlConditions()
        _add_videos(connection, frames, about)
    titled = not filters.speakers and filters.text_on_screen is None
    narrowed = bool(spoken.parts or filters.languages or filters.speakers)
    return SearchScope(
        _rows(connection, "transcript_segments", speech, narrowed, _TEXT_SHOWN, filters),
        None
        if frames is None
        else _rows(connection, "frame_captions", frames, bool(about.parts), _IS_TEXT, filters),
        _titles(about) if titled else None,
    )


def _titles(about: _SqlConditions) -> Rows:
    """Return the videos whose titles count; ``about`` is on ``v``."""
    ready = "SELECT v.id FROM videos v WHERE v.ready_at IS NOT NULL AND"
    return Rows(f"r.ready_at IS NOT NULL AND r.id IN ({ready} {about.sql})", about.values)


def only_with(
    connection: Connection, table: str, rows: Rows, condition: str, **values: Any
) -> Rows:
    """Return the rows of a table that also meet a condition, which is one that an index answers."""
    made = _SqlConditions([rows.condition, condition], {**rows.values, **values})
    return Rows(made.sql, made.values, rows.narrow or _are_few(connection, table, made))


def _about_video(filters: Filters) -> _SqlConditions:
    """Return what must hold for the video ``v``."""
    made = _SqlConditions()
    if filters.video_ids:
        made.add("v.id = ANY (CAST(:video_ids AS text[]))", video_ids=[*filters.video_ids])
    if filters.libraries:
        made.add(
            "(v.library = ANY (CAST(:libraries AS text[])) OR v.id IN (SELECT video_id"
            " FROM video_locations WHERE library = ANY (CAST(:libraries AS text[]))))",
            libraries=[*filters.libraries],
        )
    for column, sign, name in (
        ("created_at", ">=", "created_from"),
        ("created_at", "<", "created_to"),
        ("ready_at", ">=", "ready_from"),
        ("ready_at", "<", "ready_to"),
        ("duration_sec", ">=", "min_seconds"),
        ("duration_sec", "<=", "max_seconds"),
    ):
        value = getattr(filters, name)
        if value is not None:
            made.add(f"v.{column} {sign} :{name}", **{name: value})
    return made


def _add_videos(connection: Connection, rows: _SqlConditions, about: _SqlConditions) -> None:
    """Name the videos that count (or, without a filter, those that do not) when they are few.

    A sub-select under IS TRUE is looked up row by row; as a join it would change the plan, and
    the vector index would no longer give the order.
    """
    wanted = about.sql if about.parts else "true"
    listed = (
        f"SELECT id FROM videos v WHERE v.ready_at IS NOT NULL AND {wanted}"  # noqa: S608 - own names
        if about.parts
        else "SELECT id FROM videos v WHERE v.ready_at IS NULL"
    )
    statement = text(f"{listed} LIMIT {NAMED_AT_MOST + 1}")
    named = list(connection.scalars(statement, about.values))
    if len(named) > NAMED_AT_MOST:
        inner = f"SELECT id FROM videos v WHERE v.ready_at IS NOT NULL AND {wanted}"  # noqa: S608 - own names
        rows.add(f"(r.video_id IN ({inner})) IS TRUE", **about.values)
    elif about.parts:
        rows.add("r.video_id = ANY (CAST(:named AS text[]))", named=named)
    elif named:
        rows.add("r.video_id <> ALL (CAST(:named AS text[]))", named=named)


def _rows(
    connection: Connection,
    table: str,
    made: _SqlConditions,
    narrowed: bool,
    shown: str,
    filters: Filters,
) -> Rows:
    narrow = narrowed and "IS TRUE" not in made.sql and _are_few(connection, table, made)
    if filters.text_on_screen is not None:
        made.add(shown if filters.text_on_screen else f"NOT {shown}")
    return Rows(made.sql, made.values, narrow)


def _are_few(connection: Connection, table: str, made: _SqlConditions) -> bool:
    statement = (
        f"SELECT count(*) AS number, (SELECT reltuples FROM pg_class"  # noqa: S608 - own names
        f" WHERE oid = '{table}'::regclass) AS total FROM"
        f" (SELECT FROM {table} r WHERE {made.sql} LIMIT {NARROW + 1}) AS few"
    )
    found = connection.execute(text(statement), made.values).one()
    small = NARROW if found.total <= 0 else max(1000, math.sqrt(_PAYS * found.total))
    return bool(found.number <= min(NARROW, small))


_IS_TEXT = "(r.screen_text <> '')"
_TEXT_SHOWN = """(EXISTS (
    SELECT FROM scenes s JOIN frames f ON f.scene_id = s.id
    JOIN frame_captions c ON c.frame_id = coalesce(f.duplicate_of, f.id)
    WHERE s.video_id = r.video_id AND s.t_start < r.t_end AND r.t_start < s.t_end
    AND c.screen_text <> ''
))"""
"""A line of speech over whose scene text was read; a frame like an earlier one shows its text."""
