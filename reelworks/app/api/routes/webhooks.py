"""Webhooks: the calls that this server makes, for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header

from reelworks.app.api.schemas.webhooks import JobEnded

router = APIRouter()

MessageId = Annotated[
    str, Header(alias="webhook-id", description="The same at each attempt: ignore repeats.")
]
Timestamp = Annotated[
    int,
    Header(
        alias="webhook-timestamp",
        description="When this attempt was made: seconds since 1970. Refuse what is minutes old.",
    ),
]
Signature = Annotated[
    str,
    Header(
        alias="webhook-signature",
        description="`v1,` and the Base64 of the HMAC-SHA256 of `id.timestamp.body`. Verify it "
        "with a library of https://www.standardwebhooks.com and the server's WEBHOOK_SECRET.",
    ),
]
RESPONSES: dict[int | str, dict[str, Any]] = {
    204: {"description": "Any 2xx: received. Other responses are retried for about a day."},
    410: {"description": "No more calls for this job."},
}


@router.post(
    "job.ended", operation_id="on_job_ended", status_code=204, responses=RESPONSES, tags=["jobs"]
)
def job_ended(
    event: JobEnded, webhook_id: MessageId, timestamp: Timestamp, signature: Signature
) -> None:
    """Report the end of a job to its `webhook_url`; `type` says how it ended."""
