"""Who may see where files lie: a sweep over everything that can be read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import PurePosixPath
from pkgutil import iter_modules

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy import text

from reelworks.app.api import routes as api_routes
from reelworks.app.api.http.problems import error_response
from reelworks.app.api.schemas.visibility import visible_job, visible_text
from reelworks.app.dispatcher.webhooks import body_of
from reelworks.app.web import routes as page_routes
from reelworks.domain.jobs.job import Failure, NewJob
from reelworks.domain.jobs.result import JobResult
from reelworks.domain.library.access import ANONYMOUS, Caller, Scope
from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.errors import NoSpaceError
from reelworks.store.access.tokens import create_token
from reelworks.store.db.database import transaction
from reelworks.store.jobs import claims, leases
from reelworks.store.jobs.attempts import Attempt
from reelworks.store.jobs.jobs import add_jobs
from reelworks.store.jobs.webhook_deliveries import take_due
from reelworks.store.library.publish import publish_transcript
from tests.reelworks.app.api.conftest import Server, serving

READER = Caller("reader", (Scope.READ,))
LOCAL = Caller("", (Scope.ADMIN,))
PASSWORD = "hunter2-and-more"
SIGNATURE = "c2lnbmVkIGJ5IG1l"
API_PLACES = {f"/{one}" for one in ("livez", "readyz", "healthz", "metrics", "docs", "videos")}
API_PLACES |= {f"/{one}" for one in ("openapi.json", "jobs", "search", "stats")}
ADDRESS = f"https://user:{PASSWORD}@media.example.org/in house/talk.mp4?sig={SIGNATURE}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, clip):
    made = tmp_path_factory.mktemp("source folder")
    (made / "board meeting.mp4").write_bytes(clip)
    return made


@pytest.fixture(scope="module")
def server(module_settings, folder):
    settings = module_settings.with_values(
        source_folders=str(folder), prefect_api_url="http://127.0.0.1:9/api"
    )
    with serving(settings) as one:
        yield one


@pytest.fixture(scope="module")
def reader(server: Server) -> Server:
    return server.as_(create_token(server.engine, "reader", [Scope.READ]))


@pytest.fixture(scope="module")
def submitter(server: Server) -> Server:
    return server.as_(create_token(server.engine, "submitter", [Scope.SUBMIT]))


@pytest.fixture(scope="module")
def failed(server: Server, submitter: Server, folder) -> dict[str, str]:
    """A video of a folder whose job failed; every message names places of the server."""
    source = str(folder / "board meeting.mp4")
    request_body = {"path": source, "webhook_url": "https://93.184.215.14/hook"}
    made = submitter.post("/videos", json=request_body).json()
    ids = {"video_id": made["video"]["id"], "job_id": made["job"]["id"]}
    add_jobs(
        server.engine,
        [
            NewJob("by-address", ids["video_id"], params={"source": ADDRESS}),
            NewJob("folder", None, kind="sync", params={"source": str(folder), "plan": False}),
        ],
    )
    scratch = server.settings.data_dir / "scratch" / "run-x" / "ingest-y" / "talk.mp4"
    reason = f"{source} is damaged; {scratch} too, see s3://hidden-bucket/cache/a.json."
    for job in claims.claim(server.engine, "test", 60, limit=10):
        attempt = Attempt(job.id, job.attempts)
        progress = {"ingest": {"state": "failed", "note": reason}}
        leases.begin(server.engine, attempt, "run", 60)
        with transaction(server.engine) as connection:
            connection.execute(
                text("UPDATE jobs SET progress = :progress, result = :result WHERE id = :id"),
                {
                    "id": job.id,
                    "progress": json.dumps(progress),
                    "result": json.dumps({"gone": [source, "/deep/er/file.mp4"]}),
                },
            )
        failure = Failure(reason, "unsupported_media", "ingest")
        leases.fail(server.engine, attempt, "run", failure, most_attempts=1)
    speech = Transcript("en", (Segment(0.0, 1.0, "The board meets.", (), "en", None),))
    publish_transcript(server.engine, ids["video_id"], speech, "local/whisper")
    with transaction(server.engine) as connection:
        connection.execute(
            text(
                "UPDATE videos SET error = :reason, status = 'failed', ready_at = now(),"
                " warnings = jsonb_build_object('ingest', jsonb_build_array(CAST(:reason AS text)))"
                " WHERE id = :id"
            ),
            {"id": ids["video_id"], "reason": reason},
        )
    return ids | {"source": source}


def addresses(ids: dict[str, str]) -> Iterator[str]:
    """Every address that can be read, of the API and of the pages."""
    known = {
        "video_id": ids["video_id"],
        "frame_id": f"{ids['video_id']}_frame_000",
        "name": "page.css",
    }
    modules = [
        import_module(f"{folder.__name__}.{one.name}")
        for folder in (api_routes, page_routes)
        for one in iter_modules(folder.__path__)
    ]
    for route in (one for module in modules for one in module.router.routes):
        if "GET" in route.methods:
            for job_id in (ids["job_id"], "by-address", "folder"):
                values = known | {"job_id": job_id}
                yield re.sub(r"{(\w+)}", lambda one, values=values: values[one[1]], route.path)
    yield from ("/openapi.json", "/docs", "/search?q=board", "/search/cuts.json?q=board")
    yield from ("/search/cuts.edl?q=board", "/jobs?status=failed", "/search?q=board&in=speech")


def test_a_reader_never_sees_where_files_lie(server, reader, failed, folder):
    hidden = (str(server.settings.data_dir), str(folder), f"{folder.name}/", "hidden-bucket/cache")
    hidden += (PASSWORD, SIGNATURE, "media.example.org", "/deep/er", "127.0.0.1:9/")
    read = 0

    for address in sorted(set(addresses(failed))):
        for accept in ("application/json", "text/html"):
            payload = _read(reader, address, accept)
            read += len(payload) > 200
            for one in hidden:
                assert one not in payload, f"{address} as {accept} shows {one}"

    assert read > 25
    shown = reader.get(f"/jobs/{failed['job_id']}").json()
    assert shown["params"]["source"] == "board meeting.mp4"
    assert shown["error"]["message"] == ("board meeting.mp4 is damaged; talk.mp4 too, see a.json.")
    video = reader.get(f"/videos/{failed['video_id']}").json()
    assert video["source"] == "board meeting.mp4"
    assert video["warnings"] == [shown["error"]["message"]]


def _read(caller: Server, address: str, accept: str) -> str:
    headers = caller.headers | {"Accept": accept}
    with caller.client.stream("GET", address, headers=headers) as answer:
        if address != "/pages/live":  # which never ends
            return answer.read().decode(errors="replace")
        payload = ""
        for piece in answer.iter_text():
            payload += piece
            if "data:" in payload:
                break
        return payload


def test_a_submitter_sees_what_he_gave_himself(submitter, server, failed, folder):
    own = submitter.get(f"/jobs/{failed['job_id']}").json()
    others = submitter.get("/jobs/folder").json()

    assert own["params"]["source"] == failed["source"]
    assert own["error"]["message"].startswith(f"{failed['source']} is damaged; talk.mp4 too")
    assert submitter.get(f"/videos/{failed['video_id']}").json()["source"] == failed["source"]
    assert others["params"]["source"] == folder.name


def test_admins_and_the_local_user_see_everything_but_secrets(server, failed, folder):
    admin = server.as_(create_token(server.engine, "chief", [Scope.ADMIN]))
    for caller in (admin, server):
        payload = caller.get(f"/jobs/{failed['job_id']}").json()
        assert payload["params"]["source"] == failed["source"]
        assert str(server.settings.data_dir) in payload["error"]["message"]
        assert caller.get("/jobs/folder").json()["params"]["source"] == str(folder)
        shown = _read(caller, f"/jobs/{failed['job_id']}", "text/html")
        assert "http://127.0.0.1:9/runs/flow-run/run" in shown
        address = caller.get("/jobs/by-address").json()["params"]["source"]
        assert address == "https://media.example.org/in house/talk.mp4"


def test_a_webhook_tells_names_only(server, failed, folder):
    (delivery,) = take_due(server.engine, limit=10)
    payload = body_of(delivery).decode()

    assert "board meeting.mp4 is damaged" in payload
    assert str(folder) not in payload
    assert str(server.settings.data_dir) not in payload


@given(
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40),
    st.lists(st.from_regex(r"[A-Za-z0-9._-]{0,8}[a-z]", fullmatch=True), min_size=2, max_size=5),
    st.text(alphabet=" .,;:!?)('\"\n", max_size=3),
)
def test_no_message_keeps_a_path(before, parts, after):
    path = "/" + "/".join(parts)

    shown = visible_text(f"{before} {path}{after}", READER)

    assert "/".join(["", *parts[:-1], ""]) not in shown.replace(before, "", 1) or path in before
    assert parts[-1] in shown
    assert visible_text(shown, READER) == shown


PART = st.from_regex(r"[A-Za-z0-9._-]{0,8}[a-z]", fullmatch=True)
BEFORE = st.sampled_from(["", "The folder ", "path:", "-", "a: -", "x=", "('", '"', "see,", "é "])
AFTER = st.sampled_from(["", ".", " ended", ", which", ": no", "')", '"', "\n"])
SERVER = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(lambda one: f"[{one}]"),
    st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z]\.[a-z]{2,6}", fullmatch=True),
    st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z]", fullmatch=True),
)


@given(BEFORE, st.sampled_from(["/", "~/"]), st.lists(PART, min_size=1, max_size=4), AFTER)
def test_a_path_is_a_name_wherever_it_stands(before, root, parts, after):
    path = root + "/".join(parts)
    assume(path not in API_PLACES)

    shown = visible_text(f"{before}{path}{after}", READER)

    assert shown == f"{before}{PurePosixPath(path).name}{after}"


@given(BEFORE, SERVER, st.integers(1000, 65535), st.sampled_from(["", "/reelworks", "/a/b"]), AFTER)
def test_a_server_is_hidden_wherever_it_stands(before, host, port, more, after):
    assume(not before.endswith("-"))  # which may be part of a name

    shown = visible_text(f"{before}{host}:{port}{more}{after}", READER)

    assert shown == f"{before}…{after}"


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ("PostgreSQL at 10.0.0.5:5432/reelworks ended it.", "PostgreSQL at … ended it."),
        ("The store at db.example.org:443 is down.", "The store at … is down."),
        ("The server at 10.0.0.5 refuses.", "The server at … refuses."),
        ("The folder /data cannot be written.", "The folder data cannot be written."),
        ("path:/home/me/x.mp4", "path:x.mp4"),
        ("-/home/me/x", "-x"),
    ],
)
def test_places_that_were_seen_once(payload, shown):
    assert visible_text(payload, READER) == shown
    assert visible_text(payload, LOCAL) == payload


@given(st.text(alphabet="abc /@:?#=.", max_size=30), st.text(alphabet="abcé ./", max_size=30))
def test_a_source_is_named_and_its_secrets_are_shown_to_nobody(query, rest):
    job = replace(
        get_blank_job(),
        params={"source": f"https://u:{PASSWORD}@h.org/{rest}x.mp4?{query}{SIGNATURE}"},
    )
    for caller in (READER, ANONYMOUS, LOCAL):
        shown = json.dumps(dict(visible_job(job, caller).params))
        assert PASSWORD not in shown
        assert SIGNATURE not in shown
        assert ("h.org" in shown) is caller.is_admin


def get_blank_job():
    from decimal import Decimal

    from reelworks.domain.jobs.job import Job, JobStatus

    values = dict.fromkeys(Job.__dataclass_fields__)
    values |= {"id": "j", "kind": "index", "status": JobStatus.FAILED, "attempts": 1}
    values |= {"params": {}, "progress": {}, "result": JobResult(), "usage": {}, "cost": Decimal(0)}
    return Job(**values | {"created_at": datetime.now(UTC)})


def test_sentences_stay_sentences():
    for plain in (
        "An rtf/24 ratio of 3/4 and/or 5 km/h.",
        "Use a key of uploads/ or incoming/, or a bucket of ALLOWED_SOURCE_BUCKETS.",
        "local/whisper-base@abc failed at 12:30.",
        "Ask /healthz.",
        "At 2026-11-26T12:30:45.123Z or [00:01:02], version 1.2.3.",
    ):
        assert visible_text(plain, READER) == plain
    assert (
        visible_text("No host http://10.0.0.7:9000 answers.", READER) == "No host http://… answers."
    )


def test_trouble_of_the_server_names_no_folder_to_readers(server):
    error = NoSpaceError(f"The disk of {server.settings.data_dir} is full; make room.")

    assert str(server.settings.data_dir).encode() not in error_response(error, READER).body
    assert str(server.settings.data_dir).encode() not in error_response(error).body
    assert str(server.settings.data_dir).encode() in error_response(error, LOCAL).body
