"""Settings of the services beneath: PostgreSQL, Prefect, S3."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator

from reelworks.settings.group import Group, http_address


class DatabaseSettings(Group):
    """PostgreSQL."""

    url: SecretStr | None = Field(
        None,
        alias="DATABASE_URL",
        description="PostgreSQL 15 or later with pgvector. Unset: embedded.",
    )

    @field_validator("url")
    @classmethod
    def _is_postgres(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(
            ("postgresql://", "postgres://", "postgresql+psycopg://")
        ):
            raise ValueError("must start with postgresql://")
        return url


class PrefectSettings(Group):
    """The Prefect server."""

    api_url: str | None = Field(
        None, alias="PREFECT_API_URL", description="Prefect server or Cloud. Unset: embedded."
    )

    _is_http = field_validator("api_url")(http_address)


class S3Settings(Group):
    """The object store."""

    endpoint_url: str | None = Field(
        None,
        alias="S3_ENDPOINT_URL",
        description="S3 server. Unset: embedded, or AWS when keys are given.",
    )
    access_key_id: str | None = Field(None, alias="S3_ACCESS_KEY_ID", description="S3 key id.")
    secret_access_key: SecretStr | None = Field(
        None, alias="S3_SECRET_ACCESS_KEY", description="S3 secret key."
    )
    region: str = Field("us-east-1", alias="S3_REGION", description="S3 region.")
    bucket: str = Field(
        "reelworks", alias="S3_BUCKET", min_length=3, description="Bucket for all artifacts."
    )
    public_url: str | None = Field(
        None,
        alias="S3_PUBLIC_URL",
        description="Public address of the store. Unset: media passes through the API.",
    )

    _is_http = field_validator("endpoint_url", "public_url")(http_address)
