"""The README's table of settings is made from the settings class."""

from __future__ import annotations

import pytest

from reelworks.app.settings_table import BEGIN, END, UNSET, main, settings_table, with_table
from reelworks.settings import variables


def row(name: str) -> str:
    (found,) = [line for line in settings_table().splitlines() if line.startswith(f"| `{name}` |")]
    return found


def test_every_setting_has_a_row_with_a_meaning():
    lines = settings_table().splitlines()

    assert lines[:2] == ["| variable | default | meaning |", "|---|---|---|"]
    assert len(lines) == 2 + len(variables())
    for line in lines[2:]:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert len(cells) == 3, line
        assert all(cells), line
        assert "None" not in line


def test_defaults_and_choices_are_shown():
    assert "| `5` |" in row("VISION_MAX_CONCURRENT")
    assert f"| {UNSET} |" in row("DATABASE_URL")
    assert "| `INFO` (or `DEBUG`, `WARNING`, `ERROR`) |" in row("LOG_LEVEL")
    assert "| `local` (or `openai`) |" in row("VISION_PROVIDER")
    assert "| `~/.reelworks` |" in row("DATA_DIR")


def test_the_table_goes_between_its_marks_and_nothing_else_changes():
    made = with_table(f"# Title\n{BEGIN}\nold\n{END}\ntail\n")

    assert made.startswith(f"# Title\n{BEGIN}\n| variable |")
    assert made.endswith(f"|\n{END}\ntail\n")
    assert with_table(made) == made


@pytest.mark.parametrize("text", ["# Title\n", f"{BEGIN}\ntail\n", f"{END}\n"])
def test_a_readme_without_the_marks_is_left_alone(tmp_path, capsys, text):
    readme = tmp_path / "README.md"
    readme.write_text(text)

    assert main(["--write", str(readme)]) == 1

    assert readme.read_text() == text
    assert "are missing" in capsys.readouterr().err


def test_check_tells_an_old_table_and_write_mends_it(tmp_path, capsys):
    readme = tmp_path / "README.md"
    readme.write_text(f"{BEGIN}\n{END}\n")

    assert main(["--check", str(readme)]) == 1
    assert "make settings-table" in capsys.readouterr().err
    assert main(["--write", str(readme)]) == 0
    assert main(["--check", str(readme)]) == 0
