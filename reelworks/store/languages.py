"""Which of PostgreSQL's text search configurations belongs to a language."""

from __future__ import annotations

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
