"""Values of options: what is accepted, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
import typer

from reelworks.app.cli.arguments import (
    check_backfill_id,
    check_language,
    check_library,
    check_video_id,
    parse_money,
)


@pytest.mark.parametrize(
    ("text", "amount"), [("12.50", "12.50"), ("$3", "3"), ("0", "0"), ("1e2", "1e2")]
)
def test_an_amount_of_dollars_may_have_its_sign(text, amount):
    assert parse_money(text) == Decimal(amount)
    assert parse_money(None) is None


@pytest.mark.parametrize("text", ["much", "-1", "nan", "inf", "", "$", "1,5"])
def test_anything_else_is_no_amount(text):
    with pytest.raises(typer.BadParameter, match="Invalid amount"):
        parse_money(text)


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (
            check_video_id,
            ["a", "VID6", "a.b_1-c", "a" * 128],
            ["", ".a", "-a", "a" * 129, "ä", "a\n"],
        ),
        (check_library, ["films", "-_", "a" * 63], ["", "Films", "a" * 64, "ä", "a b", "a\n"]),
        (check_language, ["en", "yue"], ["", "e", "deu", "xx", "english", "en-US", "en\n"]),
        (check_backfill_id, ["bf-1", "a" * 40], ["", "-a", "a_b", "a" * 41, "a\n"]),
    ],
)
def test_names_and_codes_are_checked_as_a_whole(check, good, bad):
    assert [check(text) for text in good] == good
    assert check(None) is None
    for text in bad:
        with pytest.raises(typer.BadParameter):
            check(text)
