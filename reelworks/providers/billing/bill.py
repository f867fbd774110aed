"""Bill of a job: its usage of each hosted model, and the cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from reelworks.domain.jobs.usage import BilledUsage, Usage, add_up
from reelworks.providers.billing.prices import LOCAL, Prices


@dataclass(frozen=True, slots=True)
class Bill:
    """What a job was charged in earlier attempts, and how to charge this one."""

    prices: Prices
    usage: Mapping[str, BilledUsage]
    """``jobs.usage`` when this attempt began."""
    cost: Decimal

    def charge(self, used: Mapping[str, Usage]) -> tuple[dict[str, BilledUsage], Decimal]:
        """Return ``jobs.usage`` and ``jobs.cost`` once ``used`` is added, by model."""
        used = {model: amount for model, amount in used.items() if not model.startswith(LOCAL)}
        total = add_up({model: one.usage for model, one in self.usage.items()}, used)
        charged = {
            model: BilledUsage(amount, self._charged(model, used))
            for model, amount in total.items()
        }
        return charged, self.cost + self.prices.total(used)

    def _charged(self, model: str, used: Mapping[str, Usage]) -> Decimal | None:
        before = self.usage.get(model, BilledUsage()).cost
        now = self.prices.cost(model, used[model]) if model in used else Decimal(0)
        return None if before is None or now is None else before + now


def unpriced(usage: Mapping[str, BilledUsage]) -> frozenset[str]:
    """Return the models whose cost is not known, so that no sum holds it."""
    return frozenset(model for model, one in usage.items() if one.cost is None)
