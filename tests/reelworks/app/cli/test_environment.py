"""Environment variables that last for a block."""

from __future__ import annotations

import os

import pytest

from reelworks.app.cli.commands.index import PREFECT_DEFAULTS, flow_environment
from reelworks.app.cli.environment import use_environment


def test_variables_are_set_inside_the_block_and_restored_after_it(monkeypatch):
    monkeypatch.setenv("REELWORKS_TEST_OLD", "before")
    monkeypatch.delenv("REELWORKS_TEST_NEW", raising=False)
    with use_environment({"REELWORKS_TEST_OLD": "inside", "REELWORKS_TEST_NEW": "inside"}):
        assert os.environ["REELWORKS_TEST_OLD"] == os.environ["REELWORKS_TEST_NEW"] == "inside"
    assert os.environ["REELWORKS_TEST_OLD"] == "before"
    assert "REELWORKS_TEST_NEW" not in os.environ


def test_they_are_restored_after_an_error_and_when_the_block_removed_one(monkeypatch):
    monkeypatch.delenv("REELWORKS_TEST_NEW", raising=False)
    with pytest.raises(ValueError, match="inside"), use_environment({"REELWORKS_TEST_NEW": "x"}):
        del os.environ["REELWORKS_TEST_NEW"]
        raise ValueError("inside")
    assert "REELWORKS_TEST_NEW" not in os.environ


def test_a_flow_in_this_process_gets_defaults_for_what_the_user_has_not_set():
    added = flow_environment({}, [])
    assert added.items() >= PREFECT_DEFAULTS.items()
    assert added["FETCH_PRIVATE_ADDRESSES"] == "true"
    assert added["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == "30"


def test_what_the_user_has_set_stays_except_the_heartbeat_that_runs_are_judged_by():
    environment = dict.fromkeys(PREFECT_DEFAULTS, "mine") | {
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "90"
    }
    added = flow_environment(environment, ["fetch_private_addresses"])
    assert added == {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30"}
