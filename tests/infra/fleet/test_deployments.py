"""The file of deployments: found, read and checked before anything is deployed."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.fleet.deployments import find_file, read_entries
from reelworks.errors import SettingsError

FILE = Path(__file__).parents[3] / "deployments.yaml"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("deployments: [{entrypoint: flows.index.index}]", "deployments.0.name"),
        ("deployments: [{name: a, entrypoint: flows/index.py:index}]", "deployments.0.entrypoint"),
        ("deployments: [{name: a, entrypoint: flows.index.index}]", "deployments.0.work_pool"),
        ("deployments: 3", "is wrong at deployments"),
        ("{", "cannot be read"),
        ("\xff", "is wrong at"),
    ],
)
def test_a_wrong_file_is_reported_before_anything_is_deployed(tmp_path, text, complaint):
    path = tmp_path / "deployments.yaml"
    path.write_text(text)

    with pytest.raises(SettingsError, match=complaint) as raised:
        read_entries(path)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("entrypoint", ["flows.gone.gone", "flows.index.gone", "json.dumps"])
def test_an_entrypoint_that_is_no_flow_is_named(tmp_path, entrypoint):
    path = tmp_path / "deployments.yaml"
    pool = "{name: cpu, work_queue_name: interactive}"
    path.write_text(f"deployments: [{{name: a, entrypoint: {entrypoint}, work_pool: {pool}}}]")

    (entry,) = read_entries(path)
    with pytest.raises(SettingsError, match=entrypoint):
        _ = entry.full_name


def test_the_file_of_the_folder_goes_before_the_program_s(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_file(None) == FILE
    (tmp_path / "deployments.yaml").write_text("")
    assert find_file(None) == tmp_path / "deployments.yaml"
    with pytest.raises(SettingsError, match="--file"):
        find_file(tmp_path / "gone.yaml")


def test_a_deployment_is_named_by_its_flow_and_its_pool():
    names = {entry.full_name: entry.work_pool.name for entry in read_entries(FILE)}

    assert names["index/cpu"] == "cpu"
