"""A lease is one text with four meanings."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.jobs.lease import CANCEL_PENDING, QUEUED, Lease, LeaseKind


@pytest.mark.parametrize(
    ("stored", "kind", "flow_run_id"),
    [
        ("queue", LeaseKind.QUEUED, None),
        ("stop", LeaseKind.CANCEL_PENDING, None),
        ("run:5f0c", LeaseKind.RUN, "5f0c"),
        ("intake:studio:4711:0badcafe", LeaseKind.DISPATCHER, None),  # old name
        ("dispatcher:studio:4711:0badcafe", LeaseKind.DISPATCHER, None),
    ],
)
def test_what_the_column_stores_has_a_meaning(
    stored: str, kind: LeaseKind, flow_run_id: str | None
) -> None:
    lease = Lease(stored)
    assert (lease.kind, lease.flow_run_id) == (kind, flow_run_id)


def test_the_text_is_what_the_release_before_stored() -> None:
    assert (QUEUED, CANCEL_PENDING, Lease.of_run("5f0c")) == ("queue", "stop", "run:5f0c")
    assert json.dumps(QUEUED) == '"queue"'


@given(st.text())
def test_a_flow_run_is_read_back(flow_run_id: str) -> None:
    lease = Lease.of_run(flow_run_id)
    assert (lease.kind, lease.flow_run_id) == (LeaseKind.RUN, flow_run_id)
