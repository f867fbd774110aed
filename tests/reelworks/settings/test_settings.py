"""Settings: unset means embedded and local; a wrong value is one clear sentence."""

from __future__ import annotations

import pytest

from reelworks.errors import SettingsError
from reelworks.settings import Provider, load_settings

SECRET = "sk-very-secret-0815"


def test_unset_means_embedded_and_local():
    settings = load_settings()

    assert settings.database.url is None
    assert settings.s3.endpoint_url is None
    assert settings.prefect.api_url is None
    for capability, model in (
        ("transcribe", "whisper-base"),
        ("vision", "rapidocr"),
        ("embed", "minilm-l6-v2-int8"),
    ):
        assert settings.provider_of(capability) is Provider.LOCAL
        assert settings.model_for(capability) == model


def test_an_empty_variable_counts_as_unset(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("WORKER_MAX_ATTEMPTS", "")

    assert load_settings().database.url is None
    assert load_settings().jobs.max_attempts == 3


def test_the_home_folder_is_filled_in(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DATA_DIR", "~/videos")

    assert load_settings().data_dir == tmp_path / "videos"


def test_a_relative_folder_becomes_absolute(monkeypatch, tmp_path):
    monkeypatch.setenv("DATA_DIR", "here")

    assert load_settings().data_dir == tmp_path / "here"


WRONG = [
    ("LOG_LEVEL", "LOUD"),
    ("DATABASE_URL", f"mysql://user:{SECRET}@host/db"),
    ("PREFECT_API_URL", "localhost:4200"),
    ("S3_ENDPOINT_URL", "minio:9000"),
    ("OPENAI_BASE_URL", "ftp://models"),
    ("S3_BUCKET", "ab"),
    ("TRANSCRIBE_PROVIDER", "deepgram"),
    ("VISION_PROVIDER", "gemini"),
    ("EMBED_PROVIDER", "cohere"),
    ("EMBED_DIMENSIONS", "4"),
    ("EMBED_DIMENSIONS", "4001"),
    ("VISION_MAX_CONCURRENT", "0"),
    ("VISION_MAX_CONCURRENT", "many"),
    ("PROVIDER_TIMEOUT", "0"),
    ("PROVIDER_TIMEOUT", "nan"),
    ("PROVIDER_TIMEOUT", "inf"),
    ("SCENE_PROFILE", "cartoon"),
    ("WORKER_MAX_ATTEMPTS", "21"),
    ("CPU_THREADS", "0"),
    ("CPU_THREADS", "1.5"),
    ("DATA_DIR", "~no-such-user/data"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_one_sentence_that_names_the_variable(monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as caught:
        load_settings()

    message = str(caught.value)
    assert message.startswith(f"The setting {name} is invalid: ")
    assert message.endswith(".")
    assert message.count("\n") == 0
    assert SECRET not in message
    assert "pydantic" not in message


@pytest.mark.parametrize("capability", ["TRANSCRIBE", "VISION", "EMBED"])
def test_a_hosted_model_needs_a_key(monkeypatch, capability):
    monkeypatch.setenv(f"{capability}_PROVIDER", "openai")

    with pytest.raises(SettingsError, match=f"{capability}_PROVIDER .* OPENAI_API_KEY must be set"):
        load_settings()


@pytest.mark.parametrize("name", ["S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"])
def test_half_of_a_pair_of_keys_is_refused_without_showing_it(monkeypatch, name):
    monkeypatch.setenv(name, SECRET)

    with pytest.raises(SettingsError, match="go together") as caught:
        load_settings()

    assert SECRET not in str(caught.value)


def test_secrets_are_never_shown(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", f"postgresql://user:{SECRET}@host/db")
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("S3_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("S3_SECRET_ACCESS_KEY", SECRET)
    settings = load_settings()

    for shown in (repr(settings), str(settings), str(settings.model_dump()), f"{settings!r}"):
        assert SECRET not in shown
    assert SECRET not in settings.model_dump_json()


def test_a_chosen_model_goes_before_the_default(monkeypatch):
    monkeypatch.setenv("VISION_PROVIDER", "openai")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert load_settings().model_for("vision") == "gpt-6-luna"

    monkeypatch.setenv("VISION_MODEL", "some-model")
    assert load_settings().model_for("vision") == "some-model"
