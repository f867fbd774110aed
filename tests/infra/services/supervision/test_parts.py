"""Which parts run embedded, and where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.services.process import Process
from infra.services.supervision.parts import (
    ServicePaths,
    embedded,
    endpoints,
    is_external,
    is_usable,
    runs_programs,
)
from infra.services.supervision.state import Running, Service, State
from reelworks.settings import Settings

BARE = {
    **dict.fromkeys(("database_url", "prefect_api_url", "s3_endpoint_url", "s3_access_key_id")),
    "s3_secret_access_key": None,
}


def settings(**values: object) -> Settings:
    return Settings(_env_file=None, **(BARE | values))


@pytest.mark.parametrize(
    ("values", "external", "programs"),
    [
        ({}, [], True),
        ({"database_url": "postgresql://db/x"}, [Service.POSTGRES], False),
        ({"s3_endpoint_url": "http://store"}, [Service.STORE], True),
        ({"s3_access_key_id": "id", "s3_secret_access_key": "key"}, [Service.STORE], True),
        ({"prefect_api_url": "http://prefect/api"}, [Service.PREFECT], False),
    ],
)
def test_what_the_settings_name_is_external(
    values: dict[str, str], external: list[Service], programs: bool
) -> None:
    found = settings(**values)

    assert [part for part in Service if is_external(found, part)] == external
    assert runs_programs(found) is programs


def test_an_embedded_prefect_needs_an_embedded_postgresql() -> None:
    found = settings(database_url="postgresql://db/x")

    assert embedded(found, [Service.PREFECT]) == (Service.POSTGRES, Service.PREFECT)
    assert embedded(found, [Service.POSTGRES, Service.STORE]) == (Service.STORE,)


def test_where_parts_are_is_ours_by_the_state_and_others_by_the_settings(tmp_path: Path) -> None:
    paths = ServicePaths(tmp_path)
    for folder in (paths.store.home, paths.prefect.home):
        folder.mkdir(parents=True)
    gone = Process(1, "ended long ago")
    state = State(parts={Service.STORE: Running(process=gone, ports=(8333,))})

    found = endpoints(paths, settings(database_url="postgresql://db/x"), state, [Service.STORE])

    assert found.s3_endpoint_url == "http://127.0.0.1:8333"
    assert found.s3_access_key_id == paths.store.key_id
    assert found.database_url is not None
    assert found.database_url.get_secret_value() == "postgresql://db/x"
    assert found.prefect_api_url is None


def test_a_part_whose_process_has_ended_is_of_no_use(tmp_path: Path) -> None:
    gone = Running(process=Process(1, "ended long ago"), ports=(8333,))

    assert not is_usable(ServicePaths(tmp_path), State(), Service.STORE)
    assert not is_usable(ServicePaths(tmp_path), State(parts={Service.STORE: gone}), Service.STORE)
