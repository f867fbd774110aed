"""Settings of capabilities: rates by provider, shot detectors by library."""

from __future__ import annotations

import pytest

from reelworks.errors import SettingsError
from reelworks.settings import load_settings

SECRET = "sk-very-secret-0815"


def test_each_library_may_have_its_own_shot_detector(monkeypatch):
    assert load_settings().scenes.detector_for("films") == "adaptive"
    assert not load_settings().scenes.uses_transnet

    monkeypatch.setenv("LIBRARY_SHOT_DETECTORS", " films=transnetv2, news = adaptive,")
    settings = load_settings()
    assert settings.scenes.detector_for("films") == "transnetv2"
    assert settings.scenes.detector_for("news") == "adaptive"
    assert settings.scenes.detector_for("default") == "adaptive"
    assert settings.scenes.uses_transnet


@pytest.mark.parametrize("text", ["films", "=adaptive", "films=clever"])
def test_a_wrong_list_of_detectors_names_the_wrong_part(monkeypatch, text):
    monkeypatch.setenv("LIBRARY_SHOT_DETECTORS", f"news=adaptive,{text}")

    with pytest.raises(SettingsError, match=f"LIBRARY_SHOT_DETECTORS is invalid: '{text}' must be"):
        load_settings()


@pytest.mark.parametrize(
    ("rates", "provider", "calls"),
    [
        ("", "openai", None),
        ("60", "openai", 60),
        ("openai=500, localhost=60", "openai", 500),
        ("openai=500, localhost=60", "openai-compatible:localhost", 60),
        ("openai=500", "openai-compatible:localhost", None),
        ("openai=500, 7", "openai-compatible:localhost", 7),
    ],
)
def test_calls_a_minute_go_by_provider_then_by_host_then_for_all(rates, provider, calls):
    hosted = load_settings(provider_calls_per_minute=rates).hosted
    assert hosted.calls_per_minute(provider) == calls


@pytest.mark.parametrize("rates", ["openai=0", "openai=many", "=", "openai=-1", "60,x"])
def test_wrong_rates_are_refused(rates):
    with pytest.raises(SettingsError, match="PROVIDER_CALLS_PER_MINUTE"):
        load_settings(provider_calls_per_minute=rates)
