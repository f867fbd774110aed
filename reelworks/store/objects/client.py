"""The S3 client (boto3). Imported late: boto3 is slow to import."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import boto3
from botocore.config import Config

from reelworks.settings import Settings
from reelworks.store.objects.slow_bodies import give_up_slow_bodies

LONG_SECONDS = 10.0
_ATTEMPTS = 4


def make_client(settings: Settings, *, seconds: float | None = None, once: bool = False) -> Any:
    """Return an S3 client: 5 s to connect, 60 s for each read, four tries with back-off.

    With ``seconds``, each answer is waited for no longer than that, and asked for once more only
    where no user waits for it (from ``LONG_SECONDS`` on). With ``once`` nothing is asked for
    again. Our own SHA-256 covers each object, so the SDK's optional checksums, which some
    compatible servers refuse, are left out. An object that comes more slowly than
    ``FETCH_LEAST_KB_PER_SECOND`` is given up.
    """
    attempts = _ATTEMPTS if seconds is None else 2 if seconds >= LONG_SECONDS else 1
    attempts = 1 if once else attempts
    secret = settings.s3.secret_access_key
    client = boto3.client(
        "s3",
        endpoint_url=settings.s3.endpoint_url,
        aws_access_key_id=settings.s3.access_key_id,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        region_name=settings.s3.region,
        config=Config(
            signature_version="s3v4",
            connect_timeout=min(5, seconds or 5),
            read_timeout=seconds or 60,
            retries={"mode": "standard", "total_max_attempts": attempts},
            max_pool_connections=32,
            tcp_keepalive=True,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": "path" if settings.s3.endpoint_url else "auto"},
        ),
    )
    client.meta.events.register("before-call.s3.DeleteObjects", _add_content_md5)
    if settings.sources.fetch_least_kb_per_second > 0:
        give_up_slow_bodies(client, settings.sources.fetch_least_kb_per_second * 1000)
    return client


def _add_content_md5(params: dict[str, Any], **_: Any) -> None:
    """Add the MD5 of the body, which many servers want of ``DeleteObjects``.

    S3 itself takes the SDK's CRC32 in its place since 2022; others know only the older header.
    """
    digest = hashlib.md5(params["body"], usedforsecurity=False).digest()
    params["headers"]["Content-MD5"] = base64.b64encode(digest).decode()
