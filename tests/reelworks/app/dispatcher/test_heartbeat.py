"""The dispatcher's heartbeat is in a file and in PostgreSQL, and goes with it."""

from __future__ import annotations

from sqlalchemy import create_engine

from infra.services.supervision.heartbeats import last_beat
from infra.services.supervision.state import Service
from reelworks.app.dispatcher.heartbeat import DispatcherHeartbeat
from reelworks.errors import DatabaseUnavailableError
from reelworks.settings import Settings
from reelworks.store.db.database import create_database_engine
from reelworks.store.jobs.dispatchers import silence

NAME = Service.DISPATCHER.value


async def test_a_heartbeat_is_seen_by_this_machine_and_by_all_and_its_end_too(
    clean_settings: Settings,
):
    engine = create_database_engine(clean_settings)
    heartbeat = DispatcherHeartbeat(engine, "dispatcher:here", clean_settings.data_dir)

    await heartbeat.beat()
    first = last_beat(clean_settings.data_dir, NAME)
    await heartbeat.beat()

    assert first is not None
    assert last_beat(clean_settings.data_dir, NAME) == first, "a moment later it is not repeated"
    silent = silence(engine)
    assert silent is not None and silent < 60

    await heartbeat.end()

    assert last_beat(clean_settings.data_dir, NAME) is None
    assert silence(engine) is None
    engine.dispose()


async def test_without_a_database_the_file_is_still_written(clean_settings: Settings):
    gone = clean_settings.with_values(database_url=_address_of_nothing(clean_settings))
    engine = create_database_engine(gone)
    heartbeat = DispatcherHeartbeat(engine, "dispatcher:here", gone.data_dir)

    try:
        await heartbeat.beat()
    except DatabaseUnavailableError:
        assert last_beat(gone.data_dir, NAME) is not None
    else:
        raise AssertionError("nothing listens at that port")
    engine.dispose()


def _address_of_nothing(settings: Settings):
    assert settings.database.url is not None
    url = create_engine(settings.database.url.get_secret_value()).url
    return type(settings.database.url)(url.set(port=9).render_as_string(hide_password=False))
