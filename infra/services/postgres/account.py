"""The account that PostgreSQL runs under when root starts it: PostgreSQL itself refuses root."""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import stat
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from reelworks.errors import ServiceError

ACCOUNT = "embedded_postgres"
"""Name of the system account that is made when root runs PostgreSQL."""

_ACL = "system.posix_acl_access"
_UNDEFINED = 0xFFFFFFFF
_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20


@dataclass(frozen=True, slots=True)
class Account:
    """User and group id to run as; both None for the account of this process."""

    user: int | None = None
    group: int | None = None


def server_account() -> Account:
    """Return the account for PostgreSQL: our own, or a system account when we are root.

    Raises ``ServiceError`` when that account cannot be made.
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
            "PostgreSQL may not run as root and no account can be made for it (no useradd); "
            "run Reelworks as an ordinary user or set DATABASE_URL."
        )
    done = subprocess.run([*arguments, ACCOUNT], capture_output=True, text=True, check=False)
    if done.returncode != 0 and not _exists():
        raise ServiceError(
            f"The account {ACCOUNT} for PostgreSQL cannot be made ({done.stderr.strip()}); "
            "run Reelworks as an ordinary user or set DATABASE_URL."
        )


def _exists() -> bool:
    return ACCOUNT in {entry.pw_name for entry in pwd.getpwall()}


def grant_traverse(path: Path, account: Account) -> None:
    """Let the account pass through the parent folders of ``path``, and no more than that.

    Folders that everybody may pass stay as they are. Others (``/root``, say) get an access list
    entry for this one account; only where the file system has none is passing (not listing) opened
    to all.

    Raises ``ServiceError`` when a folder refuses both.
    """
    if account.user is None:
        return
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if mode & stat.S_IXOTH or (folder.stat().st_uid == account.user and mode & stat.S_IXUSR):
            continue
        try:
            _grant_search(folder, account.user)
        except OSError as error:
            if error.errno not in (errno.ENOTSUP, errno.ENOSYS):
                raise ServiceError(
                    f"PostgreSQL's account {ACCOUNT} may not pass the folder {folder} "
                    f"({error.strerror}); set DATA_DIR to another place."
                ) from error
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _grant_search(folder: Path, user: int) -> None:
    """Add ``user:USER:--x`` to the POSIX access list of a folder.

    Layout of the attribute: linux/include/uapi/linux/posix_acl_xattr.h, a version and then
    (tag, permissions, id) entries ordered by tag and id.
    """
    entries = _access_list(folder)
    entries[(_USER, user)] = entries.get((_USER, user), 0) | 1
    entries[(_MASK, _UNDEFINED)] = (
        entries.get((_MASK, _UNDEFINED), entries[(_GROUP_OBJ, _UNDEFINED)]) | 1
    )
    packed = b"".join(
        struct.pack("<HHI", tag, bits, who) for (tag, who), bits in sorted(entries.items())
    )
    os.setxattr(folder, _ACL, struct.pack("<I", 2) + packed)


def _access_list(folder: Path) -> dict[tuple[int, int], int]:
    """Return permission bits by (tag, id): the stored list, or the one that the mode stands for."""
    try:
        raw = os.getxattr(folder, _ACL)
    except OSError as error:
        if error.errno != errno.ENODATA:
            raise
        mode = folder.stat().st_mode
        bits = {_USER_OBJ: mode >> 6 & 7, _GROUP_OBJ: mode >> 3 & 7, _OTHER: mode & 7}
        return {(tag, _UNDEFINED): value for tag, value in bits.items()}
    return {(tag, who): bits for tag, bits, who in struct.iter_unpack("<HHI", raw[4:])}
