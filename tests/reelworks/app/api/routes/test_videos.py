"""Videos over HTTP: add them, look at them, remove them."""

from __future__ import annotations

import socket
import time

import pytest
from sqlalchemy import text

from reelworks.domain.digest import sha256_of_bytes
from reelworks.domain.library.library import VideoStatus
from reelworks.store.db.database import transaction
from reelworks.store.jobs.jobs import get_job
from reelworks.store.library.video_status import set_status
from tests.reelworks.app.api.conftest import Server
from tests.reelworks.app.api.routes.conftest import small_jpeg, some_media

MB = 1 << 20


def objects(api: Server, prefix: str = "") -> set[str]:
    return set(api.store.keys(prefix))


def half_uploads(api: Server) -> list[str]:
    listed = api.store._client.list_multipart_uploads(Bucket=api.store.bucket)
    return [one["Key"] for one in listed.get("Uploads", [])]


def test_an_upload_is_stored_noted_and_queued(api, clip):
    said = {"language": "en", "library": "talks", "title": "The talk", "audio_track": "2"}
    answer = api.upload("Team talk.mp4", clip, **said)

    assert answer.status_code == 202, answer.text
    body = answer.json()
    digest = sha256_of_bytes(clip)
    assert body["new"] is True
    assert body["video"]["id"] == f"team-talk-{digest[:8]}"
    assert (body["video"]["title"], body["video"]["library"]) == ("The talk", "talks")
    assert body["video"]["status"] == "pending"
    key = f"uploads/{body['video']['id']}_Team-talk.mp4"
    stored = api.store.head(key)
    assert (stored.sha256, stored.size) == (digest, len(clip))
    job = get_job(api.engine, body["job"]["id"])
    assert job.video_id == body["video"]["id"]
    assert job.params["source"] == f"s3://{api.settings.s3.bucket}/{key}"
    assert (job.params["language"], job.params["library"]) == ("en", "talks")
    assert job.params["audio_track"] == 2


def test_the_same_bytes_are_the_same_video(api):
    content = some_media(1000)
    first = api.upload("one.mp4", content).json()

    second = api.upload("two.mp4", content)

    assert second.json()["video"]["id"] == first["video"]["id"]
    assert second.json()["new"] is False
    assert second.json()["job"]["id"] == first["job"]["id"]
    assert objects(api, "uploads/two-") == set()


@pytest.mark.parametrize("video_id", ["VID6", "video.with.dots"])
def test_ids_with_capitals_and_dots_work_in_every_route(api, video_id):
    content = some_media(1000)

    body = api.upload("talk.mp4", content, id=video_id).json()

    assert (body["video"]["id"], body["job"]["video_id"]) == (video_id, video_id)
    assert api.get(f"/videos/{video_id}").json()["id"] == video_id
    assert api.get(f"/videos/{video_id}/original").content == content
    assert api.get(f"/videos/{video_id}/subtitles.vtt").status_code == 200
    assert api.get(f"/videos/{video_id}/frames/{video_id}_frame_000.jpg").status_code == 404
    assert [one["id"] for one in api.get(f"/jobs?video_id={video_id}").json()["jobs"]]
    assert api.post("/jobs", json={"video_id": video_id}).status_code == 202
    assert api.delete(f"/videos/{video_id}").status_code == 204
    assert objects(api, f"uploads/{video_id}_") == set()


def test_known_content_is_in_both_libraries_and_the_answer_says_so(api):
    content = some_media(1000)
    api.upload("one.mp4", content, library="first", title="One")

    body = api.upload("two.mp4", content, library="second", title="Two").json()

    assert body["video"]["libraries"] == ["first", "second"]
    assert any("library second now; it stays in first" in one for one in body["notes"])
    assert any('Its title stays "One"' in one for one in body["notes"])
    for library in ("first", "second"):
        listed = api.get(f"/videos?library={library}").json()["videos"]
        assert [one["id"] for one in listed] == [body["video"]["id"]]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("language", "xx", "not a language that can be transcribed"),
        ("language", "en-US", "give 'en'"),
        ("webhook_url", "not a url", "webhook_url"),
    ],
)
def test_a_wrong_language_or_webhook_is_refused_by_form_and_by_json(api, field, value, said):
    for answer in (
        api.upload("talk.mp4", some_media(100), **{field: value}),
        api.post("/videos", json={"url": "https://93.184.215.14/a.mp4", field: value}),
    ):
        assert answer.status_code == 422
        assert said in answer.json()["detail"]


def test_an_indexed_video_is_not_indexed_again(api):
    content = some_media(1000)
    first = api.upload("one.mp4", content).json()
    api.delete(f"/jobs/{first['job']['id']}")
    set_status(api.engine, first["video"]["id"], VideoStatus.READY)

    second = api.upload("one.mp4", content)

    assert (second.status_code, second.json()["job"]) == (200, None)


