"""What the tasks of one run share, and who watches it."""

from __future__ import annotations

import pytest

from reelworks.domain.rate_limit import rate_limiters
from reelworks.pipeline.run_context import open_run_context
from reelworks.settings import Settings
from tasks.runtime.current_run import (
    NullObserver,
    current_observer,
    current_run,
    use_observer,
    use_run,
)


def test_an_observer_watches_inside_its_block_only() -> None:
    outer, inner = NullObserver(), NullObserver()
    with use_observer(outer):
        with use_observer(inner):
            assert current_observer() is inner
        assert current_observer() is outer
    assert current_observer() not in (outer, inner)


def test_there_is_no_run_outside_of_one() -> None:
    with pytest.raises(LookupError):
        current_run()


def test_tasks_inside_share_the_run_its_observer_and_its_rate_limit(
    clean_settings: Settings,
) -> None:
    observer = NullObserver()
    with open_run_context(clean_settings) as ctx, use_observer(observer):
        with use_run(ctx, ["vision"], cached_only=True):
            run = current_run()
            assert (run.ctx, run.observer) == (ctx, observer)
            assert (run.recompute, run.cached_only) == (frozenset({"vision"}), True)
            assert len(rate_limiters()) == 1
        assert rate_limiters() == ()
        with pytest.raises(LookupError):
            current_run()
