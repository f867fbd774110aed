"""What ``reelworks up`` serves: an importable entrypoint and a form that explains itself."""

from __future__ import annotations

from importlib import import_module


async def deployment():
    from prefect.types.entrypoint import EntrypointType

    from flows.index import index

    return await index.ato_deployment(
        "index", tags=["reelworks"], entrypoint_type=EntrypointType.MODULE_PATH
    )


async def test_the_entrypoint_is_a_module_that_can_be_imported(prefect_api):
    from flows.index import index

    entrypoint = (await deployment()).entrypoint
    module, _, name = entrypoint.rpartition(".")

    assert entrypoint == "flows.index.index"
    assert getattr(import_module(module), name) is index


async def test_flow_file_and_deployment_share_a_name(prefect_api):
    made = await deployment()

    assert (made.flow_name, made.name) == ("index", "index")
    assert made.description


async def test_every_field_of_the_form_has_a_title_and_a_description(prefect_api):
    schema = (await deployment())._parameter_openapi_schema

    fields = schema.definitions["IndexParams"]["properties"]
    assert list(fields) == [
        "source",
        "video_id",
        "language",
        "library",
        "audio_track",
        "recompute",
        "cached_only",
        "job",
    ]
    for name, one in fields.items():
        assert one["title"], name
        assert one["description"].endswith("."), name
    assert schema.definitions["IndexParams"]["required"] == ["source"]
    assert schema.required == ["params"]
