"""The database as a Prefect block."""

from __future__ import annotations

from prefect.blocks.core import Block
from pydantic import Field, SecretStr


class Database(Block):
    """Where the rows live: PostgreSQL 15 or later with pgvector."""

    _block_type_name = "Reelworks database"
    _block_type_slug = "reelworks-database"

    url: SecretStr = Field(description="For example postgresql://user:password@host/reelworks")

    def environment(self) -> dict[str, str]:
        """Return the settings that this block stands for."""
        return {"database_url": self.url.get_secret_value()}
