"""The order of test modules names modules that there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.order import LONGEST


@pytest.mark.parametrize("name", LONGEST)
def test_a_long_module_is_named_as_it_is(name: str) -> None:
    assert (Path(__file__).parent / name).is_file()
