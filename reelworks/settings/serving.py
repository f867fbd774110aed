"""Settings of what is served and accepted: the HTTP API and sources."""

from __future__ import annotations

from pydantic import Field, SecretStr

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
        description="Signs webhooks, which report the end of jobs. Unset: none are sent.",
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
