"""Without a secret, a port that ``reelworks up`` opens gives nothing and takes nothing.

Two strangers knock: another user of this machine, who sends anything, and a page of another
site in the owner's browser, which sends true ``Host`` and ``Origin`` headers.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import httpx
import psutil
import psycopg
import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

from tests.support.whole_house import WholeHouse

pytestmark = pytest.mark.slow

EVIL = "https://evil.example"
PAGE = {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"}
"""What a browser says of a request that a page of another site makes."""
REBOUND = {"Host": "evil.example"}
"""What it says when that site's name leads to this machine."""
CHANGES = ("POST", "PUT", "PATCH", "DELETE")
BLOCKS = "/api/block_documents/filter"
PREFECT_OPEN = re.compile(
    r"/api/(health|ready)|/ui-settings|/(v2(/.*)?)?|/(docs|redoc|openapi\.json)"
)
"""Health, the UI's files and settings, and Prefect's published description of its API."""
STORE_PATHS = (
    *("/", "/status", "/ui/index.html", "/healthz", "/metrics", "/debug/pprof/", "/debug/vars"),
    *("/dir/status", "/dir/assign", "/dir/lookup?volumeId=1", "/cluster/status", "/vol/status"),
    *("/vol/grow?count=1&replication=000", "/vol/vacuum", "/col/delete?collection=nothing"),
    *("/submit", "/stats/counter", "/stats/memory", "/1,000000000000", "/buckets/", "/topics/"),
    *("/etc/iam/identity.json", "/reelworks/", "/reelworks/nothing", "/reelworks?delete"),
    *("/api/config", "/admin", "/maintenance", "/object-store/users", "/api/users"),
)
STORE_OPEN = ("/status", "/healthz")
"""The S3 server tells everyone that it is there, with an empty answer."""
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
"""What an HTTP/2 client, such as that of gRPC, begins with: RFC 9113, 3.4, and empty settings."""


@dataclass(frozen=True)
class Port:
    """A port that one of our processes listens on."""

    part: str
    ip: str
    number: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.number}"


@pytest.fixture(scope="module")
def ports(house_up: WholeHouse) -> list[Port]:
    """Every port that any of our processes listens on, whatever the state file says."""
    found = set()
    for part, process in house_up.processes():
        with suppress(psutil.NoSuchProcess):
            for one in process.net_connections("inet"):
                if one.status == psutil.CONN_LISTEN:
                    found.add(Port(part, one.laddr.ip, one.laddr.port))
    return sorted(found, key=lambda port: (port.part, port.number))


@pytest.fixture(scope="module")
def knock() -> Iterator[httpx.Client]:
    """A stranger, who knows no secret."""
    with httpx.Client(timeout=10, trust_env=False) as client:
        yield client


def of(ports: list[Port], *parts: str) -> list[Port]:
    found = [port for port in ports if port.part in parts]
    assert found, f"none of {parts} listens"
    return found


def ask(
    client: httpx.Client, method: str, url: str, headers: dict[str, str], **more: Any
) -> httpx.Response | None:
    """Ask, and return the answer; None where none is given."""
    try:
        answer = client.request(method, url, headers=headers, **more)
    except httpx.TransportError:
        return None
    readers = answer.headers.get("access-control-allow-origin")
    may_read = opened(answer) and answer.content and readers in ("*", "null", EVIL)
    assert not may_read, f"a page of another site may read {method} {url}"
    return answer


def opened(answer: httpx.Response | None) -> bool:
    return answer is not None and answer.status_code < 400


def test_all_ports_are_known_and_on_the_loopback_address(ports: list[Port]) -> None:
    assert {port.part for port in ports} <= {"postgres", "store", "prefect", "api", "runner"}
    assert all(ip_address(port.ip).is_loopback for port in ports), ports


