"""Which rules of PostgreSQL a language is read by."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from reelworks.store.db.database import transaction
from reelworks.store.db.text_search_configs import (
    CONFIGURATIONS,
    SIMPLE,
    configuration_for,
    configurations_in_use,
)


@pytest.mark.parametrize(
    ("language", "configuration"),
    [
        ("de", "german"),
        ("DE", "german"),
        ("pt-BR", "portuguese"),
        ("pt_PT", "portuguese"),
        ("ja", SIMPLE),
        ("", SIMPLE),
        (None, SIMPLE),
    ],
)
def test_a_language_without_rules_is_read_as_it_is(
    language: str | None, configuration: str
) -> None:
    assert configuration_for(language) == configuration


def test_postgresql_has_every_configuration(engine: Engine) -> None:
    with transaction(engine) as connection:
        known = set(connection.scalars(text("SELECT cfgname FROM pg_ts_config")))
    assert {SIMPLE, *CONFIGURATIONS.values()} <= known


def test_configurations_in_use_are_those_of_the_languages_spoken(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("TRUNCATE videos CASCADE"))
        empty = configurations_in_use(connection)
        connection.execute(text("INSERT INTO videos (id, original_path) VALUES ('v', '/v')"))
        for number, language in enumerate(["de", "ja", None, "de", "fr"]):
            connection.execute(
                text(
                    "INSERT INTO transcript_segments (id, video_id, t_start, t_end, text, words,"
                    " language, model, revision, ts_config)"
                    " VALUES (:id, 'v', 0, 1, '', '[]', :language, 'm', '', 'simple')"
                ),
                {"id": f"s{number}", "language": language},
            )
        spoken = configurations_in_use(connection)

    assert "english" in empty
    assert set(spoken) - set(empty) == {"german", "french"}
    assert SIMPLE not in spoken
