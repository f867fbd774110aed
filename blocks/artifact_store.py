"""The artifact store as a Prefect block."""

from __future__ import annotations

from prefect.blocks.core import Block
from pydantic import Field, SecretStr

from blocks.addresses import secret_in


class ArtifactStorage(Block):
    """Where the artifacts live: any S3-compatible store."""

    _block_type_name = "Reelworks artifact store"
    _block_type_slug = "reelworks-artifact-store"

    endpoint_url: str | None = Field(None, description="S3 server. Empty: AWS.")
    access_key_id: str | None = None
    secret_access_key: SecretStr | None = None
    region: str = "us-east-1"
    bucket: str = "reelworks"

    def secret(self) -> str | None:
        """Return the secret of this block: the secret key, or one in its address."""
        key = self.secret_access_key and self.secret_access_key.get_secret_value()
        return key or secret_in(self.endpoint_url)

    def environment(self) -> dict[str, str]:
        """Return the settings that this block contains."""
        values = {
            "s3_endpoint_url": self.endpoint_url,
            "s3_access_key_id": self.access_key_id,
            "s3_secret_access_key": self.secret_access_key
            and self.secret_access_key.get_secret_value(),
            "s3_region": self.region,
            "s3_bucket": self.bucket,
        }
        return {name: value for name, value in values.items() if value}
