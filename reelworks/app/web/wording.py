"""Texts of the pages: labels, flash messages, times and amounts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from markupsafe import Markup, escape

from reelworks.domain.jobs.outlook import JobOutlook
from reelworks.domain.library.search import Excerpt, RankSource, Reason
from reelworks.pipeline import spec

STATUSES = {
    "queued": "Queued",
    "running": "Running",
    "done": "Done",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
VIDEO_STATUSES = {
    "pending": "Not indexed",
    "processing": "Being indexed",
    "ready": "Ready",
    "failed": "Failed",
}
STATES = {
    "running": "Running",
    "done": "Done",
    "cached": "From cache",
    "retried": "Done after a retry",
    "failed": "Failed",
}
STAGES = {stage.name.value: stage.label for stage in spec.STAGES}
"""Labels, by stage."""
UNBEGUN = "Starting"
"""In place of the stages of a run that has not begun one."""
KINDS = {"speech": "Said", "picture": "Shown", "text": "On screen", "title": "Title"}
_WHERE = {
    "speech": "in speech",
    "picture": "in the picture",
    "text": "in text on screen",
    "title": "in the title or file name",
}
_DONE = {
    "retried": ("{n} job is queued again.", "{n} jobs are queued again."),
    "cancelled": ("{n} job was cancelled.", "{n} jobs were cancelled."),
    "moved": ("{n} job has its new priority.", "{n} jobs have their new priority."),
    "paused": ("Dispatcher paused: no queued job starts.",) * 2,
    "resumed": ("Dispatcher resumed.",) * 2,
    "deleted": ("The video was deleted.",) * 2,
    "queued": ("The job is in the queue.",) * 2,
}


def flash_message(query: Mapping[str, str]) -> str | None:
    """Return the sentence about what a form did; only sentences of this table are shown."""
    sentences = _DONE.get(query.get("done", ""))
    if sentences is None:
        return None
    number = query.get("n", "1")
    count = int(number) if number.isdecimal() and len(number) < 8 else 0
    return sentences[count != 1].format(n=count or "No")


def clock(seconds: float | None) -> str:
    """Return a time as ``m:ss`` or ``h:mm:ss``, rounded down."""
    if seconds is None:
        return ""
    minutes, second = divmod(int(max(0.0, seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def spoken(seconds: float | None) -> str:
    """Return a time in words, for screen readers."""
    minutes, second = divmod(int(max(0.0, seconds or 0.0)), 60)
    hours, minute = divmod(minutes, 60)
    named = ((hours, "hour"), (minute, "minute"), (second, "second"))
    parts = [f"{number} {unit}{'s' * (number != 1)}" for number, unit in named if number]
    return " ".join(parts) or "0 seconds"


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """Return how long ago something was, in its largest unit."""
    if moment is None:
        return ""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{max(0, int(seconds))} s"


def expected(outlook: JobOutlook | None) -> str:
    """Return a job's place in the queue and its estimated time, as a sentence; or nothing."""
    if outlook is None:
        return ""
    first = {None: "", 1: "Next in the queue"}
    position = first.get(outlook.position, f"Number {outlook.position} in the queue")
    left = "" if outlook.seconds_left is None else f"about {roughly(outlook.seconds_left)} left"
    text = ", ".join(filter(None, (position, left)))
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def roughly(seconds: float) -> str:
    """Return an estimated time, no finer than an estimate is."""
    if seconds < 50:
        return f"{max(5, 5 * round(seconds / 5))} s"
    minutes = max(1, round(seconds / 60))
    return f"{minutes} min" if minutes < 100 else f"{round(minutes / 60)} h"


def counted(number: int) -> str:
    """Return a number of jobs."""
    return f"{number} job" if number == 1 else f"{number} jobs"


def lasted(start: datetime | None, end: datetime | None) -> str:
    """Return how long something took."""
    return "" if start is None or end is None else f"took {ago(start, end)}"


def money(dollars: float) -> str:
    """Return an amount in US dollars; a dash for nothing."""
    if not dollars:
        return "\u2013"
    return f"${dollars:.2f}" if dollars >= 1 else f"${dollars:.4f}"


def marked(excerpt: Excerpt) -> Markup:
    """Return an excerpt with the words that matched marked; all of it escaped."""
    parts, at = [Markup("")], 0
    for span in excerpt.matches:
        parts += [escape(excerpt.text[at : span.start]), Markup("<mark>")]
        parts += [escape(excerpt.text[span.start : span.end]), Markup("</mark>")]
        at = span.end
    return Markup("").join([*parts, escape(excerpt.text[at:])])


def why(placing: RankSource) -> str:
    """Return why a moment was found."""
    near = "" if placing.similarity is None else f" ({placing.similarity:.0%})"
    where = _WHERE[placing.kind.value]
    if placing.reason is Reason.WORDS:
        return f"these words {where}"
    if placing.reason is Reason.MEANING:
        return f"similar in meaning {where}{near}"
    return f"similar in spelling {where}{near}"
