"""Redaction of sources, paths and hosts by caller.

Admins, and so the local user, see everything but secrets. Other callers see file names: a path, a
URL or a key shows how a server or a company is laid out. The caller who requested a job or added a
video sees that source as submitted. Routes, pages, streams and
webhooks all pass here, since the schemas are made of what these functions return.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from reelworks.domain.jobs.job import Job, JobEvent
from reelworks.domain.jobs.result import JobResult
from reelworks.domain.library.access import Caller
from reelworks.domain.library.cuts import Cut
from reelworks.domain.library.library import VideoSummary, VideoView
from reelworks.stages.source.ingest import without_secrets

_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s'\"<>]*[?@#][^\s'\"<>]*", re.IGNORECASE)
"""A URL that may have a password or a signature, which no caller is shown."""
_WORD = r"""[^\s/'"<>:;,()]+"""
_API_PATHS = (
    r"/(?:livez|readyz|healthz|metrics|docs|openapi\.json|videos|jobs|search|stats)(?![\w/-])"
)
"""Paths of the API, which messages may contain."""
_LOCATION = re.compile(
    rf"""
    (?<![a-z])[a-z][a-z0-9+.-]{{,30}}://[^\s'"<>]+      # an address
    | (?<![\w./~])(?!{_API_PATHS})~?(?:                     # a path:
        (?:/{_WORD}(?:\ {_WORD})*(?=/))+/(?:{_WORD})?  #   folders, which may have blanks, and the
        | /{_WORD}                                     #   begin of the file's name; or one part
      )/?
    | (?P<server>(?<![\w.-])(?:                        # a server without a scheme:
        \d{{1,3}}(?:\.\d{{1,3}}){{3}}(?![\w.-]*\w)      #   its number,
        | \[(?=[^\]]*::|(?:[0-9a-f]+:){{7}})[0-9a-f:.]+\]  # also of the newer kind,
        | (?=[\d._-]*[a-z])[\w.-]++(?=:\d{{4,5}}(?!\w)|:\d+/)    # or its name, which a port
        | (?=[\d._-]*[a-z])[\w-]++(?:\.[\w-]++)+(?=:\d{{2,5}}(?!\w))  # and a dot show
      )(?::\d+)?(?:/[^\s'"<>]*)?)
    """,
    re.IGNORECASE | re.VERBOSE,
)


def visible_text(text: str, caller: Caller, *, known: str = "", own: bool = False) -> str:
    """Return a message as a caller may see it: locations in it become names.

    ``known`` is a source that may occur in it, however it is spelled; ``own`` says that the
    caller gave it.
    """
    if caller.is_admin:
        return _ADDRESS.sub(lambda found: without_secrets(found[0]), text)
    parts = re.split(rf"{re.escape(known)}(?!/)", text) if known else [text]
    if len(parts) == 1:
        return _LOCATION.sub(_name_in_text, text)
    shown = known if own else _name(known)
    return shown.join(visible_text(part, caller) for part in parts)


def visible_job(job: Job, caller: Caller) -> Job:
    """Return a job as a caller may see it."""
    source = _shown_source(job)
    own = caller.is_owner(job.requested_by)

    def seen(value: Any) -> Any:
        if isinstance(value, str):
            return _seen_value(value, caller, source, own=own)
        if isinstance(value, Mapping):
            return {name: seen(one) for name, one in value.items()}
        return [seen(one) for one in value] if isinstance(value, list | tuple) else value

    error = job.error
    return replace(
        job,
        params=seen(job.params),
        progress={stage: replace(one, note=seen(one.note)) for stage, one in job.progress.items()},
        result=JobResult.from_json(seen(job.result.to_json())),
        error=None if error is None else visible_text(error, caller, known=source, own=own),
    )


def visible_events(events: Sequence[JobEvent], job: Job, caller: Caller) -> list[JobEvent]:
    """Return the history of a job as a caller may see it."""
    source, own = _shown_source(job), caller.is_owner(job.requested_by)
    return [
        replace(one, note=one.note and visible_text(one.note, caller, known=source, own=own))
        for one in events
    ]


def visible_video(video: VideoSummary, caller: Caller) -> VideoSummary:
    """Return a line of the library as a caller may see it."""
    source, own = without_secrets(video.original_path), caller.is_owner(video.added_by)
    return replace(
        video,
        original_path=source if own or caller.is_admin else _name(source),
        error=video.error and visible_text(video.error, caller, known=source, own=own),
    )


def visible_view(view: VideoView, caller: Caller) -> VideoView:
    """Return a whole video as a caller may see it."""
    source, own = (
        without_secrets(view.summary.original_path),
        caller.is_owner(view.summary.added_by),
    )
    return replace(
        view,
        summary=visible_video(view.summary, caller),
        warnings=tuple(visible_text(one, caller, known=source, own=own) for one in view.warnings),
    )


def visible_cuts(cuts: Sequence[Cut], caller: Caller) -> list[Cut]:
    """Return a cut list as a caller may see it; a source is named, for all but admins."""
    if caller.is_admin:
        return [replace(one, source=without_secrets(one.source)) for one in cuts]
    return [replace(one, source=_name(one.source)) for one in cuts]


def _shown_source(job: Job) -> str:
    source = job.params.get("source")
    return without_secrets(source) if isinstance(source, str) else ""


def _seen_value(value: str, caller: Caller, source: str, *, own: bool) -> str:
    """Return a text of a job: a location alone, or a message with some."""
    alone = "://" in value.split(" ", maxsplit=1)[0] or value.startswith(("/", "~/"))
    if not alone:
        return visible_text(value, caller, known=source, own=own)
    plain = without_secrets(value)
    return plain if caller.is_admin or (own and plain == source) else _name(plain)


def _name(location: str) -> str:
    """Return the last part of a path, an address or a key."""
    return PurePosixPath(without_secrets(location)).name or "source"


def _name_in_text(found: re.Match[str]) -> str:
    """Return the name of a location in a sentence, with the punctuation that was matched."""
    location = found[0]
    bare = location.rstrip(".,;:!?)/")
    end = location[len(bare) :].strip("/")
    if found["server"] is not None:
        return f"…{end}"
    scheme, mark, rest = bare.partition("://")
    if mark and "/" not in rest:
        return f"{scheme}://…{end}"
    return _name(bare) + end
