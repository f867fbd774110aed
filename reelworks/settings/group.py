"""Groups of settings: what all of them share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Group(BaseModel):
    """Settings that belong together."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, populate_by_name=True)


def http_address(url: str | None) -> str | None:
    """Return ``url``; raises ``ValueError`` when it is neither http nor https."""
    if url is not None and not url.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    return url