def test_the_runners_line_to_its_runs_answers_nobody_without_a_runs_token(
    ports: list[Port], knock: httpx.Client
) -> None:
    for port in (port for port in ports if port.part == "runner"):  # opened by its first run
        assert ask(knock, "GET", port.url, {}) is None
        for greeting in (b"\0" * 64, b"0" * 64 + b"\n", PREFACE):
            with socket.create_connection(("127.0.0.1", port.number), 5) as line:
                line.settimeout(10)
                line.sendall(greeting)
                line.shutdown(socket.SHUT_WR)
                with suppress(ConnectionResetError):
                    assert line.recv(1) == b""


def test_prefect_answers_no_call_of_its_api_without_the_secret(
    house_up: WholeHouse, ports: list[Port], knock: httpx.Client
) -> None:
    (port,) = of(ports, "prefect")
    calls = knock.get(f"{port.url}/openapi.json").json()["paths"]
    assert len(calls) > 100

    doors = []
    for path, methods in calls.items():
        filled = re.sub(r"\{[^}]+\}", "00000000-0000-0000-0000-000000000000", path)
        for method in methods:
            url = f"{port.url}/api{filled.removeprefix('/api')}"
            for headers in ({}, PAGE, REBOUND):
                body = {} if method == "get" else {"json": {}}
                if opened(ask(knock, method.upper(), url, headers, **body)):
                    doors.append((method, url, headers))
    open_by_design = {("get", f"{port.url}/api/{name}") for name in ("health", "ready")}
    assert {(method, url) for method, url, _ in doors} <= open_by_design
    assert all(headers == {} for *_, headers in doors)

    mine = {"auth": tuple(house_up.password.split(":"))}
    secrets = {"json": {"include_secrets": True}}
    assert opened(ask(knock, "POST", f"{port.url}{BLOCKS}", {}, **secrets, **mine))
    assert not opened(ask(knock, "POST", f"{port.url}{BLOCKS}", PAGE, **secrets, **mine))
    assert not opened(ask(knock, "POST", f"{port.url}{BLOCKS}", REBOUND, **secrets, **mine))
    wrong = {"auth": ("reelworks", "guess")}
    assert not opened(ask(knock, "POST", f"{port.url}{BLOCKS}", {}, **secrets, **wrong))


def test_prefect_shows_a_stranger_its_sign_in_page_and_nothing_else(
    ports: list[Port], knock: httpx.Client
) -> None:
    (port,) = of(ports, "prefect")
    paths = ("/", "/v2/", "/ui-settings", "/docs", "/runs", "/api/health", "/api", "/api/docs")
    tricks = ("//api/flows/filter", "/api//health/../flows/count", "/api/ready/x", "/API/health")
    for path in (*paths, *tricks):
        for method in ("GET", "HEAD", "OPTIONS", *CHANGES):
            for headers in ({}, PAGE, REBOUND):
                answer = ask(knock, method, f"{port.url}{path}", headers)
                if opened(answer):
                    assert headers == {}, (method, path, headers)
                    assert method in ("GET", "HEAD", "OPTIONS"), (method, path)
                    assert answer is not None
                    files = "text/html" in answer.headers.get("content-type", "")
                    assert files or PREFECT_OPEN.fullmatch(path), (method, path)


@pytest.mark.parametrize("path", ["/api/events/in", "/api/events/out", "/api/logs/out"])
@pytest.mark.parametrize("protocol", [[], ["prefect"]])
@pytest.mark.parametrize("origin", [None, EVIL])
def test_prefects_streams_are_closed_to_strangers(
    path: str, protocol: list[str], origin: str | None, ports: list[Port]
) -> None:
    (port,) = of(ports, "prefect")
    url = f"ws://127.0.0.1:{port.number}{path}"
    with (
        pytest.raises((ConnectionClosed, InvalidHandshake)),
        connect(url, subprotocols=protocol or None, origin=origin, proxy=None) as stream,  # type: ignore[arg-type]
    ):
        stream.send('{"type": "auth", "token": "guess"}')
        stream.send('{"type": "filter", "filter": {}}')
        assert "auth_success" not in str(stream.recv(timeout=5))
        stream.recv(timeout=5)


