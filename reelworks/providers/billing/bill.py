"""Bill of a job: its usage of each hosted model, and the cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from reelworks.domain.jobs.usage import Usage, add_up
from reelworks.providers.billing.prices import LOCAL, Prices

COST = "cost"
"""Key of a model's entry in ``jobs.usage``: US dollars as text, null when no price is known."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What a job was charged in earlier attempts, and how to charge this one."""

    prices: Prices
    usage: Mapping[str, Any]
    """``jobs.usage`` when this attempt began."""
    cost: Decimal

    def charge(self, used: Mapping[str, Usage]) -> tuple[dict[str, Any], Decimal]:
        """Return ``jobs.usage`` and ``jobs.cost`` once ``used`` is added, by model."""
        used = {model: amount for model, amount in used.items() if not model.startswith(LOCAL)}
        total = add_up(usage_by_model(self.usage), used)
        charged = {
            model: amount.to_dict() | self._charged(model, used) for model, amount in total.items()
        }
        return charged, self.cost + self.prices.total(used)

    def _charged(self, model: str, used: Mapping[str, Usage]) -> dict[str, str | None]:
        before = self.usage.get(model, {}).get(COST, "0")
        now = self.prices.cost(model, used[model]) if model in used else Decimal(0)
        if before is None or now is None:
            return {COST: None}
        return {COST: str(Decimal(before) + now)}


def usage_by_model(usage: Mapping[str, Any]) -> dict[str, Usage]:
    """Return the amounts in ``jobs.usage`` by model."""
    return {model: Usage.from_dict(amounts) for model, amounts in usage.items()}


def unpriced(usage: Mapping[str, Any]) -> frozenset[str]:
    """Return the models in ``jobs.usage`` whose cost is not known, so that it is in no sum."""
    return frozenset(model for model, amounts in usage.items() if amounts.get(COST, "0") is None)
