"""Which model serves a capability, how often it may be called, and what finds cuts."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from reelworks.errors import SettingsError
from reelworks.settings import load_settings
from reelworks.settings.capabilities import HostedSettings


@pytest.mark.parametrize(
    ("rates", "provider", "calls"),
    [
        ("", "openai", None),
        ("60", "openai", 60),
        ("openai=500", "openai", 500),
        ("openai=500", "google", None),
        ("openai=500, 60", "google", 60),
        ("localhost=7,60", "openai-compatible:localhost", 7),
        ("openai-compatible:localhost=8,localhost=7", "openai-compatible:localhost", 8),
    ],
)
def test_calls_a_minute_are_by_provider_by_host_and_for_all_others(rates, provider, calls):
    assert HostedSettings(rates=rates).calls_per_minute(provider) == calls


@pytest.mark.parametrize("part", ["openai=", "openai=0", "openai=-3", "openai=many", "openai"])
def test_a_wrong_rate_names_the_wrong_part(part):
    with pytest.raises(ValidationError, match=f"'{part}' must be a provider"):
        HostedSettings(rates=f"google=5,{part}")


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
