"""A lock lets one in at a time and dies with its holder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import psycopg
import pytest

from reelworks.errors import CancelledError, DatabaseRefusedError, DatabaseUnavailableError
from reelworks.settings import Settings
from reelworks.store.db.advisory_locks import advisory_lock

HOLDER = """
import sys
from reelworks.store.db.advisory_locks import advisory_lock
with advisory_lock(sys.argv[1], "deadly"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def url(settings: Settings) -> str:
    assert settings.database.url is not None
    return settings.database.url.get_secret_value()


class StoppedError(Exception):
    """What the waiter's own caller raises."""


def test_one_is_inside_at_a_time(url: str) -> None:
    inside, most, done = 0, 0, []

    def enter() -> None:
        nonlocal inside, most
        with advisory_lock(url, "narrow", poll=0.01):
            inside += 1
            most = max(most, inside)
            time.sleep(0.02)
            inside -= 1
        done.append(1)

    threads = [threading.Thread(target=enter) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, len(done)) == (1, 5)


def test_other_keys_do_not_wait(url: str) -> None:
    with advisory_lock(url, "one"), advisory_lock(url, "two"):
        pass


def test_a_waiter_stops_when_told(url: str) -> None:
    waits = 0

    def stop() -> None:
        nonlocal waits
        waits += 1
        if waits == 3:
            raise CancelledError("Stopped.")

    with (
        advisory_lock(url, "taken"),
        pytest.raises(CancelledError),
        advisory_lock(url, "taken", poll=0.01, should_stop=stop),
    ):
        pytest.fail("two holders")
    assert waits == 3


def test_a_killed_holder_frees_the_lock_at_once(url: str) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdin is not None and holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"

    def refuse() -> None:
        raise StoppedError

    with pytest.raises(StoppedError), advisory_lock(url, "deadly", should_stop=refuse):
        pytest.fail("two holders")
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    started = time.monotonic()
    with advisory_lock(url, "deadly", poll=0.02):
        waited = time.monotonic() - started
    holder.stdin.close()
    holder.stdout.close()
    assert waited < 1.0


def test_the_bodys_own_error_comes_through_and_frees_the_lock(url: str) -> None:
    with pytest.raises(StoppedError), advisory_lock(url, "failing"):
        raise StoppedError
    with advisory_lock(url, "failing", should_stop=lambda: pytest.fail("still locked")):
        pass


def end_lock_sessions(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'reelworks lock'"
        )


def test_losing_the_lock_inside_is_told_afterwards(url: str) -> None:
    finished = False
    with pytest.raises(DatabaseUnavailableError, match="lock"), advisory_lock(url, "lost"):
        end_lock_sessions(url)
        finished = True
    assert finished


def test_the_bodys_error_goes_before_a_lost_lock(url: str) -> None:
    with pytest.raises(StoppedError), advisory_lock(url, "lost twice"):
        end_lock_sessions(url)
        raise StoppedError


def test_a_wrong_password_is_refused(url: str) -> None:
    wrong = psycopg.conninfo.make_conninfo(url, password="hunter2")
    shown = "postgresql://{user}:{password}@{host}:{port}/{dbname}".format(
        **psycopg.conninfo.conninfo_to_dict(wrong)
    )
    with pytest.raises(DatabaseRefusedError, match="login"), advisory_lock(shown, "x"):
        pytest.fail("let in")
