"""The embedded S3 server: private, on the loopback address only, and durable."""

from __future__ import annotations

import os
import signal
import socket
import stat
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.services.process import Process
from infra.services.s3 import answers, s3_client
from infra.services.seaweed import PORTS, StorePlace, start_store, stop_store
from reelworks.errors import ServiceError

Server = tuple[Process, tuple[int, ...]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> StorePlace:
    folder = tmp_path_factory.mktemp("weed")
    return StorePlace(folder / "store", folder / "store.log")


@pytest.fixture(scope="module")
def server(place: StorePlace) -> Iterator[Server]:
    process, ports = start_store(place)
    yield process, ports
    stop_store(process, ports)


def client(place: StorePlace, ports: tuple[int, ...]) -> Any:
    return s3_client(f"http://127.0.0.1:{ports[0]}", place.key_id, place.secret, "us-east-1")


def test_nobody_gets_in_without_the_keys(place: StorePlace, server: Server) -> None:
    endpoint = f"http://127.0.0.1:{server[1][0]}"
    client(place, server[1]).create_bucket(Bucket="private")
    assert not answers(s3_client(endpoint, place.key_id, "guess", "us-east-1"))
    assert not answers(s3_client(endpoint, "guess", place.secret, "us-east-1"))
    anonymous = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        config=Config(signature_version=UNSIGNED),
    )
    for call in (
        anonymous.list_buckets,
        lambda: anonymous.list_objects_v2(Bucket="private"),
        lambda: anonymous.put_object(Bucket="private", Key="x", Body=b"1"),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            call()


def test_the_servers_behind_s3_serve_nobody_else(place: StorePlace, server: Server) -> None:
    client(place, server[1]).create_bucket(Bucket="behind")
    client(place, server[1]).put_object(Bucket="behind", Key="x", Body=b"secret")
    filer = HTTPConnection("127.0.0.1", server[1][PORTS.index("filer.port")])
    for method in ("GET", "PUT", "DELETE"):
        filer.request(method, "/buckets/behind/x", body=b"1" if method == "PUT" else None)
        answer = filer.getresponse()
        answer.read()
        assert answer.status == 401
    filer.close()


def test_the_keys_are_private_files(place: StorePlace, server: Server) -> None:
    for name in ("key_id", "secret_key", "identities.json"):
        assert stat.S_IMODE((place.home / name).stat().st_mode) == 0o600
    assert place.secret not in " ".join(psutil.Process(server[0].pid).cmdline())


def test_it_listens_on_the_loopback_address_only(server: Server) -> None:
    process, ports = server
    listening = [
        one for one in psutil.Process(process.pid).net_connections()
        if one.status == psutil.CONN_LISTEN or one.type == socket.SOCK_DGRAM
    ]  # fmt: skip
    assert {one.laddr.ip for one in listening} == {"127.0.0.1"}
    assert {one.laddr.port for one in listening} == set(ports)


def test_a_conditional_put_does_not_overwrite(place: StorePlace, server: Server) -> None:
    s3 = client(place, server[1])
    s3.create_bucket(Bucket="once")
    s3.put_object(Bucket="once", Key="x", Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket="once", Key="x", Body=b"second", IfNoneMatch="*")
    assert s3.get_object(Bucket="once", Key="x")["Body"].read() == b"first"


def test_objects_survive_kill_9_and_other_ports(tmp_path: Path) -> None:
    place = StorePlace(tmp_path / "store", tmp_path / "store.log")
    process, ports = start_store(place)
    s3 = client(place, ports)
    s3.create_bucket(Bucket="kept")
    body = os.urandom(9_000_000)
    s3.put_object(Bucket="kept", Key="a/b.bin", Body=body)
    os.kill(process.pid, signal.SIGKILL)
    psutil.Process(process.pid).wait(10)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", ports[0]))
        taken.listen()
        process, others = start_store(place, ports)
    assert others[0] != ports[0]
    assert client(place, others).get_object(Bucket="kept", Key="a/b.bin")["Body"].read() == body
    stop_store(process, others)
    assert not psutil.pid_exists(process.pid)
    Path(f"/tmp/seaweedfs-s3-{ports[0]}.sock").unlink()  # spared: the port was somebody else's
    sockets = [f"seaweedfs-*-{port}.sock" for port in (*ports, *others)]
    assert not [path for name in sockets for path in Path("/tmp").glob(name)]


def test_a_folder_that_cannot_be_used_is_one_sentence_with_the_log(tmp_path: Path) -> None:
    place = StorePlace(tmp_path / "store", tmp_path / "store.log")
    (place.home / "data").mkdir(parents=True)
    (place.home / "data" / "m9333").write_text("")
    (place.home / "data" / "filerldb2").write_text("a file where a folder must be")
    with pytest.raises(ServiceError, match=r"The S3 server did not start: .*store\.log"):
        start_store(place)
