"""Outlook of a job: its place in the queue, and how long it may still take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JobOutlook:
    """What to expect of a job that is not over."""

    position: int | None
    """Its place in the queue, 1 for the next one; None once it runs."""
    seconds_left: float | None
    """A guess, from jobs that were done lately; None where there is none to go by."""


@dataclass(frozen=True, slots=True)
class WorkDone:
    """A job that was done lately."""

    seconds: float
    """From its run's begin to its end."""
    duration: float | None
    """Of its video, in seconds."""


@dataclass(frozen=True, slots=True)
class WorkAhead:
    """A job that runs, or the jobs ahead in the queue, for an estimate."""

    number: int = 0
    """Jobs ahead."""
    durations: float = 0.0
    """Length of their videos together, where it is known; seconds."""
    known: int = 0
    """Jobs whose video's length is known."""


@dataclass(frozen=True, slots=True)
class WorkRunning:
    """A job that runs."""

    elapsed: float
    """Seconds since its run began."""
    duration: float | None
    share: float = 0.0
    """How much of its stages is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long jobs take, as measured on those that were done."""

    mean: float
    """Seconds of a job whose video's length is not known."""
    of_second: float | None
    """Seconds of work for each second of video."""

    @classmethod
    def of(cls, done: Sequence[WorkDone]) -> Pace | None:
        """Return the pace of jobs that were done; None without any."""
        if not done:
            return None
        known = [(one.seconds, one.duration) for one in done if one.duration]
        length = sum(duration for _, duration in known)
        rate = sum(seconds for seconds, _ in known) / length if length else None
        return cls(sum(one.seconds for one in done) / len(done), rate)

    def seconds_of(self, duration: float | None) -> float:
        """Return how long a job may take whose video has this length."""
        if duration is None or self.of_second is None:
            return self.mean
        return duration * self.of_second

    def seconds_ahead(self, ahead: WorkAhead) -> float:
        """Return how long several jobs may take, one after another."""
        if self.of_second is None:
            return ahead.number * self.mean
        return ahead.durations * self.of_second + (ahead.number - ahead.known) * self.mean

    def seconds_left(self, one: WorkRunning) -> float | None:
        """Return how long a running job may still take; None when it takes longer than others.

        One that takes longer than expected is judged by the share of its stages that is done.
        """
        left = self.seconds_of(one.duration) - one.elapsed
        if left > 0:
            return left
        return one.elapsed * (1 - one.share) / one.share if one.share > 0 else None