def test_a_large_upload_goes_in_parts_and_keeps_its_digest(api):
    content = some_media(40 * MB + 77)

    body = api.upload("large.mkv", content).json()

    stored = api.store.head(f"uploads/{body['video']['id']}_large.mkv")
    assert (stored.sha256, stored.size) == (sha256_of_bytes(content), len(content))
    assert api.store.content_digest(stored.key) == stored.sha256
    assert objects(api, "incoming/") == set()
    assert half_uploads(api) == []


def test_an_upload_that_is_broken_off_leaves_nothing(api):
    before = objects(api)
    head = (
        b"POST /videos HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90000000\r\n"
        b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="gone.mp4"\r\n\r\n'
    )
    with socket.create_connection(("127.0.0.1", api.port)) as line:
        line.sendall(head + some_media(35 * MB))
        deadline = time.monotonic() + 10
        while not half_uploads(api):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    deadline = time.monotonic() + 10
    while half_uploads(api) or objects(api) != before:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not [one for one in api.get("/videos").json()["videos"] if "gone" in one["id"]]


def test_too_large_an_upload_is_refused_and_leaves_nothing(api):
    before = objects(api)

    answer = api.upload("huge.mp4", some_media(48_000_001))

    assert (answer.status_code, answer.json()["code"]) == (413, "over_limit")
    assert objects(api) == before
    assert half_uploads(api) == []


@pytest.mark.parametrize(
    ("name", "content", "status", "said"),
    [
        ("talk.mp4", b"", 415, "is empty"),
        ("talk.mp4", b"#EXTM3U\nhttp://10.0.0.1/\n", 422, "an HLS playlist"),
        ("talk.mp4", b"ffconcat version 1.0\nfile /etc/passwd\n", 422, "a concat script"),
        ("talk.mp4", b"<html><script>alert(1)</script></html>", 415, "is text"),
        ("talk.mp4", b"<?xml version='1.0'?><svg/>", 422, "an XML manifest"),
        ("talk.mp4", b"PK\x03\x04" + bytes(100), 415, "ZIP"),
        ("talk.mp4", b"\x7fELF" + bytes(100), 415, "a program"),
        ("talk.mp4", b"%PDF-1.7\n" + bytes(100), 415, "PDF"),
        ("talk.mp4", b"just words, no video", 415, "is text"),
    ],
)
def test_the_content_decides_and_not_the_name(api, name, content, status, said):
    answer = api.upload(name, content)

    assert answer.status_code == status
    assert said in answer.json()["detail"]


def test_a_video_may_only_be_noted(api):
    answer = api.upload("noted.mp4", some_media(500), index="false")

    assert (answer.status_code, answer.json()["job"]) == (201, None)


def test_an_address_is_noted_without_its_signature(api):
    url = "https://media.example.org/a%20b.mp4?signature=secret-0815"

    first = api.post("/videos", json={"url": url})
    second = api.post("/videos", json={"url": url})

    assert first.status_code == second.status_code == 202
    assert first.json()["video"]["id"].startswith("a-b-")
    assert first.json()["job"]["id"] == second.json()["job"]["id"]
    assert get_job(api.engine, first.json()["job"]["id"]).params["source"] == url
    shown = api.get(f"/jobs/{first.json()['job']['id']}")
    assert "0815" not in first.text + shown.text


def test_a_key_of_the_bucket(api, clip):
    api.store.put_bytes("incoming/rushes/take 1.mp4", clip, "video/mp4")

    body = api.post("/videos", json={"s3_key": "incoming/rushes/take 1.mp4", "id": "take-one"})

    job = get_job(api.engine, body.json()["job"]["id"])
    assert body.json()["video"]["id"] == "take-one"
    assert job.params["source"] == f"s3://{api.settings.s3.bucket}/incoming/rushes/take 1.mp4"


@pytest.mark.parametrize(
    "source",
    [
        {"s3_key": "cache/stages/x.json"},
        {"s3_key": "s3://other-bucket/a.mp4"},
        {"s3_key": "uploads/../cache/a.mp4"},
        {"path": "/etc/passwd"},
        {"path": "../../etc/passwd"},
    ],
)
def test_what_is_not_the_caller_s_may_not_be_named(api, source):
    answer = api.post("/videos", json=source)

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a.mp4",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/a.mp4",
        "http://[::ffff:10.0.0.1]/a.mp4",
        "http://[64:ff9b::a00:1]/a.mp4",
    ],
)
def test_a_private_address_is_refused_at_once(api, url):
    answer = api.post("/videos", json={"url": url})

    assert (answer.status_code, answer.json()["code"]) == (422, "unsafe_address")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://h/a", "gopher://h", "http://", "x"])
