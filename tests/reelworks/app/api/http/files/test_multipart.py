"""Multipart forms, in pieces of any size."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from fastapi import Request

from reelworks.app.api.http.files.multipart import (
    MAX_FIELD_BYTES,
    MAX_NAME,
    MAX_PARTS,
    FileBegins,
    FileBytes,
    Form,
)
from reelworks.errors import InputError, OverLimitError, ReelworksError, RequestError

BOUNDARY = "xyz"
FORM_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def part(name: str, value: bytes, filename: str | None = None) -> bytes:
    disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
    head = f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n"
    return head.encode() + value + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def request(blocks: Sequence[bytes], content_type: str = FORM_TYPE) -> Request:
    waiting = [*blocks]

    async def receive() -> dict[str, object]:
        body = waiting.pop(0) if waiting else b""
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    headers = [(b"content-type", content_type.encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


async def read(
    body: bytes, content_type: str = FORM_TYPE, size: int = 1 << 20
) -> tuple[str, bytes, dict[str, str]]:
    """Return the file's name, its bytes and the fields."""
    blocks = [body[at : at + size] for at in range(0, len(body), size)]
    parsed, name, content = Form(), "", b""
    async for piece in parsed.pieces(request(blocks, content_type)):
        if isinstance(piece, FileBegins):
            name = piece.name
        else:
            assert isinstance(piece, FileBytes)
            content += piece.data
    return name, content, parsed.fields


@pytest.mark.parametrize("size", [1, 2, 7, 64, 1 << 20])
async def test_a_form_is_the_same_in_pieces_of_any_size(size):
    content = b"\r\n--xy\x00\r\n" * 20
    body = form(
        part("title", "Über uns".encode()), part("file", content, "talk.mp4"), part("id", b"talk")
    )

    assert await read(body, size=size) == ("talk.mp4", content, {"title": "Über uns", "id": "talk"})


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        (form(part("id", b"a")), InputError, "no file"),
        (form(part("file", b"a", "a"), part("file", b"b", "b")), InputError, "one file"),
        (form(part("other", b"a", "a")), InputError, "one file"),
        (form(part("id", b"a"), part("id", b"b")), InputError, "used twice"),
        (form(part("", b"a")), InputError, "no name"),
        (form(part("id", b"\xff")), InputError, "not UTF-8"),
        (form(part("id", b"a" * (MAX_FIELD_BYTES + 1))), OverLimitError, "longer than"),
        (form(*(part(f"f{n}", b"") for n in range(MAX_PARTS + 1))), OverLimitError, "more than"),
        (part("file", b"a", "a"), RequestError, "cut off"),
        (b"", RequestError, "cut off"),
        (b"nonsense", RequestError, "cannot be read"),
    ],
)
async def test_an_invalid_form_is_refused(body, error, message):
    with pytest.raises(error, match=message):
        await read(body)


@pytest.mark.parametrize(
    "content_type",
    ["", "application/json", "multipart/form-data", "multipart/mixed; boundary=xyz"],
)
async def test_another_content_type_is_not_a_form(content_type):
    with pytest.raises(RequestError, match="not a form"):
        await read(form(part("file", b"a", "a")), content_type)


async def test_a_boundary_that_is_too_long_is_refused():
    with pytest.raises(ReelworksError):
        await read(b"", f"multipart/form-data; boundary={'x' * 1000}")


async def test_a_field_of_the_largest_size_and_a_long_file_name():
    name, _, fields = await read(
        form(part("title", b"a" * MAX_FIELD_BYTES), part("file", b"", "n" * (MAX_NAME + 5)))
    )

    assert len(fields["title"]) == MAX_FIELD_BYTES
    assert len(name) == MAX_NAME
