from __future__ import annotations

import os
import shutil

import pytest

from infra.workers.revision import PACKAGES, ROOT, code_revision


@pytest.fixture
def code(tmp_path):
    for package in PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "one.py").write_text(f"name = {package!r}\n")
    return tmp_path


def test_contents_count_and_times_do_not(code, tmp_path_factory):
    before = code_revision(code)
    os.utime(code / "tasks" / "one.py", (1, 1))
    copy = shutil.copytree(code, tmp_path_factory.mktemp("copy") / "code")

    assert code_revision(code) == code_revision(copy) == before


@pytest.mark.parametrize("change", ["edit", "add", "rename", "data"])
def test_every_change_of_code_is_another_revision(code, change):
    before = code_revision(code)
    file = code / "reelworks" / "one.py"
    match change:
        case "edit":
            file.write_text("name = 'REELWORKS'\n")
        case "add":
            (code / "flows" / "two.py").touch()
        case "rename":
            file.rename(code / "reelworks" / "two.py")
        case "data":
            (code / "reelworks" / "catalog.toml").write_text("x = 1\n")

    assert code_revision(code) != before


def test_the_installed_code_has_a_revision():
    assert len(code_revision()) == 12
    assert (ROOT / "reelworks").is_dir()
