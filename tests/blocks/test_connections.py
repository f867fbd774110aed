"""Blocks on a real Prefect server: saved, loaded, and what the environment says goes first."""

from __future__ import annotations

import os

import pytest
from pydantic import SecretStr

from reelworks.errors import SettingsError
from reelworks.settings import Provider, Settings, variables

SECRET = "sk-very-secret-0815"
SAVED = Settings(
    _env_file=None,
    database_url=SecretStr(f"postgresql://block:{SECRET}@db/reelworks"),
    s3_endpoint_url="http://store:8333",
    s3_access_key_id="block-id",
    s3_secret_access_key=SecretStr(SECRET),
    s3_region="eu-west-1",
    s3_bucket="from-block",
    openai_api_key=SecretStr(SECRET),
    openai_base_url="http://models/v1",
    vision_provider=Provider.OPENAI,
    vision_model="block-model",
)


@pytest.fixture
async def blocks(prefect_api, monkeypatch, tmp_path):
    """A server without our blocks and an environment without our variables."""
    del prefect_api
    for name in variables().keys() - {"prefect_api_url"}:
        for variable in [v for v in os.environ if v.lower() == name]:
            monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)
    from blocks import connections

    yield connections
    for kind in (connections.Database, connections.ArtifactStorage, connections.HostedModels):
        try:
            await kind.adelete(connections.BLOCK_NAME)
        except ValueError:  # this test saved none
            continue


async def test_without_blocks_the_environment_is_all(blocks):
    assert (await blocks.current_settings()).database.url is None


async def test_saved_connections_come_back_whole(blocks):
    await blocks.register_blocks(SAVED, secrets=True)

    found = await blocks.current_settings()

    for name in SAVED.model_fields_set - {"data_dir"}:
        assert getattr(found, name) == getattr(SAVED, name), name


async def test_saving_again_replaces(blocks):
    await blocks.register_blocks(SAVED, secrets=True)
    await blocks.register_blocks(SAVED.with_values(s3_bucket="another"), secrets=True)

    assert (await blocks.current_settings()).s3.bucket == "another"


async def test_a_secret_is_saved_only_on_request_and_one_of_before_is_removed(blocks):
    kinds = {"reelworks-database", "reelworks-artifact-store", "reelworks-hosted-models"}

    assert await blocks.register_blocks(SAVED, secrets=False) == dict.fromkeys(kinds, "withheld")
    assert (await blocks.current_settings()).database.url is None
    assert await blocks.register_blocks(SAVED, secrets=True) == dict.fromkeys(kinds, "made")
    assert await blocks.register_blocks(SAVED, secrets=True) == dict.fromkeys(kinds, "unchanged")
    assert await blocks.register_blocks(SAVED, secrets=False) == dict.fromkeys(kinds, "removed")
    assert (await blocks.current_settings()).database.url is None


async def test_what_needs_no_secret_is_saved_all_the_same(blocks):
    nothing = dict.fromkeys(("s3_access_key_id", "s3_secret_access_key", "openai_api_key"))
    own = {"database_url": SecretStr("postgresql://db/reelworks"), "vision_provider": "local"}
    found = await blocks.register_blocks(SAVED.with_values(**nothing | own), secrets=False)

    assert set(found.values()) == {"made"}
    assert (await blocks.current_settings()).s3.bucket == "from-block"


async def test_a_block_of_somebody_else_stays(blocks):
    await blocks.Database(url="postgresql://me:by-hand@db/mine").save(blocks.BLOCK_NAME)

    found = await blocks.register_blocks(SAVED, secrets=False)

    assert found["reelworks-database"] == "left"
    saved = (await blocks.current_settings()).database.url
    assert saved.get_secret_value() == "postgresql://me:by-hand@db/mine"


async def test_an_address_with_a_password_is_saved_only_on_request(blocks):
    nothing = dict.fromkeys(("s3_access_key_id", "s3_secret_access_key", "openai_api_key"))
    within = {
        "openai_base_url": f"https://me:{SECRET}@models/v1",
        "s3_endpoint_url": f"https://me:{SECRET}@store",
    }
    settings = SAVED.with_values(**nothing | within)

    assert set((await blocks.register_blocks(settings, secrets=False)).values()) == {"withheld"}
    assert set((await blocks.register_blocks(settings, secrets=True)).values()) == {"made"}


async def test_the_environment_wins_over_blocks(blocks, monkeypatch):
    await blocks.register_blocks(SAVED, secrets=True)
    monkeypatch.setenv("DATABASE_URL", "postgresql://env@db/reelworks")
    monkeypatch.setenv("S3_BUCKET", "from-env")
    monkeypatch.setenv("VISION_MODEL", "env-model")

    found = await blocks.current_settings()

    assert found.database.url.get_secret_value() == "postgresql://env@db/reelworks"
    assert (found.s3.bucket, found.s3.access_key_id) == ("from-env", "block-id")
    assert (found.vision.model, found.hosted.base_url) == ("env-model", "http://models/v1")


async def test_a_saved_key_is_not_sent_to_another_server(blocks, monkeypatch):
    await blocks.register_blocks(SAVED, secrets=True)
    monkeypatch.setenv("S3_ENDPOINT_URL", "http://elsewhere:1")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere:2/v1")

    found = await blocks.current_settings()

    assert found.s3.access_key_id is None
    assert found.hosted.api_key is None


async def test_a_provider_of_the_environment_takes_the_key_of_the_block(blocks, monkeypatch):
    await blocks.register_blocks(SAVED, secrets=True)
    monkeypatch.setenv("EMBED_PROVIDER", "openai")

    found = await blocks.current_settings()

    assert found.embed.provider is Provider.OPENAI
    assert found.hosted.api_key.get_secret_value() == SECRET


async def test_secrets_are_hidden_where_prefect_shows_blocks(blocks):
    await blocks.register_blocks(SAVED, secrets=True)

    from prefect.client.orchestration import get_client

    async with get_client() as client:
        for kind in (blocks.Database, blocks.ArtifactStorage, blocks.HostedModels):
            found = await client.read_block_document_by_name(
                blocks.BLOCK_NAME, kind.get_block_type_slug(), include_secrets=False
            )
            assert SECRET not in str(found.data)
            assert found.data


async def test_a_wrong_value_in_a_block_is_one_sentence(blocks):
    await blocks.HostedModels(api_key=SecretStr(SECRET), vision_provider="gemini").save(
        blocks.BLOCK_NAME, overwrite=True
    )

    with pytest.raises(SettingsError, match="VISION_PROVIDER is invalid") as caught:
        await blocks.current_settings()

    assert SECRET not in str(caught.value)


async def test_a_damaged_block_is_an_error_and_not_taken_for_none(blocks):
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import BlockDocumentUpdate

    await blocks.register_blocks(SAVED, secrets=True)
    async with get_client() as client:
        slug = blocks.ArtifactStorage.get_block_type_slug()
        found = await client.read_block_document_by_name(blocks.BLOCK_NAME, slug)
        await client.update_block_document(
            found.id,
            BlockDocumentUpdate(
                block_schema_id=found.block_schema_id,
                data={"bucket": {"no": "text"}},
                merge_existing_data=False,
            ),
        )

    with pytest.raises(SettingsError, match="reelworks-artifact-store is invalid: bucket"):
        await blocks.current_settings()
