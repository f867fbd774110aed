"""The artifact store: files in an S3 bucket, with their digests."""

from __future__ import annotations

import logging
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from reelworks.domain.digest import sha256_of_bytes, sha256_of_file
from reelworks.domain.file_fingerprint import must_be_unchanged, stamp_of
from reelworks.errors import (
    ArtifactMissingError,
    ArtifactUnreadableError,
    SourceChangedError,
    SourceNotFoundError,
)
from reelworks.store.objects.damage_notes import DamageNotes
from reelworks.store.objects.disk_room import is_store_local
from reelworks.store.objects.error_mapping import AMAZON, StoreDisk, status_of
from reelworks.store.objects.object_browser import Artifact, Objects
from reelworks.store.objects.transfer import copy, draft_for, receive, send

if TYPE_CHECKING:
    from reelworks.settings import Settings

__all__ = ["Artifact", "ArtifactStore"]

log = logging.getLogger(__name__)

_DIGEST = "sha256"


class ArtifactStore(Objects):
    """Files in one S3 bucket. May be used by several threads at once.

    An absent key is None or False. Everything else that goes wrong is raised:
    ``StoreUnavailableError`` for an outage (retryable), ``StoreRefusedError`` for bad keys or a
    missing bucket, ``NoSpaceError`` for a full disk. An outage never looks like an absent key.
    """

    def __init__(
        self, client: Any, bucket: str, address: str, disk: StoreDisk | None = None
    ) -> None:
        super().__init__(client, bucket, address, disk)
        self.doubts = DamageNotes(self)

    @classmethod
    def open(cls, settings: Settings, *, seconds: float | None = None) -> ArtifactStore:
        """Make a store from the settings; no request is sent yet.

        With ``seconds``, a server that is silent for so long counts as unreachable at once.
        """
        from reelworks.store.objects.client import make_client

        address = settings.s3.endpoint_url or AMAZON
        disk = StoreDisk(settings.data_dir) if is_store_local(settings) else None
        store = cls(make_client(settings, seconds=seconds), settings.s3.bucket, address, disk)
        store._once = cache(lambda: make_client(settings, seconds=seconds, once=True))
        if settings.s3.public_url is not None:
            outside = settings.with_values(s3_endpoint_url=settings.s3.public_url)
            store._public = make_client(outside)
        return store

    def put_file(self, key: str, path: Path, content_type: str) -> Artifact:
        """Store a file under ``key``, with its SHA-256 as metadata.

        Nothing is sent when the store says that it holds these very bytes under ``key`` already.
        It says so of a damaged object too: one in doubt is stored again. Raises
        ``SourceNotFoundError`` when there is no file at ``path``, and ``SourceChangedError`` when
        it was written to meanwhile; what was stored of it is removed then.
        """
        stamp = stamp_of(path)
        try:
            digest, size = sha256_of_file(path), path.stat().st_size
            known = self.head(key)
            same = known is not None and (known.sha256, known.size) == (digest, size)
            if known is not None and same and not self.doubts.about(digest):
                return known
            with path.open("rb") as stream:
                made = self._put(key, stream, (digest, size), content_type)
        except FileNotFoundError:
            raise SourceNotFoundError(f"{path} does not exist, so it cannot be stored.") from None
        try:
            must_be_unchanged(path, stamp)
        except SourceChangedError:
            self.delete(key)
            raise
        if same:
            self.doubts.settle(made)
        return made

    def put_bytes(self, key: str, data: bytes, content_type: str) -> Artifact:
        """Store ``data`` under ``key``, with its SHA-256 as metadata."""
        return self._put(key, BytesIO(data), (sha256_of_bytes(data), len(data)), content_type)

    def holds(self, artifact: Artifact, *, can_store: bool = False) -> bool:
        """Tell, by reading it, whether the store has this artifact's very bytes.

        With ``can_store`` the caller has them and will store them otherwise: then one failed read
        says enough.
        """
        doubted = can_store or self.doubts.of(artifact)
        try:
            return self.content_digest(artifact.key, is_doubted=doubted) == artifact.sha256
        except ArtifactUnreadableError:
            return False

    def note_unreadable(self, key: str) -> None:
        """Note that an object of this bucket cannot be read, so that it is stored again."""
        if damaged := self.head(key):
            self.doubts.note(damaged)

    def get_intact(self, key: str) -> bytes | None:
        """Return the bytes under ``key``, or None when there are none that can be trusted.

        For what can be made again: an object that cannot be read, or is not what was stored by
        the SHA-256 beside it, counts as absent. An outage of the store is raised all the same.
        """

        def read(client: Any) -> tuple[bytes, str] | None:
            with self._errors(key):
                try:
                    answer = client.get_object(Bucket=self._bucket, Key=key)
                except self._client.exceptions.ClientError as error:
                    self._must_be_absent(error)
                    return None
                return answer["Body"].read(), answer.get("Metadata", {}).get(_DIGEST, "")

        try:
            found = self.reading(key, read)
        except ArtifactUnreadableError as error:
            log.warning("%s It is recomputed.", error)
            return None
        if found is None:
            return None
        data, digest = found
        if digest and sha256_of_bytes(data) != digest:
            log.warning("The object %s has changed in the store. It is recomputed.", key)
            return None
        return data

    def get_bytes(self, key: str) -> bytes | None:
        """Return the bytes under ``key``, or None when there are none."""
        with self._errors(key):
            try:
                data: bytes = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            except self._client.exceptions.ClientError as error:
                self._must_be_absent(error)
                return None
            return data

    def fetch(self, artifact: Artifact, to: Path) -> Path:
        """Download an artifact to the path ``to`` and return it; ``to`` appears whole or not.

        Raises ``ArtifactMissingError`` when the artifact is gone or its bytes have changed, and
        ``ArtifactUnreadableError`` when they cannot be read, while other objects can.
        """
        with draft_for(to) as draft:
            if not self._receive(artifact.key, self._bucket, draft, artifact.size):
                raise ArtifactMissingError(
                    f"The artifact {artifact.key} is gone from the store; index the video again."
                )
            if sha256_of_file(draft) != artifact.sha256:
                raise ArtifactMissingError(
                    f"The artifact {artifact.key} has changed in the store; index the video again."
                )
            return draft.replace(to)

    def download(self, key: str, to: Path, *, bucket: str | None = None) -> bool:
        """Download any object to the path ``to``; False when there is none.

        ``bucket`` names another bucket of the same store. Raises ``ArtifactUnreadableError`` when
        it cannot be read, while other objects can.
        """
        with draft_for(to) as draft:
            if not self._receive(key, bucket or self._bucket, draft, None):
                return False
            draft.replace(to)
        return True

    def head(self, key: str) -> Artifact | None:
        """Return what the store says about ``key``, or None when there is nothing."""
        with self._errors(key):
            try:
                answer = self._client.head_object(Bucket=self._bucket, Key=key)
            except self._client.exceptions.ClientError as error:
                self._must_be_absent(error)
                return None
        digest = answer.get("Metadata", {}).get(_DIGEST, "")
        return Artifact(key, digest, answer["ContentLength"], answer["ETag"].strip('"'))

    def copy(self, source: Artifact, key: str, *, content_type: str | None = None) -> Artifact:
        """Copy an artifact to ``key`` inside the store and return the copy.

        ``content_type`` None leaves the type and the metadata as they are. Raises
        ``ArtifactMissingError`` when the source is gone or no longer the same object.
        """
        addresses = (self._address_of(source.key), self._address_of(key))
        known: dict[str, Any] = {"Metadata": {_DIGEST: source.sha256}}
        if content_type is not None:
            known["ContentType"] = content_type
        with self._errors(key):
            try:
                copy(self._client, *addresses, source.size, source.etag, known)
            except self._client.exceptions.ClientError as error:
                if status_of(error) != 412:  # 412: the source is no longer the same object
                    self._must_be_absent(error)
                raise ArtifactMissingError(
                    f"The artifact {source.key} is gone from the store or has changed."
                ) from error
        made = self.head(key)
        if made is None or made.size != source.size:
            raise ArtifactMissingError(f"The copy of {source.key} to {key} is not complete.")
        return Artifact(key, source.sha256, made.size, made.etag)

    def _put(
        self, key: str, stream: BinaryIO, content: tuple[str, int], content_type: str
    ) -> Artifact:
        digest, size = content
        extra = {"ContentType": content_type, "Metadata": {_DIGEST: digest}}
        with self._errors(key):
            etag = send(self._client, self._address_of(key), stream, size, extra)
        if etag is not None:
            return Artifact(key, digest, size, etag)
        stored = self.head(key)
        if stored is None or stored.size != size:
            raise ArtifactMissingError(f"The upload of {key} is not complete; try again.")
        return stored

    def _receive(self, key: str, bucket: str, draft: Path, size: int | None) -> bool:
        def read(client: Any) -> bool:
            with self._errors(key):
                try:
                    receive(client, {"Bucket": bucket, "Key": key}, draft, size)
                except self._client.exceptions.ClientError as error:
                    self._must_be_absent(error, bucket)
                    return False
            return True

        return self.reading(key, read) if bucket == self._bucket else read(self._client)
