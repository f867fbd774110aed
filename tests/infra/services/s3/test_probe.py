"""Probes of an S3 server that is away or another program."""

from __future__ import annotations

import pytest

from infra.services.files import free_ports
from infra.services.s3.probe import answers, is_local, s3_client, serves_objects
from tests.infra.conftest import answering


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:8333", True),
        ("http://localhost", True),
        ("http://[::1]:8333", True),
        ("https://s3.example.org", False),
        (None, False),
    ],
)
def test_a_loopback_address_is_local(url: str | None, local: bool) -> None:
    assert is_local(url) is local


def test_a_server_that_is_away_neither_answers_nor_serves() -> None:
    client = s3_client(f"http://127.0.0.1:{free_ports(1)[0]}", "id", "secret", "us-east-1")

    assert not answers(client)
    assert not serves_objects(client)


def test_a_server_that_refuses_the_keys_does_not_answer() -> None:
    with answering(lambda *_: (403, b"<Error><Code>AccessDenied</Code></Error>")) as port:
        client = s3_client(f"http://127.0.0.1:{port}", "id", "secret", "us-east-1")
        assert not answers(client)
        assert not serves_objects(client)
