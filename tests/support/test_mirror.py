"""The check of the mirror finds what is missing, and only that."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.mirror import has_logic, path_of_test, untested


@pytest.mark.parametrize(
    ("source", "logic"),
    [
        ("X = 1", False),
        ("class A(Enum):\n    B = 1", False),
        ("class A:\n    def __init__(self): ...", False),
        ("class A(Protocol):\n    def run(self): ...", False),
        ("class A:\n    def run(self): ...", True),
        ("class A:\n    async def run(self): ...", True),
        ("def run(): ...", True),
        ("async def run(): ...", True),
    ],
)
def test_functions_and_methods_are_logic_and_types_are_not(source: str, logic: bool) -> None:
    assert has_logic(source) is logic


@pytest.mark.parametrize(
    ("module", "test"),
    [
        ("reelworks/media/audio.py", "tests/reelworks/media/test_audio.py"),
        ("reelworks/models/controls/__init__.py", "tests/reelworks/models/test_controls.py"),
    ],
)
def test_a_test_lies_where_its_module_does(module: str, test: str) -> None:
    assert path_of_test(Path(module)) == Path(test)


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A source of two modules: one with a function, one of types."""
    monkeypatch.chdir(tmp_path)
    folder = Path("reelworks/media")
    folder.mkdir(parents=True)
    (folder / "audio.py").write_text("def run(): ...\n")
    (folder / "kinds.py").write_text("class Kind: ...\n")
    return [folder / "audio.py", folder / "kinds.py"]


def test_a_module_without_a_test_is_named_with_the_place_for_it(source: list[Path]) -> None:
    assert list(untested(source, set(), {})) == [
        "reelworks/media/audio.py: has no test at tests/reelworks/media/test_audio.py"
    ]
    assert list(untested(source, {Path("tests/reelworks/media/test_audio.py")}, {})) == []
    assert list(untested(source, set(), {"reelworks/media/audio.py": "why"})) == []


def test_a_test_in_no_folder_of_the_source_is_named(source: list[Path]) -> None:
    tests = {Path("tests/reelworks/media/test_audio.py"), Path("tests/reelworks/mdia/test_x.py")}

    assert list(untested(source, tests, {})) == [
        "tests/reelworks/mdia/test_x.py: there is no source folder reelworks/mdia"
    ]


@pytest.mark.parametrize("name", ["reelworks/media/audio.py", "reelworks/media/gone.py"])
def test_an_exception_that_is_none_any_more_is_named(source: list[Path], name: str) -> None:
    tests = {Path("tests/reelworks/media/test_audio.py")}

    assert list(untested(source, tests, {name: "why"})) == [
        f"{name}: is tested or gone; take it off the list"
    ]


def test_a_whole_folder_may_be_an_exception_while_it_needs_to(source: list[Path]) -> None:
    assert list(untested(source, set(), {"reelworks/": "why"})) == []
    tests = {Path("tests/reelworks/media/test_audio.py")}
    assert list(untested(source, tests, {"reelworks/": "why"})) == [
        "reelworks/: is tested or gone; take it off the list"
    ]
