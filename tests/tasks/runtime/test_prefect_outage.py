"""A Prefect server that is gone is waited for once in a run, not at every call."""

from __future__ import annotations

import time

import httpx
import pytest

from reelworks.errors import ProviderUnavailableError


def caused_by(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "gone"),
    [
        (httpx.ConnectError("refused"), True),
        (caused_by(RuntimeError("no slots"), httpx.ReadTimeout("late")), True),
        (caused_by(ProviderUnavailableError("Down."), httpx.ConnectError("refused")), False),
        (ValueError("a bug"), False),
    ],
)
def test_reasons_of_server_outages_and_of_other_errors(prefect_api, error, gone):
    from tasks.runtime.prefect_outage import GONE, is_prefect_unreachable
    from tasks.runtime.run_endings import reason_of

    assert is_prefect_unreachable(error) is gone
    assert (reason_of(error) == GONE) is gone


async def test_a_server_that_answers_leaves_the_waits_as_they_are(prefect_api):
    from prefect.settings import get_current_settings

    from tasks.runtime.prefect_outage import probe_prefect, retries_disabled

    before = get_current_settings().client.max_retries
    await probe_prefect()

    assert not retries_disabled()
    assert get_current_settings().client.max_retries == before > 0


async def test_a_server_that_is_away_is_called_once_until_the_next_run(prefect_api):
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, get_current_settings, temporary_settings

    from tasks.runtime.prefect_outage import (
        disable_prefect_retries,
        restore_prefect_retries,
        retries_disabled,
    )

    before = get_current_settings().client.max_retries
    disable_prefect_retries()
    try:
        assert retries_disabled()
        began = time.monotonic()
        with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
            async with get_client() as client:
                with pytest.raises(httpx.ConnectError):
                    await client.hello()
        assert time.monotonic() - began < 5
    finally:
        restore_prefect_retries()
    assert not retries_disabled()
    assert get_current_settings().client.max_retries == before


async def test_the_next_run_of_a_warm_process_retries_although_the_environment_is_another(
    prefect_api, monkeypatch
):
    from prefect.settings import get_current_settings

    from tasks.runtime.prefect_outage import disable_prefect_retries, restore_prefect_retries

    before = get_current_settings().client.max_retries
    with monkeypatch.context() as run:
        run.delenv("PREFECT_CLIENT_MAX_RETRIES", raising=False)
        disable_prefect_retries()
    assert get_current_settings().client.max_retries == 0
    monkeypatch.delenv("PREFECT_CLIENT_MAX_RETRIES", raising=False)  # as a child lays it back

    restore_prefect_retries()

    assert get_current_settings().client.max_retries == before
