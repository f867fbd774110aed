"""Settings of a flow run: the environment first, then saved blocks."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import cast

from prefect.blocks.core import Block
from pydantic import ValidationError

from blocks.artifact_store import ArtifactStorage
from blocks.database import Database
from blocks.providers import HostedModels
from reelworks.errors import SettingsError
from reelworks.settings import Settings, load_settings, names_given

BLOCK_NAME = "reelworks"
"""Name of the block document of each kind that flow runs load."""

_Connection = Database | ArtifactStorage | HostedModels
_NAMED_BY: dict[type[_Connection], frozenset[str]] = {
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


class Registration(StrEnum):
    """What became of the block of a connection."""

    MADE = "made"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    """It was saved with the secret that the connection has now, and shall not be."""
    WITHHELD = "withheld"
    """None is saved: it would hold a secret."""
    LEFT = "left"
    """One with another secret was saved by another user, and stays."""


async def register_blocks(settings: Settings, *, secrets: bool) -> dict[str, Registration]:
    """Save the connections of ``settings`` as blocks, for flow runs that lack the environment.

    Without ``secrets``, those that need one are not saved, and removed where they were: anyone
    who may use Prefect's API may read them. Returns what became of each, by the slug of its type.
    """
    return {
        block.get_block_type_slug(): await _register(block, secrets)
        for block in _connections(settings)
    }


async def delete_blocks() -> None:
    """Delete the blocks that earlier versions saved at each ``reelworks up``."""
    for kind in _NAMED_BY:
        try:
            await kind.adelete(BLOCK_NAME)
        except ValueError:  # what Prefect raises when no such document is saved
            continue


async def _register(block: _Connection, secrets: bool) -> Registration:
    """Save a block that is not saved with the same content already, if it may be."""
    there, damaged = None, False
    try:
        there = cast(_Connection, await type(block).aload(BLOCK_NAME))
    except ValueError:  # none is saved
        pass
    except RuntimeError:  # one of another form
        damaged = True
    if block.secret() and not secrets:
        if there is None:
            return Registration.LEFT if damaged else Registration.WITHHELD
        if there.secret() != block.secret():
            return Registration.LEFT
        await type(block).adelete(BLOCK_NAME)
        return Registration.REMOVED
    if there is not None and _content(there) == _content(block):
        return Registration.UNCHANGED
    await block.save(BLOCK_NAME, overwrite=True)
    return Registration.MADE if there is None else Registration.UPDATED


def _content(block: Block) -> dict[str, object]:
    return {name: getattr(block, name) for name in type(block).model_fields}


def _connections(settings: Settings) -> list[_Connection]:
    blocks: list[_Connection] = [
        HostedModels(
            api_key=settings.hosted.api_key,
            base_url=settings.hosted.base_url,
            transcribe_provider=settings.transcribe.provider,
            transcribe_model=settings.transcribe.model,
            vision_provider=settings.vision.provider,
            vision_model=settings.vision.model,
            embed_provider=settings.embed.provider,
            embed_model=settings.embed.model,
        ),
        ArtifactStorage(
            endpoint_url=settings.s3.endpoint_url,
            access_key_id=settings.s3.access_key_id,
            secret_access_key=settings.s3.secret_access_key,
            region=settings.s3.region,
            bucket=settings.s3.bucket,
        ),
    ]
    if settings.database.url is not None:
        blocks.append(Database(url=settings.database.url))
    return blocks


async def _saved(kind: type[_Connection]) -> dict[str, str]:
    try:
        block = cast(_Connection, await kind.aload(BLOCK_NAME))
    except RuntimeError as error:
        if not isinstance(error.__cause__, ValidationError):
            raise
        first = error.__cause__.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"The block {BLOCK_NAME} of the type {kind.get_block_type_slug()} is invalid: {field}: "
            f"{first['msg']}; save it again."
        ) from None
    except ValueError:  # what Prefect raises when no such document is saved
        return {}
    return block.environment()
