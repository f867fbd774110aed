"""Endpoints of the services, for this process and for those that it starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.request import getproxies_environment

from pydantic import SecretStr

from infra.services.prefect.auth import AUTH_STRING
from infra.services.s3.probe import is_local
from reelworks.settings import Settings


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses and keys; None for a service that is not used."""

    database_url: SecretStr | None = None
    s3_endpoint_url: str | None = None
    s3_access_key_id: str | None = None
    s3_secret_access_key: SecretStr | None = None
    prefect_api_url: str | None = None
    prefect_auth_string: SecretStr | None = None
    """Auth string of the embedded server. An external one's is the user's own to set."""
    prefect_home: Path | None = None
    """Folder for Prefect's own files; None leaves it to Prefect (an external server)."""

    def variables(self) -> dict[str, str]:
        """Return the addresses and keys by the names of their environment variables.

        They hold secrets: give them to a process or a user, never to a log.
        """
        values = {
            "DATABASE_URL": _reveal(self.database_url),
            "S3_ENDPOINT_URL": self.s3_endpoint_url,
            "S3_ACCESS_KEY_ID": self.s3_access_key_id,
            "S3_SECRET_ACCESS_KEY": _reveal(self.s3_secret_access_key),
            "PREFECT_API_URL": self.prefect_api_url,
            AUTH_STRING: _reveal(self.prefect_auth_string),
        }
        return {name: value for name, value in values.items() if value is not None}

    def environment(self) -> dict[str, str]:
        """Return the environment variables that lead another process to the same services."""
        values = self.variables()
        if self.prefect_api_url is not None:  # or a call too many would start one of its own
            values["PREFECT_SERVER_EPHEMERAL_ENABLED"] = "false"
        if self.prefect_home is not None:
            values |= {"PREFECT_HOME": str(self.prefect_home), "DO_NOT_TRACK": "1"}
        if any(url and is_local(url) for url in (self.s3_endpoint_url, self.prefect_api_url)):
            values |= _proxy_exceptions()
        return values

    def settings(self, base: Settings) -> Settings:
        """Return ``base`` pointed at these services."""
        found = {
            "database_url": self.database_url,
            "s3_endpoint_url": self.s3_endpoint_url,
            "s3_access_key_id": self.s3_access_key_id,
            "s3_secret_access_key": self.s3_secret_access_key,
            "prefect_api_url": self.prefect_api_url,
        }
        return base.with_values(
            **{name: value for name, value in found.items() if value is not None}
        )


def _proxy_exceptions() -> dict[str, str]:
    """Return what keeps HTTP clients from sending loopback requests to a configured proxy."""
    proxies = getproxies_environment()
    if not proxies:
        return {}
    hosts = [host for host in proxies.get("no", "").split(",") if host]
    excepted = ",".join(dict.fromkeys([*hosts, "127.0.0.1", "localhost"]))
    return {"NO_PROXY": excepted, "no_proxy": excepted}


def _reveal(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
