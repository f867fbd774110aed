"""System account for PostgreSQL when root starts it: PostgreSQL itself refuses root."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from infra.services.process import as_error
from reelworks.errors import ServiceError

ACCOUNT = "embedded_postgres"
"""Name of the system account that is made when root runs PostgreSQL."""
SHARED = Path("/var/lib/reelworks")
"""Folder for a copy of PostgreSQL's programs that every account may run and only root may write."""
_WORKING_FOLDER = Path("/proc/self/cwd")


@dataclass(frozen=True, slots=True)
class Account:
    """User and group id to run as; both None for the account of this process."""

    user: int | None = None
    group: int | None = None


def server_account() -> Account:
    """Return the account for PostgreSQL: our own, or a system account when we are root.

    Raises ``ServiceError`` when that account cannot be created.
    """
    if os.geteuid() != 0:
        return Account()
    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError:
        _make_account()
        entry = pwd.getpwnam(ACCOUNT)
    return Account(entry.pw_uid, entry.pw_gid)


def _make_account() -> None:
    shell = shutil.which("nologin") or "/bin/false"
    useradd, adduser = shutil.which("useradd"), shutil.which("adduser")
    if useradd:
        arguments = [useradd, "--system", "--user-group", "--no-create-home", "--shell", shell]
    elif adduser:  # BusyBox
        arguments = [adduser, "-S", "-D", "-H", "-s", shell]
    else:
        raise ServiceError(
            "PostgreSQL may not run as root and no account can be created for it (no useradd); "
            "run Reelworks as an ordinary user or set DATABASE_URL."
        )
    done = subprocess.run([*arguments, ACCOUNT], capture_output=True, text=True, check=False)
    if done.returncode != 0 and not _exists():
        raise ServiceError(
            f"The account {ACCOUNT} for PostgreSQL cannot be created ({done.stderr.strip()}); "
            "run Reelworks as an ordinary user or set DATABASE_URL."
        )


def _exists() -> bool:
    return ACCOUNT in {entry.pw_name for entry in pwd.getpwall()}


def data_folder(cluster: Path, account: Account) -> str:
    """Return the cluster's folder as the account names it, whose working folder it is.

    Under root the cluster may lie in folders that the account may not enter (``/root``). Linux
    resolves ``/proc/self/cwd`` without them, so that no folder is opened to other users.

    Raises ``ServiceError`` where there is no such name and a folder is closed.
    """
    if account.user is None:
        return str(cluster)
    if _WORKING_FOLDER.exists():
        return str(_WORKING_FOLDER)
    if not may_enter(cluster, account):
        raise ServiceError(
            f"PostgreSQL's account {ACCOUNT} cannot enter the folders above {cluster}; "
            "run Reelworks as an ordinary user or set DATA_DIR to another folder."
        )
    return str(cluster)


def reachable_programs(install: Path, account: Account, shared: Path = SHARED) -> Path:
    """Return PostgreSQL's programs where the account can run them, copied there if need be.

    ``install`` is the folder with ``bin``, ``lib`` and ``share``; programs find the others by
    their own path. Where the account may not enter it (Python in ``/root``), a copy below
    ``shared`` is made, once for each release: it has nothing that is secret.

    Raises ``ServiceError`` or ``NoSpaceError`` when the copy cannot be created.
    """
    if account.user is None or may_enter(install / "bin" / "postgres", account):
        return install / "bin"
    copy = shared / f"postgres-{version('embedded-postgres')}"
    if not copy.exists():
        try:
            _copy_for_everybody(install, copy)
        except (OSError, shutil.Error) as error:
            if not copy.exists():  # else another process was quicker
                what = f"PostgreSQL's programs cannot be copied to {copy} for its account"
                reason = error if isinstance(error, OSError) else OSError(str(error))
                raise as_error(reason, what) from error
    if any(folder.stat().st_uid != os.geteuid() for folder in (copy, copy.parent)):
        raise ServiceError(
            f"{copy} may have been changed by another account; remove it, or give it and the "
            f"folder above it to root."
        )
    if not may_enter(copy / "bin" / "postgres", account):
        raise ServiceError(
            f"PostgreSQL's account {ACCOUNT} may not enter {copy}; open that folder "
            f"(chmod o+x) or run Reelworks as an ordinary user."
        )
    return copy / "bin"


def _copy_for_everybody(source: Path, target: Path) -> None:
    """Copy a folder, whole or not at all, so that every account can read and run it."""
    for folder in reversed(target.parents):
        if not folder.exists():
            folder.mkdir()
            folder.chmod(0o755)  # whatever the umask
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        shutil.copytree(source, draft, symlinks=True, dirs_exist_ok=True)
        for path in (draft, *draft.rglob("*")):
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(stat.S_IMODE(mode) | 0o444 | (0o111 if mode & stat.S_IXUSR else 0))
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def may_enter(path: Path, account: Account) -> bool:
    """Tell whether an account may pass every folder above ``path``, by their modes."""
    return all(
        mode.st_mode & stat.S_IXOTH or (mode.st_uid == account.user and mode.st_mode & stat.S_IXUSR)
        for mode in (folder.stat() for folder in path.resolve().parents)
    )
