"""Settings are read from the environment and a .env file; errors name the wrong variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelworks.errors import SettingsError
from reelworks.settings import load_settings, names_given

SECRET = "sk-very-secret-0815"


def test_the_env_file_is_read_and_the_environment_goes_before_it(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("LOG_LEVEL=DEBUG\nS3_REGION=eu-west-1\nSOMETHING_ELSE=1\n")
    monkeypatch.setenv("S3_REGION", "eu-north-1")

    assert load_settings().log_level == "DEBUG"
    assert load_settings().s3.region == "eu-north-1"
    assert names_given() == {"log_level", "s3_region"}


def test_an_env_file_that_is_no_text_is_one_sentence(tmp_path):
    (tmp_path / ".env").write_bytes(b"LOG_LEVEL=\xff\xfe\n")

    for read in (load_settings, names_given):
        with pytest.raises(SettingsError, match=r"^The file \.env is not UTF-8 text"):
            read()


def test_the_names_given_are_not_validated(monkeypatch):
    monkeypatch.setenv("VISION_PROVIDER", "openai")
    monkeypatch.setenv("CPU_THREADS", "")

    assert names_given() == {"vision_provider"}


def test_values_of_the_caller_go_before_the_environment(monkeypatch):
    monkeypatch.setenv("DATA_DIR", "/from/environment")

    assert load_settings(data_dir=Path("/from/caller")).data_dir == Path("/from/caller")
