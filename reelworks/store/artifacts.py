"""The artifact store: the one place that talks to S3."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from reelworks.domain.digest import sha256_of_bytes, sha256_of_file
from reelworks.errors import ArtifactMissingError, SourceNotFoundError, StoreRefusedError
from reelworks.store.s3_faults import (
    AMAZON,
    create_bucket,
    error_code,
    status_of,
    store_errors,
)

if TYPE_CHECKING:
    from reelworks.settings import Settings

MULTIPART_BYTES = 64 << 20
"""Files from this size on travel in parts."""
PART_BYTES = 16 << 20
SMALL_BYTES = 8 << 20
"""Files up to this size are fetched in one answer."""
ONE_COPY_BYTES = 5 << 30
"""The most that one CopyObject request may copy (Amazon S3 API reference, CopyObject)."""
_DELETE_BATCH = 1000
_DIGEST = "sha256"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file in the store: where it lies and what its bytes are."""

    key: str
    sha256: str
    """Empty for an object that something else than Reelworks wrote."""
    size: int
    etag: str


class ArtifactStore:
    """Files in one S3 bucket. May be used by several threads at once.

    An absent key is None or False. Everything else that goes wrong is raised:
    ``StoreUnavailableError`` for an outage (retryable), ``StoreRefusedError`` for bad keys or a
    missing bucket, ``NoSpaceError`` for a full disk. An outage never looks like an absent key.
    """

    def __init__(self, client: Any, bucket: str, address: str) -> None:
        self._client = client
        self._bucket = bucket
        self._address = address
        self._bucket_seen = False

    @classmethod
    def open(cls, settings: Settings) -> ArtifactStore:
        """Make a store from the settings; no request is sent yet."""
        from reelworks.store.s3 import make_client

        address = settings.s3_endpoint_url or AMAZON
        return cls(make_client(settings), settings.s3_bucket, address)

    @property
    def bucket(self) -> str:
        """Name of the bucket."""
        return self._bucket

    def ensure_bucket(self) -> None:
        """Make the bucket if it is missing."""
        with self._errors(self._bucket):
            if self._has_bucket():
                return
            create_bucket(self._client, self._bucket, self._address)

    def put_file(self, key: str, path: Path, content_type: str) -> Artifact:
        """Store a file under ``key``, with its SHA-256 as metadata.

        Nothing is sent when the store holds these very bytes under ``key`` already. Raises
        ``SourceNotFoundError`` when there is no file at ``path``.
        """
        try:
            digest, size = sha256_of_file(path), path.stat().st_size
            known = self.head(key)
            if known is not None and (known.sha256, known.size) == (digest, size):
                return known
            with path.open("rb") as stream:
                return self._put(key, stream, (digest, size), content_type)
        except FileNotFoundError:
            raise SourceNotFoundError(f"{path} does not exist, so it cannot be stored.") from None

    def put_bytes(self, key: str, data: bytes, content_type: str) -> Artifact:
        """Store ``data`` under ``key``, with its SHA-256 as metadata."""
        return self._put(key, BytesIO(data), (sha256_of_bytes(data), len(data)), content_type)

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

        Raises ``ArtifactMissingError`` when the artifact is gone or its bytes have changed.
        """
        draft = _draft_for(to)
        try:
            if not self._receive(artifact.key, self._bucket, draft, artifact.size):
                raise ArtifactMissingError(
                    f"The artifact {artifact.key} is gone from the store; run the video again."
                )
            if sha256_of_file(draft) != artifact.sha256:
                raise ArtifactMissingError(
                    f"The artifact {artifact.key} has changed in the store; run the video again."
                )
            draft.replace(to)
        finally:
            draft.unlink(missing_ok=True)
        return to

    def download(self, key: str, to: Path, *, bucket: str | None = None) -> bool:
        """Download any object to the path ``to``; False when there is none.

        ``bucket`` names another bucket of the same store.
        """
        draft = _draft_for(to)
        try:
            if not self._receive(key, bucket or self._bucket, draft, None):
                return False
            draft.replace(to)
        finally:
            draft.unlink(missing_ok=True)
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

    def content_digest(self, key: str) -> str | None:
        """Return the SHA-256 of the bytes now under ``key`` by reading them; None if none."""
        with tempfile.TemporaryDirectory(prefix="reelworks-") as room:
            copy = Path(room) / "copy"
            return sha256_of_file(copy) if self.download(key, copy) else None

    def copy(self, source: Artifact, key: str) -> Artifact:
        """Copy an artifact to ``key`` inside the store and return the copy.

        Raises ``ArtifactMissingError`` when the source is gone or no longer the same object.
        """
        place = {"Bucket": self._bucket, "Key": source.key}
        with self._errors(key):
            try:
                if source.size < ONE_COPY_BYTES:
                    self._client.copy_object(
                        Bucket=self._bucket,
                        Key=key,
                        CopySource=place,
                        CopySourceIfMatch=source.etag,
                    )
                else:
                    extra = {"Metadata": {_DIGEST: source.sha256}, "MetadataDirective": "REPLACE"}
                    self._client.copy(place, self._bucket, key, ExtraArgs=extra)
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

    def delete(self, key: str) -> None:
        """Remove what lies under ``key``, if anything does."""
        with self._errors(key):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def delete_prefix(self, prefix: str) -> int:
        """Remove every key that begins with ``prefix`` (not empty); return how many there were."""
        if not prefix:
            raise ValueError("an empty prefix would remove everything")
        doomed = list(self.keys(prefix))
        for start in range(0, len(doomed), _DELETE_BATCH):
            batch = [{"Key": key} for key in doomed[start : start + _DELETE_BATCH]]
            with self._errors(prefix):
                answer = self._client.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": batch, "Quiet": True}
                )
            if answer.get("Errors"):
                first = answer["Errors"][0]
                raise StoreRefusedError(f"{first['Key']} cannot be removed: {first['Code']}.")
        return len(doomed)

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with ``prefix``, in order."""
        with self._errors(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix
            )
            for page in pages:
                yield from (item["Key"] for item in page.get("Contents", ()))

    def presign(self, key: str, seconds: int) -> str:
        """Return a web address at which ``key`` can be read for ``seconds`` without our keys."""
        with self._errors(key):
            address: str = self._client.generate_presigned_url(
                "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=seconds
            )
        return address

    def _put(
        self, key: str, stream: BinaryIO, content: tuple[str, int], content_type: str
    ) -> Artifact:
        digest, size = content
        extra = {"ContentType": content_type, "Metadata": {_DIGEST: digest}}
        with self._errors(key):
            if size < MULTIPART_BYTES:
                answer = self._client.put_object(Bucket=self._bucket, Key=key, Body=stream, **extra)
                return Artifact(key, digest, size, answer["ETag"].strip('"'))
            self._client.upload_fileobj(
                stream, self._bucket, key, ExtraArgs=extra, Config=_parts(MULTIPART_BYTES)
            )
        stored = self.head(key)
        if stored is None or stored.size != size:
            raise ArtifactMissingError(f"The upload of {key} is not complete; try again.")
        return stored

    def _receive(self, key: str, bucket: str, draft: Path, size: int | None) -> bool:
        with self._errors(key):
            try:
                with draft.open("wb") as file:
                    if size is not None and size <= SMALL_BYTES:
                        answer = self._client.get_object(Bucket=bucket, Key=key)
                        file.write(answer["Body"].read())
                    else:
                        self._client.download_fileobj(bucket, key, file, Config=_parts(PART_BYTES))
            except self._client.exceptions.ClientError as error:
                self._must_be_absent(error, bucket)
                return False
        return True

    def _errors(self, subject: str) -> AbstractContextManager[None]:
        return store_errors(subject, self._address)

    def _must_be_absent(self, error: Any, bucket: str | None = None) -> None:
        """Raise ``error`` unless it says that the key is absent.

        Our own bucket must exist; somebody else's that does not holds no such key either.
        """
        if status_of(error) == 404 and bucket not in (None, self._bucket):
            return
        if status_of(error) != 404 or error_code(error) == "NoSuchBucket":
            raise error
        # The answer to HEAD has no body: a missing bucket looks like a missing key.
        if not self._has_bucket():
            raise StoreRefusedError(
                f"The bucket {self._bucket} does not exist at {self._address}; "
                "make it or set S3_BUCKET."
            ) from None

    def _has_bucket(self) -> bool:
        if self._bucket_seen:
            return True
        try:
            self._client.head_bucket(Bucket=self._bucket)
        except self._client.exceptions.ClientError as error:
            if status_of(error) != 404:
                raise
            return False
        self._bucket_seen = True
        return True


def _draft_for(to: Path) -> Path:
    return to.with_name(f".{to.name[:100]}.{secrets.token_hex(6)}.part")


def _parts(threshold: int) -> Any:
    from boto3.s3.transfer import TransferConfig

    return TransferConfig(
        multipart_threshold=threshold, multipart_chunksize=PART_BYTES, max_concurrency=4
    )
