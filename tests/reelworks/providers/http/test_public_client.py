"""Nothing is fetched from a machine that is not public, whatever its name says."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.errors import InputError, UnsafeAddressError
from reelworks.providers.http import public_client as fetching
from reelworks.providers.http.public_client import brief_client, check_address, client, is_public

PUBLIC = ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
NOT_PUBLIC = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",  # metadata of Alibaba
    "127.0.0.1",
    "127.9.9.9",
    "168.63.129.16",  # WireServer of Azure
    "169.254.169.254",  # metadata of most clouds
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",  # metadata of Oracle
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:db8::1",
    "fc00::1",
    "fd00:ec2::254",  # metadata of Amazon
    "fe80::1",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address):
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_not_public(address):
    assert not is_public(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_however_it_is_wrapped(address):
    mapped = ipaddress.ip_address(f"::ffff:{address}")
    nat64 = ipaddress.IPv6Address(int(ipaddress.ip_address("64:ff9b::")) | int(address))
    sixtofour = ipaddress.IPv6Address((0x2002 << 112) | (int(address) << 80))

    assert is_public(mapped) is is_public(nat64) is is_public(sixtofour) is is_public(address)


@pytest.mark.parametrize(
    "url",
    ["", "x", "ftp://a/b", "file:///a", "http://", "http:///a", "http://a b/", "http://a/\r\nX: y",
     "http://[::1", "http://h:99999/"],
)  # fmt: skip
def test_what_is_no_address(url):
    with pytest.raises(InputError):
        check_address(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "10.0.0.1", "[fe80::1%25eth0]"])
def test_numbers_that_are_private_are_refused_without_a_network(host):
    with pytest.raises(UnsafeAddressError):
        check_address(f"http://{host}/a.mp4")


@pytest.fixture
def site() -> Iterator[int]:
    """A site on loopback; ``/away`` leads to a private address."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(302 if self.path == "/away" else 200)
            self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"here")

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
    # The first answer is judged public here, so that a connection to it can be seen.
    monkeypatch.setattr(fetching, "is_public", lambda address: str(address) == "127.0.0.1")
    names["rebind.example.org"] = ["10.9.9.9", "127.0.0.1"]

    answer = get(f"http://rebind.example.org:{site}/")

    assert answer.text == "here"
    assert names["rebind.example.org"] == ["10.9.9.9"]  # it was asked once


def test_a_redirect_is_judged_as_well(site, names, monkeypatch):
    monkeypatch.setattr(fetching, "is_public", lambda address: str(address) == "127.0.0.1")

    with pytest.raises(UnsafeAddressError, match=r"169\.254\.169\.254"):
        get(f"http://127.0.0.1:{site}/away")


def test_a_configured_proxy_is_passed_by(site, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{site}")

    with pytest.raises(UnsafeAddressError):
        get("http://10.0.0.1/")


def test_private_addresses_are_fetched_where_that_is_allowed(site):
    with client(private=True, timeout=httpx.Timeout(5)) as session:
        assert session.get(f"http://localhost:{site}/").text == "here"


def test_a_brief_client_checks_too_and_follows_nothing(site):
    with brief_client(private=False, seconds=5) as session, pytest.raises(UnsafeAddressError):
        session.get(f"http://localhost:{site}/")
    with brief_client(private=True, seconds=5) as session:
        assert session.get(f"http://localhost:{site}/away").status_code == 302
