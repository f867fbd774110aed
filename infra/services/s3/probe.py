"""Probes of an S3 server: does it answer, are the keys right, can objects be read."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

_PROBE = "reelworks-ready"
"""Bucket and key of the object that a start reads back."""
_PROBE_BYTES = 1024
"""Enough to lie in a volume."""


def is_local(url: str | None) -> bool:
    """Tell whether an address is on the loopback interface, where no proxy belongs between."""
    return url is not None and urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")


def s3_client(endpoint: str | None, key_id: str | None, secret: str | None, region: str) -> Any:
    """Return a plain S3 client that gives up quickly; for checks only."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        region_name=region,
        config=Config(
            proxies={} if is_local(endpoint) else None,
            connect_timeout=2,
            read_timeout=5,
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
        ),
    )


def answers(client: Any) -> bool:
    """Tell whether the server behind a client takes its keys."""
    try:
        client.list_buckets()
    except (BotoCoreError, ClientError):
        return False
    return True


def serves_objects(client: Any) -> bool:
    """Tell whether objects can be read, which starts a moment after the front end answers.

    Until the volumes have reported themselves, what an earlier run stored cannot be read. So an
    object that lies in a volume is read back; the very first start writes it.
    """
    try:
        client.get_object(Bucket=_PROBE, Key=_PROBE)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchKey", "NoSuchBucket"):
            return False
    except BotoCoreError:
        return False
    else:
        return True
    try:
        client.create_bucket(Bucket=_PROBE)
        client.put_object(Bucket=_PROBE, Key=_PROBE, Body=bytes(_PROBE_BYTES))
    except (BotoCoreError, ClientError):
        return False
    return False
