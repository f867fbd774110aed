"""Tests mirror the source: ``python -m tests.support.mirror`` says where they do not.

``reelworks/a/b.py`` is tested by ``tests/reelworks/a/test_b.py``. A module needs that test when it
holds functions, or classes with methods beyond ``__init__``: types, errors and schemas of plain
fields have nothing to run. A program's ``__main__`` is tested as a process. Further test modules,
of a behaviour and not of one module, lie in the folder of what they test, or in one folder in it.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.support.mirror_exceptions import EXCEPTIONS, NOT_YET

SOURCES = ("bench", "blocks", "flows", "infra", "reelworks", "samples", "tasks")
TESTS = Path("tests")
_STALE = "is tested or gone; take it off the list"
NOT_MODULES = ("tests/support/", "reelworks/store/db/migrations/versions/")
"""Helpers of tests, and migrations: each is tested by upgrading a database."""


def has_logic(source: str) -> bool:
    """Tell whether a module has a function or a method that does something."""
    return any(_does_something(node) for node in ast.parse(source).body)


def path_of_test(module: Path) -> Path:
    """Return where the test of a module belongs; that of a package lies beside the package."""
    of = module.parent if module.name == "__init__.py" else module
    return TESTS / of.parent / f"test_{of.stem}.py"


def untested(modules: Iterable[Path], tests: set[Path], exceptions: Iterable[str]) -> Iterator[str]:
    """Yield what is wrong with the mirror, a line each.

    That is: a module with logic and no test that is no exception; a test in no folder of the
    source; an exception that has a test by now, or that is gone.
    """
    modules = tuple(modules)
    folders = {TESTS / module.parent for module in modules} | {TESTS}
    for test in sorted(tests):
        if test.parent not in folders and test.parent.parent not in folders - {TESTS}:
            yield f"{test}: there is no source folder {Path(*test.parts[1:-1])}"
    exceptions = set(exceptions)
    folders_excepted = tuple(name for name in exceptions if name.endswith("/"))
    without = {
        str(module)
        for module in modules
        if path_of_test(module) not in tests and has_logic(module.read_text(encoding="utf-8"))
    }
    for name in sorted(without - exceptions):
        if not name.startswith(folders_excepted):
            yield f"{name}: has no test at {path_of_test(Path(name))}"
    for name in sorted(exceptions - without):
        if not (name.endswith("/") and any(one.startswith(name) for one in without)):
            yield f"{name}: {_STALE}"


def _does_something(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return True
    if not isinstance(node, ast.ClassDef) or any(_is_protocol(base) for base in node.bases):
        return False
    return any(
        isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name != "__init__"
        for one in node.body
    )


def _is_protocol(base: ast.expr) -> bool:
    return isinstance(base, ast.Name) and base.id == "Protocol"


def _tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", *patterns], check=True, capture_output=True, text=True
    ).stdout.split("\n")
    return [Path(name) for name in listed if name and not name.startswith(NOT_MODULES)]


def main() -> int:
    """Print where the mirror is broken; return 1 when it is.

    With ``--drop-tested`` the modules that are tested or gone by now first leave ``NOT_YET``.
    """
    not_yet = NOT_YET.read_text(encoding="utf-8").split()
    modules = [
        path
        for path in _tracked(*(f"{folder}/*.py" for folder in SOURCES))
        if path.name != "__main__.py"
    ]
    tests = set(_tracked("tests/test_*.py", "tests/**/test_*.py"))
    faults = list(untested(modules, tests, [*EXCEPTIONS, *not_yet]))
    if "--drop-tested" in sys.argv:
        stale = {fault.removesuffix(f": {_STALE}") for fault in faults if fault.endswith(_STALE)}
        NOT_YET.write_text("".join(f"{one}\n" for one in not_yet if one not in stale), "utf-8")
        faults = [fault for fault in faults if fault.partition(": ")[0] not in stale & set(not_yet)]
    for fault in faults:
        sys.stdout.write(f"{fault}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
