"""Settings of what is served and accepted: the HTTP API and sources."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from reelworks.domain.webhook_secret import webhook_key
from reelworks.settings.group import Group


class ApiSettings(Group):
    """The HTTP API."""

    host: str = Field(
        "127.0.0.1",
        alias="API_HOST",
        min_length=1,
        description="Where the API listens. Anything but loopback needs a token.",
    )
    port: int = Field(
        8400,
        alias="API_PORT",
        ge=0,
        le=65535,
        description="Port of the API; 0 takes a free one.",
    )
    webhook_secret: SecretStr | None = Field(
        None,
        alias="WEBHOOK_SECRET",
        description="Signs webhooks, which report the end of jobs: `whsec_` and the Base64 of 24 "
        "to 64 random bytes. Unset: none are sent.",
    )
    cors_origins: str = Field(
        "",
        alias="CORS_ORIGINS",
        description="Sites whose pages may call the API, like `https://app.example.org,"
        "http://localhost:3000`.",
    )
    max_requests_per_minute: int = Field(
        3000,
        alias="MAX_REQUESTS_PER_MINUTE",
        ge=1,
        description="Requests that the API accepts from one caller per minute.",
    )
    max_request_kb: int = Field(
        1024,
        alias="MAX_REQUEST_KB",
        ge=1,
        le=65536,
        description="Largest request to the API that is not an upload, in kB.",
    )
    client_patience: float = Field(
        30.0,
        alias="CLIENT_PATIENCE",
        gt=0,
        allow_inf_nan=False,
        description="Seconds that the API waits for a caller that sends nothing.",
    )
    allowed_source_buckets: str = Field(
        "",
        alias="ALLOWED_SOURCE_BUCKETS",
        description="S3 buckets that callers of the API may name, like `rushes,archive`.",
    )
    source_folders: str = Field(
        "",
        alias="SOURCE_FOLDERS",
        description="Folders whose files callers of the API may name, separated by `:`.",
    )

    @field_validator("webhook_secret")
    @classmethod
    def _is_a_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            webhook_key(value.get_secret_value())
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        wrong = [one for one in split_origins(value) if not _is_origin(one)]
        if wrong:
            raise ValueError(
                f"{wrong[0]} is not a site; give http(s)://host or http(s)://host:port"
            )
        return value

    @property
    def origins(self) -> frozenset[str]:
        """The sites of ``CORS_ORIGINS``, as browsers write them in the header ``Origin``."""
        return frozenset(split_origins(self.cors_origins))


def split_origins(text: str) -> list[str]:
    """Return the sites of a comma-separated list in lower case."""
    return [one.strip().lower() for one in text.split(",") if one.strip()]


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises for what is no number
    except ValueError:
        return False
    plain = f"{parts.scheme}://{parts.netloc}" == text and "@" not in parts.netloc
    return plain and parts.scheme in ("http", "https") and bool(parts.hostname)


class SourceSettings(Group):
    """What is fetched and accepted as a source."""

    max_upload_mb: int = Field(
        20_000,
        alias="MAX_UPLOAD_MB",
        ge=1,
        le=80_000,
        description="Largest upload or download of a source, in MB.",
    )
    max_duration_hours: float = Field(
        24.0,
        alias="MAX_DURATION_HOURS",
        gt=0,
        allow_inf_nan=False,
        description="Longest video or audio that is accepted, in hours.",
    )
    max_megapixels: float = Field(
        40.0,
        alias="MAX_MEGAPIXELS",
        gt=0,
        allow_inf_nan=False,
        description="Largest frame of a video, in megapixels.",
    )
    fetch_private_addresses: bool = Field(
        False,
        alias="FETCH_PRIVATE_ADDRESSES",
        description="Fetch addresses of private networks too; `reelworks index` always does.",
    )
    fetch_least_kb_per_second: float = Field(
        20.0,
        alias="FETCH_LEAST_KB_PER_SECOND",
        ge=0,
        allow_inf_nan=False,
        description="Minimum speed of a source's or S3 server in kB/s, over a minute. 0: none.",
    )
