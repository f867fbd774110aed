"""``reelworks backfill`` as a user meets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reelworks.app.cli.conftest import Reelworks


@pytest.mark.slow
def test_a_plan_says_what_it_would_do_and_starts_nothing(reelworks: Reelworks, films: Path) -> None:
    said = reelworks("backfill", str(films), "--plan")
    plan = reelworks("backfill", str(films), "--library", "films", "--plan", "--json").json

    assert said.code == 0
    assert said.out.startswith("2 videos, ")
    assert "normalize" in said.out
    assert "bad.mp4 is empty" in said.err
    assert plan["videos"] == len(plan["lines"]) == 2
    assert plan["fully_cached"] == 0
    assert plan["cost"] == "0"
    assert {stage["todo"] for stage in plan["stages"]} == {2}
    assert reelworks("backfill", "list", "--json").json == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["backfill", "/no/such/folder", "--plan"], 3, "does not exist"),
        (["backfill", "show", "bf-none"], 3, "No backfill has the id bf-none."),
        (["backfill", ".", "--plan", "--budget", "much"], 2, "Invalid amount"),
        (["backfill", ".", "--plan", "--missing", "dance"], 3, "There is no stage dance"),
        (["backfill", ".", "--plan", "--library", "Ä"], 2, "use a-z"),
    ],
)
@pytest.mark.slow
def test_a_mistake_is_one_sentence(
    reelworks: Reelworks, arguments: list[str], code: int, message: str
) -> None:
    said = reelworks(*arguments)
    assert said.code == code
    assert message in said.err
    assert "Traceback" not in said.err
