"""What hosted models cost: known figures, one's own, and what is not known."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from reelworks.domain.jobs.usage import Usage
from reelworks.errors import SettingsError
from reelworks.providers.billing.bill import Bill, unpriced
from reelworks.providers.billing.prices import Prices
from reelworks.settings import DEFAULT_MODELS, Provider

OURS = Prices.of_settings(None)
MINE = """
[[price]]
models = ["openai-compatible:gpu-1/llava"]
read = 2026-11-21
source = "our contract"
call = "0.002"

[[price]]
models = ["gpt-6-luna"]
read = 2026-11-21
source = "our contract"
input = "0.05"
"""


def test_every_hosted_default_has_a_price_with_a_date_and_a_source() -> None:
    for models in DEFAULT_MODELS.values():
        price = OURS.price(f"openai/{models[Provider.OPENAI]}")
        assert price is not None
        assert price.source
        assert price.read >= date(2026, 11, 1)


@pytest.mark.parametrize(
    ("model", "usage", "cost"),
    [
        ("openai/gpt-6-luna", Usage(10, 1_000_000, 2_000_000), "1.10"),
        ("openai/whisper-1", Usage(1, audio_seconds=90), "0.009"),
        ("openai/text-embedding-3-small", Usage(1, input_tokens=50_000_000, characters=9), "1"),
        ("local/whisper-base", Usage(1, audio_seconds=1e6), "0"),
        ("openai/gpt-6-luna@prompt-1", Usage(1, 1_000_000), "0.10"),
    ],
)
def test_a_cost_is_amount_times_price(model: str, usage: Usage, cost: str) -> None:
    assert OURS.cost(model, usage) == Decimal(cost)


def test_an_unknown_price_is_unknown_and_not_nothing() -> None:
    assert OURS.cost("openai-compatible:host/whisper-1", Usage(1, audio_seconds=60)) is None
    assert OURS.cost("openai/some-new-model", Usage(1)) is None


def test_own_prices_go_before_ours(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(MINE)
    prices = Prices.of_settings(path)

    assert prices.cost("openai-compatible:gpu-1/llava", Usage(calls=3)) == Decimal("0.006")
    assert prices.cost("openai-compatible:gpu-2/gpt-6-luna", Usage(1, 1_000_000)) == Decimal("0.05")
    assert prices.cost("openai/whisper-1", Usage(audio_seconds=60)) == Decimal("0.006")


@pytest.mark.parametrize(
    "text",
    [
        "[[price]",
        "[[price]]\nmodels = ['m']",
        MINE.replace('"0.002"', '"-1"'),
        MINE.replace("call", "calls"),
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(text)

    with pytest.raises(SettingsError, match="MODEL_PRICES") as raised:
        Prices.of_settings(path)
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        Prices.of_settings(tmp_path / "gone.toml")


def test_a_bill_adds_this_try_to_the_earlier_ones() -> None:
    luna, other = "openai/gpt-6-luna", "openai/new-model"
    first, cost = Bill(OURS, {}, Decimal(0)).charge({luna: Usage(1, 1_000_000)})
    again, total = Bill(OURS, first, cost).charge(
        {luna: Usage(2, 500_000), other: Usage(1, 7), "local/ocr": Usage(9)}
    )

    assert cost == Decimal("0.10")
    assert total == Decimal("0.15")
    assert again[luna].to_json() == {"calls": 3, "input_tokens": 1_500_000, "cost": "0.150000"}
    assert again[other].to_json() == {"calls": 1, "input_tokens": 7, "cost": None}
    assert again.keys() == {luna, other}, "models on our own machines cost nothing"
    assert unpriced(again) == {other}
