"""The database as a Prefect block."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from prefect.blocks.core import Block
from pydantic import Field, SecretStr


class Database(Block):
    """Where the rows live: PostgreSQL 15 or later with pgvector."""

    _block_type_name = "Reelworks database"
    _block_type_slug = "reelworks-database"

    url: SecretStr = Field(description="For example postgresql://user:password@host/reelworks")

    def secret(self) -> str | None:
        """Return what must stay secret in this block: the password, if the address has one."""
        parts = urlsplit(self.url.get_secret_value())
        return parts.password or next(iter(parse_qs(parts.query).get("password", [])), None)

    def environment(self) -> dict[str, str]:
        """Return the settings that this block contains."""
        return {"database_url": self.url.get_secret_value()}
