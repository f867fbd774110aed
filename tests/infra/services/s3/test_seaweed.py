"""The embedded S3 server: private, on the loopback address only, and durable."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import stat
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.services.files import free_ports
from infra.services.process import Command, Process, start
from infra.services.s3.ports import PORTS, free_store_ports
from infra.services.s3.probe import answers, s3_client, serves_objects
from infra.services.s3.seaweed import (
    StorePaths,
    program,
    start_store,
    stop_store,
)
from reelworks.errors import ServiceError

pytestmark = pytest.mark.slow


Server = tuple[Process, tuple[int, ...]]


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> StorePaths:
    folder = tmp_path_factory.mktemp("weed")
    return StorePaths(folder / "store", folder / "store.log")


@pytest.fixture(scope="module")
def server(paths: StorePaths) -> Iterator[Server]:
    process, ports = start_store(paths)
    yield process, ports
    stop_store(process, ports)


def client(paths: StorePaths, ports: tuple[int, ...]) -> Any:
    return s3_client(f"http://127.0.0.1:{ports[0]}", paths.key_id, paths.secret, "us-east-1")


PLAIN = b"Client sent an HTTP request to an HTTPS server.\n"


def response_of(scheme: str, port: int, method: str, path: str) -> bytes | None:
    """Ask as a stranger, who believes any certificate; None when there was no answer."""
    client_context = ssl.create_default_context()
    client_context.check_hostname, client_context.verify_mode = False, ssl.CERT_NONE
    address = ("127.0.0.1", port)
    if scheme == "http":
        connection = HTTPConnection(*address, timeout=1)
    else:
        connection = HTTPSConnection(*address, timeout=1, context=client_context)
    try:
        connection.request(method, path, body=b"1" if method in ("PUT", "POST") else None)
        return connection.getresponse().read()
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def weed_shell(folder: Path, ports: tuple[int, ...], command: str) -> str:
    """Return what the server's own shell has to say when it is used from ``folder``."""
    at = dict(zip(PORTS, ports, strict=True))
    arguments = [
        str(program()),
        "shell",
        f"-master=127.0.0.1:{at['master.port']}.{at['master.port.grpc']}",
        f"-filer=127.0.0.1:{at['filer.port']}.{at['filer.port.grpc']}",
    ]
    with subprocess.Popen(
        arguments,
        cwd=folder,
        env={"HOME": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as shell:
        try:
            return shell.communicate(f"lock\n{command}\nexit\n", timeout=5)[0]
        except subprocess.TimeoutExpired:  # it tries forever to get in
            shell.kill()
            return shell.communicate()[0]


SHELL = ("volume.list", "fs.ls /buckets", "s3.bucket.list", "fs.rm -rf /buckets/shell")


@pytest.fixture(scope="module")
def shut_out(
    paths: StorePaths, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """What each command of a shell without the certificate says, all tried for five seconds."""
    s3 = client(paths, server[1])
    s3.create_bucket(Bucket="shell")
    s3.put_object(Bucket="shell", Key="x", Body=b"1" * 10_000)

    def tried(command: str) -> str:
        return weed_shell(tmp_path_factory.mktemp("stranger"), server[1], command)

    with ThreadPoolExecutor(len(SHELL)) as pool:
        return dict(zip(SHELL, pool.map(tried, SHELL), strict=True))


def tag(answer: dict[str, Any]) -> dict[str, str]:
    return {"ETag": answer["ETag"]}


def started_as_before(paths: StorePaths) -> Server:
    """Start the server as Reelworks did when its inner doors were open."""
    ports = free_ports(len(PORTS))
    options = {
        "dir": paths.home / "data",
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "s3.config": paths.identities(),
        "s3.iam": "false",
        "s3.port.iceberg": "0",
        "s3.port.lance": "0",
        "webdav": "false",
        "admin.ui": "false",
        "master.telemetry": "false",
        **dict(zip(PORTS, ports, strict=True)),
    }
    arguments = [str(program()), "mini", *(f"-{name}={value}" for name, value in options.items())]
    process = start(Command(arguments, paths.log, folder=paths.home))
    s3 = client(paths, ports)
    deadline = time.monotonic() + 30
    while not serves_objects(s3) and time.monotonic() < deadline:
        time.sleep(0.1)
    return process, ports


def test_nobody_gets_in_without_the_keys(paths: StorePaths, server: Server) -> None:
    endpoint = f"http://127.0.0.1:{server[1][0]}"
    client(paths, server[1]).create_bucket(Bucket="private")
    assert not answers(s3_client(endpoint, paths.key_id, "guess", "us-east-1"))
    assert not answers(s3_client(endpoint, "guess", paths.secret, "us-east-1"))
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


def test_an_address_on_a_web_page_does_not_erase_the_library(
    paths: StorePaths, server: Server
) -> None:
    s3 = client(paths, server[1])
    s3.create_bucket(Bucket="reelworks")
    s3.put_object(Bucket="reelworks", Key="x", Body=b"a" * 100_000)
    for port in server[1]:
        for scheme in ("http", "https"):
            response_of(scheme, port, "GET", "/col/delete?collection=reelworks")
    assert s3.get_object(Bucket="reelworks", Key="x")["Body"].read() == b"a" * 100_000


def test_the_servers_behind_s3_answer_nobody_else(paths: StorePaths, server: Server) -> None:
    s3 = client(paths, server[1])
    s3.create_bucket(Bucket="behind")
    s3.put_object(Bucket="behind", Key="x", Body=b"secret" * 10_000)
    asks = [("GET", "/"), ("GET", "/buckets/behind/x"), ("POST", "/dir/assign")]
    for port, name in zip(server[1][1:], PORTS[1:], strict=True):
        for method, path in asks[:1] if name.endswith("grpc") else asks:
            assert response_of("http", port, method, path) in (None, PLAIN)
            assert response_of("https", port, method, path) is None
    assert s3.get_object(Bucket="behind", Key="x")["Body"].read() == b"secret" * 10_000


@pytest.mark.parametrize("command", SHELL)
def test_weed_shell_gets_in_with_the_certificate_only(
    paths: StorePaths, server: Server, shut_out: dict[str, str], command: str
) -> None:
    s3 = client(paths, server[1])
    assert "shell" not in shut_out[command]
    assert s3.get_object(Bucket="shell", Key="x")["Body"].read() == b"1" * 10_000
    if command == "s3.bucket.list":  # its owner may, where the certificate lies
        assert "shell" in weed_shell(paths.home, server[1], command)


def test_everything_of_the_store_is_its_owners_alone(paths: StorePaths, server: Server) -> None:
    sockets = [path for port in server[1] for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock")]
    assert len(sockets) >= 5
    private = (paths.home, paths.home / "tls.pem", paths.home / "security.toml", *sockets)
    assert not [path for path in private if path.stat().st_mode & 0o077]


def test_nothing_of_it_dials_a_port_that_none_of_it_listens_on(server: Server) -> None:
    process, ports = server
    listening, dialled = set(ports), set()
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:
        for one in psutil.Process(process.pid).net_connections("tcp"):
            if one.raddr and one.laddr.port not in listening:
                dialled.add(one.raddr.port)
        time.sleep(0.01)
    assert dialled
    assert dialled <= listening
    worker = dict(zip(PORTS, ports, strict=True))["admin.port"] + 10_000
    assert worker in {
        one.laddr.port
        for one in psutil.Process(process.pid).net_connections("tcp")
        if one.status == psutil.CONN_LISTEN
    }


def test_the_keys_are_private_files(paths: StorePaths, server: Server) -> None:
    for name in ("key_id", "secret_key", "identities.json"):
        assert stat.S_IMODE((paths.home / name).stat().st_mode) == 0o600
    assert paths.secret not in " ".join(psutil.Process(server[0].pid).cmdline())


def test_it_listens_on_the_loopback_address_only(server: Server) -> None:
    process, ports = server
    listening = [
        one for one in psutil.Process(process.pid).net_connections()
        if one.status == psutil.CONN_LISTEN or one.type == socket.SOCK_DGRAM
    ]  # fmt: skip
    assert {one.laddr.ip for one in listening} == {"127.0.0.1"}
    assert {one.laddr.port for one in listening} == set(ports)


def test_a_conditional_put_does_not_overwrite(paths: StorePaths, server: Server) -> None:
    s3 = client(paths, server[1])
    s3.create_bucket(Bucket="once")
    s3.put_object(Bucket="once", Key="x", Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket="once", Key="x", Body=b"second", IfNoneMatch="*")
    assert s3.get_object(Bucket="once", Key="x")["Body"].read() == b"first"


def test_s3_is_whole(paths: StorePaths, server: Server) -> None:
    s3 = client(paths, server[1])
    s3.create_bucket(Bucket="whole")
    body = os.urandom(11_000_000)
    s3.put_object(Bucket="whole", Key="a/one", Body=body, Metadata={"sha256": "x"})
    assert s3.head_object(Bucket="whole", Key="a/one")["Metadata"] == {"sha256": "x"}
    part = s3.get_object(Bucket="whole", Key="a/one", Range="bytes=5000000-9999999")
    assert part["Body"].read() == body[5_000_000:10_000_000]
    upload = {"Bucket": "whole", "Key": "a/parts"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    parts = [
        {"PartNumber": number, **tag(s3.upload_part(**upload, PartNumber=number, Body=piece))}
        for number, piece in enumerate((body[:6_000_000], body[6_000_000:]), 1)
    ]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    s3.copy_object(Bucket="whole", Key="a/copy", CopySource={"Bucket": "whole", "Key": "a/parts"})
    for key in ("a/one", "a/parts", "a/copy"):
        assert s3.get_object(Bucket="whole", Key=key)["Body"].read() == body
    listed = [one["Key"] for one in s3.list_objects_v2(Bucket="whole", Prefix="a/")["Contents"]]
    assert listed == ["a/copy", "a/one", "a/parts"]
    s3.delete_object(Bucket="whole", Key="a/copy")
    s3.delete_objects(Bucket="whole", Delete={"Objects": [{"Key": "a/one"}, {"Key": "a/parts"}]})
    assert s3.list_objects_v2(Bucket="whole", Prefix="a/")["KeyCount"] == 0


@pytest.mark.slow
def test_a_folder_of_before_the_certificate_is_read_and_written(tmp_path: Path) -> None:
    paths = StorePaths(tmp_path / "store", tmp_path / "store.log")
    (paths.home / "data").mkdir(parents=True, mode=0o700)
    body = os.urandom(5_000_000)
    process, ports = started_as_before(paths)
    s3 = client(paths, ports)
    s3.create_bucket(Bucket="old")
    s3.put_object(Bucket="old", Key="x", Body=body, Metadata={"sha256": "x"})
    stop_store(process, ports)
    process, ports = start_store(paths, ports)
    try:
        s3 = client(paths, ports)
        answer = s3.get_object(Bucket="old", Key="x")
        assert (answer["Body"].read(), answer["Metadata"]) == (body, {"sha256": "x"})
        s3.put_object(Bucket="old", Key="y", Body=body)
        assert s3.get_object(Bucket="old", Key="y")["Body"].read() == body
        assert response_of("http", ports[PORTS.index("filer.port")], "GET", "/") in (None, PLAIN)
    finally:
        stop_store(process, ports)


@pytest.mark.slow
def test_objects_survive_kill_9_and_other_ports(tmp_path: Path) -> None:
    paths = StorePaths(tmp_path / "store", tmp_path / "store.log")
    process, ports = start_store(paths)
    s3 = client(paths, ports)
    s3.create_bucket(Bucket="saved")
    body = os.urandom(9_000_000)
    s3.put_object(Bucket="saved", Key="a/b.bin", Body=body)
    os.kill(process.pid, signal.SIGKILL)
    psutil.Process(process.pid).wait(10)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", ports[0]))
        taken.listen()
        process, others = start_store(paths, ports)
    assert others[0] != ports[0]
    assert client(paths, others).get_object(Bucket="saved", Key="a/b.bin")["Body"].read() == body
    stop_store(process, others)
    assert not psutil.pid_exists(process.pid)
    Path(f"/tmp/seaweedfs-s3-{ports[0]}.sock").unlink()  # spared: the port was another program's
    sockets = [f"seaweedfs-*-{port}.sock" for port in (*ports, *others)]
    assert not [path for name in sockets for path in Path("/tmp").glob(name)]


def test_a_name_in_tmp_that_somebody_else_took_costs_the_ports_and_not_the_start(
    tmp_path: Path,
) -> None:
    ports = free_store_ports(())
    taken = Path(f"/tmp/seaweedfs-x-{ports[3]}.sock")
    taken.mkdir()  # not even root removes it as a file
    try:
        paths = StorePaths(tmp_path / "store", tmp_path / "store.log")
        process, others = start_store(paths, ports)
        stop_store(process, (*ports, *others))
    finally:
        taken.rmdir()

    assert others != ports


def test_a_folder_that_cannot_be_used_is_one_sentence_with_the_log(tmp_path: Path) -> None:
    paths = StorePaths(tmp_path / "store", tmp_path / "store.log")
    (paths.home / "data").mkdir(parents=True)
    (paths.home / "data" / "m9333").write_text("")
    (paths.home / "data" / "filerldb2").write_text("a file where a folder must be")
    with pytest.raises(ServiceError, match=r"The S3 server did not start: .*store\.log"):
        start_store(paths)
