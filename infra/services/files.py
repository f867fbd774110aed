"""Folders, secret files and logs under DATA_DIR, and the free ports of this machine."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path

from reelworks.domain.private_folder import make_private
from reelworks.errors import PermissionDeniedError, exhausted

OWNER_FILE = 0o600
LOG_LIMIT = 5 * 1024 * 1024
"""Bytes at which a log is cut; one earlier part of that size stays beside it."""


def make_folder(path: Path, *, is_users: bool = False) -> Path:
    """Make a folder for its owner alone, with its parents, and return it.

    One that was open to others is closed, unless it is the user's own choice, as DATA_DIR itself
    is. Raises ``PermissionDeniedError`` or ``NoSpaceError``.
    """
    try:
        if path.exists() and not path.is_dir():
            raise NotADirectoryError(path)  # before its mode is changed: it is the user's file
        if not is_users or not path.is_dir():
            make_private(path)
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError(path)
    except (PermissionError, FileExistsError, NotADirectoryError) as error:
        raise PermissionDeniedError(
            f"The folder {path} cannot be written; set DATA_DIR to a folder that you own."
        ) from error
    except OSError as error:
        raise exhausted(error) or PermissionDeniedError(
            f"The folder {path} cannot be created ({error.strerror}); set DATA_DIR to another."
        ) from error
    return path


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_FILE)
        with os.fdopen(handle, "w") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    except PermissionError as error:
        raise PermissionDeniedError(
            f"The file {path} cannot be written; set DATA_DIR to a folder that you own."
        ) from error
    except OSError as error:
        with suppress(OSError):  # its folder may be the reason
            draft.unlink()
        raise exhausted(error) or PermissionDeniedError(
            f"The file {path} cannot be written ({error.strerror}); set DATA_DIR to another folder."
        ) from error


def secret_in(path: Path, size: int = 24, *, prefix: str = "") -> str:
    """Return the random secret of a file (mode 600), made on first use.

    ``prefix`` goes before a new one.
    """
    if not path.exists():
        write_private(path, f"{prefix}{secrets.token_urlsafe(size)}")
    return path.read_text().strip()


def rotate_log(log: Path) -> None:
    """Move what a log holds aside when it is past ``LOG_LIMIT`` bytes.

    The file itself is cut in place: the server that writes it keeps it open for appending.
    """
    if not log.exists() or log.stat().st_size <= LOG_LIMIT:
        return
    with log.open("rb+") as stream:
        stream.seek(-LOG_LIMIT, os.SEEK_END)
        log.with_name(f"{log.name}.1").write_bytes(stream.read())
        stream.truncate(0)


def last_lines(log: Path, count: int = 3) -> str:
    """Return the last lines of a log that say something, joined to one line."""
    if not log.exists():
        return ""
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - 8192))
        lines = stream.read().decode(errors="replace").splitlines()
    return " | ".join([line.strip() for line in lines if line.strip()][-count:])


def is_free(port: int) -> bool:
    """Tell whether a TCP port of the loopback address can be bound now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count: int, preferred: Iterable[int] = ()) -> tuple[int, ...]:
    """Return ``count`` different TCP ports that are free on the loopback address now.

    ``preferred`` (the ports of last time) are taken when all of them are free.
    """
    wanted = tuple(preferred)
    if len(wanted) == count and all(is_free(port) for port in wanted):
        return wanted
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return tuple(one.getsockname()[1] for one in sockets)
