"""Messages of a child: one JSON line each, by their kind."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from infra.workers.child.messages import (
    PROTOCOL,
    Evicted,
    ModelPoolStatus,
    Ready,
    RunOutcome,
    parse_report,
)

NONE = ModelPoolStatus()


@pytest.mark.parametrize(
    "report",
    [
        Ready(protocol=PROTOCOL, memory=1, models=NONE, faults=["it broke\nin two lines"]),
        RunOutcome(status=-9, memory=1, models=NONE),
        Evicted(memory=1, models=NONE),
    ],
    ids=lambda report: type(report).__name__,
)
def test_what_is_sent_is_read_as_the_same_kind(report: BaseModel) -> None:
    line = report.model_dump_json().encode()

    assert b"\n" not in line
    assert parse_report(line + b"\n") == report


@pytest.mark.parametrize("line", [b"", b"{}", b'{"kind": "song", "memory": 1}', b"\xff", b"no"])
def test_anything_else_is_refused(line: bytes) -> None:
    with pytest.raises(ValidationError):
        parse_report(line)
