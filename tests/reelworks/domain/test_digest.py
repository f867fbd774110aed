"""Cache keys: equal for the same question on any machine, different for any other."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.digest import ModelRef, cache_key, sha256_of_bytes, sha256_of_file

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
PARAMS = st.dictionaries(st.text(), JSON, max_size=4)
INPUTS = st.dictionaries(st.text(), st.text("0123456789abcdef", max_size=64), max_size=4)
NAMES = st.text("abcdef-0123456789.", min_size=1, max_size=12)
MODELS = st.none() | st.builds(ModelRef, NAMES, NAMES, NAMES | st.just(""))
QUESTIONS = st.tuples(NAMES, st.integers(1, 9), INPUTS, PARAMS, MODELS)


def key_of(question):
    stage, version, inputs, params, model = question
    return cache_key(stage, version, inputs=inputs, params=params, model=model)


def as_json(question):
    """The question as JSON tells it: 1, 1.0 and True are equal in Python but not there."""
    stage, version, inputs, params, model = question
    parts = [stage, version, inputs, params, model and [model.provider, model.name, model.revision]]
    return json.dumps(parts, sort_keys=True)


@given(QUESTIONS, QUESTIONS)
def test_keys_are_equal_exactly_when_questions_are(one, two):
    assert (key_of(one) == key_of(two)) is (as_json(one) == as_json(two))


@given(QUESTIONS)
def test_a_key_is_64_hex_digits_and_does_not_depend_on_order(question):
    stage, version, inputs, params, model = question
    turned = (stage, version, *(dict(reversed(d.items())) for d in (inputs, params)), model)
    assert key_of(question) == key_of(turned)
    assert len(key_of(question)) == 64
    assert set(key_of(question)) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    "changed",
    [
        {"stage": "frames"},
        {"version": 2},
        {"inputs": {"video": "bb"}},
        {"inputs": {"sound": "aa"}},
        {"params": {"language": "de"}},
        {"params": {}},
        {"model": ModelRef("local", "base", "r2")},
        {"model": ModelRef("openai", "base", "r1")},
        {"model": None},
    ],
)
def test_each_part_of_the_question_counts(changed):
    requested = {
        "stage": "scenes",
        "version": 1,
        "inputs": {"video": "aa"},
        "params": {"language": "en"},
        "model": ModelRef("local", "base", "r1"),
    }
    assert cache_key(**requested) != cache_key(**(requested | changed))


def test_another_process_makes_the_same_key():
    program = (
        "from reelworks.domain.digest import cache_key, ModelRef;"
        "print(cache_key('a', 1, inputs={'x': '1', 'y': '2'}, params={'p': [1, 'ü']},"
        " model=ModelRef('l', 'm')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    local = cache_key(
        "a", 1, inputs={"y": "2", "x": "1"}, params={"p": [1, "ü"]}, model=ModelRef("l", "m")
    )
    assert done.stdout.strip() == local


@given(st.binary(max_size=4096))
def test_the_digest_of_bytes_is_sha256(data):
    assert sha256_of_bytes(data) == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_a_file_has_the_digest_of_its_bytes_whatever_its_size(tmp_path, size):
    data = (b"reelworks" * (size // 9 + 1))[:size]
    (tmp_path / "file").write_bytes(data)
    assert sha256_of_file(tmp_path / "file") == sha256_of_bytes(data)


def test_a_model_is_shown_with_its_revision_if_it_has_one():
    assert str(ModelRef("local", "whisper-base", "abc")) == "local/whisper-base@abc"
    assert str(ModelRef("openai", "whisper-1")) == "openai/whisper-1"
