"""PostgreSQL text search configurations by language."""

from __future__ import annotations

from sqlalchemy import Connection, text

from reelworks.store.db.schema.search import PLAIN

SIMPLE = "simple"
"""Words as they are; for languages that PostgreSQL has no rules for."""

CONFIGURATIONS = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
"""By ISO 639-1 code; all of them come with PostgreSQL 15."""


def configuration_for(language: str | None) -> str:
    """Return the configuration for a language code such as ``de`` or ``pt-BR``."""
    code = (language or "").lower().replace("_", "-").partition("-")[0]
    return CONFIGURATIONS.get(code, SIMPLE)


def configurations_in_use(connection: Connection) -> list[str]:
    """Return the configurations that rows are read by; captions are always read as English too.

    Walks from one language to the next along an index, so that it costs the same for any number
    of rows.
    """
    languages = connection.scalars(text(_LANGUAGES))
    return sorted({PLAIN, "english", *(configuration_for(one) for one in languages)} - {SIMPLE})


_LANGUAGES = """
WITH RECURSIVE spoken (language) AS (
    (SELECT language FROM transcript_segments
     WHERE language IS NOT NULL ORDER BY language LIMIT 1)
    UNION ALL
    SELECT (SELECT language FROM transcript_segments
            WHERE language > spoken.language ORDER BY language LIMIT 1)
    FROM spoken WHERE spoken.language IS NOT NULL
)
SELECT language FROM spoken WHERE language IS NOT NULL
"""
