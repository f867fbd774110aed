"""Settings are tested in an environment without any of them."""

from __future__ import annotations

import os

import pytest

from reelworks.settings import variables


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch, tmp_path):
    """No variable of ours is set, and no .env lies in the working folder."""
    for name in variables():
        for variable in [v for v in os.environ if v.lower() == name]:
            monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)
