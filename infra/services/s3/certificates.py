"""Certificate for mutual TLS among the inner servers of the embedded store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra.services.files import OWNER_FILE, write_private

VALID_FOR = timedelta(days=3650)
RENEWED_BEFORE = timedelta(days=365)
"""A start this long before the end makes a new certificate."""
_CLOCK_ERROR = timedelta(days=1)


def certificate_in(path: Path, now: datetime | None = None) -> Path:
    """Return a private file with a certificate and its key, made on first use and near its end.

    The certificate is its own authority, for the loopback address, as server and as client: who
    trusts it and nothing else trusts those alone who can read this file.

    Raises ``PermissionDeniedError`` or ``NoSpaceError``.
    """
    now = now or datetime.now(UTC)
    if not _is_good(path, now):
        write_private(path, _new_certificate(now))
    path.chmod(OWNER_FILE)
    return path


def _is_good(path: Path, now: datetime) -> bool:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificate

    try:
        content = path.read_bytes()
        certificate = load_pem_x509_certificate(content)
        key = load_pem_private_key(content, None)
    except (FileNotFoundError, ValueError):  # never made, or cut off by a crash of the disk
        return False
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return key.public_key() == certificate.public_key() and begins <= now < ends - RENEWED_BEFORE


def _new_certificate(now: datetime) -> str:
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "reelworks embedded store")])
    hosts = [x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost")]
    roles = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_ERROR)
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.ExtendedKeyUsage(roles), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return (certificate.public_bytes(Encoding.PEM) + secret).decode()
