"""The Prefect server as its probes and its environment see it, without starting one."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from infra.services.files import free_ports
from infra.services.prefect.server import (
    PrefectPaths,
    _environment,
    answers,
    api_url,
    await_prefect,
    requires_auth,
)
from infra.services.process import Process
from reelworks.errors import NoSpaceError, ServiceError
from tests.infra.conftest import answering

GOOD = f"Basic {b64encode(b'reelworks:word').decode()}"


@pytest.fixture
def paths(tmp_path: Path) -> PrefectPaths:
    home = tmp_path / "prefect"
    home.mkdir()
    return PrefectPaths(home, tmp_path / "prefect.log")


@pytest.mark.parametrize(("status", "well"), [(200, True), (503, False)])
def test_it_answers_when_it_reports_good_health(status: int, well: bool) -> None:
    with answering(lambda path, _: (status if path == "/api/health" else 404, b"")) as port:
        assert answers(port) is well
    assert not answers(free_ports(1)[0])


def test_it_requires_the_auth_string_when_it_refuses_others_and_takes_ours() -> None:
    with answering(lambda _, h: (200 if h["Authorization"] == GOOD else 401, b"")) as port:
        assert requires_auth(port, "reelworks:word")
        assert not requires_auth(port, "reelworks:changed")
    with answering(lambda *_: (200, b"")) as open_to_all:
        assert not requires_auth(open_to_all, "reelworks:word")


def test_the_settings_of_a_user_s_own_prefect_do_not_leak_in(
    paths: PrefectPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "DEBUG")

    made = _environment(paths, 4200, "postgresql://me:word@127.0.0.1/prefect")

    assert made["PREFECT_LOGGING_LEVEL"] is None
    assert made["PREFECT_API_DATABASE_CONNECTION_URL"] == (
        "postgresql+asyncpg://me:word@127.0.0.1/prefect"
    )
    assert made["PREFECT_SERVER_API_AUTH_STRING"] == paths.password.read_text().strip()
    assert made["PREFECT_UI_API_URL"] == api_url(4200) == "http://127.0.0.1:4200/api"


@pytest.mark.parametrize(
    ("last_line", "kind"),
    [("OSError: No space left on device", NoSpaceError), ("bad password", ServiceError)],
)
def test_one_that_has_ended_is_one_sentence(
    paths: PrefectPaths, last_line: str, kind: type[ServiceError]
) -> None:
    paths.log.write_text(f"first\n{last_line}\n")

    with pytest.raises(kind, match=r"prefect"):
        await_prefect(paths, Process(1, "ended long ago"), free_ports(1)[0])
