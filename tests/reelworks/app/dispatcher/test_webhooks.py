"""Signed calls when a job ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text
from standardwebhooks import Webhook, WebhookVerificationError

from reelworks.app.dispatcher import webhooks
from reelworks.app.dispatcher.webhooks import deliver_due
from reelworks.domain.jobs.job import JobSelection, NewJob
from reelworks.settings import Settings
from reelworks.store.db.database import transaction
from reelworks.store.jobs.jobs import add_jobs, cancel_jobs, retry_jobs
from reelworks.store.jobs.webhook_deliveries import GIVEN_UP_AFTER, MOST_TRIES, retry_delay

SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


class Receiver(BaseHTTPRequestHandler):
    """Takes calls as its path says."""

    seen: ClassVar[list[tuple[dict[str, str], bytes]]] = []
    answers: ClassVar[list[int]] = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((dict(self.headers), body))
        self.send_response(self.answers.pop(0) if self.answers else 204)
        if self.path == "/moved":
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        if self.path == "/chatty":
            for _ in range(1000):
                self.wfile.write(b"x" * 100_000)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[str]:
    Receiver.seen.clear()
    Receiver.answers.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.handle_error = lambda *_: None  # we hang up on those who talk too much
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def mine(clean_settings: Settings) -> Settings:
    return clean_settings.with_values(
        webhook_secret=SecretStr(SECRET), fetch_private_addresses=True
    )


@pytest.fixture
def engine(clean_engine: Engine) -> Engine:
    with transaction(clean_engine) as connection:
        connection.execute(text("INSERT INTO videos (id, original_path) VALUES ('v', '/v.mp4')"))
    return clean_engine


def ended(engine: Engine, url: str, job_id: str = "j") -> None:
    add_jobs(engine, [NewJob(job_id, "v", webhook_url=url)])
    cancel_jobs(engine, JobSelection(ids=(job_id,)))


def due_again(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(
            text("UPDATE webhook_deliveries SET next_at = now() WHERE next_at IS NOT NULL")
        )


def row(engine: Engine):
    with transaction(engine) as connection:
        return connection.execute(text("SELECT * FROM webhook_deliveries")).one()


def test_a_call_is_signed_so_that_its_receiver_can_check_it(engine, mine, receiver):
    ended(engine, f"{receiver}/hook")

    assert deliver_due(engine, mine) == 1

    ((headers, body),) = Receiver.seen
    event = Webhook(SECRET).verify(body, headers)
    assert set(event) == {"type", "timestamp", "data"}
    assert event["type"] == "job.cancelled"
    assert (event["data"]["id"], event["data"]["status"]) == ("j", "cancelled")
    assert event["timestamp"] == event["data"]["ended_at"]
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace(b"cancelled", b"done"), headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET.replace("A", "B")).verify(body, headers)
    assert row(engine).delivered_at is not None
    assert deliver_due(engine, mine) == 0


def test_nobody_is_called_before_the_end(engine, mine, receiver):
    add_jobs(engine, [NewJob("j", "v", webhook_url=receiver)])

    assert deliver_due(engine, mine) == 0
    assert Receiver.seen == []


def test_a_call_that_is_not_taken_is_made_again_under_the_same_id(engine, mine, receiver):
    Receiver.answers[:] = [500, 302, 200]
    ended(engine, f"{receiver}/moved")

    took = []
    for _ in range(4):
        took.append(deliver_due(engine, mine))
        due_again(engine)

    assert took == [0, 0, 1, 0]
    assert len({headers["webhook-id"] for headers, _ in Receiver.seen}) == 1
    assert len(Receiver.seen) == 3  # and the redirect was not followed


def test_a_job_that_ends_again_is_sent_again_under_another_id(engine, mine, receiver):
    ended(engine, receiver)
    deliver_due(engine, mine)
    retry_jobs(engine, JobSelection(ids=("j",)))
    time.sleep(0.01)
    cancel_jobs(engine, JobSelection(ids=("j",)))

    assert deliver_due(engine, mine) == 1
    assert len({headers["webhook-id"] for headers, _ in Receiver.seen}) == 2


def test_a_call_that_is_due_waits_while_its_job_runs_again(engine, mine, receiver):
    Receiver.answers[:] = [500]
    ended(engine, receiver)
    deliver_due(engine, mine)
    retry_jobs(engine, JobSelection(ids=("j",)))
    due_again(engine)

    assert deliver_due(engine, mine) == 0
    assert len(Receiver.seen) == 1
    cancel_jobs(engine, JobSelection(ids=("j",)))
    assert deliver_due(engine, mine) == 1


def test_tries_grow_rarer_and_end_after_a_day():
    waits = [retry_delay(attempt) for attempt in range(1, MOST_TRIES + 1)]

    assert waits[:3] == [10, 20, 40]
    assert max(waits) == 3600
    assert sum(waits[:-1]) <= GIVEN_UP_AFTER.total_seconds() < sum(waits)


def test_a_receiver_that_is_never_there_is_given_up(engine, mine):
    ended(engine, "http://127.0.0.1:9/")
    with transaction(engine) as connection:
        connection.execute(
            text("UPDATE webhook_deliveries SET attempts = :n"), {"n": MOST_TRIES - 1}
        )

    assert deliver_due(engine, mine) == 0
    assert row(engine).next_at is None
    assert "cannot be reached" in row(engine).error


def test_a_receiver_that_is_gone_is_not_asked_again(engine, mine, receiver):
    Receiver.answers[:] = [410]
    ended(engine, receiver)

    deliver_due(engine, mine)

    assert (row(engine).status, row(engine).next_at) == (410, None)


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://169.254.169.254/", "file:///x"])
def test_a_private_address_is_not_called(engine, mine, url):
    ended(engine, url)

    assert deliver_due(engine, mine.with_values(fetch_private_addresses=False)) == 0
    assert row(engine).next_at is None
    assert row(engine).error


def test_what_the_receiver_says_is_not_read(engine, mine, receiver):
    ended(engine, f"{receiver}/chatty")
    started = time.process_time()

    assert deliver_due(engine, mine) == 1
    assert time.process_time() - started < 1.0


def test_a_receiver_that_drips_is_left(engine, mine, monkeypatch):
    import socket

    monkeypatch.setattr(webhooks, "TIMEOUT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()

        def drip() -> None:
            line, _ = server.accept()
            with line:
                while not stop.wait(0.1):
                    line.sendall(b"H")

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        ended(engine, f"http://127.0.0.1:{server.getsockname()[1]}/")
        started = time.monotonic()
        took = deliver_due(engine, mine)
        waited = time.monotonic() - started
        stop.set()
        thread.join()

    assert took == 0
    assert waited < 5


def test_without_a_secret_nothing_is_called(engine, mine, receiver):
    ended(engine, receiver)

    assert deliver_due(engine, mine.with_values(webhook_secret=None)) == 0
    assert Receiver.seen == []
    assert row(engine).next_at is not None


def test_a_call_whose_caller_died_is_made_by_another(engine, mine, receiver):
    from reelworks.store.jobs.webhook_deliveries import take_due

    ended(engine, receiver)
    assert len(take_due(engine, limit=5)) == 1  # and then it was killed
    assert deliver_due(engine, mine) == 0
    due_again(engine)

    assert deliver_due(engine, mine) == 1
