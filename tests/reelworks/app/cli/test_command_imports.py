"""The command line is made of the command that is run, or of all of them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import typer.main

from reelworks.app.cli.main import COMMANDS, make_app


def names(*arguments: str) -> set[str]:
    """The commands of the command line for these arguments."""
    return set(typer.main.get_group(make_app(arguments)).commands)


@pytest.mark.parametrize("arguments", [(), ("--help",), ("bogus",), ("--bogus", "list")])
def test_all_commands_are_there_unless_one_is_named(arguments: tuple[str, ...]) -> None:
    assert names(*arguments) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_found_under_its_name(name: str) -> None:
    assert names(name, "--help") == {name}


def test_a_command_imports_nothing_of_the_others() -> None:
    script = (
        "import json, sys; from reelworks.app.cli.main import make_app; make_app(['list']); "
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    imported = json.loads(done.stdout)

    commands = "reelworks.app.cli.commands."
    assert [one for one in imported if one.startswith(commands)] == [f"{commands}library"]
    assert "av" not in imported  # media libraries come with `index` only
