"""The dispatcher's loop: a pass whenever PostgreSQL notifies of work, or when something is due."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from sqlalchemy import Engine

from reelworks.app.dispatcher.dispatcher import Dispatcher, in_thread
from reelworks.app.dispatcher.time_limits import finish_or_cancel, short_timeout_client
from reelworks.app.dispatcher.webhooks import deliver
from reelworks.errors import ReelworksError, ServiceError
from reelworks.settings import Settings
from reelworks.store.db.pg_listen import Listener
from reelworks.store.db.schema.jobs import WORK_CHANNEL
from reelworks.store.jobs import claims

log = logging.getLogger(__name__)

MAX_POLL_SECONDS = 10.0
"""Between two passes when nothing happens, and so between two heartbeats; a notification of
PostgreSQL ends the wait."""
DEBOUNCE_SECONDS = 0.05


async def run_dispatcher(settings: Settings, engine: Engine, stop: asyncio.Event) -> None:
    """Dispatch jobs until ``stop`` is set; a service that is down is waited for."""
    assert settings.database.url is not None  # noqa: S101 - the engine was made of it
    loop, wakeup = asyncio.get_running_loop(), asyncio.Event()
    url = settings.database.url.get_secret_value()
    listener = Listener(url, WORK_CHANNEL, lambda _: loop.call_soon_threadsafe(wakeup.set))
    listener.start()
    stopping = asyncio.ensure_future(stop.wait())
    stopping.add_done_callback(lambda _: wakeup.set())
    deliveries = asyncio.ensure_future(deliver(settings, engine, stop))
    deliveries.add_done_callback(lambda _: wakeup.set())
    try:
        async with short_timeout_client() as client:
            dispatcher = Dispatcher(settings, engine, client)
            await _dispatch(dispatcher, stop, wakeup, deliveries)
    finally:
        stopping.cancel()
        stop.set()
        await deliveries
        await asyncio.to_thread(listener.stop)


async def _dispatch(
    dispatcher: Dispatcher,
    stop: asyncio.Event,
    wakeup: asyncio.Event,
    deliveries: asyncio.Future[None],
) -> None:
    """Do passes until ``stop`` is set, or until ``deliveries``, which must outlast them, end."""
    busy = pause = dispatcher.settings.jobs.poll_ms / 1000
    while not stop.is_set():
        wakeup.clear()
        if deliveries.done():
            return  # its error is raised where it is awaited: this process ends and is replaced
        try:
            changed = await finish_or_cancel(dispatcher.run_once(), stop)
        except ReelworksError as error:
            log.warning("The dispatcher waits: %s", error)
            changed = 0
        pause = busy if changed else min(2 * pause, MAX_POLL_SECONDS)
        due = await _seconds_until_due(dispatcher.engine, dispatcher.settings)
        with suppress(TimeoutError):
            await asyncio.wait_for(wakeup.wait(), min(pause, due))
        if not stop.is_set():
            await asyncio.sleep(min(DEBOUNCE_SECONDS, busy))  # a burst of notifications is one pass
    with suppress(ReelworksError):  # a heartbeat that stays grows old by itself
        await dispatcher.heartbeat.end()


async def _seconds_until_due(engine: Engine, settings: Settings) -> float:
    """Return in how many seconds a job or a lease becomes due without a notification."""
    third_of_lease = settings.jobs.lease_seconds / 3
    try:
        due = await in_thread(claims.next_due, engine)
    except ServiceError:
        return third_of_lease
    poll = settings.jobs.poll_ms / 1000
    return third_of_lease if due is None else min(third_of_lease, max(due, poll))
