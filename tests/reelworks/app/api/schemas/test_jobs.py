"""A job as the API shows it: state, history, result."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from reelworks.app.api.schemas.jobs import STAGES_OF_A_RUN, FinishedJob, JobDetail, JobOut, JobState
from reelworks.domain.jobs.job import JobEvent, JobStatus
from reelworks.domain.jobs.progress import StageProgress
from reelworks.domain.jobs.result import JobResult
from reelworks.domain.jobs.usage import BilledUsage, Usage
from reelworks.domain.library.access import Caller, Scope
from tests.support.sample_jobs import JOB, NOW

ADMIN = Caller("", (Scope.ADMIN,))
READER = Caller("reader", (Scope.READ,))
FAILED = replace(
    JOB,
    status=JobStatus.FAILED,
    error="/films/secret/talk.mp4 is damaged.",
    error_code="unsupported_media",
    error_stage="ingest",
)


def test_a_job_is_shown_with_its_links():
    shown = JobOut.of(JOB, ADMIN)

    assert (shown.id, shown.status, shown.error) == ("j", JobStatus.RUNNING, None)
    assert shown.links == {
        "self": "/jobs/j",
        "events": "/jobs/j/events",
        "status": "/status/j",
        "result": "/result/j",
        "video": "/videos/talk",
    }
    assert "video" not in JobOut.of(replace(JOB, video_id=None), ADMIN).links


def test_cost_and_usage_are_numbers_that_json_has():
    usage = {"openai/gpt": BilledUsage(Usage(calls=2), Decimal("0.0125")), "new": BilledUsage()}
    shown = JobOut.of(replace(JOB, cost=Decimal("0.0125"), usage=usage), ADMIN)

    assert shown.cost == 0.0125
    assert shown.usage["openai/gpt"] == {"calls": 2, "cost": "0.0125"}


def test_only_admins_see_where_a_file_lies():
    to_admin, to_reader = JobOut.of(FAILED, ADMIN).error, JobOut.of(FAILED, READER).error

    assert to_admin is not None and to_reader is not None
    assert to_admin.message == FAILED.error
    assert to_reader.message == "talk.mp4 is damaged."
    assert (to_reader.code, to_reader.stage) == ("unsupported_media", "ingest")


@pytest.mark.parametrize(
    ("stages", "share"),
    [
        ({}, 0.0),
        ({"vision": StageProgress(done=5, total=10)}, 0.5 / STAGES_OF_A_RUN),
        ({"ingest": StageProgress("done"), "vision": StageProgress("cached")}, 2 / STAGES_OF_A_RUN),
        ({f"s{n}": StageProgress("done") for n in range(STAGES_OF_A_RUN + 3)}, 1.0),
    ],
)
def test_the_share_counts_all_stages_of_a_run(stages, share):
    assert JobState.of(replace(JOB, progress=stages), ADMIN).progress == pytest.approx(share, 1e-3)


def test_a_done_job_is_whole_whatever_its_stages_say():
    done = replace(JOB, status=JobStatus.DONE, progress={"vision": StageProgress()})

    assert JobState.of(done, ADMIN).progress == 1.0


def test_the_history_hides_locations_as_the_job_does():
    events = [JobEvent(NOW, JobStatus.FAILED, 1, FAILED.error)]

    (shown,) = JobDetail.with_events(FAILED, events, READER).events

    assert (shown.attempt, shown.note) == (1, "talk.mp4 is damaged.")


def test_a_result_is_what_the_flow_returned():
    done = replace(JOB, status=JobStatus.DONE, result=JobResult(extra={"segments": 3}))

    shown = FinishedJob.of(done, ADMIN)

    assert (shown.job_id, shown.result, shown.cost) == ("j", {"segments": 3}, 0.0)
