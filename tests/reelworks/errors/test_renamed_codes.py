"""Codes of an earlier release stand for the classes of now."""

from __future__ import annotations

import pytest

from reelworks.errors import RENAMED_CODES, ReelworksError, current_code, spellings_of


def codes(kind: type[ReelworksError] = ReelworksError) -> set[str]:
    return {kind.code}.union(*map(codes, kind.__subclasses__()))


@pytest.mark.parametrize(("old", "new"), RENAMED_CODES.items())
def test_an_old_code_is_read_as_a_code_of_now(old: str, new: str) -> None:
    assert new in codes()
    assert old not in codes(), "an old code must not come to mean another error"
    assert current_code(old) == current_code(new) == new
    assert spellings_of(old) == spellings_of(new) == {old, new}


def test_any_other_code_stays() -> None:
    assert current_code("unsupported_media") == "unsupported_media"
    assert spellings_of("unsupported_media") == {"unsupported_media"}
