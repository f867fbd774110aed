"""Every setting of Reelworks: groups by capability, one environment variable each."""

from __future__ import annotations

from reelworks.settings.capabilities import Provider, ShotDetection
from reelworks.settings.load import load_settings, names_given
from reelworks.settings.settings import CAPABILITIES, DEFAULT_MODELS, Settings, field_of, variables
from reelworks.settings.work import GpuFallback

__all__ = [
    "CAPABILITIES",
    "DEFAULT_MODELS",
    "GpuFallback",
    "Provider",
    "Settings",
    "ShotDetection",
    "field_of",
    "load_settings",
    "names_given",
    "variables",
]
