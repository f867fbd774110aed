"""What is wrong with a command is one sentence, one JSON object and one exit code."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from reelworks.app.cli.exit_codes import EXIT_CODES

WRONG = [
    ("bogus",),
    ("list", "--bogus"),
    ("index",),
    ("show",),
    ("show", "a", "b"),
    ("search", "x", "--limit", "0"),
    ("search", "x", "--limit", "201"),
    ("search", "x", "--in", "smell"),
    ("export", "a"),
    ("export", "a", "--srt", "--vtt"),
    ("index", "a.mp4", "--language", "english"),
    ("index", "a.mp4", "--id", "Not An Id"),
    ("index", "a.mp4", "b.mp4", "--id", "clip"),
]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_usage_ends_with_2_and_says_where_help_is(reelworks, arguments):
    said = reelworks(*arguments)

    assert said.code == 2
    assert said.out == ""
    assert re.fullmatch(r"Error: .+\nTry: reelworks.* --help\n", said.err), said.err


def test_wrong_usage_is_json_when_json_is_asked_for(reelworks):
    said = reelworks("index", "a.mp4", "b.mp4", "--id", "clip", "--json")

    assert said.code == 2
    assert said.json["error"]["code"] == "usage"
    assert "2 sources" in said.json["error"]["message"]
    assert said.err == ""


def test_without_arguments_the_help_is_shown(reelworks):
    said = reelworks()

    assert said.code == 2
    assert "Usage: reelworks" in said.out + said.err
    assert "Error" not in said.err


def test_help_tells_every_exit_code(reelworks):
    said = reelworks("--help")

    assert said.code == 0
    shown = " ".join(said.out.split())
    assert EXIT_CODES in shown
    assert "Usage: reelworks" in shown


@pytest.mark.parametrize("command", ["list", "show x", "search x", "status", "index x"])
def test_a_wrong_setting_ends_with_4_and_names_it(reelworks, command):
    said = reelworks(*command.split(), "--json", WORKER_MAX_ATTEMPTS="many")

    assert said.code == 4
    assert said.json["error"]["code"] == "bad_settings"
    assert "WORKER_MAX_ATTEMPTS" in said.json["error"]["message"]


def test_a_wrong_address_never_shows_its_password(reelworks):
    said = reelworks("list", DATABASE_URL="postgresql://user:pass-0815@host:port/db")

    assert said.code == 4
    assert "DATABASE_URL" in said.err
    assert "0815" not in said.err + said.out


def test_a_database_that_is_away_ends_with_6(reelworks):
    said = reelworks("list", DATABASE_URL="postgresql://user:pass-0815@127.0.0.1:9/db")

    assert said.code == 6
    assert said.err.startswith("Error: ")
    assert "0815" not in said.err
    assert "Traceback" not in said.err


def test_a_prefect_server_that_is_away_ends_with_6(reelworks):
    said = reelworks("index", "a.mp4", PREFECT_API_URL="http://127.0.0.1:9/api")

    assert said.code == 6
    assert "check PREFECT_API_URL" in said.err
    assert "Traceback" not in said.err


def test_prefect_is_not_imported_before_it_is_known_where_its_server_is():
    """It reads its environment once, and would start a server of its own beside ours."""
    script = (
        "import sys; from reelworks.app.cli.main import make_app; make_app(); "
        "sys.exit('prefect' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
