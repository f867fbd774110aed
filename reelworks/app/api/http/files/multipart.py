"""Multipart forms, parsed while they arrive."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from reelworks.errors import InputError, OverLimitError, RequestError

MAX_PARTS = 16
MAX_FIELD_BYTES = 16 << 10
MAX_NAME = 1000


@dataclass(frozen=True, slots=True)
class FileBegins:
    """A file follows; its name is the caller's and may be anything."""

    name: str


@dataclass(frozen=True, slots=True)
class FileBytes:
    """The next bytes of the file."""

    data: bytes


Piece = FileBegins | FileBytes


@dataclass
class Form:
    """The fields of a form with one file."""

    fields: dict[str, str] = field(default_factory=dict)
    _pieces: list[Piece] = field(default_factory=list)
    _header: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _disposition: bytes = b""
    _open: str | None = None
    _in_file: bool = False
    _files: int = 0
    _parts: int = 0
    _ended: bool = False

    async def pieces(self, request: Request) -> AsyncIterator[Piece]:
        """Yield the file's pieces; ``fields`` is complete at the end.

        Raises ``RequestError`` when the body is not a form or is cut off, ``InputError`` for
        invalid fields, ``OverLimitError`` for too many or too long ones.
        """
        parser = self._parser(request.headers.get("content-type", ""))
        async for block in request.stream():
            try:
                parser.write(block)
            except FormParserError as error:
                raise RequestError("The form cannot be read; send it again.") from error
            while self._pieces:
                yield self._pieces.pop(0)
        if not self._ended:
            raise RequestError("The form is cut off; send it again.")
        if self._files != 1:
            raise InputError("The form has no file; send one in the field file.")

    def _parser(self, content_type: str) -> MultipartParser:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise RequestError(
                "The upload is not a form: send multipart/form-data with a boundary."
            )
        callbacks: dict[str, Callable[..., None]] = {
            "on_part_begin": self._part_begins,
            "on_header_field": self._collect_name,
            "on_header_value": self._collect_value,
            "on_header_end": self._header_ends,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._data,
            "on_part_end": self._part_ends,
            "on_end": self._end,
        }
        try:
            return MultipartParser(boundary, callbacks)  # type: ignore[arg-type]
        except FormParserError as error:
            raise RequestError("The form's boundary cannot be used.") from error

    def _part_begins(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise OverLimitError(f"The form has more than {MAX_PARTS} fields.")
        self._disposition = b""
        self._open, self._in_file = None, False

    def _collect_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _collect_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_ends(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode(errors="replace")
        if b"filename" in options:
            self._files += 1
            if name != "file" or self._files > 1:
                raise InputError("Send one file, in the field file.")
            self._in_file = True
            shown = options[b"filename"].decode(errors="replace")[:MAX_NAME]
            self._pieces.append(FileBegins(shown))
        elif not name or name in self.fields:
            raise InputError("A field of the form has no name, or one that is used twice.")
        else:
            self._open = name
            self.fields[name] = ""

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._pieces.append(FileBytes(data[start:end]))
            return
        self._value += data[start:end]
        if len(self._value) > MAX_FIELD_BYTES:
            raise OverLimitError(f"A field of the form is longer than {MAX_FIELD_BYTES} bytes.")

    def _part_ends(self) -> None:
        if self._open is not None:
            try:
                self.fields[self._open] = self._value.decode()
            except UnicodeDecodeError:
                raise InputError("A field of the form is not UTF-8 text.") from None
        self._value.clear()

    def _end(self) -> None:
        self._ended = True
