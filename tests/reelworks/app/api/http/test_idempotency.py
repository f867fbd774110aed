"""The same POST twice is done once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from reelworks.domain.jobs.job import JobSelection
from reelworks.errors import BusyError, DatabaseUnavailableError
from reelworks.store.access.idempotency_keys import (
    LIFETIME,
    ClaimedKey,
    KeyedRequest,
    StoredResponse,
    claim_key,
    delete_expired_keys,
    store_response,
)
from reelworks.store.db.database import transaction
from reelworks.store.jobs.jobs import list_jobs
from tests.reelworks.app.api.routes.test_videos import some_media


def key(value: str) -> dict[str, str]:
    return {"Idempotency-Key": value}


def age(api, name: str, by: timedelta) -> None:
    with transaction(api.engine) as connection:
        connection.execute(
            text(
                "UPDATE idempotency_keys SET created_at = created_at - CAST(:by AS interval) "
                "WHERE key = :key"
            ),
            {"by": by, "key": name},
        )


def test_the_second_answer_is_the_first_one_s(api, video):
    body = {"video_id": video()}

    first = api.post("/jobs", json=body, headers=key("one"))
    second = api.post("/jobs", json=body, headers=key("one"))

    assert first.status_code == second.status_code == 202
    assert second.json() == first.json()
    assert second.headers["location"] == first.headers["location"]
    assert second.headers["idempotent-replay"] == "true"
    assert "idempotent-replay" not in first.headers


def test_another_request_under_the_same_key_is_refused(api, video):
    api.post("/jobs", json={"video_id": video()}, headers=key("two"))

    answer = api.post("/jobs", json={"video_id": video()}, headers=key("two"))

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_two_hundred_at_once_are_one_job(api, video):
    body = {"video_id": video()}

    def send(_: int) -> httpx.Response:
        while (answer := client.post("/jobs", json=body, headers=key("crowd"))).status_code == 409:
            time.sleep(0.1)
        return answer

    with httpx.Client(base_url=api.url, timeout=60) as client, ThreadPoolExecutor(50) as crowd:
        answers = list(crowd.map(send, range(200)))

    assert {one.status_code for one in answers} == {202}
    assert len({one.json()["id"] for one in answers}) == 1
    which = JobSelection(video_id=body["video_id"])
    assert len(list_jobs(api.engine, which, limit=10)) == 1


def test_a_request_that_is_being_worked_on_is_not_done_twice(api):
    payload = KeyedRequest("", "open", "f")
    assert isinstance(claim_key(api.engine, payload), ClaimedKey)

    with pytest.raises(BusyError) as caught:
        claim_key(api.engine, payload)
    assert caught.value.retry_after


def test_a_crash_before_the_answer_blocks_no_key_and_makes_no_second_job(api, video, monkeypatch):
    body = {"video_id": video()}
    with monkeypatch.context() as patch:

        def die(*_: object) -> None:
            raise DatabaseUnavailableError("The server dies now.")

        patch.setattr("reelworks.app.api.http.idempotency.store_response", die)
        assert api.post("/jobs", json=body, headers=key("crash")).status_code == 503
    assert api.post("/jobs", json=body, headers=key("crash")).status_code == 409

    monkeypatch.setattr("reelworks.store.access.idempotency_keys.TIME_LIMIT", timedelta(0))
    again = api.post("/jobs", json=body, headers=key("crash"))

    assert again.status_code == 202
    (only,) = list_jobs(api.engine, JobSelection(video_id=body["video_id"]), limit=10)
    assert only.id == again.json()["id"]


def test_a_refused_request_may_be_sent_again(api, video):
    refused = api.post("/jobs", json={"video_id": "not-yet"}, headers=key("early"))
    video(id="not-yet")

    again = api.post("/jobs", json={"video_id": "not-yet"}, headers=key("early"))

    assert (refused.status_code, again.status_code) == (404, 202)


def test_a_key_means_nothing_after_a_day(api, video):
    api.post("/jobs", json={"video_id": video()}, headers=key("old"))
    age(api, "old", LIFETIME)

    answer = api.post("/jobs", json={"video_id": video()}, headers=key("old"))

    assert answer.status_code == 202
    age(api, "old", LIFETIME)
    assert delete_expired_keys(api.engine) >= 1


def test_an_upload_is_known_by_its_content(api):
    content = some_media(300)

    first = api.upload("a.mp4", content, **key("upload"))
    same = api.upload("a.mp4", content, **key("upload"))
    other = api.upload("a.mp4", some_media(300), **key("upload"))

    assert same.json() == first.json()
    assert same.headers["idempotent-replay"] == "true"
    assert other.status_code == 422


@pytest.mark.parametrize("wrong", ["", "a b", "x" * 256])
def test_a_key_has_a_form(api, video, wrong):
    answer = api.post("/jobs", json={"video_id": video()}, headers=key(wrong))

    assert answer.status_code == 422


def test_callers_do_not_share_keys(api):
    mine, other = KeyedRequest("a", "shared", "f"), KeyedRequest("b", "shared", "g")
    assert isinstance(claim_key(api.engine, mine), ClaimedKey)
    store_response(api.engine, mine, 200, {"body": {}, "location": None})

    assert isinstance(claim_key(api.engine, other), ClaimedKey)
    assert isinstance(claim_key(api.engine, mine), StoredResponse)
