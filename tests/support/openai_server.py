"""A small real HTTP server that speaks the OpenAI API's wire format, with faults on demand.

    with OpenAiServer() as server:
        server.fault(CHAT, rate_limited(retry_after=1))      # the next chat request only
        server.fault(CHAT, broken(500), times=None, where=lambda seen: seen.image == digest)
        server.delay[CHAT] = 0.3                             # seconds before each answer
        ... use server.base_url and server.key ...
        server.count(CHAT), server.peak[CHAT], server.images(answered=True)

Answers depend on the input alone (see ``openai_answers``). Everything may be used from any
thread, and while requests are under way.
"""

from __future__ import annotations

import email.parser
import email.policy
import hashlib
import json
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.support import openai_answers

CHAT = "/v1/chat/completions"
EMBED = "/v1/embeddings"
AUDIO = "/v1/audio/transcriptions"
MODELS = "/v1/models"

Answer = dict[str, Any]


@dataclass
class Seen:
    """One request as it came in."""

    path: str
    at: float
    """``time.monotonic`` at arrival."""
    headers: Mapping[str, str]
    body: dict[str, Any]
    """The JSON body, or the form's fields (a repeated or ``[]`` field is a list)."""
    upload: bytes = b""
    """The form's file."""
    image: str | None = None
    """SHA-256 of the picture in a chat request."""
    status: int | None = None
    """Of the answer, once it is sent."""


@dataclass(frozen=True)
class Fault:
    """What to do in place of the right answer."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    error: Answer | None = None
    """Body of an error answer."""
    edit: Callable[[Answer], Answer] | None = None
    """Changes the right answer."""
    cut: bool = False
    """Send half of the JSON."""
    drop: bool = False
    """Close the connection without an answer."""
    delay: float = 0.0


def error(status: int, message: str, *, code: str | None = None, **more: Any) -> Fault:
    """An error answer in the OpenAI form; ``more`` are ``type``, ``param`` and ``headers``."""
    body = {"message": message, "code": code, "param": more.get("param"), "type": more.get("type")}
    return Fault(status=status, error={"error": body}, headers=more.get("headers", {}))


def broken(status: int = 500) -> Fault:
    """The server has trouble of its own."""
    return error(status, "The server had an error.", type="server_error")


def rate_limited(retry_after: float | str | None = None) -> Fault:
    """Slow down; ``retry_after`` is the header as seconds or as an HTTP date."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return error(429, "Rate limit reached.", code="rate_limit_exceeded", headers=headers)


def out_of_quota() -> Fault:
    """The account is empty, which no wait changes."""
    text = "You exceeded your current quota."
    return error(429, text, code="insufficient_quota", type="insufficient_quota")


def says(content: object, *, finish: str = "stop", refusal: str | None = None) -> Fault:
    """A chat answer with other ``content`` (JSON, or a string as it is), finish or refusal."""

    def edit(answer: Answer) -> Answer:
        text = content if isinstance(content, str) or content is None else json.dumps(content)
        message = {"role": "assistant", "content": text, "refusal": refusal}
        choice = answer["choices"][0] | {"message": message, "finish_reason": finish}
        return answer | {"choices": [choice]}

    return Fault(edit=edit)


@dataclass
class _Rule:
    path: str
    fault: Fault
    left: float
    where: Callable[[Seen], bool]


