"""Policy for sources and webhooks: which addresses, keys and paths a remote caller may name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from reelworks.domain.artifact_keys import INCOMING, UPLOADS
from reelworks.domain.printable import one_line
from reelworks.errors import ForbiddenError, InputError, UnsafeAddressError
from reelworks.providers.http.addresses import check_url
from reelworks.settings import Settings
from reelworks.stages.source.ingest import without_secrets

OWN_PREFIXES = (UPLOADS, INCOMING)
"""Prefixes of the library's bucket that callers may name; the rest belongs to the stages."""


@dataclass(frozen=True, slots=True)
class AllowedSource:
    """A source that may be indexed."""

    locator: str
    """An http(s) address, ``s3://bucket/key`` or a path."""
    name: str
    """The file's own name."""


def authorize_source(
    locator: str, settings: Settings, schemes: tuple[str, ...] = ("http", "https", "s3", "")
) -> AllowedSource:
    """Return a source that a caller may name.

    Raises ``InputError`` when it is not a source, ``UnsafeAddressError`` for a private address,
    and ``ForbiddenError`` for a bucket, key or path outside those that the settings allow.
    """
    scheme, mark, rest = locator.partition("://")
    scheme = scheme.lower() if mark else ""
    shown = without_secrets(locator)
    if scheme not in schemes:
        raise InputError(f"{shown} cannot be used for this field.")
    if any(ord(letter) < 0x20 or ord(letter) == 0x7F for letter in locator):
        raise InputError(f"{shown} contains control characters.")
    if scheme == "s3":
        return _in_store(rest, shown, settings)
    if scheme == "":
        return _in_folder(locator, shown, settings)
    _check_address(locator, settings)
    return AllowedSource(locator, unquote(PurePosixPath(shown).name))


def check_webhook(url: str | None, settings: Settings) -> None:
    """Refuse an address for webhooks that would never be called.

    Raises ``InputError`` without ``WEBHOOK_SECRET`` and for what is not an http(s) URL, and
    ``UnsafeAddressError`` for a private address where those are off.
    """
    if url is None:
        return
    if settings.api.webhook_secret is None:
        raise InputError("Webhooks are off: WEBHOOK_SECRET is not set on the server.")
    try:
        _check_address(url, settings)
    except UnsafeAddressError:
        raise
    except InputError as error:
        raise InputError(f"The webhook_url cannot be called. {error}") from None


def _check_address(url: str, settings: Settings) -> None:
    """Check the form of a URL always, and that it is public where private ones are off."""
    try:
        check_url(url)
    except UnsafeAddressError:
        if not settings.sources.fetch_private_addresses:
            raise


def _in_store(address: str, shown: str, settings: Settings) -> AllowedSource:
    bucket, _, key = address.partition("/")
    own = bucket == settings.s3.bucket and key.startswith(OWN_PREFIXES)
    others = filter(None, (one.strip() for one in settings.api.allowed_source_buckets.split(",")))
    if not key or ".." in PurePosixPath(key).parts or not (own or bucket in set(others)):
        raise ForbiddenError(
            f"{shown} is not allowed: use a key of uploads/ or incoming/, "
            "or a bucket of ALLOWED_SOURCE_BUCKETS."
        )
    return AllowedSource(f"s3://{address}", PurePosixPath(key).name)


def _in_folder(path: str, shown: str, settings: Settings) -> AllowedSource:
    folders = [Path(one) for one in settings.api.source_folders.split(":") if one.strip()]
    try:
        real = Path(path).resolve()
    except (OSError, ValueError, RuntimeError):
        raise InputError(f"{one_line(shown)} is not a valid path.") from None
    if not any(real.is_relative_to(folder.resolve()) for folder in folders):
        raise ForbiddenError(f"{shown} is not allowed: it is outside SOURCE_FOLDERS.")
    return AllowedSource(str(real), real.name)
