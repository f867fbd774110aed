"""Checks for `reelworks doctor` of the machine and of the services beneath."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import psycopg
from botocore.exceptions import BotoCoreError, ClientError

from infra.fleet.server_health import PLAN_SECONDS, planning_fault, server_fault, server_version
from infra.services.endpoints import Endpoints
from infra.services.files import free_ports, make_folder
from infra.services.postgres.cluster import EXTENSIONS
from infra.services.s3.probe import s3_client
from reelworks.errors import ServiceError
from reelworks.settings import Settings

GIB = 1024**3
SPACE_NEEDED = 2 * GIB
"""Bytes below which indexing will soon stop."""
SPACE_ADVISED = 10 * GIB
CHECK_SECONDS = 10.0
"""Seconds for this check of the Prefect server; a health check has fewer."""
OLDEST_POSTGRES = 150_000
"""PostgreSQL 15, as ``server_version_num`` counts."""


class CheckResult(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding and, unless it is good, a hint how to fix it in one sentence."""

    name: str
    verdict: CheckResult
    finding: str
    hint: str = ""


def check_machine(settings: Settings) -> list[Check]:
    """Check what needs no service: Python, the folder, its disk, ports, ffmpeg."""
    return [
        check_python(),
        check_folder(settings.data_dir),
        check_space(settings.data_dir),
        check_ports(),
        check_ffmpeg(),
    ]


def check_services(settings: Settings, endpoints: Endpoints) -> list[Check]:
    """Check the services at ``endpoints``; those that are None are left out."""
    found = []
    if endpoints.database_url is not None:
        found.append(check_postgres(endpoints.database_url.get_secret_value()))
    if endpoints.s3_endpoint_url is not None or endpoints.s3_access_key_id is not None:
        found.append(check_store(settings, endpoints))
    if endpoints.prefect_api_url is not None:
        environment = {**os.environ, **endpoints.environment()}
        found.append(check_prefect(endpoints.prefect_api_url, environment))
    return found


def check_python() -> Check:
    """Check that this Python is one that the project supports."""
    version = ".".join(str(number) for number in sys.version_info[:3])
    if (3, 11) <= sys.version_info < (3, 14):
        return Check("Python", CheckResult.OK, version)
    return Check("Python", CheckResult.FAIL, version, "Install Python 3.11, 3.12 or 3.13.")


def check_folder(folder: Path) -> Check:
    """Check that DATA_DIR can be made and written."""
    try:
        make_folder(folder, is_users=True)
    except ServiceError as error:
        hint = "Set DATA_DIR to a folder that you own."
        return Check("Data folder", CheckResult.FAIL, str(error), hint)
    return Check("Data folder", CheckResult.OK, str(folder))


