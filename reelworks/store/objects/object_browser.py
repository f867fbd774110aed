"""Objects of any bucket: listed, read in part, presigned."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from reelworks.errors import ArtifactMissingError, SourceNotFoundError
from reelworks.store.objects.bucket import Bucket
from reelworks.store.objects.error_mapping import status_of

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file in the store: where it lies and what its bytes are."""

    key: str
    sha256: str
    """Empty for an object that something else than Reelworks wrote."""
    size: int
    etag: str


class Objects(Bucket):
    """A bucket, seen as what lies in it. May be used by several threads at once."""

    def objects(self, prefix: str, *, bucket: str | None = None) -> Iterator[Artifact]:
        """Yield what lies under ``prefix``, in order, without digests.

        ``bucket`` names another bucket of the same store. Raises ``SourceNotFoundError`` when
        that one does not exist.
        """
        where = bucket or self._bucket
        with self._errors(prefix):
            try:
                pages = self._client.get_paginator("list_objects_v2").paginate(
                    Bucket=where, Prefix=prefix
                )
                for page in pages:
                    for item in page.get("Contents", ()):
                        etag = item["ETag"].strip('"')
                        yield Artifact(item["Key"], "", item["Size"], etag)
            except self._client.exceptions.NoSuchBucket:
                raise SourceNotFoundError(f"The bucket {where} does not exist.") from None

    def read_range(self, key: str, start: int, length: int, *, bucket: str | None = None) -> bytes:
        """Return a part of any object, fewer bytes at its end.

        Raises ``SourceNotFoundError`` when there is no such object.
        """
        where, byte_range = bucket or self._bucket, f"bytes={start}-{start + length - 1}"
        with self._errors(f"s3://{where}/{key}"):
            try:
                answer = self._client.get_object(Bucket=where, Key=key, Range=byte_range)
            except self._client.exceptions.NoSuchKey:
                raise SourceNotFoundError(
                    f"s3://{where}/{key} does not exist (any more)."
                ) from None
            data: bytes = answer["Body"].read()
        return data

    def content_digest(self, key: str, *, is_doubted: bool = False) -> str | None:
        """Return the SHA-256 of the bytes now under ``key`` by reading them; None if none.

        They pass through memory in blocks: a container may have next to no room for files. Raises
        ``ArtifactUnreadableError`` when they cannot be read, while other objects can.
        """

        def read(client: Any) -> str | None:
            digest = hashlib.sha256()
            with self._errors(key):
                try:
                    answer = client.get_object(**self._address_of(key))
                except self._client.exceptions.ClientError as error:
                    self._must_be_absent(error)
                    return None
                with closing(answer["Body"]) as body:
                    for block in body.iter_chunks(_BLOCK):
                        digest.update(block)
            return digest.hexdigest()

        return self.reading(key, read, is_doubted=is_doubted)

    @contextmanager
    def opened_range(self, artifact: Artifact, start: int, end: int) -> Iterator[BinaryIO]:
        """Open the bytes from ``start`` to before ``end`` of an artifact, to be read in pieces.

        Raises ``ArtifactMissingError`` when it is gone or another object by now.
        """
        with self._errors(artifact.key):
            try:
                answer = self._client.get_object(
                    **self._address_of(artifact.key),
                    Range=f"bytes={start}-{end - 1}",
                    IfMatch=artifact.etag,
                )
            except self._client.exceptions.ClientError as error:
                if status_of(error) not in (404, 412):
                    raise
                raise ArtifactMissingError(f"{artifact.key} is gone or has changed.") from error
            with closing(answer["Body"]) as body:
                yield body

    def signed_address(self, key: str, seconds: int, *, content_type: str, disposition: str) -> str:
        """Return a URL at which anyone may read ``key`` for some seconds."""
        params = self._address_of(key) | {
            "ResponseContentType": content_type,
            "ResponseContentDisposition": disposition,
        }
        address: str = self._public.generate_presigned_url(
            "get_object", Params=params, ExpiresIn=seconds
        )
        return address