class OpenAiServer:
    """Listens on a free port of this machine from ``with`` to its end."""

    def __init__(self) -> None:
        self.key = "sk-test-0123456789abcdef"
        self.models: dict[str, str | None] = {
            "gpt-6-luna": None,
            "gpt-5-mini": "2026-12-11",
            "whisper-1": "2027-02-26",
            "gpt-4o-transcribe": "2027-02-26",
            "text-embedding-3-small": None,
        }
        """Models that it serves, and each one's ``shutdown_date``."""
        self.speech = openai_answers.SPEECH
        """What is said in any sound that it gets."""
        self.delay: defaultdict[str, float] = defaultdict(float)
        """Seconds before each answer, by path."""
        self.peak: defaultdict[str, int] = defaultdict(int)
        """The most requests under way at once, by path."""
        self.requests: list[Seen] = []
        self._under_way: defaultdict[str, int] = defaultdict(int)
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *trouble: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def base_url(self) -> str:
        """For ``OPENAI_BASE_URL``."""
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def fault(
        self,
        path: str,
        fault: Fault,
        *,
        times: int | None = 1,
        where: Callable[[Seen], bool] = lambda seen: True,
    ) -> None:
        """Use ``fault`` for the next ``times`` requests to ``path``; None is permanent."""
        with self._lock:
            left = float("inf") if times is None else times
            self._rules.append(_Rule(path, fault, left, where))

    def heal(self) -> None:
        """Forget all faults and delays."""
        with self._lock:
            self._rules.clear()
            self.delay.clear()

    def count(self, path: str) -> int:
        """How many requests came to ``path``."""
        return len(self.seen(path))

    def seen(self, path: str) -> list[Seen]:
        """The requests to ``path``, in order."""
        with self._lock:
            return [seen for seen in self.requests if seen.path == path]

    def images(self, *, answered: bool = False) -> list[str]:
        """Digests of the pictures asked about; with ``answered``, of those answered with 200."""
        return [
            seen.image
            for seen in self.seen(CHAT)
            if seen.image and (seen.status == 200 or not answered)
        ]

    def arrive(self, seen: Seen) -> Fault | None:
        """Record a request and return the fault that awaits it. For the handler."""
        with self._lock:
            self.requests.append(seen)
            self._under_way[seen.path] += 1
            self.peak[seen.path] = max(self.peak[seen.path], self._under_way[seen.path])
            for rule in self._rules:
                if rule.path == seen.path and rule.left > 0 and rule.where(seen):
                    rule.left -= 1
                    return rule.fault
        return self._complaint(seen)

    def leave(self, seen: Seen, status: int | None) -> None:
        """Note the end of a request. For the handler."""
        with self._lock:
            seen.status = status
            self._under_way[seen.path] -= 1

    def answer(self, seen: Seen) -> Answer:
        """Return the right answer."""
        if seen.path == CHAT:
            return openai_answers.completion(seen.body)
        if seen.path == EMBED:
            return openai_answers.embeddings(seen.body)
        if seen.path == AUDIO:
            return openai_answers.transcription(seen.upload, self.speech)
        listed = [self._notice(name) for name in self.models]
        if seen.path == MODELS:
            return {"object": "list", "data": listed}
        return self._notice(seen.path.removeprefix(f"{MODELS}/"))

    def _notice(self, name: str) -> Answer:
        stated = {"shutdown_date": self.models[name]}
        return {"id": name, "object": "model", "created": 1, "owned_by": "tests"} | stated

    def _complaint(self, seen: Seen) -> Fault | None:
        given = seen.headers.get("Authorization", "").removeprefix("Bearer ")
        if given != self.key:
            # Worse than OpenAI, which masks most of it: no message of ours may repeat this.
            return error(401, f"Incorrect API key provided: {given}.", code="invalid_api_key")
        named = seen.path.removeprefix(f"{MODELS}/") if seen.path != MODELS else None
        model = seen.body.get("model", named)
        if model is not None and model not in self.models:
            text = f"The model `{model}` does not exist or you do not have access to it."
            return error(404, text, code="model_not_found", type="invalid_request_error")
        timeless = "transcribe" in str(model)
        if timeless and seen.body.get("response_format") == "verbose_json":
            text = f"response_format 'verbose_json' is not compatible with model '{model}'."
            return error(400, text, code="unsupported_value", param="response_format")
        return None


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    owner: OpenAiServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that is killed, or stops waiting, is a case under test and no news.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http

    def do_GET(self) -> None:
        self._serve(Seen(self.path, time.monotonic(), self.headers, {}))

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        seen = Seen(self.path, time.monotonic(), self.headers, {})
        if self.headers.get_content_type() == "multipart/form-data":
            seen.body, seen.upload = _form(self.headers["Content-Type"], raw)
        else:
            seen.body = json.loads(raw)
            jpeg = openai_answers.jpeg_in(seen.body)
            seen.image = hashlib.sha256(jpeg).hexdigest() if jpeg is not None else None
        self._serve(seen)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: ``OpenAiServer.requests`` is the log."""

    def _serve(self, seen: Seen) -> None:
        owner = self.server.owner
        fault = owner.arrive(seen)
        status = None
        try:
            time.sleep(owner.delay[seen.path] + (fault.delay if fault else 0.0))
            if fault and fault.drop:
                self.close_connection = True
                return
            answer = fault.error if fault and fault.error else owner.answer(seen)
            if fault and fault.edit:
                answer = fault.edit(answer)
            body = json.dumps(answer).encode()
            self._send(fault or Fault(), body[: len(body) // 2] if fault and fault.cut else body)
            status = fault.status if fault else 200
        finally:
            owner.leave(seen, status)

    def _send(self, fault: Fault, body: bytes) -> None:
        self.send_response(fault.status)
        for name, value in fault.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def _form(content_type: str, raw: bytes) -> tuple[dict[str, Any], bytes]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + raw)
    fields: dict[str, Any] = {}
    upload = b""
    for part in message.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        if part.get_filename() is not None:
            upload = payload
        elif name.endswith("[]"):
            fields.setdefault(name[:-2], []).append(payload.decode())
        else:
            fields[name] = payload.decode()
    return fields, upload
