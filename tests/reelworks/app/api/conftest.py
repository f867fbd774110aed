"""The real server in a thread of its own, on a free port, with real PostgreSQL and S3."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Engine

from reelworks.app.application import create_app, open_api
from reelworks.app.server import bind, check_open_to, config_of
from reelworks.domain.library.access import Scope
from reelworks.settings import Settings
from reelworks.store.access.tokens import create_token
from reelworks.store.db.database import create_database_engine, ensure_schema
from reelworks.store.jobs import dispatchers
from reelworks.store.objects.artifacts import ArtifactStore
from tests.support.databases import Databases

SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@dataclass(frozen=True)
class Server:
    """A server that runs, and what it stands on."""

    url: str
    settings: Settings
    engine: Engine
    store: ArtifactStore
    client: httpx.Client
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def port(self) -> int:
        return httpx.URL(self.url).port or 80

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        more["headers"] = self.headers | dict(more.pop("headers", {}))
        return self.client.request(method, path, **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.ask("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.ask("POST", path, **more)

    def delete(self, path: str, **more: Any) -> httpx.Response:
        return self.ask("DELETE", path, **more)

    def upload(self, name: str, content: bytes, **fields: str) -> httpx.Response:
        form = {"file": (name, content, "application/x-unknown")}
        headers = {key: fields.pop(key) for key in list(fields) if "-" in key}
        return self.post("/videos", files=form, data=fields, headers=headers)

    def as_(self, token: str) -> Server:
        """The same server, called with a token."""
        return replace(self, headers={"Authorization": f"Bearer {token}"})


@contextmanager
def serving(settings: Settings) -> Iterator[Server]:
    """Serve with these settings; the port is a free one."""
    api = open_api(settings)
    ensure_schema(api.engine)
    check_open_to(api)
    listening = bind(settings.api.host, 0)
    port = listening.getsockname()[1]
    server = uvicorn.Server(config_of(api))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    url = f"http://127.0.0.1:{port}"
    engine = create_database_engine(settings)
    store = ArtifactStore.open(settings)
    try:
        with httpx.Client(base_url=url, timeout=30) as client:
            yield Server(url, settings, engine, store, client)
    finally:
        server.should_exit = True
        thread.join(20)
        engine.dispose()
        listening.close()


@contextmanager
def unconnected(folder: Path, **values: Any) -> Iterator[TestClient]:
    """The whole application without a socket, PostgreSQL and S3: for what needs none of them."""
    settings = Settings(
        data_dir=folder,
        database_url=SecretStr("postgresql://reelworks@127.0.0.1:1/none"),
        s3_endpoint_url="http://127.0.0.1:1",
    )
    api = open_api(settings.with_values(**values))
    try:  # without `with`, so that nothing of its lifespan runs
        yield TestClient(create_app(api), base_url="http://localhost")
    finally:
        api.engine.dispose()


@pytest.fixture(scope="module")
def app_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One application without connections for all tests of a module."""
    with unconnected(tmp_path_factory.mktemp("data")) as client:
        yield client


@pytest.fixture(scope="module")
def module_settings(
    settings: Settings, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """An empty library and bucket for all tests of a module."""
    with databases.own() as address:
        mine = settings.with_values(
            database_url=address,
            s3_bucket=f"api-{secrets.token_hex(6)}",
            data_dir=tmp_path_factory.mktemp("data"),
            webhook_secret=SecretStr(SECRET),
            max_upload_mb=48,
        )
        ArtifactStore.open(mine).ensure_bucket()
        yield mine


@pytest.fixture(scope="module")
def api(module_settings: Settings) -> Iterator[Server]:
    """One server for all tests of a module."""
    with serving(module_settings) as server:
        yield server


@pytest.fixture(scope="module")
def open_server(module_settings: Settings) -> Iterator[Server]:
    """A server that others could reach: it needs tokens."""
    engine = create_database_engine(module_settings)
    ensure_schema(engine)
    create_token(engine, "first", [Scope.ADMIN])
    engine.dispose()
    with serving(module_settings.with_values(api_host="0.0.0.0")) as server:
        yield server


@pytest.fixture
def dispatcher(module_settings: Settings) -> Iterator[None]:
    """The heartbeat of a dispatcher, for as long as the tests take."""
    engine = create_database_engine(module_settings)
    ensure_schema(engine)
    dispatchers.beat(engine, "the tests")
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(dispatchers.BEAT_SECONDS):
            dispatchers.beat(engine, "the tests")

    beating = threading.Thread(target=beat)
    beating.start()
    yield
    ended.set()
    beating.join()
    dispatchers.leave(engine, "the tests")
    engine.dispose()


@pytest.fixture(scope="session")
def clip(media: Path) -> bytes:
    """A small real video."""
    return (media / "odd" / "no_audio.mp4").read_bytes()


@pytest.fixture
def video(api: Server) -> Callable[..., str]:
    """Put a video's row into the library and return its id."""
    from sqlalchemy import text

    from reelworks.store.db.database import transaction

    def add(**values: Any) -> str:
        row = {"id": f"v-{secrets.token_hex(4)}", "original_path": "/v.mp4", **values}
        names = ", ".join(row)
        places = ", ".join(f":{name}" for name in row)
        with transaction(api.engine) as connection:
            connection.execute(text(f"INSERT INTO videos ({names}) VALUES ({places})"), row)
        return row["id"]

    return add
