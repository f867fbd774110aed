"""The check of words refuses what it says, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.vocabulary import private_language, private_names, private_words, read_files


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("asked = 1", ["asked"]),
        ("def kept_answer(): ...", ["kept_answer"]),
        ("class IntakeLoop: ...", ["IntakeLoop"]),
        ("call(told=x)", ["told"]),
        ("task = basket = placement = 1", []),
        ("def test_a_job_is_done_again(): ...", []),
        ("x = 'asked'  # told", []),
    ],
)
def test_a_part_of_an_identifier_is_enough(code: str, names: list[str]) -> None:
    assert [text.split("'")[1] for _, text in private_names(code)] == names


def test_words_are_looked_for_in_strings_and_comments_with_their_line() -> None:
    code = '"""Fine.\n\nMade anew.\n"""\nledger = 1  # the intake\nx = "commended"\n'

    found = list(private_words(code, is_python=True))

    assert [(line, text.split("'")[1]) for line, text in found] == [(3, "anew"), (5, "intake")]


def test_a_document_is_read_whole() -> None:
    found = list(private_words("# Title\n\nThe Ledger and its mend.\n", is_python=False))

    assert [line for line, _ in found] == [3, 3]


def test_a_phrase_is_found_across_a_line_break_and_a_name_in_quotes_is_not_a_word() -> None:
    text = 'It waits for\never.\n\nRun as the account "nobody", or `nobody`. Nobody waits.\n'

    found = [(line, said.split("'")[1]) for line, said in private_words(text, is_python=False)]

    assert found == [(1, "for ever"), (4, "nobody")]


def test_a_docstring_may_begin_with_a_word_that_is_refused() -> None:
    found = [line for line, _ in private_words('"""Nobody waits."""\n', is_python=True)]

    assert found == [1]


def test_every_kind_of_text_is_read_and_data_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])

    names = {str(path) for path in read_files()}

    assert {"Makefile", "Dockerfile.cpu", "infra/.env.example", "README.md"} <= names
    assert {name.rsplit(".")[-1] for name in names} >= {
        "css",
        "html",
        "js",
        "py",
        "sh",
        "sql",
        "yaml",
    }
    assert not names & {"LICENSE", "requirements.txt", "tests/media/speech/sonnet_en.txt"}


def test_a_line_that_reads_what_an_earlier_version_stored_is_marked(tmp_path) -> None:
    path = tmp_path / "compatible.py"
    path.write_text('OLD = "intake"  # old name\nNEW = "intake"\n')

    assert [line for line, _ in private_language(path)] == [2]
