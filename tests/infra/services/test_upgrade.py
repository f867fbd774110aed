"""Servers that an earlier version left running are replaced by those that let nobody else in."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException

import psutil
import pytest

from infra.services.endpoints import Endpoints
from infra.services.process import Command, start, stop
from infra.services.s3 import seaweed
from infra.services.s3.probe import s3_client, serves_objects
from infra.services.supervision.parts import ServicePaths
from infra.services.supervision.state import Service, locked, read_state
from infra.services.supervision.supervisor import running, up
from reelworks.settings import Settings

FILER = seaweed.PORTS.index("filer.port")


def open_store_in_place(settings: Settings) -> int:
    """Put a store without TLS where ours was, as earlier versions started it; return its id."""
    house = ServicePaths(settings.data_dir)
    with locked(house.run) as state:
        before = state.parts[Service.STORE]
        line = psutil.Process(before.process.pid).cmdline()
        stop(before.process, patience=4.0)
        (house.store.home / "security.toml").unlink()
        process = start(
            Command(
                [word for word in line if "disableHttp" not in word],
                house.log(Service.STORE),
                folder=house.store.home,
            )
        )
        address = f"http://127.0.0.1:{before.ports[0]}"
        client = s3_client(address, house.store.key_id, house.store.secret, "us-east-1")
        while not serves_objects(client):
            assert psutil.pid_exists(process.pid)
        state.note(Service.STORE, process, before.ports)
    return process.pid


def lets_anybody_read_names(settings: Settings) -> bool:
    """Tell whether the filer shows its folders to who has neither key nor certificate."""
    (port, *_) = read_state(settings.data_dir / "run").parts[Service.STORE].ports[FILER:]
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/buckets/", headers={"Accept": "application/json"})
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def client_of(endpoints: Endpoints):
    assert endpoints.s3_secret_access_key is not None
    secret = endpoints.s3_secret_access_key.get_secret_value()
    return s3_client(endpoints.s3_endpoint_url, endpoints.s3_access_key_id, secret, "us-east-1")


@pytest.mark.slow
@pytest.mark.parametrize("by", ["up", "a command"])
def test_the_open_store_of_an_earlier_version_is_closed_and_keeps_what_it_has(
    house: Settings, by: str
) -> None:
    kept = house.model_copy(update={"prefect_api_url": "http://127.0.0.1:9/api"})
    endpoints = up(kept)
    client = client_of(endpoints)
    client.create_bucket(Bucket="films")
    client.put_object(Bucket="films", Key="one", Body=b"what was there")
    old = open_store_in_place(kept)
    assert lets_anybody_read_names(kept)

    if by == "up":
        assert up(kept) == endpoints, "address and keys stay"
    else:
        with running(kept, (Service.STORE,)) as shared:
            assert shared.s3_endpoint_url == endpoints.s3_endpoint_url

    assert not lets_anybody_read_names(kept)
    assert client.get_object(Bucket="films", Key="one")["Body"].read() == b"what was there"
    now = read_state(kept.data_dir / "run").parts[Service.STORE]
    assert now.process.pid != old
    assert now.pinned, "what up keeps is kept over such a restart"
    up(kept)
    assert read_state(kept.data_dir / "run").parts[Service.STORE].process == now.process