def test_postgresql_asks_for_the_password(house_up: WholeHouse, ports: list[Port]) -> None:
    (port,) = of(ports, "postgres")
    for user in ("reelworks", "postgres", "root"):
        for password in ("", "reelworks", "guess"):
            for database in ("reelworks", "prefect", "postgres", "template1"):
                with pytest.raises(psycopg.OperationalError):
                    psycopg.connect(
                        host="127.0.0.1", port=port.number, user=user, dbname=database,
                        password=password, connect_timeout=5,
                    )  # fmt: skip
    with psycopg.connect(house_up.urls["DATABASE_URL"], connect_timeout=5) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_our_api_serves_this_machine_and_no_page_but_its_own(
    ports: list[Port], knock: httpx.Client
) -> None:
    (port,) = of(ports, "api")
    paths = ["/", "/videos", "/jobs", "/healthz", "/metrics", "/openapi.json", "/search?q=a"]
    assert opened(ask(knock, "GET", f"{port.url}/videos", {})), "by design, on loopback"
    for path in paths:
        assert not opened(ask(knock, "GET", f"{port.url}{path}", REBOUND)), path
        ask(knock, "GET", f"{port.url}{path}", PAGE)  # no page may read the answer
        ask(knock, "OPTIONS", f"{port.url}{path}", PAGE | {"Access-Control-Request-Method": "PUT"})
        for method in CHANGES:
            for headers in (PAGE, REBOUND):
                answer = ask(knock, method, f"{port.url}{path}", headers, json={})
                assert not opened(answer), (method, path, headers)


def test_the_store_answers_no_stranger_over_http(
    house_up: WholeHouse, ports: list[Port], knock: httpx.Client
) -> None:
    doors = []
    for port in of(ports, "store"):
        for path in STORE_PATHS:
            for method in ("GET", "HEAD", *CHANGES):
                for headers in ({}, PAGE, REBOUND):
                    answer = ask(knock, method, f"{port.url}{path}", headers, content=b"x")
                    if answer is not None and opened(answer):
                        assert not answer.content, (method, port, path)
                        doors.append((method, f"{port.url}{path}"))
    store = house_up.urls["S3_ENDPOINT_URL"]
    by_design = {(way, f"{store}{path}") for way in ("GET", "HEAD") for path in STORE_OPEN}
    assert set(doors) <= by_design


def test_no_page_may_learn_what_the_store_holds(house_up: WholeHouse, knock: httpx.Client) -> None:
    """Also where a page knows the address of an object that is let out for an hour."""
    store = house_up.urls["S3_ENDPOINT_URL"]
    for method in CHANGES:
        wish = PAGE | {"Access-Control-Request-Method": method}
        assert not opened(ask(knock, "OPTIONS", f"{store}/reelworks/a", wish))
    answer = ask(knock, "GET", f"{store}/reelworks/a", PAGE)
    assert answer is not None
    assert "access-control-allow-origin" not in answer.headers


def test_the_store_talks_grpc_with_nobody_who_has_no_certificate(ports: list[Port]) -> None:
    talking = [port for port in of(ports, "store") if _greets(port, tls=False)]
    assert talking == []
    assert [port for port in of(ports, "store") if _greets(port, tls=True)] == []


def _greets(port: Port, *, tls: bool) -> bool:
    """Tell whether a server answers a client of HTTP/2 that shows no certificate."""
    try:
        with socket.create_connection(("127.0.0.1", port.number), 5) as plain:
            plain.settimeout(3)
            if not tls:
                return _settings_follow(plain)
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            context.set_alpn_protocols(["h2"])
            with context.wrap_socket(plain) as wrapped:
                return _settings_follow(wrapped)
    except OSError:
        return False


def _settings_follow(line: socket.socket) -> bool:
    line.sendall(PREFACE)
    head = line.recv(9)
    return len(head) == 9 and head[3] == 4
