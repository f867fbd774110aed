"""Prices of hosted models. The figures are in ``prices.toml``, each with its date and source."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reelworks.domain.jobs.usage import Usage
from reelworks.errors import SettingsError

LOCAL = "local/"
"""Models on our own machines have no price."""
_MILLION = Decimal(1_000_000)
_MICRO = Decimal("0.000001")


class Price(BaseModel):
    """Price of one model, in US dollars."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: tuple[str, ...] = Field(min_length=1)
    read: date
    source: str
    input: Decimal = Field(Decimal(0), ge=0)
    output: Decimal = Field(Decimal(0), ge=0)
    audio: Decimal = Field(Decimal(0), ge=0)
    characters: Decimal = Field(Decimal(0), ge=0)
    call: Decimal = Field(Decimal(0), ge=0)

    def of(self, usage: Usage) -> Decimal:
        """Return the cost of ``usage``, to the millionth of a dollar."""
        tokens = usage.input_tokens * self.input + usage.output_tokens * self.output
        texts = usage.characters * self.characters
        minutes = Decimal(str(usage.audio_seconds)) / 60
        cost = (tokens + texts) / _MILLION + minutes * self.audio + usage.calls * self.call
        return cost.quantize(_MICRO)


class _PriceList(BaseModel):
    model_config = ConfigDict(extra="forbid")

    price: list[Price] = Field(default_factory=list)


class Prices:
    """The known prices, by model."""

    def __init__(self, by_model: Mapping[str, Price]) -> None:
        self._by_model = dict(by_model)

    @classmethod
    def of_settings(cls, path: Path | None) -> Prices:
        """Return the prices that come with Reelworks, those of the file ``path`` before them.

        Raises ``SettingsError`` when the file cannot be read or is no list of prices.
        """
        return cls(_own() | (_of_file(path) if path else {}))

    def price(self, model: str) -> Price | None:
        """Return the price of ``provider/name``, or None when none is known."""
        name = model.partition("@")[0].lower()
        return self._by_model.get(name) or self._by_model.get(name.rpartition("/")[2])

    def cost(self, model: str, usage: Usage) -> Decimal | None:
        """Return what ``usage`` costs in US dollars: 0 for a local model, None when unknown."""
        if model.startswith(LOCAL):
            return Decimal(0)
        price = self.price(model)
        return None if price is None else price.of(usage)

    def total(self, usage: Mapping[str, Usage]) -> Decimal:
        """Return what is known of the cost of ``usage`` by model."""
        costs = (self.cost(model, amount) for model, amount in usage.items())
        return sum((cost for cost in costs if cost is not None), Decimal(0))


@cache
def _own() -> dict[str, Price]:
    text = files("reelworks.providers.billing").joinpath("prices.toml").read_text(encoding="utf-8")
    return _by_model(tomllib.loads(text))


def _of_file(path: Path) -> dict[str, Price]:
    try:
        return _by_model(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        reason = str(error).partition("\n")[0]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        reason = f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    raise SettingsError(f"The prices in {path} (MODEL_PRICES) cannot be read: {reason}.")


def _by_model(content: dict[str, Any]) -> dict[str, Price]:
    listed = _PriceList.model_validate(content).price
    return {model.lower(): price for price in listed for model in price.models}
