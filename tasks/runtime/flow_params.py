"""Flow parameters: the base of every flow's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, model_validator


class FlowParams(BaseModel):
    """A flow's parameters; former names are accepted, for runs queued before an upgrade."""

    former_names: ClassVar[Mapping[str, str]] = {}
    """Present name of a parameter, by its former one."""

    @model_validator(mode="before")
    @classmethod
    def _accept_former_names(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        renamed = {cls.former_names.get(name, name): value for name, value in given.items()}
        present = {name: value for name, value in given.items() if name in cls.model_fields}
        return renamed | present
