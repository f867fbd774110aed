"""S3 transfers: upload, download and copy, in parts when a file is large."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

MULTIPART_BYTES = 64 << 20
"""Files from this size on travel in parts."""
PART_BYTES = 16 << 20
AT_ONCE = 4
"""How many parts of one file travel side by side."""
SMALL_BYTES = 8 << 20
"""Files up to this size are fetched in one answer."""
ONE_COPY_BYTES = 5 << 30
"""The most that one CopyObject request may copy (Amazon S3 API reference, CopyObject)."""

ObjectAddress = dict[str, str]
"""``Bucket`` and ``Key`` of an object."""


def send(
    client: Any, address: ObjectAddress, stream: BinaryIO, size: int, extra: dict[str, Any]
) -> str | None:
    """Upload ``size`` bytes; return the entity tag, or None when they went in parts."""
    if size < MULTIPART_BYTES:
        answer = client.put_object(**address, Body=stream, **extra)
        return str(answer["ETag"]).strip('"')
    client.upload_fileobj(
        stream, address["Bucket"], address["Key"], ExtraArgs=extra, Config=_parts(MULTIPART_BYTES)
    )
    return None


def receive(client: Any, address: ObjectAddress, draft: Path, size: int | None) -> None:
    """Download an object to ``draft``; ``size`` is its bytes where they are known."""
    with draft.open("wb") as file:
        if size is not None and size <= SMALL_BYTES:
            file.write(client.get_object(**address)["Body"].read())
        else:
            client.download_fileobj(
                address["Bucket"], address["Key"], file, Config=_parts(PART_BYTES)
            )


def copy(
    client: Any,
    source: ObjectAddress,
    target: ObjectAddress,
    size: int,
    etag: str,
    extra: dict[str, Any],
) -> None:
    """Copy an object of ``size`` bytes inside the store, if it still has this entity tag.

    ``extra`` holds the copy's ``Metadata`` and, where it gets a new one, its ``ContentType``.
    """
    renewed = {**extra, "MetadataDirective": "REPLACE"}
    if size < ONE_COPY_BYTES:
        how = renewed if "ContentType" in extra else {}
        client.copy_object(**target, CopySource=source, CopySourceIfMatch=etag, **how)
    else:
        client.copy(source, target["Bucket"], target["Key"], ExtraArgs=renewed)


@contextmanager
def draft_for(to: Path) -> Iterator[Path]:
    """Give a temporary path next to ``to`` to write into; it is removed at the end."""
    draft = to.with_name(f".{to.name[:100]}.{secrets.token_hex(6)}.part")
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _parts(threshold: int) -> Any:
    from boto3.s3.transfer import TransferConfig

    return TransferConfig(
        multipart_threshold=threshold, multipart_chunksize=PART_BYTES, max_concurrency=AT_ONCE
    )
