"""Ports of the S3 server and the sockets in ``/tmp`` that are named by them."""

from __future__ import annotations

from pathlib import Path

from infra.services.files import is_free
from infra.services.s3.ports import PORTS, free_store_ports, remove_sockets


def test_each_port_is_free_and_the_worker_dials_the_last() -> None:
    ports = free_store_ports(())

    assert len(set(ports)) == len(PORTS)
    assert all(is_free(port) for port in ports)
    assert ports[-1] == ports[-2] + 10_000


def test_the_ports_of_last_time_are_used_again() -> None:
    ports = free_store_ports(())

    assert free_store_ports(ports) == ports


def test_sockets_of_these_ports_are_removed_and_others_stay() -> None:
    ours, others = free_store_ports(())[:2]
    left, other = (Path(f"/tmp/seaweedfs-x-{port}.sock") for port in (ours, others))
    left.touch()
    other.touch()
    try:
        assert remove_sockets((ours,))
        assert not left.exists()
        assert other.exists()
    finally:
        other.unlink()


def test_what_cannot_be_removed_is_told() -> None:
    (port, *_) = free_store_ports(())
    taken = Path(f"/tmp/seaweedfs-x-{port}.sock")
    taken.mkdir()
    try:
        assert not remove_sockets((port,))
    finally:
        taken.rmdir()
