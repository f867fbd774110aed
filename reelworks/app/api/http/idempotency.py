"""``Idempotency-Key``: a POST that is sent twice takes effect once."""

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
        "key within 24 hours gets the first response and changes nothing.",
    ),
]


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, body and location of a response."""

    status: int
    body: BaseModel
    location: str | None = None


@dataclass(frozen=True, slots=True)
class JobIds:
    """Ids for a request's jobs: a repeat after a crash gets the same ones."""

    since: datetime | None = None
    request: KeyedRequest | None = None

    def job_id(self) -> str:
        """Return the id for the job of this request."""
        if self.request is None or self.since is None:
            return new_job_id()
        parts = (self.request.caller, self.request.key, self.since.isoformat())
        return f"job-{sha256_of_bytes(chr(0).join(parts).encode())[:16]}"


@dataclass(frozen=True, slots=True)
class IdempotentPost:
    """A POST that may have an idempotency key."""

    api: Context
    caller: str
    key: str | None
    fingerprint: str
    """Of method, path and body; uploads add their content's."""

    def run(self, work: Callable[[JobIds], Reply], *, content: str = "") -> JSONResponse:
        """Run ``work``, or return the response that the first request with this key got.

        The key of a failed request is forgotten. Raises what ``work`` raises, ``BusyError`` and
        ``IdempotencyKeyReusedError``.
        """
        if self.key is None:
            return _fresh(work(JobIds()))
        fingerprint = sha256_of_bytes(f"{self.fingerprint} {content}".encode())
        request = KeyedRequest(self.caller, self.key, fingerprint)
        known = claim_key(self.api.engine, request)
        if isinstance(known, StoredResponse):
            return _replayed(known)
        try:
            done = work(JobIds(known.since, request))
        except BaseException:
            release_key(self.api.engine, request)
            raise
        answer = {"body": done.body.model_dump(mode="json"), "location": done.location}
        store_response(self.api.engine, request, done.status, answer)
        return _fresh(done)


def _fresh(done: Reply) -> JSONResponse:
    return _answer(done.status, done.body.model_dump(mode="json"), done.location)


def _replayed(stored: StoredResponse) -> JSONResponse:
    answer = _answer(stored.status, stored.body["body"], stored.body["location"])
    answer.headers["Idempotent-Replay"] = "true"
    return answer


def _answer(status: int, body: Mapping[str, Any], location: str | None) -> JSONResponse:
    return JSONResponse(body, status, headers={"Location": location} if location else None)


async def idempotent_post(
    request: Request, api: Context, caller: CurrentCaller, key: Key = None
) -> IdempotentPost:
    """Return the request's key and fingerprint."""
    body = b"" if _is_upload(request) else await request.body()
    head = f"{request.method} {request.url.path}?{request.url.query}".encode()
    return IdempotentPost(api, caller.name, key, sha256_of_bytes(head + b"\0" + body))


def _is_upload(request: Request) -> bool:
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


Idempotent = Annotated[IdempotentPost, Depends(idempotent_post)]
