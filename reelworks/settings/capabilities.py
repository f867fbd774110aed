"""Settings of what models do: who serves each capability, and with which model."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from reelworks.settings.group import Group, http_address


class Provider(StrEnum):
    """Who serves a capability."""

    LOCAL = "local"
    OPENAI = "openai"


class ShotDetection(StrEnum):
    """What finds the cuts of film."""

    ADAPTIVE = "adaptive"
    TRANSNETV2 = "transnetv2"


class HostedSettings(Group):
    """Hosted models: the server, its key, what it may cost and how often it may be called."""

    api_key: SecretStr | None = Field(
        None,
        alias="OPENAI_API_KEY",
        description="Key for hosted models; needed when a provider is `openai`.",
    )
    base_url: str | None = Field(
        None, alias="OPENAI_BASE_URL", description="Any OpenAI-compatible server. Unset: OpenAI."
    )
    timeout: float = Field(
        120.0,
        alias="PROVIDER_TIMEOUT",
        gt=0,
        allow_inf_nan=False,
        description="Seconds to wait for one answer of a hosted model.",
    )
    rates: str = Field(
        "",
        alias="PROVIDER_CALLS_PER_MINUTE",
        description="Maximum calls a minute to hosted models, like `openai=500` or `60` for each.",
    )
    prices: Path | None = Field(
        None,
        alias="MODEL_PRICES",
        description="TOML file of prices that override `providers/billing/prices.toml`.",
    )

    _is_http = field_validator("base_url")(http_address)

    @field_validator("rates")
    @classmethod
    def _is_rate_list(cls, text: str) -> str:
        _calls_by_provider(text)
        return text

    def calls_per_minute(self, provider: str) -> int | None:
        """Return how many calls a minute ``provider`` may get; None: no limit.

        ``openai-compatible:host`` goes by its host's name too.
        """
        rates = _calls_by_provider(self.rates)
        return rates.get(provider) or rates.get(provider.partition(":")[2]) or rates.get("")


class TranscribeSettings(Group):
    """Speech to text."""

    provider: Provider = Field(
        Provider.LOCAL, alias="TRANSCRIBE_PROVIDER", description="Provider of transcription."
    )
    model: str | None = Field(
        None,
        alias="TRANSCRIBE_MODEL",
        description="Model for speech. Unset: `whisper-base`, hosted `whisper-1`.",
    )


class VisionSettings(Group):
    """Descriptions of frames."""

    provider: Provider = Field(
        Provider.LOCAL, alias="VISION_PROVIDER", description="Provider of frame descriptions."
    )
    model: str | None = Field(
        None,
        alias="VISION_MODEL",
        description="Model for frames. Unset: `rapidocr`, hosted `gpt-6-luna`.",
    )
    max_concurrent: int = Field(
        5,
        alias="VISION_MAX_CONCURRENT",
        ge=1,
        le=256,
        description="Frames sent to a hosted model at once.",
    )


class EmbedSettings(Group):
    """Vectors of texts, for search by meaning."""

    provider: Provider = Field(
        Provider.LOCAL, alias="EMBED_PROVIDER", description="Provider of embeddings."
    )
    model: str | None = Field(
        None,
        alias="EMBED_MODEL",
        description=(
            "Model for vectors. Unset: `minilm-l6-v2-int8`, hosted `text-embedding-3-small`."
        ),
    )
    dimensions: int = Field(
        1536,
        alias="EMBED_DIMENSIONS",
        ge=8,
        le=4000,
        description="Vector length requested of a hosted embedding model.",
    )


class SceneSettings(Group):
    """Shot boundaries."""

    profile: Literal["auto", "film", "screencast"] = Field(
        "auto",
        alias="SCENE_PROFILE",
        description="Kind of cuts to find; `auto` decides from the picture.",
    )
    shot_detector: ShotDetection = Field(
        ShotDetection.ADAPTIVE,
        alias="SHOT_DETECTOR",
        description="Detector of film cuts; `transnetv2` needs the extra `cuda`.",
    )
    library_shot_detectors: str = Field(
        "",
        alias="LIBRARY_SHOT_DETECTORS",
        description="Another detector for some libraries, like `films=transnetv2,news=adaptive`.",
    )

    @field_validator("library_shot_detectors")
    @classmethod
    def _is_detector_list(cls, text: str) -> str:
        _detectors_by_library(text)
        return text

    def detector_for(self, library: str | None) -> ShotDetection:
        """Return what finds the cuts of the videos of ``library``."""
        return _detectors_by_library(self.library_shot_detectors).get(
            library or "", self.shot_detector
        )

    @property
    def uses_transnet(self) -> bool:
        """True when the cuts of any library are found by TransNetV2."""
        others = _detectors_by_library(self.library_shot_detectors).values()
        return ShotDetection.TRANSNETV2 in (self.shot_detector, *others)


def _calls_by_provider(text: str) -> dict[str, int]:
    """Read ``openai=500,localhost=60``; a number alone is for all others, under an empty name."""
    rates = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        provider, _, number = (word.strip() for word in part.rpartition("="))
        if not number.isdecimal() or int(number) == 0:
            raise ValueError(f"{part!r} must be a provider, '=' and calls a minute")
        rates[provider] = int(number)
    return rates


def _detectors_by_library(text: str) -> dict[str, ShotDetection]:
    """Read ``films=transnetv2,news=adaptive``. Raises ``ValueError`` that names the wrong part."""
    detectors = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        library, _, detector = (word.strip() for word in part.partition("="))
        if not library or detector not in set(ShotDetection):
            names = " or ".join(ShotDetection)
            raise ValueError(f"{part!r} must be a library, '=' and {names}")
        detectors[library] = ShotDetection(detector)
    return detectors
