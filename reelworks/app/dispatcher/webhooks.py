"""Webhooks: signed HTTP calls at the end of a job.

Envelope and signature are those of Standard Webhooks (https://www.standardwebhooks.com), so their
libraries verify a call: the header ``webhook-signature`` is ``v1,`` and the Base64 of the
HMAC-SHA256 of ``id.timestamp.body``, with the key of ``WEBHOOK_SECRET``. A call that is not
answered with 2xx is retried, with the same ``webhook-id``, for about a day.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
from pydantic import SecretStr
from sqlalchemy import Engine

from reelworks.app.api.schemas.webhooks import JobEnded
from reelworks.domain.library.access import ANONYMOUS
from reelworks.domain.printable import one_line
from reelworks.domain.webhook_secret import webhook_key
from reelworks.errors import InputError, ReelworksError
from reelworks.providers.http.public_client import brief_client
from reelworks.settings import Settings
from reelworks.stages.source.ingest import without_secrets
from reelworks.store.jobs.webhook_deliveries import Delivery, DeliveryOutcome, settle, take_due

log = logging.getLogger(__name__)
TIMEOUT_SECONDS = 10.0
"""Timeout of a call; a receiver that needs longer gets it again."""
_MAX_CONCURRENT_CALLS = 8
_GONE = 410
"""The receiver wants no more calls (Standard Webhooks)."""


async def deliver(settings: Settings, engine: Engine, stop: asyncio.Event) -> None:
    """Make due calls until ``stop`` is set; a slow receiver delays no job."""
    pause = settings.jobs.poll_ms / 1000
    while not stop.is_set():
        try:
            delivered = await asyncio.to_thread(deliver_due, engine, settings)
        except ReelworksError as error:
            log.warning("Webhooks wait: %s", error)
            delivered = 0
        if not delivered:
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)


def deliver_due(engine: Engine, settings: Settings) -> int:
    """Make the calls that are due, some at once; return how many were accepted.

    Takes little longer than ``TIMEOUT_SECONDS``. Without ``WEBHOOK_SECRET`` no call is made and
    all wait. Raises database errors.
    """
    if settings.api.webhook_secret is None:
        return 0
    due = take_due(engine, limit=_MAX_CONCURRENT_CALLS)
    if not due:
        return 0
    with ThreadPoolExecutor(_MAX_CONCURRENT_CALLS, thread_name_prefix="webhook") as callers:
        return sum(callers.map(lambda one: _deliver(engine, settings, one), due))


def _deliver(engine: Engine, settings: Settings, delivery: Delivery) -> bool:
    outcome = _call(settings, delivery)
    settle(engine, delivery, outcome)
    shown = without_secrets(delivery.url)
    if outcome.error is not None:
        log.warning("WEBHOOK %s for %s failed: %s", shown, delivery.job.id, outcome.error)
        return False
    log.info("WEBHOOK %s: %s is %s", shown, delivery.job.id, delivery.job.status.value)
    return True


def _call(settings: Settings, delivery: Delivery) -> DeliveryOutcome:
    assert settings.api.webhook_secret is not None  # noqa: S101 - checked by deliver_due
    body = body_of(delivery)
    headers = signed_headers(settings.api.webhook_secret, message_id_of(delivery), body)
    try:
        with (
            brief_client(
                private=settings.sources.fetch_private_addresses, seconds=TIMEOUT_SECONDS
            ) as client,
            client.stream("POST", delivery.url, content=body, headers=headers) as response,
        ):
            status = response.status_code  # the body is never read
    except InputError as error:
        return DeliveryOutcome(None, str(error), for_good=True)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as error:
        return DeliveryOutcome(
            None, f"The URL cannot be called: {_message_of(error)}.", for_good=True
        )
    except httpx.HTTPError as error:
        return DeliveryOutcome(None, f"The receiver cannot be reached: {_message_of(error)}.")
    if 200 <= status < 300:
        return DeliveryOutcome(status, None)
    return DeliveryOutcome(status, f"The receiver answered {status}.", for_good=status == _GONE)


def message_id_of(delivery: Delivery) -> str:
    """Return the call's id: the same at each attempt, another one when the job ends again."""
    ended = delivery.job.ended_at
    return f"msg_{delivery.id}_{int(ended.timestamp() * 1000) if ended else 0}"


def body_of(delivery: Delivery) -> bytes:
    """Return the call's body: the event and the job, with file names but without their paths.

    Each attempt sends the same bytes: the timestamp is the moment at which the job ended.
    """
    return JobEnded.of(delivery.job, ANONYMOUS).model_dump_json().encode()


def signed_headers(
    secret: SecretStr, message_id: str, body: bytes, moment: int | None = None
) -> Mapping[str, str]:
    """Return the headers of a call; ``moment`` is seconds since 1970, None: now.

    The moment is that of the attempt: receivers refuse calls that are minutes old.
    """
    timestamp = str(int(time.time()) if moment is None else moment)
    content = b".".join((message_id.encode(), timestamp.encode(), body))
    mac = hmac.new(webhook_key(secret.get_secret_value()), content, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Reelworks",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


def _message_of(error: Exception) -> str:
    return one_line(str(error) or type(error).__name__).rstrip(".")
