"""The secrets of ``reelworks up`` show where the user asks for them, and nowhere else."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys

import httpx
import psutil
import pytest

from tests.support.whole_house import WholeHouse

pytestmark = pytest.mark.slow


def test_the_addresses_are_printed_as_lines_for_a_shell(house_up: WholeHouse) -> None:
    lines = house_up.call("status", "--urls").stdout
    names = ("DATABASE_URL", "S3_SECRET_ACCESS_KEY", "PREFECT_API_URL", "PREFECT_API_AUTH_STRING")
    script = f"{lines}\nprintf '%s\\n' " + " ".join(f'"${name}"' for name in names)

    said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)

    urls = house_up.urls
    assert said.stdout.splitlines() == [urls[name] for name in names]
    assert urls["PREFECT_API_AUTH_STRING"] == house_up.password


def test_up_says_where_the_password_is_and_not_what_it_is(house_up: WholeHouse) -> None:
    file = house_up.folder / "prefect" / "password"

    said = house_up.call("up")
    printed = json.loads(house_up.call("up", "--json").stdout)

    assert f"The Prefect UI requires a password: cat {file}" in said.stdout
    assert printed["prefect_ui_password_file"] == str(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert house_up.password not in said.stdout + said.stderr + json.dumps(printed)


def test_no_command_line_log_or_table_shows_a_secret(house_up: WholeHouse) -> None:
    urls = house_up.urls
    word = urls["DATABASE_URL"].split(":")[2].split("@")[0]
    secrets = (house_up.password.partition(":")[2], urls["S3_SECRET_ACCESS_KEY"], word)
    printed = [house_up.call("status").stdout, house_up.call("status", "--json").stdout]
    printed += [house_up.call("doctor").stdout]
    printed += [" ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"])]
    printed += [
        file.read_text(errors="replace")
        for file in house_up.folder.glob("logs/*")
        if file.is_file()
    ]

    assert [secret for secret in secrets for text in printed if secret in text] == []


def blocks(house: WholeHouse) -> list[str]:
    """The names of all saved blocks."""
    found = httpx.post(
        f"{house.urls['PREFECT_API_URL']}/block_documents/filter",
        json={"include_secrets": True},
        auth=tuple(house.password.split(":")),  # type: ignore[arg-type]
    )
    return [one["name"] for one in found.json()]


SAVE = """
import asyncio
from blocks.connections import register_blocks
from reelworks.settings import load_settings
asyncio.run(register_blocks(load_settings(), secrets=True))
"""


def test_up_saves_no_block_and_deletes_once_what_earlier_versions_saved(
    house_up: WholeHouse,
) -> None:
    home = house_up.folder / "prefect"
    assert blocks(house_up) == []
    with_secrets = os.environ | house_up.urls | {"PREFECT_HOME": str(home)}
    subprocess.run([sys.executable, "-c", SAVE], env=with_secrets, check=True, timeout=120)
    assert blocks(house_up) == ["reelworks"] * 3

    house_up.call("up")
    assert blocks(house_up) == ["reelworks"] * 3, "what a user saves stays"

    (home / "blocks-deleted").unlink()
    house_up.call("up")
    assert blocks(house_up) == []


def test_deploy_says_where_the_password_is_like_up(house_up: WholeHouse) -> None:
    file = house_up.folder / "prefect" / "password"

    said = house_up.call("deploy")
    printed = json.loads(house_up.call("deploy", "--json").stdout)

    assert f"The Prefect UI requires a password: cat {file}" in said.stdout
    assert printed["prefect_ui_password_file"] == str(file)
