"""What a command says that changed something, and one that did not."""

from __future__ import annotations

import json

import pytest

from reelworks.app.cli import output
from reelworks.app.cli.display.changes import print_changed_jobs, print_switch


@pytest.mark.parametrize(
    ("ids", "line", "code"),
    [
        (["a"], "Requeued: 1 job.", 0),
        (["a", "b"], "Requeued: 2 jobs.", 0),
        ([], "Nothing was changed: no matching job can be retried.", 8),
    ],
)
def test_changed_jobs_are_counted_and_none_is_no_success(capsys, ids, line, code):
    with output.out.capture() as captured:
        assert (
            print_changed_jobs(ids, "Requeued", "no matching job can be retried", json=False)
            == code
        )
    assert captured.get() == f"{line}\n"

    assert print_changed_jobs(ids, "Requeued", "-", json=True) == code
    assert json.loads(capsys.readouterr().out) == {"count": len(ids), "job_ids": ids}


@pytest.mark.parametrize(
    ("paused", "changed", "line", "code"),
    [
        (True, True, "Dispatcher paused.", 0),
        (False, True, "Dispatcher resumed.", 0),
        (True, False, "Nothing was changed: the dispatcher is paused already.", 8),
        (False, False, "Nothing was changed: the dispatcher is running already.", 8),
    ],
)
def test_a_switch_says_where_it_stands(capsys, paused, changed, line, code):
    with output.out.capture() as captured:
        assert print_switch(paused=paused, changed=changed, json=False) == code
    assert captured.get() == f"{line}\n"

    assert print_switch(paused=paused, changed=changed, json=True) == code
    assert json.loads(capsys.readouterr().out) == {"paused": paused}
