"""An httpx transport over a network backend of one's own.

httpx has no parameter for how connections are made; httpcore, on which it stands, does. This
transport joins the two by their public parts, so that a change inside httpx cannot silently replace
our connections by its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx


class BackendTransport(httpx.BaseTransport):
    """HTTP/1.1 over the connections that ``backend`` opens."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False), network_backend=backend
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request. Raises httpx's errors and what the backend raises."""
        url = request.url
        target = httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )
        wrapped = httpcore.Request(
            method=request.method,
            url=target,
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _httpx_errors():
            answer = self._pool.handle_request(wrapped)
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_ResponseStream(answer),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


class _ResponseStream(httpx.SyncByteStream):
    """The body of a response, read as it comes."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _httpx_errors():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        """Give the connection back to the pool."""
        self._answer.close()


@contextmanager
def _httpx_errors() -> Iterator[None]:
    """Raise httpx's error for one of httpcore: they have the same names."""
    try:
        yield
    except _HTTPCORE_ERRORS as error:
        raise _httpx_type(type(error))(str(error)) from error


_HTTPCORE_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)


def _httpx_type(kind: type[Exception]) -> Any:
    """Return httpx's class of the same name, or of the nearest base class that it has."""
    names = (base.__name__ for base in kind.__mro__)
    return next(getattr(httpx, name) for name in names if hasattr(httpx, name))
