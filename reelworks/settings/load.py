"""Reading the settings of a process, with errors that name the wrong variable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

from reelworks.errors import SettingsError
from reelworks.settings.settings import Settings, flat_settings, variables


def load_settings(**values: Any) -> Settings:
    """Read the settings from the environment; ``values`` go before it.

    Raises ``SettingsError`` with one sentence that names the first wrong variable.
    """
    with _env_file_errors():
        return _validated(values)


def names_given() -> frozenset[str]:
    """Return the names of the settings that the environment or the ``.env`` file gives.

    Nothing is validated: what is missing may still come from elsewhere. Raises ``SettingsError``
    when the file cannot be read.
    """
    with _env_file_errors():
        found = {**EnvSettingsSource(flat_settings())(), **DotEnvSettingsSource(flat_settings())()}
    return frozenset(found) & variables().keys()


@contextmanager
def _env_file_errors() -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError:
        raise SettingsError("The file .env is not UTF-8 text; save it as that.") from None
    except OSError as error:
        raise SettingsError(f"The file .env cannot be read: {error.strerror}.") from None


def _validated(values: dict[str, Any]) -> Settings:
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        reason = first["msg"].removeprefix("Value error, ")
        name = str(first["loc"][-1]).upper() if first["loc"] else ""
        subject = f"The setting {name} is invalid: " if name else "The settings are invalid: "
        raise SettingsError(f"{subject}{reason}.") from None
