"""What crosses from one flow run to another: a stage, its arguments, its error."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, get_type_hints

from prefect import Task
from pydantic import TypeAdapter, ValidationError

from reelworks.domain.digest import sha256_of_bytes
from reelworks.domain.jobs.usage import Usage
from reelworks.errors import (
    ArtifactMissingError,
    InputError,
    ReelworksError,
    StageCallMismatchError,
    current_code,
)
from reelworks.store.objects.artifacts import ArtifactStore

INLINE_BYTES = 64 * 1024
"""Longer arguments travel through the store. Prefect's server refuses 512 KiB of parameters."""
_USED = "\nused: "
"""Before what a hop's hosted models were asked for, at the end of its state's message."""
_CARRIED = re.compile(r"\[(?P<code>[a-z_]+)\] (?P<message>.*)", re.DOTALL)


def name_of(task: Task[..., Any]) -> str:
    """Return the importable name of a stage's task, for example ``tasks.frames.frames.frames``."""
    return f"{task.fn.__module__}.{task.fn.__name__}"


def task_named(name: str) -> Task[..., Any]:
    """Reverse ``name_of``. Raises ``InputError`` for what is no stage of ours."""
    module, _, attribute = name.rpartition(".")
    try:
        found = getattr(import_module(module), attribute) if module.startswith("tasks.") else None
    except (ImportError, AttributeError):
        found = None
    if not isinstance(found, Task):
        raise InputError(
            f"There is no stage {name}; give a name like tasks.speech.transcribe.transcribe."
        )
    return found


def pack(task: Task[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stage's arguments as JSON values."""
    kinds = _kinds(task)
    return {
        name: TypeAdapter(kinds[name]).dump_python(value, mode="json")
        for name, value in arguments.items()
    }


def unpack(task: Task[..., Any], packed: Mapping[str, Any]) -> dict[str, Any]:
    """Reverse ``pack``. Raises ``OtherQuestionError`` when this code's types are others."""
    kinds = _kinds(task)
    try:
        return {
            name: TypeAdapter(kind).validate_python(packed[name]) for name, kind in kinds.items()
        }
    except (KeyError, ValidationError) as error:
        first = str(error).partition("\n")[0]
        raise StageCallMismatchError(
            f"The arguments of {task.name} do not fit this worker's code ({first}): "
            "give both sides the same version of Reelworks."
        ) from None


def store_arguments(packed: Mapping[str, Any], store: ArtifactStore) -> dict[str, Any]:
    """Return what goes into a flow run's parameters: the arguments, or where they lie."""
    content = json.dumps(packed, sort_keys=True).encode()
    if len(content) <= INLINE_BYTES:
        return {"arguments": dict(packed)}
    key = f"cache/calls/{sha256_of_bytes(content)}.json"
    store.put_bytes(key, content, "application/json")
    return {"arguments_key": key}


def load_arguments(
    arguments: Mapping[str, Any] | None, key: str | None, store: ArtifactStore
) -> Mapping[str, Any]:
    """Reverse ``send``. Raises ``ArtifactMissingError`` when they are gone from the store."""
    if arguments is not None or key is None:
        return arguments or {}
    content = store.get_bytes(key)
    if content is None:
        raise ArtifactMissingError(f"The arguments {key} are gone from the store.")
    found: dict[str, Any] = json.loads(content)
    return found


def with_usage(message: str, used: Mapping[str, Usage]) -> str:
    """Return a state's message that also carries what hosted models were asked for."""
    if not used:
        return message
    amounts = {model: usage.to_dict() for model, usage in used.items()}
    return f"{message}{_USED}{json.dumps(amounts, sort_keys=True)}"


def split_usage(message: str) -> tuple[str, dict[str, Usage]]:
    """Reverse ``with_usage``; a message that carries nothing of the kind stays whole."""
    text, mark, amounts = message.rpartition(_USED)
    if not mark:
        return message, {}
    return text, {model: Usage.from_dict(one) for model, one in json.loads(amounts).items()}


def encode_error(error: ReelworksError) -> str:
    """Return an error as the message of a flow run's failed state."""
    return f"[{error.code}] {error}"


def decode_error(message: str) -> ReelworksError | None:
    """Reverse ``carry``; None for a message that tells of something unforeseen.

    What an error knows beyond its sentence (a program's output, a time to wait) stays behind.
    """
    match = _CARRIED.fullmatch(message)
    if match is None:
        return None
    kinds = {kind.code: kind for kind in _family(ReelworksError)}
    kind = kinds.get(current_code(match["code"]), ReelworksError)
    return kind(match["message"])


def _family(kind: type[ReelworksError]) -> Iterator[type[ReelworksError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _family(child)


def _kinds(task: Task[..., Any]) -> dict[str, Any]:
    kinds = get_type_hints(task.fn)
    kinds.pop("return", None)
    return kinds
