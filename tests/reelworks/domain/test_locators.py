"""A locator gives a file's very bytes back; names and titles are those that a person gave."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.locators import file_name, locator_of, path_of, title_of
from reelworks.errors import InputError


@given(st.binary(min_size=1, max_size=40).filter(lambda name: not {0, 47} & set(name)))
def test_every_name_comes_back_to_the_last_byte(name: bytes) -> None:
    path = Path(os.fsdecode(b"/films/" + name))
    locator = locator_of(path)
    locator.encode()  # no half of a surrogate pair
    assert os.fsencode(path_of(locator)) == os.fsencode(path.absolute())


@given(st.text(max_size=40))
def test_a_path_of_plain_text_stays_as_it_is(name: str) -> None:
    if name.isprintable() and "/" not in name:
        path = Path("/films", name)
        assert locator_of(path) == str(path)


def test_names_that_differ_in_a_byte_stay_two() -> None:
    names = (b"/f/caf\xe9.mp4", b"/f/caf\xe8.mp4", "/f/caf\ufffd.mp4".encode(), b"/f/caf%E9.mp4")
    locators = [locator_of(Path(os.fsdecode(name))) for name in names]
    assert locators == [
        "file:///f/caf%E9.mp4",
        "file:///f/caf%E8.mp4",
        "/f/caf\ufffd.mp4",
        "/f/caf%E9.mp4",
    ]


def test_a_relative_name_is_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert path_of(locator_of(Path("a\tb.mp4"))) == tmp_path / "a\tb.mp4"


@pytest.mark.parametrize("uri", ["file://nas/films/a.mp4", "file:///films/a%00.mp4"])
def test_a_uri_of_another_machine_is_refused(uri: str) -> None:
    with pytest.raises(InputError, match="file:///path"):
        path_of(uri)


@pytest.mark.parametrize(
    ("locator", "name", "title"),
    [
        ("/films/Who are you? Part 2.mp4", "Who are you? Part 2.mp4", "Who are you? Part 2"),
        ("/films/100%20.mp4", "100%20.mp4", "100%20"),
        ("s3://films/a/Why? #1.mkv", "Why? #1.mkv", "Why? #1"),
        ("s3://films/a%20b.mkv", "a%20b.mkv", "a%20b"),
        ("https://a.example/My%20Talk.mp4?X-Sig=1/2", "My Talk.mp4", "My Talk"),
        ("https://a.example/AC%2FDC%20live.mp4#t=1", "AC/DC live.mp4", "AC/DC live"),
        ("HTTPS://a.example/talk/", "talk", "talk"),
        ("file:///films/caf%E9.mp4", "caf\udce9.mp4", "caf\ufffd"),
        ("/films/Vol. 2", "Vol. 2", "Vol. 2"),
        ("/films/v1.5", "v1.5", "v1.5"),
        ("/films/.mp4", ".mp4", ".mp4"),
    ],
)
def test_a_title_is_the_whole_name_without_its_suffix(locator: str, name: str, title: str) -> None:
    assert file_name(locator) == name
    assert title_of(file_name(locator)) == title
