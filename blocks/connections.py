"""The settings of a flow run: the environment first, saved blocks for what it leaves open."""

from __future__ import annotations

import asyncio

from prefect.blocks.core import Block
from pydantic import ValidationError

from blocks.artifact_store import ArtifactStorage
from blocks.database import Database
from blocks.providers import HostedModels
from reelworks.errors import SettingsError
from reelworks.settings import Settings, load_settings, names_given

BLOCK_NAME = "reelworks"
"""Name of the block document of each kind that flow runs load."""

_NAMED_BY: dict[type[Block], frozenset[str]] = {
    Database: frozenset({"database_url"}),
    ArtifactStorage: frozenset({"s3_endpoint_url", "s3_access_key_id"}),
    HostedModels: frozenset({"openai_api_key", "openai_base_url"}),
}
"""The settings that name the service of each block."""


async def current_settings(**chosen: str) -> Settings:
    """Return the settings of this process, completed from the saved blocks where needed.

    ``chosen`` goes before both. A block is left out as a whole once the environment names the same
    service: a saved key must not be sent to another server. Raises ``SettingsError`` for a wrong
    value.
    """
    given = names_given()
    wanted = [kind for kind, naming in _NAMED_BY.items() if not naming & given]
    found = await asyncio.gather(*(_saved(kind) for kind in wanted))
    values = {name: value for block in found for name, value in block.items()}
    saved = {name: value for name, value in values.items() if name not in given}
    return load_settings(**(saved | chosen))


async def register_blocks(settings: Settings) -> dict[str, bool | None]:
    """Save the connections of ``settings`` as blocks, for flow runs that lack the environment.

    Returns by the slug of each block's type whether it was changed; None: it is new.
    """
    return {block.get_block_type_slug(): await _save(block) for block in _connections(settings)}


async def _save(block: Block) -> bool | None:
    """Save a block that is not saved with the same content already."""
    try:
        there = await type(block).aload(BLOCK_NAME)
    except (ValueError, RuntimeError):  # none is saved, or one of another form
        there = None
    if there is not None and _content(there) == _content(block):
        return False
    await block.save(BLOCK_NAME, overwrite=True)
    return None if there is None else True


def _content(block: Block) -> dict[str, object]:
    return {name: getattr(block, name) for name in type(block).model_fields}


def _connections(settings: Settings) -> list[Block]:
    blocks: list[Block] = [
        HostedModels(
            api_key=settings.openai_api_key,
            base_url=settings.openai_base_url,
            transcribe_provider=settings.transcribe_provider,
            transcribe_model=settings.transcribe_model,
            vision_provider=settings.vision_provider,
            vision_model=settings.vision_model,
            embed_provider=settings.embed_provider,
            embed_model=settings.embed_model,
        ),
        ArtifactStorage(
            endpoint_url=settings.s3_endpoint_url,
            access_key_id=settings.s3_access_key_id,
            secret_access_key=settings.s3_secret_access_key,
            region=settings.s3_region,
            bucket=settings.s3_bucket,
        ),
    ]
    if settings.database_url is not None:
        blocks.append(Database(url=settings.database_url))
    return blocks


async def _saved(kind: type[Block]) -> dict[str, str]:
    try:
        block = await kind.aload(BLOCK_NAME)
    except RuntimeError as error:
        if not isinstance(error.__cause__, ValidationError):
            raise
        first = error.__cause__.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"The block {BLOCK_NAME} of the type {kind.get_block_type_slug()} is wrong: {field}: "
            f"{first['msg']}; save it anew."
        ) from None
    except ValueError:  # what Prefect raises when no such document is saved
        return {}
    environment: dict[str, str] = block.environment()  # type: ignore[attr-defined]
    return environment
