"""The certificate of the embedded store: private, for the loopback address, renewed in time."""

from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra.services.s3.certificates import RENEWED_BEFORE, VALID_FOR, certificate_in


def test_it_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = certificate_in(tmp_path / "tls.pem")
    first = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    assert certificate_in(path).read_bytes() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_can_be_shown_and_trusted(tmp_path: Path) -> None:
    path = certificate_in(tmp_path / "tls.pem")
    context = ssl.create_default_context(cafile=path)
    context.load_cert_chain(path)
    (trusted,) = context.get_ca_certs()
    assert ("IP Address", "127.0.0.1") in trusted["subjectAltName"]


def test_it_is_renewed_before_it_ends(tmp_path: Path) -> None:
    path = certificate_in(tmp_path / "tls.pem")
    first, soon = path.read_bytes(), datetime.now(UTC) + VALID_FOR - RENEWED_BEFORE
    assert certificate_in(path, soon - timedelta(days=2)).read_bytes() == first
    assert certificate_in(path, soon + timedelta(days=2)).read_bytes() != first


def test_a_damaged_one_is_replaced(tmp_path: Path) -> None:
    path = certificate_in(tmp_path / "tls.pem")
    path.write_bytes(path.read_bytes()[:500])
    ssl.create_default_context().load_cert_chain(certificate_in(path))
