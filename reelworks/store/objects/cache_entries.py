"""The stage cache: a question that was answered once is answered from the store."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from reelworks.domain.artifact_keys import (
    REFERENCES,
    item_key,
    manifest_key,
    reference_by_entry,
    reference_by_video,
)
from reelworks.errors import ArtifactMissingError
from reelworks.store.objects.artifacts import Artifact, ArtifactStore
from reelworks.store.objects.transfer import MULTIPART_BYTES

log = logging.getLogger(__name__)

_ITEM = "item."


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a stage answered to one question."""

    stage: str
    key: str
    """The question's cache key, 64 hex digits."""
    model: str | None
    created_at: datetime
    result: Any
    """A JSON value."""
    artifacts: dict[str, Artifact] = field(default_factory=dict)
    """The files of the answer, by name."""

    def to_json(self) -> bytes:
        """Return the manifest as UTF-8 JSON. Raises ``TypeError`` for a result that is no JSON."""
        content = asdict(self) | {"created_at": self.created_at.isoformat()}
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Manifest:
        """Reverse ``to_json``. Raises ``ValueError``, ``KeyError`` or ``TypeError``."""
        content = json.loads(data)
        artifacts = {name: Artifact(**one) for name, one in content.pop("artifacts").items()}
        made = datetime.fromisoformat(content.pop("created_at"))
        return cls(**content, created_at=made, artifacts=artifacts)


class StageCache:
    """Manifests at ``cache/stages/{stage}/{key}.json``, the files where their owners have them."""

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store

    def find(self, key: str, artifact_key: Callable[[str], str], *, stage: str) -> Manifest | None:
        """Return the cached result, or None: a hit needs every file to be there unaltered.

        ``artifact_key`` gives the store key at which the caller wants a file, by the file's name. A
        file that is missing or altered there, but intact where another video with the same
        content keeps it, is copied inside the store; the manifest returned names the caller's keys.
        Raises store errors: an outage is no miss.
        """
        manifest = self.manifest(key, stage=stage)
        if manifest is None:
            return None
        found = {}
        for name, artifact in manifest.artifacts.items():
            own = self._settle(artifact, artifact_key(name))
            if own is None:
                return None
            found[name] = own
        return replace(manifest, artifacts=found)

    def manifest(self, key: str, *, stage: str) -> Manifest | None:
        """Return the cached result as it was written; its files are not checked."""
        data = self._store.get_intact(manifest_key(stage, key))
        if data is None:
            return None
        try:
            manifest = Manifest.from_json(data)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("The manifest %s is damaged (%s); recomputing it.", key, error)
            return None
        if (manifest.stage, manifest.key) != (stage, key):
            log.warning("The manifest %s belongs to another stage call; recomputing it.", key)
            return None
        return manifest

    def save(self, manifest: Manifest) -> None:
        """Keep an answer; its files must be in the store already."""
        self._store.put_bytes(
            manifest_key(manifest.stage, manifest.key), manifest.to_json(), "application/json"
        )

    def add_reference(self, stage: str, key: str, video_id: str) -> None:
        """Note that a result is this video's, before anything of it is stored."""
        notes = (reference_by_video(video_id, stage, key), reference_by_entry(stage, key, video_id))
        if self._store.head(notes[-1]) is None:
            for note in notes:
                self._store.put_bytes(note, b"", "application/octet-stream")

    def _settle(self, recorded: Artifact, target: str) -> Artifact | None:
        """Return the artifact at ``target``, copied there when need be; None when it is lost."""
        own = self._intact(recorded, target)
        if own is not None or target == recorded.key:
            return own
        elsewhere = self._intact(recorded, recorded.key)
        if elsewhere is None:
            return None
        try:
            copied = self._store.copy(elsewhere, target)
        except ArtifactMissingError:  # it went away between the two looks
            return None
        self._store.doubts.settle(copied)
        return copied

    def _intact(self, recorded: Artifact, key: str) -> Artifact | None:
        """Return what lies at ``key`` if it has the recorded bytes.

        The size must agree, and the entity tag; of a large object, whose tag changes when it is
        copied, the SHA-256 that we keep as metadata will do. Otherwise, and where an object with
        this content is in doubt, the bytes themselves decide.
        """
        there = self._store.head(key)
        if there is None or there.size != recorded.size:
            return None
        own = Artifact(key, recorded.sha256, there.size, there.etag)
        large = there.size >= MULTIPART_BYTES
        same = there.etag == recorded.etag or (large and there.sha256 == recorded.sha256)
        if same and not self._store.doubts.about(recorded.sha256):
            return own
        if self._store.holds(own):
            self._store.doubts.settle(own)
            return own
        if there.sha256 == recorded.sha256:  # else it is not said to have these bytes
            self._store.doubts.note(own)
        return None


class StoredItems:
    """Answers to single items of a stage, at ``cache/items/{stage}/{key[:2]}/{key}``.

    Implements ``reelworks.domain.capabilities.ItemCache``.
    """

    def __init__(self, store: ArtifactStore, stage: str, video_id: str | None = None) -> None:
        self._store = store
        self._stage = stage
        self._video_id = video_id

    def get(self, key: str) -> bytes | None:
        """Return the cached bytes, or None. Raises when the store cannot be reached."""
        return self._store.get_intact(self._object_key(key))

    def put(self, key: str, value: bytes) -> None:
        """Store ``value`` permanently under ``key`` (64 hex digits)."""
        if self._video_id is not None:
            note = reference_by_video(self._video_id, f"{_ITEM}{self._stage}", key)
            self._store.put_bytes(note, b"", "application/octet-stream")
        self._store.put_bytes(self._object_key(key), value, "application/octet-stream")

    def _object_key(self, key: str) -> str:
        return item_key(self._stage, key)


def release_references(store: ArtifactStore, video_id: str) -> int:
    """Remove the answers that were given to one video alone; return how many objects went.

    An answer that another video has as well stays. An item's answer goes in any case: a run
    that needs it has the stage's answer that was made of it.
    """
    folder = f"{REFERENCES}{video_id}/"
    removed = 0
    for note in list(store.keys(folder)):
        stage, _, key = note.removeprefix(folder).partition("/")
        if stage.startswith(_ITEM):
            store.delete(item_key(stage.removeprefix(_ITEM), key))
        else:
            store.delete(reference_by_entry(stage, key, video_id))
            if next(store.keys(reference_by_entry(stage, key, "")), None) is None:
                store.delete(manifest_key(stage, key))
        store.delete(note)
        removed += 2
    return removed
