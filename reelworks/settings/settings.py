"""All settings of a process, read from the environment and a ``.env`` file.

Unset means embedded and local. A setting is one environment variable; in code it is a field of
its group: ``S3_BUCKET`` is ``settings.s3.bucket``. Where settings are given by name, as by blocks
or tests, the name is the variable in lower case: ``load_settings(s3_bucket="films")``. The table
in the README is made from these classes by ``make settings-table``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self, cast

from pydantic import Field, create_model, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from reelworks.domain.capabilities import Capability
from reelworks.settings.capabilities import (
    EmbedSettings,
    HostedSettings,
    Provider,
    SceneSettings,
    TranscribeSettings,
    VisionSettings,
)
from reelworks.settings.group import Group
from reelworks.settings.services import DatabaseSettings, PrefectSettings, S3Settings
from reelworks.settings.serving import ApiSettings, SourceSettings
from reelworks.settings.work import GpuSettings, JobSettings, ModelSettings, VideoSettings

CAPABILITIES = (Capability.TRANSCRIBE, Capability.VISION, Capability.EMBED)
"""Those that a hosted model may serve, or a local one."""
DEFAULT_MODELS: Mapping[Capability, Mapping[Provider, str]] = {
    Capability.TRANSCRIBE: {Provider.LOCAL: "whisper-base", Provider.OPENAI: "whisper-1"},
    Capability.VISION: {Provider.LOCAL: "rapidocr", Provider.OPENAI: "gpt-6-luna"},
    Capability.EMBED: {
        Provider.LOCAL: "minilm-l6-v2-int8",
        Provider.OPENAI: "text-embedding-3-small",
    },
}
"""The model of each capability when its ``*_MODEL`` variable is unset."""
_ENV_FILE = SettingsConfigDict(
    env_file=".env",
    env_file_encoding="utf-8",
    env_ignore_empty=True,
    extra="ignore",
    hide_input_in_errors=True,
)


class Settings(BaseSettings):
    """The settings by group. Arguments are variables in lower case."""

    model_config = SettingsConfigDict(**_ENV_FILE, frozen=True)

    data_dir: Path = Field(
        Path("~/.reelworks"), description="Folder for embedded services, logs and scratch files."
    )
    models_dir: Path = Field(
        Path("~/.cache/reelworks/models"), description="Folder for model weights."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Minimum level of logged messages."
    )
    database: DatabaseSettings = DatabaseSettings()
    prefect: PrefectSettings = PrefectSettings()
    s3: S3Settings = S3Settings()
    hosted: HostedSettings = HostedSettings()
    transcribe: TranscribeSettings = TranscribeSettings()
    vision: VisionSettings = VisionSettings()
    embed: EmbedSettings = EmbedSettings()
    scenes: SceneSettings = SceneSettings()
    video: VideoSettings = VideoSettings()
    gpu: GpuSettings = GpuSettings()
    jobs: JobSettings = JobSettings()
    models: ModelSettings = ModelSettings()
    api: ApiSettings = ApiSettings()
    sources: SourceSettings = SourceSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read each variable by its own name, in whatever group its setting is."""
        del settings_cls, env_settings, file_secret_settings
        env_file = getattr(dotenv_settings, "env_file", None)
        return (
            init_settings,
            EnvSettingsSource(flat_settings()),
            DotEnvSettingsSource(flat_settings(), env_file),
        )

    @model_validator(mode="before")
    @classmethod
    def _grouped(cls, values: dict[str, Any]) -> dict[str, Any]:
        grouped: dict[str, Any] = {}
        for name, value in values.items():
            group, _ = variables().get(name, (None, None))
            if group is None:
                grouped[name] = value
            else:
                grouped.setdefault(group, {})[name.upper()] = value
        return grouped

    @field_validator("data_dir", "models_dir")
    @classmethod
    def _expand(cls, path: Path) -> Path:
        try:
            return path.expanduser().absolute()
        except RuntimeError:
            raise ValueError(f"{path.parts[0]} is not the home folder of any user") from None

    @model_validator(mode="after")
    def _has_its_keys(self) -> Self:
        hosted = [one for one in CAPABILITIES if self.provider_of(one) is Provider.OPENAI]
        if hosted and self.hosted.api_key is None:
            raise ValueError(
                f"{hosted[0].upper()}_PROVIDER is openai, so OPENAI_API_KEY must be set"
            )
        if (self.s3.access_key_id is None) != (self.s3.secret_access_key is None):
            raise ValueError("S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY go together")
        return self

    def with_values(self, **values: Any) -> Self:
        """Return a copy with other values, by the variables' names in lower case.

        They are not validated. Raises ``KeyError`` for a name that is no setting.
        """
        changes: dict[str, Any] = {}
        for name, value in values.items():
            group, field = variables()[name]
            if group is None:
                changes[field] = value
            else:
                before = changes.get(group, getattr(self, group))
                changes[group] = before.model_copy(update={field: value})
        return self.model_copy(update=changes)

    def deciding(self) -> dict[str, str]:
        """Return the settings that decide what local models answer, by name.

        They travel with a stage that runs on another worker, so that it computes what was
        requested.
        """
        values = {
            "scene_profile": self.scenes.profile,
            "shot_detector": self.scenes.shot_detector.value,
            "library_shot_detectors": self.scenes.library_shot_detectors,
            "video_encoder": self.video.encoder,
        }
        for capability in CAPABILITIES:
            if self.provider_of(capability) is Provider.LOCAL:
                values[f"{capability}_provider"] = Provider.LOCAL.value
                values[f"{capability}_model"] = self.model_for(capability)
        return values

    def provider_of(self, capability: Capability) -> Provider:
        """Return who serves one of ``CAPABILITIES``."""
        group: TranscribeSettings | VisionSettings | EmbedSettings = getattr(self, capability)
        return group.provider

    def model_for(self, capability: Capability) -> str:
        """Return the configured model's name for one of ``CAPABILITIES``, or its default."""
        group: TranscribeSettings | VisionSettings | EmbedSettings = getattr(self, capability)
        return group.model or DEFAULT_MODELS[capability][group.provider]


@cache
def variables() -> Mapping[str, tuple[str | None, str]]:
    """Return by variable in lower case where its setting is: the group (None: none), the field."""
    found: dict[str, tuple[str | None, str]] = {}
    for name, field in Settings.model_fields.items():
        if _is_group(field):
            for own, inner in _group_of(field).model_fields.items():
                found[str(inner.alias).lower()] = (name, own)
        else:
            found[name] = (None, name)
    return found


def field_of(variable: str) -> FieldInfo:
    """Return the field of a variable in lower case. Raises ``KeyError`` when there is none."""
    group, name = variables()[variable]
    model = Settings if group is None else _group_of(Settings.model_fields[group])
    return model.model_fields[name]


def _is_group(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, Group)


def _group_of(field: FieldInfo) -> type[Group]:
    return cast(type[Group], field.annotation)


@cache
def flat_settings() -> type[BaseSettings]:
    """Return a model with one field a variable: pydantic's sources read variables by fields."""
    fields: dict[str, Any] = dict.fromkeys(variables(), (str | None, None))
    return create_model("Variables", __base__=_Variables, **fields)


class _Variables(BaseSettings):
    model_config = _ENV_FILE
