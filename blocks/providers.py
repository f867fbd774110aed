"""The providers of hosted models as a Prefect block."""

from __future__ import annotations

from prefect.blocks.core import Block
from pydantic import Field, SecretStr

from blocks.addresses import secret_in
from reelworks.settings import CAPABILITIES


class HostedModels(Block):
    """Which hosted models serve, and the key for them."""

    _block_type_name = "Reelworks hosted models"
    _block_type_slug = "reelworks-hosted-models"

    api_key: SecretStr | None = None
    base_url: str | None = Field(None, description="Any OpenAI-compatible server. Empty: OpenAI.")
    transcribe_provider: str = "local"
    transcribe_model: str | None = None
    vision_provider: str = "local"
    vision_model: str | None = None
    embed_provider: str = "local"
    embed_model: str | None = None

    def secret(self) -> str | None:
        """Return the secret of this block: the API key, or one in its address."""
        key = self.api_key and self.api_key.get_secret_value()
        return key or secret_in(self.base_url)

    def environment(self) -> dict[str, str]:
        """Return the settings that this block contains."""
        values = {
            "openai_api_key": self.api_key and self.api_key.get_secret_value(),
            "openai_base_url": self.base_url,
        }
        for capability in CAPABILITIES:
            for part in ("provider", "model"):
                values[f"{capability}_{part}"] = getattr(self, f"{capability}_{part}")
        return {name: value for name, value in values.items() if value}
