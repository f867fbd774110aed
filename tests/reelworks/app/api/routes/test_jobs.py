"""Jobs over HTTP: ask, follow, change."""

from __future__ import annotations

import pytest

from reelworks.domain.jobs.job import Failure, JobSelection
from reelworks.store.jobs import claims, leases
from reelworks.store.jobs.attempts import Attempt
from reelworks.store.jobs.dispatchers import is_paused
from reelworks.store.jobs.jobs import get_job, list_jobs
from tests.reelworks.app.api.conftest import Server


def fail(api: Server, job_id: str, code: str = "rate_limited") -> None:
    """Let a job's run fail permanently."""
    claims.claim(api.engine, "test", 60, limit=100)
    attempt = Attempt(job_id, get_job(api.engine, job_id).attempts)
    leases.begin(api.engine, attempt, f"run-{job_id}", 60)
    failure = Failure("The provider is busy.", code, "vision")
    leases.fail(api.engine, attempt, f"run-{job_id}", failure, most_attempts=1)


def submit(api: Server, video_id: str, **more) -> str:
    answer = api.post("/jobs", json={"video_id": video_id, **more})
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


def test_a_job_is_put_into_the_ledger(api, video):
    video_id = video()

    answer = api.post(
        "/jobs",
        json={
            "video_id": video_id,
            "params": {"language": "de", "audio_track": 2},
            "recompute": ["vision"],
            "priority": 3,
        },
    )

    assert answer.status_code == 202
    job = get_job(api.engine, answer.json()["id"])
    assert answer.headers["location"] == f"/jobs/{job.id}"
    assert (job.video_id, job.kind, job.priority, job.status) == (video_id, "index", 3, "queued")
    assert job.params == {"language": "de", "audio_track": 2, "recompute": ["vision"]}


@pytest.mark.parametrize("track", [0, -1, 1001, "two"])
def test_what_cannot_be_an_audio_track_is_refused(api, video, track):
    answer = api.post("/jobs", json={"video_id": video(), "params": {"audio_track": track}})

    assert answer.status_code == 422
    assert "audio_track" in answer.text


def test_a_job_is_shown_with_what_became_of_it(api, video):
    job_id = submit(api, video())
    fail(api, job_id)

    shown = api.get(f"/jobs/{job_id}").json()

    assert shown["status"] == "failed"
    assert shown["error"] == {
        "message": "The provider is busy.",
        "code": "rate_limited",
        "stage": "vision",
    }
    assert [event["status"] for event in shown["events"]] == ["queued", "running", "failed"]


def test_status_and_result(api, video):
    job_id = submit(api, video())

    assert api.get(f"/status/{job_id}").json()["status"] == "queued"
    early = api.get(f"/result/{job_id}")
    assert (early.status_code, early.json()["code"]) == (409, "busy")
    assert early.headers["retry-after"] == "2"

    api.delete(f"/jobs/{job_id}")

    assert api.get(f"/status/{job_id}").json()["status"] == "cancelled"
    assert api.get(f"/result/{job_id}").json()["error"]["code"] == "cancelled"


def test_a_cancelled_job_stays_cancelled_however_often_that_is_requested(api, video):
    job_id = submit(api, video())

    first, second = api.delete(f"/jobs/{job_id}"), api.delete(f"/jobs/{job_id}")

    assert first.json()["status"] == second.json()["status"] == "cancelled"
    assert first.json()["ended_at"] == second.json()["ended_at"]


def test_a_failed_job_is_tried_again(api, video):
    job_id = submit(api, video())
    fail(api, job_id)

    answer = api.post(f"/jobs/{job_id}/retry")

    assert answer.json()["status"] == "queued"
    assert answer.json()["error"] is None


