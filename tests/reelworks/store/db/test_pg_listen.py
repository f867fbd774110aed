"""Listeners receive the notifications of their channel, and nothing else."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.jobs.job import Failure, JobSelection, NewJob
from reelworks.domain.jobs.progress import StageProgress
from reelworks.domain.jobs.result import JobResult
from reelworks.store.db.database import transaction
from reelworks.store.db.pg_listen import Listener
from reelworks.store.db.schema.jobs import CHANNEL, RUNS_CHANNEL, WORK_CHANNEL
from reelworks.store.jobs import claims, leases
from reelworks.store.jobs.attempts import Attempt
from reelworks.store.jobs.backfill.backfills import resume_backfill
from reelworks.store.jobs.dispatchers import pause_dispatcher, resume_dispatcher
from reelworks.store.jobs.jobs import add_jobs, cancel_jobs, retry_jobs
from reelworks.store.jobs.leases import Heartbeat

SOON = 5.0
QUIET = 0.3


class Ear:
    """Hears a channel; ``heard`` waits for the next word, ``silent`` for none."""

    def __init__(self, engine: Engine, channel: str) -> None:
        self._words: queue.Queue[str] = queue.Queue()
        url = engine.url.render_as_string(hide_password=False)
        self.listener = Listener(url, channel, self._words.put)

    def heard(self) -> str:
        return self._words.get(timeout=SOON)

    def silent(self) -> bool:
        try:
            self._words.get(timeout=QUIET)
        except queue.Empty:
            return True
        return False


def listening(engine: Engine, channel: str) -> Iterator[Ear]:
    ear = Ear(engine, channel)
    ear.listener.start()
    assert ear.heard() == ""  # the connection stands
    yield ear
    ear.listener.stop()


@pytest.fixture
def dispatcher(engine: Engine) -> Iterator[Ear]:
    yield from listening(engine, WORK_CHANNEL)


@pytest.fixture
def viewer(engine: Engine) -> Iterator[Ear]:
    yield from listening(engine, CHANNEL)


@pytest.fixture
def runner(engine: Engine) -> Iterator[Ear]:
    yield from listening(engine, RUNS_CHANNEL)


@pytest.fixture(autouse=True)
def empty(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("TRUNCATE videos, jobs, dispatcher_state, backfills CASCADE"))


def running(engine: Engine) -> Attempt:
    add_jobs(engine, [NewJob("j", None, kind="nap")])
    (job,) = claims.claim(engine, "dispatcher", 60, limit=1)
    attempt = Attempt(job.id, job.attempts)
    leases.begin(engine, attempt, "run", 60)
    return attempt


def report(engine: Engine, attempt: Attempt) -> None:
    heard = Heartbeat({"vision": StageProgress("running", 1, 4)}, {}, Decimal(0))
    leases.beat(engine, attempt, "run", 60, heard)


def test_progress_is_sent_to_viewers_and_not_to_the_dispatcher(engine, dispatcher, viewer):
    attempt = running(engine)
    assert dispatcher.heard() == ""  # the new job
    for ear in (dispatcher, viewer):  # the job that began
        while not ear.silent():
            pass

    report(engine, attempt)

    assert viewer.heard() == "j"
    assert dispatcher.silent()


def test_a_scheduled_run_is_sent_to_runners(engine, runner):
    add_jobs(engine, [NewJob("j", None, kind="nap")])
    (job,) = claims.claim(engine, "dispatcher", 60, limit=1)
    assert runner.silent()

    claims.attach_run(engine, Attempt(job.id, job.attempts), "run", 60)

    assert runner.heard() == ""


def test_a_job_that_ends_makes_room_for_another(engine, dispatcher):
    attempt = running(engine)
    assert dispatcher.heard() == ""

    leases.finish(engine, attempt, "run", Heartbeat({}, {}, Decimal(0)), JobResult())

    assert dispatcher.heard() == ""


def test_what_waits_again_is_sent_to_the_dispatcher(engine, dispatcher):
    attempt = running(engine)
    assert dispatcher.heard() == ""

    failure = Failure("Busy.", "rate_limited", can_pass=False)
    leases.fail(engine, attempt, "run", failure, most_attempts=1)
    assert dispatcher.heard() == ""
    retry_jobs(engine, JobSelection(ids=("j",)))
    assert dispatcher.heard() == ""
    cancel_jobs(engine, JobSelection(ids=("j",)))
    assert dispatcher.heard() == ""


def test_the_switches_are_sent_to_the_dispatcher(engine, dispatcher):
    with transaction(engine) as connection:
        connection.execute(text("INSERT INTO backfills (id, status) VALUES ('b', 'paused')"))

    pause_dispatcher(engine)
    assert dispatcher.heard() == ""
    resume_dispatcher(engine)
    assert dispatcher.heard() == ""
    resume_backfill(engine, "b")
    assert dispatcher.heard() == ""
