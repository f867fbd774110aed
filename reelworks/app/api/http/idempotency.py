"""``Idempotency-Key``: the same POST twice is done once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from reelworks.app.api.http.auth import CurrentCaller
from reelworks.app.api.http.request_context import Context
from reelworks.domain.digest import sha256_of_bytes
from reelworks.store.access.idempotency_keys import (
    KeyedRequest,
    StoredResponse,
    claim_key,
    release_key,
    store_response,
)
from reelworks.store.jobs.jobs import new_job_id

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Any text of your choice, for example a UUID. The same request with the same "
        "key within 24 hours gets the first one's answer and changes nothing.",
    ),
]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request led to."""

    status: int
    body: BaseModel
    location: str | None = None


@dataclass(frozen=True, slots=True)
class JobIds:
    """Gives ids: a request that is done again after a crash gives the same ones."""

    since: datetime | None = None
    asked: KeyedRequest | None = None

    def job_id(self) -> str:
        """Return the id for the job of this request."""
        if self.asked is None or self.since is None:
            return new_job_id()
        parts = (self.asked.caller, self.asked.key, self.since.isoformat())
        return f"job-{sha256_of_bytes(chr(0).join(parts).encode())[:16]}"


@dataclass(frozen=True, slots=True)
class IdempotentPost:
    """A POST that may carry a key."""

    api: Context
    caller: str
    key: str | None
    fingerprint: str
    """Of method, path and body; uploads add their content's."""

    def run(self, work: Callable[[JobIds], Reply], *, content: str = "") -> JSONResponse:
        """Do the work, or give the answer that the first request with this key got.

        A request that is refused is forgotten. Raises what ``work`` raises, ``BusyError`` and
        ``OtherRequestError``.
        """
        if self.key is None:
            return _fresh(work(JobIds()))
        fingerprint = sha256_of_bytes(f"{self.fingerprint} {content}".encode())
        asked = KeyedRequest(self.caller, self.key, fingerprint)
        known = claim_key(self.api.engine, asked)
        if isinstance(known, StoredResponse):
            return _replayed(known)
        try:
            done = work(JobIds(known.since, asked))
        except BaseException:
            release_key(self.api.engine, asked)
            raise
        answer = {"body": done.body.model_dump(mode="json"), "location": done.location}
        store_response(self.api.engine, asked, done.status, answer)
        return _fresh(done)


def _fresh(done: Reply) -> JSONResponse:
    return _answer(done.status, done.body.model_dump(mode="json"), done.location)


def _replayed(stored: StoredResponse) -> JSONResponse:
    answer = _answer(stored.status, stored.body["body"], stored.body["location"])
    answer.headers["Idempotent-Replay"] = "true"
    return answer


def _answer(status: int, body: Mapping[str, Any], location: str | None) -> JSONResponse:
    return JSONResponse(body, status, headers={"Location": location} if location else None)


async def once_of(
    request: Request, api: Context, caller: CurrentCaller, key: Key = None
) -> IdempotentPost:
    """Return the request's key and what it stands for."""
    body = b"" if _is_upload(request) else await request.body()
    head = f"{request.method} {request.url.path}?{request.url.query}".encode()
    return IdempotentPost(api, caller.name, key, sha256_of_bytes(head + b"\0" + body))


def _is_upload(request: Request) -> bool:
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


Idempotent = Annotated[IdempotentPost, Depends(once_of)]
