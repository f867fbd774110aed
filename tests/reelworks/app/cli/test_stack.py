"""Where the Prefect UI is, and its password."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelworks.app.cli.stack import password_file, print_ui, ui_address
from reelworks.settings import Settings


@pytest.mark.parametrize(
    ("api", "ui"),
    [
        ("http://127.0.0.1:4200/api", "http://127.0.0.1:4200"),
        ("http://127.0.0.1:4200/api/", "http://127.0.0.1:4200"),
        ("http://prefect/somewhere", "http://prefect/somewhere"),
        (None, None),
    ],
)
def test_the_ui_is_one_level_above_the_api(api: str | None, ui: str | None) -> None:
    assert ui_address(Settings(_env_file=None, prefect_api_url=api)) == ui


def test_only_an_embedded_server_has_a_password_of_ours(tmp_path: Path) -> None:
    ours = Settings(_env_file=None, data_dir=tmp_path, prefect_api_url=None)
    other = ours.with_values(prefect_api_url="http://prefect/api")

    assert password_file(ours) == tmp_path / "prefect" / "password"
    assert password_file(other) is None


def test_how_to_show_the_password_can_be_pasted(capsys: pytest.CaptureFixture[str]) -> None:
    print_ui("Up. ", "http://127.0.0.1:4200", Path("/home/me/my data/password"))

    assert capsys.readouterr().out == (
        "Up. Prefect UI: http://127.0.0.1:4200\n"
        "The Prefect UI requires a password: cat '/home/me/my data/password'\n"
    )
