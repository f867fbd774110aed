"""The style sheet, the scripts and the icon, from the package."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from fastapi import APIRouter, Request
from fastapi.responses import Response

from reelworks.domain.digest import sha256_of_bytes
from reelworks.errors import NotStoredError

router = APIRouter(include_in_schema=False)
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class _Asset:
    content: bytes
    media_type: str
    etag: str


def _read() -> dict[str, _Asset]:
    found = {}
    for file in files("reelworks.app.web").joinpath("assets").iterdir():
        suffix = file.name[file.name.rfind(".") :]
        if suffix in _TYPES:
            content = file.read_bytes()
            etag = f'"{sha256_of_bytes(content)[:16]}"'
            found[file.name] = _Asset(content, f"{_TYPES[suffix]}; charset=utf-8", etag)
    return found


_ASSETS = _read()


@router.get("/assets/{name}")
def asset(name: str, request: Request) -> Response:
    """Return a file; browsers revalidate it each time."""
    found = _ASSETS.get(name)
    if found is None:
        raise NotStoredError(f"There is no asset {name!r}.")
    headers = {"ETag": found.etag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == found.etag:
        return Response(status_code=304, headers=headers)
    return Response(found.content, media_type=found.media_type, headers=headers)
