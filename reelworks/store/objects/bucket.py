"""An S3 bucket: keys, health check, and repeated reads of objects."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, TypeVar

from reelworks.errors import (
    ArtifactUnreadableError,
    StoreRefusedError,
    StoreUnavailableError,
)
from reelworks.store.objects.error_mapping import (
    StoreDisk,
    blames_object,
    create_bucket,
    error_code,
    status_of,
    store_errors,
)
from reelworks.store.objects.shards import one_folder_a_shard
from reelworks.store.objects.transfer import ObjectAddress

Read = TypeVar("Read")

_DELETE_BATCH = 1000
"""The most keys that one DeleteObjects request takes."""
_NO_BATCHES = frozenset((400, 405, 411, 501))
"""Statuses of servers that take no DeleteObjects, or not as the SDK writes it."""
_READ_SECONDS = 10.0
"""For how long an object is read again. A store that has just started reads nothing at first."""
_PAUSE_SECONDS = 0.5
"""Before the second read; twice as long before each further one."""
_READS = 2
"""How many reads must fail of a store that is known to be well."""
_PROBE_BODY = bytes(1024)
"""Enough to lie in a volume of the embedded store, and not beside its name."""
_WRITE_SECONDS = 15.0
"""The embedded server keeps a note of each write: they are not made at every question."""


class Bucket:
    """A bucket, seen as names. May be used by several threads at once."""

    def __init__(
        self, client: Any, bucket: str, address: str, disk: StoreDisk | None = None
    ) -> None:
        self._client = client
        self._public = client
        """Knows the server by the address that callers reach; signs only."""
        self._bucket = bucket
        self._address = address
        self._disk = disk
        self._once: Callable[[], Any] = lambda: client
        """Gives a client that asks no second time."""
        self._probes = [f"{one}/probe" for one in one_folder_a_shard(bucket, "health/")]
        self._probe = 0
        self._written_at = -math.inf
        self._bucket_seen = False

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

    def check(self) -> None:
        """Write a small object and read it back, one of a few.

        It is read each time. The next one is written every few seconds at most, so that in two
        minutes each file of the embedded store's names is met; one that cannot be written stays
        the next one. Raises ``StoreRefusedError``, ``StoreUnavailableError`` or ``NoSpaceError``.
        """
        if self._disk is not None:
            self._disk.must_have_room()
        with self._errors(self._bucket):  # which the embedded server would make for the object
            self._client.head_bucket(Bucket=self._bucket)
        now = time.monotonic()
        number = self._probe
        with self._errors("a small object"):
            if now - self._written_at > _WRITE_SECONDS:
                number = (number + 1) % len(self._probes)
                self._client.put_object(**self._address_of(self._probes[number]), Body=_PROBE_BODY)
                self._probe, self._written_at = number, now
            body = self._client.get_object(**self._address_of(self._probes[number]))["Body"].read()
        if body != _PROBE_BODY:
            raise StoreUnavailableError(
                f"The artifact store at {self._address} returns other data than was stored."
            )

    def reading(self, key: str, read: Callable[[Any], Read], *, is_doubted: bool = False) -> Read:
        """Return what ``read`` returns, which reads the object ``key`` with the client it is given.

        Raises ``ArtifactUnreadableError`` when the store fails at this object for 10 s and several
        reads while it writes and reads another: it is up, and the object is damaged. The time
        begins when the store is first seen to be well, since an outage may have cost minutes. Of
        an object that ``is_doubted``, since that was so already, one failed read says enough.
        Raises ``StoreUnavailableError`` at once where the fault says nothing of the object.
        """
        client, pause = self._once() if is_doubted else self._client, _PAUSE_SECONDS
        well_since, failures = math.inf, 0
        while True:
            try:
                return read(client)
            except StoreUnavailableError as error:
                if not blames_object(error):
                    raise
                self.check()  # an outage is not this object's fault
                if well_since == math.inf:
                    well_since = time.monotonic()
                else:
                    failures += 1
                proven = failures >= _READS and time.monotonic() - well_since > _READ_SECONDS
                if proven or is_doubted:
                    raise ArtifactUnreadableError(
                        f"The artifact store at {self._address} cannot read {key}, though it "
                        "reads other objects: it is damaged there."
                    ) from error
            time.sleep(pause)
            pause *= 2
            client = self._once()

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
            self._delete_some(doomed[start : start + _DELETE_BATCH])
        return len(doomed)

    def _delete_some(self, keys: list[str]) -> None:
        """Remove keys by one request, or one by one where the server takes no such request."""
        batch = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
        with self._errors(keys[0]):
            try:
                answer = self._client.delete_objects(Bucket=self._bucket, Delete=batch)
            except self._client.exceptions.ClientError as error:
                if status_of(error) not in _NO_BATCHES:
                    raise
                answer = None
        if answer is None:
            for key in keys:
                self.delete(key)
        elif answer.get("Errors"):
            first = answer["Errors"][0]
            raise StoreRefusedError(f"{first['Key']} cannot be removed: {first['Code']}.")

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with ``prefix``, in order."""
        return (key for key, _ in self.keys_with_times(prefix))

    def keys_with_times(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        """Yield the keys that begin with ``prefix``, in order, and when they were stored."""
        with self._errors(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix
            )
            for page in pages:
                for item in page.get("Contents", ()):
                    yield item["Key"], item["LastModified"]

    def begin_parts(self, key: str) -> str:
        """Begin an object that comes in parts; return the number of its upload."""
        with self._errors(key):
            return str(self._client.create_multipart_upload(**self._address_of(key))["UploadId"])

    def put_part(self, key: str, upload: str, number: int, part: bytes) -> str:
        """Send the ``number``-th part, counted from 1, of at least 5 MB but for the last."""
        with self._errors(key):
            answer = self._client.upload_part(
                **self._address_of(key), UploadId=upload, PartNumber=number, Body=part
            )
            return str(answer["ETag"])

    def complete_parts(self, key: str, upload: str, parts: list[dict[str, Any]]) -> None:
        """Make the object of its parts, each with ``PartNumber`` and ``ETag``."""
        with self._errors(key):
            self._client.complete_multipart_upload(
                **self._address_of(key), UploadId=upload, MultipartUpload={"Parts": parts}
            )

    def unfinished(self, prefix: str) -> Iterator[tuple[str, str, datetime]]:
        """Yield key, number and beginning of each object that still comes in parts."""
        with self._errors(prefix):
            pages = self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self._bucket, Prefix=prefix
            )
            for page in pages:
                for one in page.get("Uploads", ()):
                    yield one["Key"], one["UploadId"], one["Initiated"]

    def abort_parts(self, key: str, upload: str) -> None:
        """Remove the parts of an object that will not be completed, unless they are removed."""
        with self._errors(key):
            try:
                self._client.abort_multipart_upload(**self._address_of(key), UploadId=upload)
            except self._client.exceptions.ClientError as error:
                if error_code(error) != "NoSuchUpload":
                    raise

    def _address_of(self, key: str) -> ObjectAddress:
        return {"Bucket": self._bucket, "Key": key}

    def _errors(self, subject: str) -> AbstractContextManager[None]:
        return store_errors(subject, self._address, self._disk)

    def _must_be_absent(self, error: Any, bucket: str | None = None) -> None:
        """Raise ``error`` unless it says that the key is absent.

        Our own bucket must exist; another one that does not exist holds no such key either.
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
