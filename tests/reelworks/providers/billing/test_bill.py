"""A job's bill over all its attempts."""

from __future__ import annotations

from decimal import Decimal

from reelworks.domain.jobs.usage import BilledUsage, Usage
from reelworks.providers.billing.bill import Bill, unpriced
from reelworks.providers.billing.prices import Prices

KNOWN = "openai/whisper-1"
UNKNOWN = "openai/of-next-year"
PRICES = Prices.of_settings(None)
MINUTE = Usage(calls=1, audio_seconds=60.0)
PER_MINUTE = PRICES.cost(KNOWN, MINUTE)


def test_a_minute_has_a_known_price():
    assert PER_MINUTE is not None and PER_MINUTE > 0


def test_attempts_add_up_and_each_is_charged_once():
    first, cost = Bill(PRICES, {}, Decimal(0)).charge({KNOWN: MINUTE})
    second, total = Bill(PRICES, first, cost).charge({KNOWN: MINUTE})

    assert cost == PER_MINUTE
    assert second == {KNOWN: BilledUsage(Usage(calls=2, audio_seconds=120.0), 2 * PER_MINUTE)}
    assert total == 2 * PER_MINUTE


def test_charging_again_with_more_of_the_same_attempt_does_not_charge_twice():
    bill = Bill(PRICES, {}, Decimal(0))
    bill.charge({KNOWN: MINUTE})

    _, cost = bill.charge({KNOWN: MINUTE.times(2)})

    assert cost == PRICES.cost(KNOWN, MINUTE.times(2))


def test_a_model_of_an_earlier_attempt_stays_on_the_bill():
    before = {KNOWN: BilledUsage(MINUTE, PER_MINUTE)}

    usage, cost = Bill(PRICES, before, PER_MINUTE).charge({})

    assert (usage, cost) == (before, PER_MINUTE)


def test_an_unknown_price_is_null_from_then_on_and_never_0():
    usage, cost = Bill(PRICES, {}, Decimal(0)).charge({UNKNOWN: MINUTE, KNOWN: MINUTE})
    later, _ = Bill(PRICES, usage, cost).charge({})

    assert usage[UNKNOWN].cost is None
    assert cost == PER_MINUTE
    assert unpriced(later) == {UNKNOWN}


def test_local_models_are_not_on_the_bill():
    assert Bill(PRICES, {}, Decimal(0)).charge({"local/whisper": MINUTE}) == ({}, Decimal(0))
