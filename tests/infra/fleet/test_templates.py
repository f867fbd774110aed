"""Base job templates: a default of Prefect's with our additions."""

from __future__ import annotations

from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.fleet.plan import POOLS, Pool
from infra.fleet.templates import job_template, merged, remedy

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("value", "patch", "result"),
    [  # the examples of RFC 7386, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "foo"}, None, None),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_patch_is_merged_as_the_standard_says(value, patch, result):
    assert merged(value, patch) == result


@given(json, json)
def test_merging_twice_changes_nothing_more(value, patch):
    once = merged(value, patch)

    assert merged(once, patch) == once


@pytest.mark.parametrize("pool", POOLS, ids=lambda pool: pool.name)
def test_every_pool_sends_heartbeats_and_passes_its_variables_on(pool):
    template = job_template(pool)

    assert template is not None
    variables = template["variables"]["properties"]
    assert variables["env"]["default"]["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == "30"
    for name in variables:
        assert template["job_configuration"][name] == f"{{{{ {name} }}}}"


def defaults(pool_name):
    pool = next(pool for pool in POOLS if pool.name == pool_name)
    template = job_template(pool)
    assert template is not None
    return {
        name: variable.get("default")
        for name, variable in template["variables"]["properties"].items()
    }


def test_containers_of_the_gpu_pool_get_the_gpus():
    chosen = defaults("gpu-docker")

    (request,) = chosen["container_create_kwargs"]["device_requests"]
    assert request == {"driver": "nvidia", "count": -1, "capabilities": [["gpu"]]}
    assert chosen["image"] == "reelworks:cuda"
    assert "video" in chosen["env"]["NVIDIA_DRIVER_CAPABILITIES"]


def test_containers_of_the_cpu_pool_ask_for_no_gpu():
    chosen = defaults("cpu-docker")

    assert chosen["container_create_kwargs"] is None
    assert chosen["image"] == "reelworks:cpu"
    assert any(volume.endswith(":/var/lib/reelworks/models") for volume in chosen["volumes"])


@pytest.mark.parametrize("pool_name", ["cpu-docker", "gpu-docker"])
async def test_containers_get_the_connections_of_the_worker_that_starts_them(
    pool_name, client, monkeypatch
):
    from prefect_docker.worker import DockerWorkerJobConfiguration

    pool = next(pool for pool in POOLS if pool.name == pool_name)
    template = job_template(pool)
    secret = "postgresql://r:not-on-the-server@db/reelworks"
    monkeypatch.setenv("DATABASE_URL", secret)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    made = await DockerWorkerJobConfiguration.from_template_and_values(
        template, {"env": {"S3_BUCKET": "mine"}}, client=client
    )

    assert secret not in str(template)
    assert made.env["DATABASE_URL"] == secret
    assert made.env["S3_BUCKET"] == "mine"
    assert made.env["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == "30"
    assert made.env["OPENAI_API_KEY"] == "", "which counts as unset"


@pytest.mark.parametrize(
    ("kind", "package"), [("docker", "prefect-docker"), ("warm-process", "reelworks")]
)
def test_what_brings_a_type_is_named(kind, package):
    assert f"pip install {package}" in remedy(Pool("one", kind, "", ()))


def test_a_type_that_nobody_knows_has_no_template():
    assert job_template(Pool("one", "of-no-package", "", ())) is None


def test_interpreters_of_the_gpu_pool_load_their_models_before_the_first_run():
    (name,) = defaults("gpu")["preload"]
    module, _, function = name.partition(":")

    assert callable(getattr(import_module(module), function))
