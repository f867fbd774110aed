"""Limits of the model pool, from the settings."""

from __future__ import annotations

import pytest

from reelworks.models.runtime.memory import MB, Memory
from reelworks.models.runtime.pool_state import PoolLimits, pool_limits
from reelworks.settings import Settings


@pytest.mark.parametrize(
    ("limits", "memory", "allowed"),
    [
        (PoolLimits(), Memory(host=1 << 40, gpu=1 << 40), True),
        (PoolLimits(host=10), Memory(host=10), True),
        (PoolLimits(host=10), Memory(host=11), False),
        (PoolLimits(gpu=5), Memory(host=99, gpu=6), False),
        (PoolLimits(host=0), Memory(), True),
    ],
)
def test_a_limit_holds_for_its_own_memory_alone(limits, memory, allowed):
    assert limits.allow(memory) is allowed


def test_limits_of_the_settings_are_bytes_and_unset_is_none():
    settings = Settings(
        _env_file=None, model_memory_mb=500, gpu_memory_mb=None, model_idle_seconds=9
    )

    assert pool_limits(settings) == PoolLimits(500 * MB, None, 9.0)
    assert pool_limits(Settings(_env_file=None)) == PoolLimits()