def test_only_web_addresses_are_addresses(api, url):
    assert api.post("/videos", json={"url": url}).status_code == 422


def test_an_id_belongs_to_one_source(api):
    assert api.upload("a.mp4", some_media(100), id="mine").status_code == 202
    before = api.store.head("uploads/mine_a.mp4")

    answer = api.upload("a.mp4", some_media(100), id="mine")

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert api.store.head("uploads/mine_a.mp4") == before


def test_videos_are_filtered_and_pages_stay_stable(api, video):
    ids = [video(library="paged", title=f"Take {number}") for number in range(5)]

    first = api.get("/videos", params={"library": "paged", "limit": 2}).json()
    video(library="paged", title="Came in between")
    second = api.get(
        "/videos", params={"library": "paged", "limit": 2, "cursor": first["next"]}
    ).json()
    third = api.get(
        "/videos", params={"library": "paged", "limit": 2, "cursor": second["next"]}
    ).json()

    seen = [one["id"] for page in (first, second, third) for one in page["videos"]]
    assert seen == ids[::-1]
    assert third["next"] is None
    named = api.get("/videos", params={"title": "take 3"}).json()["videos"]
    assert [one["id"] for one in named] == [ids[3]]


def test_a_video_is_shown_with_all_that_is_known(api, indexed):
    body = api.get(f"/videos/{indexed}").json()

    assert body["status"] == "ready"
    assert [scene["t_end"] for scene in body["scenes"]] == [4.0]
    assert body["transcript"][0]["text"] == "Fish & <chips>"
    assert body["frames"][0]["image"] == f"/videos/{indexed}/frames/{indexed}_frame_000.jpg"
    picture = api.get(body["frames"][0]["image"])
    assert (picture.content, picture.headers["content-type"]) == (small_jpeg(), "image/jpeg")
    assert api.get(body["links"]["thumbnail"]).content == picture.content


def test_a_removed_video_is_gone_everywhere_and_its_neighbour_stays(api, indexed):
    neighbour = f"{indexed}_2"
    mine = api.upload("a.mp4", some_media(200), id=neighbour).json()
    api.store.put_bytes(f"uploads/{indexed}_b.mp4", b"b", "video/mp4")
    api.store.put_bytes(f"subs/{indexed}.srt", b"s", "text/plain")
    job_id = api.post("/jobs", json={"video_id": indexed}).json()["id"]

    first, again = api.delete(f"/videos/{indexed}"), api.delete(f"/videos/{indexed}")

    assert first.status_code == again.status_code == 204
    assert api.get(f"/videos/{indexed}").status_code == 404
    assert api.get(f"/jobs/{job_id}").status_code == 404
    left = {key for key in objects(api) if indexed in key}
    assert left == {f"uploads/{neighbour}_a.mp4", f"videos/{neighbour}.json"}
    assert api.get(f"/videos/{neighbour}").json()["id"] == mine["video"]["id"]


def test_a_client_gets_a_part_of_a_video_alone(api, video):
    row = {"id": "v-parts", "model": "m", "revision": "1"}
    video(id="v-parts", language="de")
    with transaction(api.engine) as connection:
        for statement in (
            "INSERT INTO scenes (id, video_id, t_start, t_end, model, revision)"
            " VALUES ('v-parts_scene_000', :id, 0, 2.5, :model, :revision)",
            "INSERT INTO transcript_segments"
            " (id, video_id, t_start, t_end, text, words, model, revision)"
            " VALUES ('v-parts_segment_000', :id, 0.5, 1, 'Hallo', '[]', :model, :revision)",
        ):
            connection.execute(text(statement), row)
    whole = api.get("/videos/v-parts").json()

    for part, name in (("scenes",) * 2, ("frames",) * 2, ("transcript", "segments")):
        answer = api.get(whole["links"][part])
        assert answer.status_code == 200, answer.text
        assert answer.json()["video_id"] == "v-parts"
        assert answer.json()[name] == whole[part]
        assert api.get(f"/videos/none/{part}").status_code == 404
    assert api.get("/videos/v-parts/scenes").json()["scenes"][0]["t_end"] == 2.5
    assert api.get("/videos/v-parts/transcript").json()["segments"][0]["text"] == "Hallo"
    assert api.get("/videos/v-parts/transcript").json()["language"] == "de"


def test_who_accepts_only_the_general_type_gets_it(api):
    content = some_media(3000)
    added = api.upload("general.mp4", content).json()["video"]
    for accepted, sent in (("text/plain", "text/plain"), ("*/*", "text/vtt")):
        answer = api.get(added["links"]["subtitles_vtt"], headers={"Accept": accepted})
        assert answer.headers["content-type"].startswith(sent)
        assert "Accept" in answer.headers["vary"]
