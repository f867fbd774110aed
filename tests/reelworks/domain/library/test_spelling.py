import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.library.spelling import join_words, mostly_in_script, split_words


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["And", "so,", "my"], "And so, my"),
        (["これ", "は", "ペン", "です。"], "これはペンです。"),
        (["我", "有", "iPhone", "15", "吗。"], "我有iPhone 15吗。"),
        (["안녕", "하세요"], "안녕 하세요"),
        ([], ""),
    ],
)
def test_words_are_joined_as_their_script_does(words: list[str], text: str) -> None:
    assert join_words(words) == text


@given(st.lists(st.text("aé!我はก한", min_size=1, max_size=5), max_size=8))
def test_splitting_and_joining_lose_no_letter(tokens: list[str]) -> None:
    text = " ".join(tokens)
    words = split_words(text)
    assert "".join(words) == text.replace(" ", "")
    assert split_words(join_words(words)) == words


@pytest.mark.parametrize(
    ("text", "script", "expected"),
    [
        ("naïve café", "LATIN", True),
        ("\uff21\uff22", "LATIN", True),
        ("кот и dog", "LATIN", False),
        ("кот и dog", "CYRILLIC", True),
        ("12 🎬 !", "LATIN", False),
    ],
)
def test_most_letters_say_which_script_it_is(text: str, script: str, expected: bool) -> None:
    assert mostly_in_script(text, script) == expected
