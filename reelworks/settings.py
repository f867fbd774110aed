"""Every setting of Reelworks, read from the environment (and a ``.env`` file).

Unset means embedded and local. The table in the README is made from this class by
``make settings-table``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    SettingsConfigDict,
)

from reelworks.errors import SettingsError


class Provider(StrEnum):
    """Who serves a capability."""

    LOCAL = "local"
    OPENAI = "openai"


class ShotDetector(StrEnum):
    """Who finds the cuts of film."""

    ADAPTIVE = "adaptive"
    TRANSNETV2 = "transnetv2"


class GpuFallback(StrEnum):
    """What a stage does for which no GPU worker is there."""

    CPU = "cpu"
    WAIT = "wait"


DEFAULT_MODELS: dict[str, dict[Provider, str]] = {
    "transcribe": {Provider.LOCAL: "whisper-base", Provider.OPENAI: "whisper-1"},
    "vision": {Provider.LOCAL: "rapidocr", Provider.OPENAI: "gpt-6-luna"},
    "embed": {Provider.LOCAL: "minilm-l6-v2-int8", Provider.OPENAI: "text-embedding-3-small"},
}
"""The model of each capability when its ``*_MODEL`` variable is unset."""


class Settings(BaseSettings):
    """The settings. Field names in capitals are the environment variables."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    data_dir: Path = Field(
        Path("~/.reelworks"), description="Folder for embedded services, logs and scratch files."
    )
    models_dir: Path = Field(
        Path("~/.cache/reelworks/models"), description="Folder for model weights."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe message that is logged."
    )

    database_url: SecretStr | None = Field(
        None, description="PostgreSQL 15 or later with pgvector. Unset: embedded."
    )
    prefect_api_url: str | None = Field(
        None, description="Prefect server or Cloud. Unset: embedded."
    )
    s3_endpoint_url: str | None = Field(
        None, description="S3 server. Unset: embedded, or AWS when keys are given."
    )
    s3_access_key_id: str | None = Field(None, description="S3 key id.")
    s3_secret_access_key: SecretStr | None = Field(None, description="S3 secret key.")
    s3_region: str = Field("us-east-1", description="S3 region.")
    s3_bucket: str = Field("reelworks", min_length=3, description="Bucket for all artifacts.")

    openai_api_key: SecretStr | None = Field(
        None, description="Key for hosted models; needed when a provider is `openai`."
    )
    openai_base_url: str | None = Field(
        None, description="Any OpenAI-compatible server. Unset: OpenAI."
    )
    transcribe_provider: Provider = Field(Provider.LOCAL, description="Who transcribes.")
    transcribe_model: str | None = Field(
        None, description="Model for speech. Unset: `whisper-base`, hosted `whisper-1`."
    )
    vision_provider: Provider = Field(Provider.LOCAL, description="Who describes frames.")
    vision_model: str | None = Field(
        None, description="Model for frames. Unset: `rapidocr`, hosted `gpt-6-luna`."
    )
    embed_provider: Provider = Field(Provider.LOCAL, description="Who embeds texts.")
    embed_model: str | None = Field(
        None,
        description=(
            "Model for vectors. Unset: `minilm-l6-v2-int8`, hosted `text-embedding-3-small`."
        ),
    )
    embed_dimensions: int = Field(
        1536, ge=8, le=4000, description="Vector length asked of a hosted embedding model."
    )
    vision_max_concurrent: int = Field(
        5, ge=1, le=256, description="Frames sent to a hosted model at once."
    )
    provider_timeout: float = Field(
        120.0,
        gt=0,
        allow_inf_nan=False,
        description="Seconds to wait for one answer of a hosted model.",
    )

    provider_calls_per_minute: str = Field(
        "",
        description="Most calls a minute to hosted models, like `openai=500` or `60` for each.",
    )
    model_prices: Path | None = Field(
        None,
        description="TOML file of prices that go before ours, as `providers/billing/prices.toml`.",
    )

    scene_profile: Literal["auto", "film", "screencast"] = Field(
        "auto", description="How cuts are found; `auto` decides by the picture."
    )
    shot_detector: ShotDetector = Field(
        ShotDetector.ADAPTIVE,
        description="Who finds film cuts; `transnetv2` needs the extra `cuda`.",
    )
    library_shot_detectors: str = Field(
        "",
        description="Another detector for some libraries, like `films=transnetv2,news=adaptive`.",
    )
    video_encoder: Literal["auto", "x264", "nvenc"] = Field(
        "x264",
        description="Who encodes normalized video; `auto` takes NVENC where it works.",
    )
    gpu_pool: str | None = Field(
        None,
        pattern="^[A-Za-z0-9_-]+$",
        description="Work pool for stages that profit from a GPU. Unset: all run in one process.",
    )
    gpu_fallback: GpuFallback = Field(
        GpuFallback.CPU,
        description="Without a live worker in `GPU_POOL`: run on the `cpu` here, or `wait`.",
    )
    worker_max_attempts: int = Field(
        3, ge=1, le=20, description="Tries of a stage whose failure can pass."
    )
    worker_poll_ms: int = Field(
        1500,
        ge=50,
        description="Milliseconds between two looks of the intake at the jobs table, when busy.",
    )
    jobs_in_flight: int = Field(
        16, ge=1, le=1000, description="Jobs that are handed to Prefect at once."
    )
    job_lease_seconds: float = Field(
        60.0,
        ge=3,
        allow_inf_nan=False,
        description="A job whose run is silent for so long goes to another run.",
    )
    cpu_threads: int | None = Field(
        None, ge=1, description="Threads for each local model. Unset: the machine's cores."
    )
    model_memory_mb: int | None = Field(
        None, ge=1, description="Memory in MB for the loaded models of a process. Unset: no limit."
    )
    gpu_memory_mb: int | None = Field(
        None, ge=1, description="GPU memory in MB for the same. Unset: no limit."
    )
    model_idle_seconds: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="A model that nobody used for so long is let go. Unset: never.",
    )

    api_host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="Where the API listens. Anything but loopback needs a token.",
    )
    api_port: int = Field(8400, ge=0, le=65535, description="Port of the API; 0 takes a free one.")
    webhook_secret: SecretStr | None = Field(
        None, description="Signs the calls that tell of jobs' ends. Unset: none are made."
    )
    s3_public_url: str | None = Field(
        None,
        description="Where callers reach the store. Unset: the API hands media through itself.",
    )
    max_upload_mb: int = Field(
        20_000, ge=1, le=80_000, description="Largest upload or download of a source, in MB."
    )
    max_duration_hours: float = Field(
        24.0, gt=0, allow_inf_nan=False, description="Longest video or sound that is taken."
    )
    max_megapixels: float = Field(
        40.0, gt=0, allow_inf_nan=False, description="Largest picture of a video, in megapixels."
    )
    max_requests_per_minute: int = Field(
        3000, ge=1, description="Requests that the API takes of one caller in a minute."
    )
    max_request_kb: int = Field(
        1024, ge=1, le=65536, description="Largest request to the API that is no upload."
    )
    client_patience: float = Field(
        30.0,
        gt=0,
        allow_inf_nan=False,
        description="Seconds that the API waits for a caller that sends nothing.",
    )
    fetch_private_addresses: bool = Field(
        False,
        description="Fetch addresses of private networks too; `reelworks index` always does.",
    )
    fetch_least_kb_per_second: float = Field(
        20.0,
        ge=0,
        allow_inf_nan=False,
        description="Least speed of a source's or S3 server in kB/s, over a minute. 0: any.",
    )
    allowed_source_buckets: str = Field(
        "", description="S3 buckets that callers of the API may name, like `rushes,archive`."
    )
    source_folders: str = Field(
        "", description="Folders of which callers of the API may name files, divided by `:`."
    )

    @field_validator("data_dir", "models_dir")
    @classmethod
    def _expand(cls, path: Path) -> Path:
        try:
            return path.expanduser().absolute()
        except RuntimeError:
            raise ValueError(f"{path.parts[0]} is nobody's home folder here") from None

    @field_validator("openai_base_url", "s3_endpoint_url", "s3_public_url", "prefect_api_url")
    @classmethod
    def _is_http(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return url

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(
            ("postgresql://", "postgres://", "postgresql+psycopg://")
        ):
            raise ValueError("must start with postgresql://")
        return url

    @model_validator(mode="after")
    def _hosted_needs_key(self) -> Self:
        hosted = [
            f"{name.upper()}_PROVIDER"
            for name in DEFAULT_MODELS
            if getattr(self, f"{name}_provider") is Provider.OPENAI
        ]
        if hosted and self.openai_api_key is None:
            raise ValueError(f"{hosted[0]} is openai, so OPENAI_API_KEY must be set")
        if (self.s3_access_key_id is None) != (self.s3_secret_access_key is None):
            raise ValueError("S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY go together")
        return self

    @field_validator("library_shot_detectors")
    @classmethod
    def _is_detector_list(cls, text: str) -> str:
        _detectors_by_library(text)
        return text

    def shot_detector_for(self, library: str | None) -> ShotDetector:
        """Return who finds the cuts of the videos of ``library``."""
        return _detectors_by_library(self.library_shot_detectors).get(
            library or "", self.shot_detector
        )

    @field_validator("provider_calls_per_minute")
    @classmethod
    def _is_pace_list(cls, text: str) -> str:
        _calls_by_provider(text)
        return text

    def calls_per_minute_of(self, provider: str) -> int | None:
        """Return how many calls a minute ``provider`` may get; None: as many as it takes.

        ``openai-compatible:host`` is meant by its host's name too.
        """
        rates = _calls_by_provider(self.provider_calls_per_minute)
        return rates.get(provider) or rates.get(provider.partition(":")[2]) or rates.get("")

    @property
    def uses_transnet(self) -> bool:
        """True when the cuts of any library are found by TransNetV2."""
        others = _detectors_by_library(self.library_shot_detectors).values()
        return ShotDetector.TRANSNETV2 in (self.shot_detector, *others)

    def deciding(self) -> dict[str, str]:
        """Return the settings that decide what local models answer.

        They travel with a stage that runs on another worker, so that its answer is the one that
        was asked for.
        """
        chosen = {
            "scene_profile": self.scene_profile,
            "shot_detector": self.shot_detector.value,
            "library_shot_detectors": self.library_shot_detectors,
            "video_encoder": self.video_encoder,
        }
        for capability in DEFAULT_MODELS:
            if getattr(self, f"{capability}_provider") is Provider.LOCAL:
                chosen[f"{capability}_provider"] = Provider.LOCAL.value
                chosen[f"{capability}_model"] = self.model_for(capability)  # type: ignore[arg-type]
        return chosen

    def model_for(self, capability: Literal["transcribe", "vision", "embed"]) -> str:
        """Return the configured model's name for a capability, or its default."""
        chosen: str | None = getattr(self, f"{capability}_model")
        provider: Provider = getattr(self, f"{capability}_provider")
        return chosen or DEFAULT_MODELS[capability][provider]


def _calls_by_provider(text: str) -> dict[str, int]:
    """Read ``openai=500,localhost=60``; a number alone is for all others, under an empty name."""
    rates = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        provider, _, number = (word.strip() for word in part.rpartition("="))
        if not number.isdecimal() or int(number) == 0:
            raise ValueError(f"{part!r} must be a provider, '=' and calls a minute")
        rates[provider] = int(number)
    return rates


def _detectors_by_library(text: str) -> dict[str, ShotDetector]:
    """Read ``films=transnetv2,news=adaptive``. Raises ``ValueError`` that names the wrong part."""
    chosen = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        library, _, detector = (word.strip() for word in part.partition("="))
        if not library or detector not in set(ShotDetector):
            names = " or ".join(ShotDetector)
            raise ValueError(f"{part!r} must be a library, '=' and {names}")
        chosen[library] = ShotDetector(detector)
    return chosen


def load_settings(**values: Any) -> Settings:
    """Read the settings from the environment; ``values`` go before it.

    Raises ``SettingsError`` with one sentence that names the first wrong variable.
    """
    with _env_file_errors():
        return _validated(values)


def names_given() -> frozenset[str]:
    """Return the names of the settings that the environment or the ``.env`` file gives.

    Nothing is validated: what is missing may still come from elsewhere. Raises ``SettingsError``
    when the file cannot be read.
    """
    with _env_file_errors():
        found = {**EnvSettingsSource(Settings)(), **DotEnvSettingsSource(Settings)()}
    return frozenset(found) & Settings.model_fields.keys()


@contextmanager
def _env_file_errors() -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError:
        raise SettingsError("The file .env is not UTF-8 text; save it as that.") from None
    except OSError as error:
        raise SettingsError(f"The file .env cannot be read: {error.strerror}.") from None


def _validated(values: dict[str, Any]) -> Settings:
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        reason = first["msg"].removeprefix("Value error, ")
        names = ".".join(str(part) for part in first["loc"]).upper()
        subject = f"The setting {names} is wrong: " if names else "The settings are wrong: "
        raise SettingsError(f"{subject}{reason}.") from None
