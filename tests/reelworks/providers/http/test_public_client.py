"""Nothing is fetched from a machine that is not public, whatever its name says."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from reelworks.errors import UnsafeAddressError
from reelworks.providers.http import public_client
from reelworks.providers.http.public_client import brief_client, client


@pytest.fixture
def site() -> Iterator[int]:
    """A site on loopback; ``/away`` leads to a private address."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(302 if self.path == "/away" else 200)
            self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"found")

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def names(monkeypatch) -> dict[str, list[str]]:
    """What names mean: the addresses of each, the next lookup's last first."""
    known: dict[str, list[str]] = {}
    lookup = socket.getaddrinfo

    def look_up(host, port, *arguments, **more):
        if host in known:
            number = known[host].pop() if len(known[host]) > 1 else known[host][0]
            return lookup(number, port, *arguments, **more)
        return lookup(host, port, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def get(url: str, **more) -> httpx.Response:
    with client(private=False, timeout=httpx.Timeout(5), **more) as session:
        return session.get(url)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]"]
)
def test_every_spelling_of_this_machine_is_refused(site, host):
    with pytest.raises(UnsafeAddressError, match="on a private network"):
        get(f"http://{host}:{site}/")


def test_a_name_is_judged_by_what_it_means(site, names):
    names["media.example.org"] = ["10.0.0.1"]

    with pytest.raises(UnsafeAddressError, match="media.example.org"):
        get(f"http://media.example.org:{site}/")


def test_a_name_that_changes_its_mind_leads_where_it_was_checked(site, names, monkeypatch):
    # The first answer counts as public in this test, so that a connection to it can be seen.
    monkeypatch.setattr(public_client, "is_public", lambda address: str(address) == "127.0.0.1")
    names["rebind.example.org"] = ["10.9.9.9", "127.0.0.1"]

    answer = get(f"http://rebind.example.org:{site}/")

    assert answer.text == "found"
    assert names["rebind.example.org"] == ["10.9.9.9"]  # it was looked up once


def test_a_redirect_is_judged_as_well(site, names, monkeypatch):
    monkeypatch.setattr(public_client, "is_public", lambda address: str(address) == "127.0.0.1")

    with pytest.raises(UnsafeAddressError, match=r"169\.254\.169\.254"):
        get(f"http://127.0.0.1:{site}/away")


def test_a_configured_proxy_is_passed_by(site, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{site}")

    with pytest.raises(UnsafeAddressError):
        get("http://10.0.0.1/")


def test_private_addresses_are_fetched_where_that_is_allowed(site):
    with client(private=True, timeout=httpx.Timeout(5)) as session:
        assert session.get(f"http://localhost:{site}/").text == "found"


def test_a_brief_client_checks_too_and_follows_nothing(site):
    with brief_client(private=False, seconds=5) as session, pytest.raises(UnsafeAddressError):
        session.get(f"http://localhost:{site}/")
    with brief_client(private=True, seconds=5) as session:
        assert session.get(f"http://localhost:{site}/away").status_code == 302
