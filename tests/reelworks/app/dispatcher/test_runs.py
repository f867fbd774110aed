"""What a flow run gets of its job: parameters and an idempotency key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reelworks.app.dispatcher.runs import idempotency_key, parameters_of
from reelworks.store.jobs.job_rows import current_params
from tests.support.sample_jobs import JOB


def test_a_flow_gets_the_job_its_video_and_the_location_of_the_source():
    job = replace(JOB, params={"language": "de"}, attempts=2)
    assert parameters_of(job, "s3://b/k") == {
        "params": {
            "source": "s3://b/k",
            "language": "de",
            "video_id": "talk",
            "job": {"id": "j", "attempt": 2},
        }
    }


def test_the_source_that_a_job_states_goes_before_the_one_of_its_video():
    job = replace(JOB, params={"source": "/films/talk.mp4"})
    assert parameters_of(job, "s3://b/k")["params"]["source"] == "/films/talk.mp4"


def test_another_kind_of_job_gets_neither_source_nor_a_video_that_it_does_not_have():
    job = replace(JOB, kind="sync", video_id=None, params={"library": "films"})
    assert parameters_of(job, "s3://b/k") == {
        "params": {"library": "films", "job": {"id": "j", "attempt": 1}}
    }


def test_prefect_never_sees_the_secrets_of_an_address():
    job = replace(JOB, params={"source": "https://me:secret@host/talk.mp4?token=secret"})
    assert "secret" not in str(parameters_of(job, None))


@pytest.mark.parametrize(
    ("attempts", "requeues", "key"),
    [(1, 0, "j"), (2, 0, "j:2"), (1, 1, "j:requeue-1"), (3, 2, "j:3:requeue-2")],
)
def test_each_attempt_and_each_requeue_has_a_key_of_its_own(attempts, requeues, key):
    assert idempotency_key(replace(JOB, attempts=attempts, requeues=requeues)) == key


def test_a_parameter_of_an_earlier_release_gets_its_current_name():
    former = {"again": ["vision"], "language": "de"}
    old = replace(JOB, params=current_params("index", former))
    new = replace(JOB, params={"recompute": ["vision"], "language": "de"})
    assert parameters_of(old, None) == parameters_of(new, None)
    assert parameters_of(old, None)["params"]["recompute"] == ["vision"]
    assert current_params("a flow of another project", former) == former
    assert current_params("index", ["no object"]) == {}