def check_space(folder: Path) -> Check:
    """Check that the disk under DATA_DIR has room."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    finding = f"{free / GIB:.1f} GiB free"
    hint = f"Make room on the disk of {folder}, or set DATA_DIR to a larger one."
    if free < SPACE_NEEDED:
        return Check("Disk", CheckResult.FAIL, finding, hint)
    if free < SPACE_ADVISED:
        return Check("Disk", CheckResult.WARN, finding, hint)
    return Check("Disk", CheckResult.OK, finding)


def check_ports() -> Check:
    """Check that servers may listen on the loopback address."""
    try:
        free_ports(12)
    except OSError as error:
        hint = "Allow programs to listen on 127.0.0.1, or set the addresses of external services."
        return Check("Ports", CheckResult.FAIL, f"no free ports ({error.strerror})", hint)
    return Check("Ports", CheckResult.OK, "can listen on 127.0.0.1")


def check_ffmpeg() -> Check:
    """Check that ffmpeg is there and runs."""
    hint = "Reinstall the package imageio-ffmpeg, or set IMAGEIO_FFMPEG_EXE to an ffmpeg."
    try:
        program = imageio_ffmpeg.get_ffmpeg_exe()
        done = subprocess.run(
            [program, "-hide_banner", "-version"],
            capture_output=True, text=True, timeout=20, check=True,
        )  # fmt: skip
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        return Check("ffmpeg", CheckResult.FAIL, f"does not run ({error})", hint)
    version = done.stdout.split(" Copyright")[0].removeprefix("ffmpeg version ").strip()
    return Check("ffmpeg", CheckResult.OK, version)


def check_postgres(url: str) -> Check:
    """Check that PostgreSQL lets us in, is 15 or later, and has or can make the extensions."""
    plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
    try:
        with psycopg.connect(plain, connect_timeout=5) as connection:
            version = connection.info.server_version
            rows = connection.execute("SELECT name FROM pg_available_extensions").fetchall()
    except psycopg.Error as error:
        reason = (str(error).splitlines() or ["no answer"])[0]
        hint = "Start the server and check host, name and password in DATABASE_URL."
        return Check("PostgreSQL", CheckResult.FAIL, f"cannot be reached: {reason}", hint)
    finding = f"version {version // 10_000}.{version % 10_000}"
    if version < OLDEST_POSTGRES:
        hint = "Upgrade the server to PostgreSQL 15 or later."
        return Check("PostgreSQL", CheckResult.FAIL, finding, hint)
    missing = sorted(set(EXTENSIONS) - {name for (name,) in rows})
    if missing:
        hint = f"Install {', '.join(missing)} on the server (pgvector is the package of vector)."
        return Check("PostgreSQL", CheckResult.FAIL, f"{finding}, lacks {', '.join(missing)}", hint)
    return Check("PostgreSQL", CheckResult.OK, f"{finding} with {', '.join(EXTENSIONS)}")


def check_store(settings: Settings, endpoints: Endpoints) -> Check:
    """Check that the store takes our keys and honours If-None-Match.

    The bucket is made when it is missing; a small object is written and removed.
    """
    secret = endpoints.s3_secret_access_key
    client = s3_client(
        endpoints.s3_endpoint_url,
        endpoints.s3_access_key_id,
        None if secret is None else secret.get_secret_value(),
        settings.s3.region,
    )
    probe = {"Bucket": settings.s3.bucket, "Key": f"doctor/{secrets.token_hex(8)}"}
    store = endpoints.s3_endpoint_url or f"AWS {settings.s3.region}"
    try:
        _ensure_bucket(client, settings.s3.bucket)
        client.put_object(**probe, Body=b"1", IfNoneMatch="*")
        try:
            client.put_object(**probe, Body=b"2", IfNoneMatch="*")
            conditional = False
        except ClientError as error:
            conditional = error.response["Error"]["Code"] == "PreconditionFailed"
        client.delete_object(**probe)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        hint = "Check S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, S3_BUCKET and the key's rights."
        return Check("Store", CheckResult.FAIL, f"{store} refuses access: {code}", hint)
    except BotoCoreError as error:
        hint = "Start the S3 server and check S3_ENDPOINT_URL."
        return Check("Store", CheckResult.FAIL, f"{store} cannot be reached ({error})", hint)
    if not conditional:
        hint = "Use an S3 server that honours If-None-Match on PUT."
        return Check("Store", CheckResult.FAIL, f"{store} ignores If-None-Match", hint)
    return Check("Store", CheckResult.OK, f"{store}, bucket {settings.s3.bucket}")


def check_prefect(api_url: str, environment: Mapping[str, str] = os.environ) -> Check:
    """Check that Prefect's server works: it reaches its database, and plans a run.

    Its version must be the installed one. ``environment`` has the credentials.
    """
    fault = server_fault(api_url, CHECK_SECONDS, environment)
    fault = fault or planning_fault(api_url, PLAN_SECONDS, environment)
    if fault is not None:
        return Check("Prefect", CheckResult.FAIL, fault.finding.rstrip("."), fault.remedy)
    installed = package_version("prefect")
    there = server_version(api_url, environment=environment)
    if there != installed:
        hint = f"Run Prefect server {installed}, the version installed on this machine."
        return Check("Prefect", CheckResult.WARN, f"server {there}, installed {installed}", hint)
    return Check("Prefect", CheckResult.OK, f"version {there} at {api_url}, plans runs")


def _ensure_bucket(client: Any, bucket: str) -> None:
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
            raise
        client.create_bucket(Bucket=bucket)
