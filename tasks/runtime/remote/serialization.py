"""Serialization between flow runs: a stage's name, its arguments and how it ended."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, get_type_hints

from prefect import Task
from pydantic import TypeAdapter, ValidationError

from reelworks.domain.artifact_keys import call_key
from reelworks.domain.digest import sha256_of_bytes
from reelworks.domain.jobs.usage import Usage
from reelworks.errors import (
    ArtifactMissingError,
    InputError,
    ReelworksError,
    StageCallMismatchError,
    current_code,
)
from reelworks.pipeline import spec
from reelworks.store.objects.artifacts import ArtifactStore

INLINE_BYTES = 64 * 1024
"""Longer arguments travel through the store. Prefect's server refuses 512 KiB of parameters."""
_USAGE = "\nused: "
"""Before the usage of hosted models, at the end of a message."""
_ERROR = re.compile(r"\[(?P<code>[a-z_]+)\] (?P<text>.*)", re.DOTALL)


def name_of(task: Task[..., Any]) -> str:
    """Return the importable name of a stage's task, as in the table of stages."""
    return f"{task.fn.__module__}.{task.fn.__name__}"


def task_named(name: str) -> Task[..., Any]:
    """Reverse ``name_of``. Raises ``InputError`` for what is no stage.

    A caller of another release may know the task's module by another name, so the last part of
    the name decides.
    """
    known = {one.task.rpartition(".")[2]: one.task for one in spec.STAGES}
    task_name = known.get(name.rpartition(".")[2])
    if task_name is None:
        raise InputError(f"There is no stage {name}; give a name like {spec.STAGES[0].task}.")
    module, _, attribute = task_name.rpartition(".")
    task: Task[..., Any] = getattr(import_module(module), attribute)
    return task


def pack(task: Task[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stage's arguments as JSON values."""
    types = _types(task)
    return {
        name: TypeAdapter(types[name]).dump_python(value, mode="json")
        for name, value in arguments.items()
    }


def unpack(task: Task[..., Any], packed: Mapping[str, Any]) -> dict[str, Any]:
    """Reverse ``pack``. Raises ``StageCallMismatchError`` when this code's types are others."""
    types = _types(task)
    try:
        return {
            name: TypeAdapter(kind).validate_python(packed[name]) for name, kind in types.items()
        }
    except (KeyError, ValidationError) as error:
        first = str(error).partition("\n")[0]
        raise StageCallMismatchError(
            f"The arguments of {task.name} do not fit this worker's code ({first}): "
            "give both sides the same version of Reelworks."
        ) from None


def store_arguments(packed: Mapping[str, Any], store: ArtifactStore) -> dict[str, Any]:
    """Return a flow run's parameters for the arguments: themselves, or their key in the store."""
    content = json.dumps(packed, sort_keys=True).encode()
    if len(content) <= INLINE_BYTES:
        return {"arguments": dict(packed)}
    key = call_key(sha256_of_bytes(content))
    store.put_bytes(key, content, "application/json")
    return {"arguments_key": key}


def load_arguments(
    arguments: Mapping[str, Any] | None, key: str | None, store: ArtifactStore
) -> Mapping[str, Any]:
    """Reverse ``store_arguments``. Raises ``ArtifactMissingError`` when they are gone."""
    if arguments is not None or key is None:
        return arguments or {}
    content = store.get_bytes(key)
    if content is None:
        raise ArtifactMissingError(f"The arguments {key} are gone from the store.")
    found: dict[str, Any] = json.loads(content)
    return found


@dataclass(frozen=True, slots=True)
class StageEnding:
    """How a remote stage ended; it travels as the message of its flow run's final state.

    Prefect's states carry no other data to a reader in another process, and people read the
    message in Prefect's UI. What an error has beyond its code and sentence (a program's output, a
    time to wait) stays behind.
    """

    text: str
    """Where the stage ran, or the error's sentence."""
    code: str | None = None
    """The error's code; None: no error of ours."""
    usage: Mapping[str, Usage] = field(default_factory=dict)
    """Usage of hosted models, by model."""

    @classmethod
    def of_error(cls, error: ReelworksError, usage: Mapping[str, Usage]) -> StageEnding:
        """Return the ending of a stage that failed."""
        return cls(str(error), error.code, usage)

    @property
    def error(self) -> ReelworksError | None:
        """The error of the class that its code names; None when the ending has no code.

        The code of a later version becomes a plain ``ReelworksError``.
        """
        if self.code is None:
            return None
        classes = {one.code: one for one in _family(ReelworksError)}
        return classes.get(current_code(self.code), ReelworksError)(self.text)

    def to_message(self) -> str:
        """Return the message of a flow run's state."""
        head = f"[{self.code}] " if self.code else ""
        amounts = {model: usage.to_dict() for model, usage in self.usage.items()}
        tail = f"{_USAGE}{json.dumps(amounts, sort_keys=True)}" if amounts else ""
        return f"{head}{self.text}{tail}"

    @classmethod
    def from_message(cls, message: str) -> StageEnding:
        """Reverse ``to_message``; any other message is all text."""
        text, mark, amounts = message.rpartition(_USAGE)
        used = json.loads(amounts) if mark else {}
        usage = {model: Usage.from_dict(one) for model, one in used.items()}
        text = text if mark else message
        match = _ERROR.fullmatch(text)
        return cls(match["text"], match["code"], usage) if match else cls(text, None, usage)


def _family(root: type[ReelworksError]) -> Iterator[type[ReelworksError]]:
    yield root
    for child in root.__subclasses__():
        yield from _family(child)


def _types(task: Task[..., Any]) -> dict[str, Any]:
    types = get_type_hints(task.fn)
    types.pop("return", None)
    return types
