"""Only the caller that added a video, and admins, may change its source, library and language."""

from __future__ import annotations

import secrets

import pytest
from sqlalchemy import text

from reelworks.domain.library.access import Scope
from reelworks.store.access.tokens import create_token
from reelworks.store.db.database import transaction
from reelworks.store.jobs.jobs import get_job
from tests.reelworks.app.api.conftest import Server, serving

URL = "https://93.184.215.14/talks/one.mp4"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, clip):
    made = tmp_path_factory.mktemp("shared")
    for name in ("one.mp4", "two.mp4"):
        (made / name).write_bytes(clip + name.encode())
    return made


@pytest.fixture(scope="module")
def server(module_settings, folder):
    settings = module_settings.with_values(source_folders=str(folder))
    with serving(settings) as one:
        yield one


@pytest.fixture
def mine(server: Server) -> Server:
    return server.as_(create_token(server.engine, f"mine {secrets.token_hex(4)}", [Scope.SUBMIT]))


@pytest.fixture
def other(server: Server) -> Server:
    return server.as_(create_token(server.engine, f"other {secrets.token_hex(4)}", [Scope.SUBMIT]))


def media() -> bytes:
    return b"\0\0\0\x20ftypisom" + secrets.token_bytes(1000)


def new_id() -> str:
    return f"v-{secrets.token_hex(4)}"


def refused(answer) -> str:
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), answer.text
    detail: str = answer.json()["detail"]
    assert "was added by another caller" in detail
    return detail


def state(server: Server, video_id: str) -> tuple[object, ...]:
    """All that a stranger could have changed: the row, its jobs, the files in the store."""
    with transaction(server.engine) as connection:
        row = connection.execute(
            text(
                "SELECT original_path, upload_path, title, library, stated_language, digests::text"
                " FROM videos WHERE id = :id"
            ),
            {"id": video_id},
        ).one()
        jobs = connection.execute(
            text("SELECT id, params::text FROM jobs WHERE video_id = :id"), {"id": video_id}
        ).all()
    files = {key: server.store.get_bytes(key) for key in server.store.keys(f"uploads/{video_id}_")}
    return (tuple(row), sorted(map(tuple, jobs)), files)


def test_another_s_video_is_not_overwritten_by_an_upload(server, mine, other):
    video_id = new_id()
    mine.upload("talk.mp4", media(), id=video_id)
    before = state(server, video_id)

    refused(other.upload("talk.mp4", media(), id=video_id))
    assert state(server, video_id) == before
    assert mine.upload("talk.mp4", media(), id=video_id).status_code == 409


def test_an_upload_that_would_get_the_key_of_another_s_file_is_refused(server, mine, other):
    """``v`` with ``team_a.mp4`` and ``v_team`` with ``a.mp4`` have one key."""
    video_id = new_id()
    mine.upload("team_a.mp4", media(), id=video_id)
    before = state(server, video_id)

    answer = other.upload("a.mp4", media(), id=f"{video_id}_team")

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "choose another id" in answer.json()["detail"]
    assert state(server, video_id) == before
    assert server.get(f"/videos/{video_id}_team").status_code == 404
    assert other.upload("b.mp4", media(), id=f"{video_id}_team").status_code == 202
    assert server.delete(f"/videos/{video_id}_team").status_code == 204
    assert state(server, video_id) == before


@pytest.mark.parametrize("where", ["url", "path", "s3_key"])
def test_another_s_video_is_not_given_another_source(server, mine, other, folder, where):
    video_id = new_id()
    server.store.put_bytes("incoming/two.mp4", media(), "video/mp4")
    places = {"url": URL, "path": str(folder / "two.mp4"), "s3_key": "incoming/two.mp4"}
    first = mine.post("/videos", json={"id": video_id, "path": str(folder / "one.mp4")})
    assert first.status_code == 202
    before = state(server, video_id)

    refused(other.post("/videos", json={"id": video_id, where: places[where]}))
    refused(
        other.post(
            "/jobs",
            json={
                "video_id": video_id,
                "params": {"source": _as_source(server, places[where], where)},
            },
        )
    )
    assert state(server, video_id) == before


def _as_source(server: Server, location: str, where: str) -> str:
    return f"s3://{server.settings.s3.bucket}/{location}" if where == "s3_key" else location


