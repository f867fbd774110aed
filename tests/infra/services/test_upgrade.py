"""Servers that an earlier version left running are replaced by those that let no other user in."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil
import pytest

from infra.services.endpoints import Endpoints
from infra.services.process import Command, Process, is_alive, start, stop
from infra.services.s3.ports import PORTS
from infra.services.s3.probe import s3_client, serves_objects
from infra.services.supervision.parts import ServicePaths
from infra.services.supervision.state import Service, locked, read_state
from infra.services.supervision.status import Condition, status
from infra.services.supervision.supervisor import down, running, up
from reelworks.settings import Settings
from tests.infra.services.supervision.test_supervisor import BELOW, SLEEPERS

FILER = PORTS.index("filer.port")


def swap_in_open_store(settings: Settings) -> int:
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


def is_open_to_reading(settings: Settings) -> bool:
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
    bare = house.with_values(prefect_api_url="http://127.0.0.1:9/api")
    endpoints = up(bare)
    client = client_of(endpoints)
    client.create_bucket(Bucket="films")
    client.put_object(Bucket="films", Key="one", Body=b"what was there")
    old = swap_in_open_store(bare)
    assert is_open_to_reading(bare)

    if by == "up":
        assert up(bare) == endpoints, "address and keys stay"
    else:
        with running(bare, (Service.STORE,)) as shared:
            assert shared.s3_endpoint_url == endpoints.s3_endpoint_url

    assert not is_open_to_reading(bare)
    assert client.get_object(Bucket="films", Key="one")["Body"].read() == b"what was there"
    now = read_state(bare.data_dir / "run").parts[Service.STORE]
    assert now.process.pid != old
    assert now.pinned, "what up keeps stays over such a restart"
    up(bare)
    assert read_state(bare.data_dir / "run").parts[Service.STORE].process == now.process


FORMER_NAMES = {"dispatcher": "intake", "watchdog": "keeper", "start_id": "born"}  # old name


def as_the_version_before_wrote_it(value: object) -> object:
    """Return the content of a state file in the words of 0.1."""
    if isinstance(value, dict):
        changed = {name: one for name, one in value.items() if name != "auth_digest"}
        if "auth_digest" in value:
            changed["given"] = value["auth_digest"]
        return {
            FORMER_NAMES.get(name, name): as_the_version_before_wrote_it(one)
            for name, one in changed.items()
        }
    if isinstance(value, list):
        return [as_the_version_before_wrote_it(one) for one in value]
    return FORMER_NAMES.get(value, value) if isinstance(value, str) else value


@pytest.mark.slow
def test_up_keeps_the_services_of_the_version_before_and_replaces_its_programs(
    house: Settings,
) -> None:
    endpoints = up(house, SLEEPERS)
    file = house.data_dir / "run" / "services.json"
    before = read_state(file.parent).parts
    written = as_the_version_before_wrote_it(json.loads(file.read_text()))
    file.write_text(json.dumps(written))
    assert "intake" in file.read_text()  # old name
    assert "born" in file.read_text()
    assert {one.part for one in status(house) if one.condition is Condition.RUNNING} == set(Service)

    assert up(house, SLEEPERS) == endpoints, "addresses stay"

    after = read_state(file.parent).parts
    assert set(after) == set(Service)
    same = {part for part in Service if after[part].process == before[part].process}
    assert same == {*BELOW, Service.PREFECT}
    replaced = [before[part].process for part in Service if part not in same]
    assert not any(map(is_alive, replaced)), "two dispatchers would run, or two watchdogs"
    assert all(map(is_alive, (one.process for one in after.values())))
    assert all(one.pinned for one in after.values())
    for word in ("intake", "keeper", "born", "given"):  # old name
        assert f'"{word}"' not in file.read_text()
    assert down(house) == ()
    assert not any(is_alive(one.process) for one in after.values())


def test_a_state_file_of_the_version_before_is_read_whole(tmp_path: Path) -> None:
    written = {
        "parts": {
            "intake": {  # old name
                "process": {"pid": 7, "born": "b-1"},
                "given": "digest",
                "pinned": True,
            },
            "keeper": {"process": {"pid": 8, "born": "b-2"}, "since": 5.0},
        },
        "users": [
            {
                "process": {"pid": 9, "born": "b-3"},
                "token": "t",
                "parts": ["intake", "store"],  # old name
            }
        ],
        "ports": {"intake": [], "api": [8080]},  # old name
    }
    (tmp_path / "services.json").write_text(json.dumps(written))

    state = read_state(tmp_path)

    assert state.parts[Service.DISPATCHER].process == Process(7, "b-1")
    assert state.parts[Service.DISPATCHER].pinned
    assert state.parts[Service.DISPATCHER].auth_digest == "", "so that it counts as stale"
    assert state.parts[Service.WATCHDOG].since == 5.0
    assert state.users[0].parts == (Service.DISPATCHER, Service.STORE)
    assert state.ports == {Service.DISPATCHER: (), Service.API: (8080,)}
    assert "born" not in state.model_dump_json()
    assert "intake" not in state.model_dump_json()  # old name
