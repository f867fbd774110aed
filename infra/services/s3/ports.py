"""Ports of the embedded S3 server, and the sockets that it names by them."""

from __future__ import annotations

from pathlib import Path

from infra.services.files import free_ports, is_free

PORTS = (
    "s3.port",
    "s3.port.grpc",
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "admin.port",
    "admin.port.grpc",
)
"""Every port that the server opens; the first is S3 itself."""
_DIALLED_ABOVE = 10_000
"""The worker dials ``admin.port`` plus this, whatever ``admin.port.grpc`` is (weed 4.48)."""


def free_store_ports(preferred: tuple[int, ...]) -> tuple[int, ...]:
    """Return free ports in order of ``PORTS``, the last as the worker will dial it.

    If that port were free, any user of this machine could take it and be dialled.
    """
    *others, admin, dialled = free_ports(len(PORTS), preferred)
    while dialled != admin + _DIALLED_ABOVE or len({*others, admin, dialled}) < len(PORTS):
        (admin,) = free_ports(1)
        if admin + _DIALLED_ABOVE < 1 << 16 and is_free(admin + _DIALLED_ABOVE):
            dialled = admin + _DIALLED_ABOVE
    return (*others, admin, dialled)


def remove_sockets(ports: tuple[int, ...]) -> bool:
    """Remove the sockets that a killed server left in ``/tmp``; their names carry our ports.

    Returns whether all are gone. Any user of this machine may put something there by such a
    name, which no other user can remove.
    """
    gone = True
    for port in ports:
        for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108 - weed's choice
            try:
                path.unlink(missing_ok=True)
            except (PermissionError, IsADirectoryError):
                gone = False
    return gone