def test_many_jobs_are_changed_at_once(api, video):
    video_id = video(library="films")
    failed = [submit(api, video_id) for _ in range(3)]
    for one in failed:
        fail(api, one, "provider")
    waiting = submit(api, video_id)

    by_code = {"selection": {"error_code": "provider", "video_id": video_id}}
    retried = api.post("/jobs/retry", json=by_code).json()
    sooner = api.post(
        "/jobs/priority", json={"selection": {"library": "films"}, "priority": 7}
    ).json()
    cancelled = api.post(
        "/jobs/cancel", json={"selection": {"ids": [waiting]}, "reason": "Not needed."}
    ).json()

    assert sorted(retried["job_ids"]) == sorted(failed)
    assert sooner["count"] == 4
    assert cancelled["job_ids"] == [waiting]
    assert get_job(api.engine, waiting).error == "Not needed."


def test_a_selection_must_say_something(api):
    answer = api.post("/jobs/cancel", json={"selection": {}})

    assert answer.status_code == 422
    assert "all: true" in answer.json()["detail"]


def test_lists_are_filtered_and_paged(api, video):
    video_id = video()
    ids = [submit(api, video_id) for _ in range(5)]

    first = api.get("/jobs", params={"video_id": video_id, "limit": 3}).json()
    rest = api.get(
        "/jobs", params={"video_id": video_id, "limit": 3, "cursor": first["next"]}
    ).json()

    assert [job["id"] for job in first["jobs"] + rest["jobs"]] == ids[::-1]
    assert rest["next"] is None
    none = api.get("/jobs", params={"video_id": video_id, "status": ["done", "failed"]}).json()
    assert none["jobs"] == []


def test_peek_shows_what_comes_next(api, video):
    urgent = submit(api, video(), priority=900)

    seen = api.get("/jobs/peek", params={"limit": 200}).json()

    waits = [job["id"] for job in seen["jobs"] if job["lease"] is None]  # those submitted are first
    assert waits[0] == urgent
    assert seen["pending_jobs"] >= 1


def test_the_dispatcher_is_paused_and_resumed(api):
    assert api.post("/dispatcher/pause", json={"note": "maintenance"}).json() == {"paused": True}
    assert is_paused(api.engine)
    assert api.post("/dispatcher/resume").json() == {"paused": False}
    assert not is_paused(api.engine)


@pytest.mark.parametrize(
    ("path", "code"),
    [("/jobs/none", "unknown_job"), ("/status/none", "unknown_job"), ("/nowhere", "not_found")],
)
def test_what_is_not_there_is_a_problem(api, path, code):
    answer = api.get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert answer.json()["status"] == 404


def test_a_job_for_no_video_is_refused(api):
    answer = api.post("/jobs", json={"video_id": "none"})

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_video")


def test_a_stage_of_a_whole_selection_is_computed_again(api, video):
    of_library = [video(library="lectures", status="ready") for _ in range(2)]
    video(library="lectures", status="failed")
    payload = {"stage": "vision", "videos": {"library": "lectures", "status": "ready"}}

    answer = api.post("/jobs/rerun", json=payload)

    assert (answer.status_code, answer.json()["count"]) == (202, 2)
    jobs = [get_job(api.engine, one) for one in answer.json()["job_ids"]]
    assert {job.video_id for job in jobs} == set(of_library)
    assert all(job.params == {"recompute": ["vision"]} and job.priority < 0 for job in jobs)


def test_the_same_rerun_with_a_key_is_queued_once(api, video):
    videos = [video() for _ in range(2)]
    payload = {"json": {"stage": "frames", "videos": {"ids": videos}}}

    first, second = (
        api.post("/jobs/rerun", headers={"Idempotency-Key": "again-1"}, **payload) for _ in range(2)
    )

    assert first.json() == second.json()
    for video_id in videos:
        assert len(list_jobs(api.engine, JobSelection(video_id=video_id), limit=9)) == 1


def test_a_rerun_of_nothing_or_of_the_unknown_is_refused(api):
    nothing = api.post("/jobs/rerun", json={"stage": "vision", "videos": {}})
    unknown = api.post("/jobs/rerun", json={"stage": "vision", "videos": {"ids": ["nobody"]}})
    no_stage = api.post("/jobs/rerun", json={"stage": "smell", "videos": {"all": True}})

    assert (nothing.status_code, unknown.status_code, no_stage.status_code) == (422, 404, 422)
    assert "nobody" in unknown.json()["detail"]