def test_an_address_that_differs_in_its_query_is_another_source(server, mine, other):
    video_id = new_id()
    mine.post("/videos", json={"id": video_id, "url": f"{URL}?file=1"})
    before = state(server, video_id)

    refused(other.post("/videos", json={"id": video_id, "url": f"{URL}?file=2"}))
    refused(other.post("/jobs", json={"video_id": video_id, "params": {"source": f"{URL}?file=2"}}))
    assert state(server, video_id) == before
    same = other.post("/videos", json={"id": video_id, "url": f"{URL}?file=1"})
    assert (same.status_code, same.json()["new"]) == (202, False)


@pytest.mark.parametrize("change", [{"library": "stolen"}, {"language": "fr"}, {"audio_track": 2}])
def test_another_s_video_keeps_its_library_language_and_audio_track(
    server, mine, other, folder, change
):
    video_id, content = new_id(), media()
    said = {"library": "talks", "language": "en"}
    mine.upload("talk.mp4", content, id=video_id, **said)
    before = state(server, video_id)

    (what,) = change
    copy = other.upload("copy.mp4", content, **said | change)
    if what != "library":
        assert what.replace("_", " ") in refused(copy)
    else:  # it joins that library, and stays in its own
        assert copy.json()["video"]["libraries"] == ["talks", "stolen"]
        assert any("stays in talks" in one for one in copy.json()["notes"])
    further = {"library": "third"} if what == "library" else change
    refused(other.post("/jobs", json={"video_id": video_id, "params": further}))
    assert state(server, video_id) == before
    assert mine.post("/jobs", json={"video_id": video_id, "params": change}).status_code == 202


def test_the_same_content_again_is_fine_for_everybody(server, mine, other, folder):
    video_id, content = new_id(), media()
    said = {"library": "talks", "language": "en", "title": "A talk"}
    mine.upload("talk.mp4", content, id=video_id, **said)
    before = state(server, video_id)

    again = other.upload("copy.mp4", content, **said | {"title": "Mine!"})
    job = other.post("/jobs", json={"video_id": video_id, "recompute": ["vision"]})

    assert (again.status_code, again.json()["new"]) == (202, False)
    assert again.json()["video"]["title"] == "A talk"
    assert job.status_code == 202
    assert get_job(server.engine, job.json()["id"]).params == {"recompute": ["vision"]}
    row, _, files = state(server, video_id)
    assert (row, files) == (before[0], before[2])


def test_admins_and_the_local_user_may_change_every_video(server, mine, folder):
    admin = server.as_(create_token(server.engine, f"a {secrets.token_hex(4)}", [Scope.ADMIN]))
    video_id = new_id()
    mine.post("/videos", json={"id": video_id, "path": str(folder / "one.mp4")})

    for caller in (admin, server):
        payload = {"source": str(folder / "two.mp4"), "library": "moved"}
        answer = caller.post("/jobs", json={"video_id": video_id, "params": payload})
        assert answer.status_code == 202


def test_what_the_local_user_added_is_no_token_s(server, mine, folder):
    video_id = new_id()
    server.post("/videos", json={"id": video_id, "path": str(folder / "one.mp4")})
    source = {"source": str(folder / "two.mp4")}

    refused(mine.post("/jobs", json={"video_id": video_id, "params": source}))


def test_a_job_that_was_requested_before_is_not_repeated_on_another_s_video(
    server, mine, other, folder
):
    """The video was deleted meanwhile, and its id is another caller's now."""
    video_id = new_id()
    mine.post("/videos", json={"id": video_id, "path": str(folder / "one.mp4")})
    params = {"source": str(folder / "two.mp4")}
    job_id = mine.post("/jobs", json={"video_id": video_id, "params": params}).json()["id"]
    mine.delete(f"/jobs/{job_id}")
    with transaction(server.engine) as connection:
        connection.execute(
            text("UPDATE videos SET added_by = 'another caller' WHERE id = :id"), {"id": video_id}
        )

    refused(mine.post(f"/jobs/{job_id}/retry"))
    page = mine.post(
        "/pages/jobs",
        data={"action": f"retry {job_id}"},
        headers={"Origin": server.url, "Accept": "text/html"},
    )
    assert page.status_code == 403
    assert get_job(server.engine, job_id).status.value == "cancelled"


def test_recomputing_stages_in_bulk_is_for_admins(mine):
    assert (
        mine.post("/jobs/rerun", json={"stage": "vision", "videos": {"all": True}}).status_code
        == 403
    )
