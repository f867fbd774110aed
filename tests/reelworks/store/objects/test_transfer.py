"""Transfers: uploads and copies, and drafts that never stay."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from reelworks.settings import Settings
from reelworks.store.objects.client import make_client
from reelworks.store.objects.transfer import MULTIPART_BYTES, copy, draft_for, receive, send

DATA = b"twelve bytes"


def test_a_draft_lies_beside_its_target_and_is_removed(tmp_path: Path) -> None:
    target = tmp_path / ("n" * 250)
    with draft_for(target) as draft, draft_for(target) as other:
        assert draft != other
        assert draft.parent == tmp_path
        draft.write_bytes(DATA)
    with pytest.raises(ZeroDivisionError), draft_for(target) as draft:
        draft.write_bytes(DATA)
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [0, 12, MULTIPART_BYTES])
def test_what_was_sent_is_received(
    settings: Settings, bucket: str, tmp_path: Path, size: int
) -> None:
    client = make_client(settings)
    address = {"Bucket": bucket, "Key": "a"}
    content = (DATA * (size // len(DATA) + 1))[:size]
    etag = send(client, address, BytesIO(content), size, {"Metadata": {"made-by": "us"}})
    assert (etag is None) == (size >= MULTIPART_BYTES)
    for known in (size, None):
        receive(client, address, tmp_path / "a", known)
        assert (tmp_path / "a").read_bytes() == content


def test_a_copy_has_the_new_type_and_is_made_of_the_object_it_knows(
    settings: Settings, bucket: str
) -> None:
    client = make_client(settings)
    source, target = {"Bucket": bucket, "Key": "a"}, {"Bucket": bucket, "Key": "b"}
    etag = send(client, source, BytesIO(DATA), len(DATA), {"ContentType": "text/plain"})
    assert etag is not None
    extra = {"Metadata": {"sha256": "0"}, "ContentType": "video/mp4"}
    copy(client, source, target, len(DATA), etag, extra)
    head = client.head_object(**target)
    assert (head["ContentType"], head["Metadata"]) == ("video/mp4", {"sha256": "0"})
    with pytest.raises(client.exceptions.ClientError, match="412|PreconditionFailed"):
        copy(client, source, target, len(DATA), "another", extra)
