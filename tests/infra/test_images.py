"""The Dockerfiles and the compose file, read without Docker."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.settings import Settings as PrefectSettings
from prefect.settings.legacy import _get_valid_setting_names

from infra.fleet.plan import HEARTBEAT, POOLS
from infra.services.postgres.cluster import DATABASES
from reelworks import NO_REPORTS
from reelworks.app.cli.main import COMMANDS
from reelworks.settings import variables

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "infra" / "compose.yaml"
DOCKERFILES = ("Dockerfile.cpu", "Dockerfile.cuda")
LISTS = {"Dockerfile.cpu": "requirements.txt", "Dockerfile.cuda": "requirements-cuda.txt"}
BUILD_TOOLS = re.compile(r"\b(pip|gcc|g\+\+|make|cmake|build-essential|git|curl|\S+-dev|-devel)\b")


@dataclass
class Stage:
    """One FROM and what follows it."""

    image: str
    name: str | None
    steps: list[tuple[str, str]] = field(default_factory=list)

    def all(self, instruction: str) -> list[str]:
        return [text for word, text in self.steps if word == instruction]

    def copies(self) -> list[list[str]]:
        """The sources of each COPY from the build context."""
        words = [text.split() for text in self.all("COPY")]
        return [line[:-1] for line in words if not line[0].startswith("--from")]


def stages(name: str) -> list[Stage]:
    lines = [line for line in (ROOT / name).read_text().splitlines() if not line.startswith("#")]
    whole = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    found: list[Stage] = []
    for line in filter(None, whole.splitlines()):
        word, _, text = line.strip().partition(" ")
        if word == "FROM":
            image, _, alias = text.partition(" AS ")
            found.append(Stage(image, alias or None))
        else:
            found[-1].steps.append((word, text.strip()))
    return found


def environment(stage: Stage) -> dict[str, str]:
    pairs = [shlex.split(text) for text in stage.all("ENV")]
    return dict(pair.split("=", 1) for line in pairs for pair in line)


@pytest.fixture(params=DOCKERFILES)
def dockerfile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_what_is_copied_is_there_and_not_ignored(dockerfile: str) -> None:
    let_in = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    for stage in stages(dockerfile):
        for source in (one for sources in stage.copies() for one in sources):
            assert (ROOT / source).exists(), source
            assert source.split("/")[0] in let_in, source


def test_the_whole_code_is_copied(dockerfile: str) -> None:
    packages = {
        path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name != "bench"
    }
    copied = {s for stage in stages(dockerfile) for sources in stage.copies() for s in sources}

    assert packages <= copied


def test_dependencies_come_before_code_so_that_a_change_of_code_keeps_their_layer(
    dockerfile: str,
) -> None:
    packages = next(stage for stage in stages(dockerfile) if stage.name == "packages")

    assert packages.copies() == [["infra/images/build.txt"], [LISTS[dockerfile]]]


def test_everything_is_installed_by_hash_or_without_an_index(dockerfile: str) -> None:
    installs = [
        step
        for stage in stages(dockerfile)
        for run in stage.all("RUN")
        for step in run.split("&&")
        if "pip install" in step
    ]

    assert len(installs) == 3
    for step in installs:
        assert "--no-deps" in step
        assert "--require-hashes" in step or "--no-index" in step


def test_the_last_stage_runs_as_nobody_in_particular_and_has_no_build_tools(
    dockerfile: str,
) -> None:
    *before, last = stages(dockerfile)
    slim = next(stage for stage in before if stage.name == "slim")

    assert last.all("USER")[-1] == "10001:10001"
    assert last.steps.index(("USER", "10001:10001")) > max(
        index for index, (word, _) in enumerate(last.steps) if word in ("RUN", "COPY")
    )
    assert {"pip", "setuptools"} <= set(slim.all("RUN")[-1].split())
    sources = [text.split()[0] for text in last.all("COPY") if text.startswith("--from")]
    assert sources == ["--from=slim", "--from=code"]
    below = next((stage for stage in before if stage.name == last.image), Stage("", None))
    for run in (*last.all("RUN"), *below.all("RUN")):
        assert not BUILD_TOOLS.search(run), run


def test_user_and_group_have_numbers_that_do_not_change(dockerfile: str) -> None:
    last = stages(dockerfile)[-1]
    (made,) = [run for run in last.all("RUN") if "useradd" in run]

    assert re.search(r"\bgroupadd --gid 10001 reelworks\b", made)
    assert re.search(r"\buseradd --uid 10001 --gid reelworks\b", made)
    assert last.all("USER")[-1] == "10001:10001"


def test_nothing_in_the_images_reports_about_its_users(dockerfile: str) -> None:
    assert NO_REPORTS.items() <= environment(stages(dockerfile)[-1]).items()


def test_the_last_stage_says_how_it_is_and_what_it_is(dockerfile: str) -> None:
    last = stages(dockerfile)[-1]
    check = json.loads(last.all("HEALTHCHECK")[0].partition("CMD ")[2])
    entry = json.loads(last.all("ENTRYPOINT")[0])

    for program in (check, entry):
        assert program[:2] == ["python", "-m"]
        assert find_spec(program[2]) is not None
    assert "org.opencontainers.image.licenses" in last.all("LABEL")[0]


def test_the_images_command_starts_a_worker_of_a_real_pool(dockerfile: str) -> None:
    command = json.loads(stages(dockerfile)[-1].all("CMD")[0])

    assert command[:3] == ["prefect", "worker", "start"]
    assert command[command.index("--pool") + 1] in {pool.name for pool in POOLS}
    assert "--with-healthcheck" in command


def test_runs_in_the_images_send_the_heartbeat_that_the_rules_go_by(dockerfile: str) -> None:
    assert HEARTBEAT.items() <= environment(stages(dockerfile)[-1]).items()


def test_base_images_are_official_ones_of_a_fixed_version(dockerfile: str) -> None:
    named = {stage.name for stage in stages(dockerfile)}
    bases = {stage.image for stage in stages(dockerfile)} - named

    for image in bases:
        repository, _, tag = image.partition(":")
        assert "." not in repository.split("/")[0], "a registry's host"
        assert re.search(r"\d+\.\d+", tag), "a tag that moves"


def test_only_the_cuda_image_has_any_cuda() -> None:
    (base,) = {stage.image for stage in stages("Dockerfile.cpu")} - {"packages"}
    wanted = (ROOT / "requirements.txt").read_text()

    assert base == "python:3.11-slim-bookworm"
    assert not re.search(r"^(torch|nvidia|cuda)", wanted, re.MULTILINE)
    assert any(stage.image.startswith("nvidia/cuda:12") for stage in stages("Dockerfile.cuda"))


def test_the_cuda_list_is_built_for_the_cuda_that_the_entrypoint_asks_the_driver_for() -> None:
    from infra.images.start import CUDA_NEEDED

    wanted = (ROOT / "requirements-cuda.txt").read_text()
    (toolkit,) = re.findall(r"^cuda-toolkit==(\d+)\.", wanted, re.MULTILINE)

    assert int(toolkit) == CUDA_NEEDED[0]
    assert "+cpu" not in wanted


def compose() -> dict[str, Any]:
    found = yaml.safe_load(COMPOSE.read_text())
    assert isinstance(found, dict)
    return found


SERVICES: dict[str, dict[str, Any]] = compose()["services"]
THEIRS = {
    "postgres": {"POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"},
    "minio": {"MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD", "MINIO_UPDATE"},
}
"""What the official images read."""


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_says_what_becomes_of_it(name: str) -> None:
    service = SERVICES[name]

    assert "restart" in service
    assert "healthcheck" in service or service["image"].startswith("reelworks:")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_gets_only_variables_that_somebody_reads(name: str) -> None:
    ours = {field.upper() for field in variables()}
    prefects = _get_valid_setting_names(PrefectSettings)
    known = THEIRS.get(name, ours | prefects)

    assert set(SERVICES[name]["environment"]) <= known


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert "/tmp" in service["tmpfs"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"cap_add", "privileged", "pid", "ipc", "network_mode"} & service.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_fill_neither_the_memory_nor_the_disk_of_its_host(name: str) -> None:
    service = SERVICES[name]
    default = re.sub(r"^\$\{[A-Z_]+:-(.*)\}$", r"\1", service["mem_limit"])

    assert re.fullmatch(r"[1-9]\d*g", default)
    assert service["logging"]["driver"] == "json-file"
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}


def test_each_published_port_is_opened_by_a_variable_of_its_own_and_closed_by_default() -> None:
    published = {
        name: re.fullmatch(r"\$\{([A-Z_0-9]+):-127\.0\.0\.1\}:(\d+):\2", port)
        for name, service in SERVICES.items()
        for port in service.get("ports", ())
    }
    opened_by = {name: found and found[1] for name, found in published.items()}

    assert opened_by == {
        "api": "API_BIND",
        "prefect": "PREFECT_BIND",
        "postgres": "POSTGRES_BIND",
        "minio": "S3_BIND",
    }
    example = (ROOT / "infra" / ".env.example").read_text()
    for variable in opened_by.values():
        assert re.search(rf"^{variable}=127\.0\.0\.1$", example, re.MULTILINE)


def test_ours_are_restarted_for_what_is_wrong_with_themselves_alone() -> None:
    checks = {name: SERVICES[name]["healthcheck"]["test"][1:] for name in ("api", "dispatcher")}

    assert checks["api"][-1].endswith("/livez"), "not /readyz: a neighbour's outage is no reason"
    assert checks["dispatcher"][-3:] == ["infra.images.health", "beat", "dispatcher"]


def test_services_start_in_the_order_of_health() -> None:
    waits = {
        name: {other: how["condition"] for other, how in service.get("depends_on", {}).items()}
        for name, service in SERVICES.items()
    }
    healthy = "service_healthy"

    assert waits["prefect"] == {"postgres": healthy}
    assert waits["setup"] == {"postgres": healthy, "minio": healthy, "prefect": healthy}
    for worker in ("worker-cpu", "worker-gpu"):
        assert waits[worker] == {"setup": "service_completed_successfully"}


def test_setup_is_a_command_that_exists_and_workers_serve_pools_that_it_makes() -> None:
    program, command = SERVICES["setup"]["command"]
    types = {pool.name: pool.type for pool in POOLS}

    assert program == "reelworks"
    assert command in COMMANDS
    pools = {
        name: line["command"][line["command"].index("--pool") + 1]
        for name, line in SERVICES.items()
        if "--pool" in line.get("command", [])
    }
    assert {name: types[pool] for name, pool in pools.items()} == {
        "worker-cpu": "graceful-process",
        "worker-gpu": "warm-process",
    }


def test_every_process_that_runs_flows_sends_the_heartbeat() -> None:
    for worker in ("worker-cpu", "worker-gpu"):
        assert HEARTBEAT.items() <= SERVICES[worker]["environment"].items()


def test_prefect_lets_in_those_who_have_the_secret_and_all_of_ours_have_it() -> None:
    server = SERVICES["prefect"]["environment"]
    secret = server["PREFECT_SERVER_API_AUTH_STRING"]

    assert server["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] == (
        "${PREFECT_UI_ORIGIN:-http://127.0.0.1:4200}"
    )
    asking = [
        one["environment"] for one in SERVICES.values() if "PREFECT_API_URL" in one["environment"]
    ]
    assert len(asking) == len(SERVICES) - len({"postgres", "minio", "prefect"})
    assert {one["PREFECT_API_AUTH_STRING"] for one in asking} == {secret}


def test_a_gpu_is_requested_only_in_the_profile_gpu() -> None:
    (asking,) = [name for name, service in SERVICES.items() if "deploy" in service]

    assert asking == "worker-gpu"
    assert SERVICES[asking]["profiles"] == ["gpu"]
    assert SERVICES[asking]["image"] == "reelworks:cuda"


def test_no_secret_has_a_default_and_the_example_names_every_variable() -> None:
    variables = dict(re.findall(r"\$\{([A-Z_0-9]+)(:[-?][^}]*)?\}", COMPOSE.read_text()))
    example = (ROOT / "infra" / ".env.example").read_text()
    named = dict(re.findall(r"^(?:# )?([A-Z_0-9]+)=(.*)$", example, re.MULTILINE))

    assert variables.keys() == named.keys()
    store = ("S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY")
    for secret in ("POSTGRES_PASSWORD", "PREFECT_AUTH_STRING", *store):
        assert variables[secret].startswith(":?")
        assert named[secret] == ""


def test_prefect_has_a_database_of_its_own_with_the_extension_that_it_needs() -> None:
    script = (ROOT / "infra" / "images" / "postgres" / "prefect.sql").read_text()
    url = SERVICES["prefect"]["environment"]["PREFECT_API_DATABASE_CONNECTION_URL"]
    mounted = [line.split(":")[0] for line in SERVICES["postgres"]["volumes"]]

    assert f"CREATE DATABASE {DATABASES[1]};" in script
    assert "CREATE EXTENSION IF NOT EXISTS pg_trgm" in script
    assert url.endswith(f"@postgres:5432/{DATABASES[1]}")
    assert "./images/postgres/prefect.sql" in mounted


def test_containers_of_the_docker_pools_find_the_images_network_and_volumes_of_compose() -> None:
    whole = compose()
    project = whole["name"]
    images = {service["image"] for service in SERVICES.values()}
    for path in sorted((ROOT / "infra" / "pools").glob("*-docker.json")):
        properties = json.loads(path.read_text())["variables"]["properties"]
        assert properties["image"]["default"] in images
        assert properties["networks"]["default"] == [f"{project}_default"]
        volumes = {line.split(":")[0] for line in properties["volumes"]["default"]}
        assert volumes <= {f"{project}_{volume}" for volume in whole["volumes"]}


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "infra/images").glob("*.sh")))
def test_scripts_name_the_shell_that_runs_them(name: str) -> None:
    path = ROOT / "infra" / "images" / name

    assert path.read_text().startswith("#!")
    assert path.stat().st_mode & 0o111


def test_the_templates_in_the_operations_page_are_json() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    (template,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)

    heartbeat = json.loads(template)["variables"]["properties"]["env"]["default"]
    assert HEARTBEAT.items() <= heartbeat.items()
