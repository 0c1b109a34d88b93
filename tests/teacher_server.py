"""A server on loopback that speaks OpenAI's chat completions: scripted, and hostile where a test wants it."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from typing import Any, Self

import pytest

KEY = "sk-loopback-0123456789abcdef"
"""What tests set as OPENAI_API_KEY; it must turn up nowhere."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as it came in; names of headers are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def text(self) -> str:
        """The last message."""
        return str(self.body["messages"][-1]["content"])

    @property
    def system(self) -> str:
        """The system message, "" when there is none."""
        return str(next((m["content"] for m in self.body["messages"] if m["role"] == "system"), ""))

    @property
    def schema_name(self) -> str:
        """Name of the schema that the answer has to keep to, "" when none is asked for."""
        return str(self.body.get("response_format", {}).get("json_schema", {}).get("name", ""))


@dataclass(frozen=True, kw_only=True)
class Raw:
    """An HTTP answer to send as it is.

    Attributes:
        body: Sent after the headers, piece by piece.
        status: The HTTP status.
        headers: Further ones.
        delay: Seconds before anything is sent.
        length: Content-Length; None is the true one for bytes, and none at all for pieces.
        cut: Reset the connection after the body.
    """

    body: bytes | Iterable[bytes] = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    length: int | None = None
    cut: bool = False


Said = str | Mapping[str, Any] | Raw
"""A text, an object (answered as its JSON), or a whole HTTP answer."""


def completion(
    text: str | None,
    *,
    finish_reason: str = "stop",
    prompt_tokens: int = 20,
    reply_tokens: int = 10,
    usage: bool = True,
    **message: Any,
) -> Raw:
    """A chat completion; further arguments go into its message, e.g. ``refusal``."""
    choice = {
        "index": 0,
        "finish_reason": finish_reason,
        "message": {"role": "assistant", "content": text, **message},
    }
    told = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": reply_tokens,
        "total_tokens": prompt_tokens + reply_tokens,
    }
    body = {"id": "x", "object": "chat.completion", "created": 0, "model": "scripted", "choices": [choice]}
    return Raw(body=json.dumps({**body, **({"usage": told} if usage else {})}).encode())


def error(
    status: int, message: str = "no", *, headers: Mapping[str, str] | None = None, **fields: Any
) -> Raw:
    """An error as OpenAI words it; ``fields`` are e.g. ``code`` and ``param``."""
    body = json.dumps({"error": {"message": message, "type": "error", **fields}}).encode()
    return Raw(status=status, body=body, headers=headers or {})


def huge(megabytes: int = 10) -> Raw:
    """An answer that begins like one and does not end."""
    begin = b'{"choices": [{"message": {"content": "'
    return Raw(body=chain([begin], (b"x" * 2**20 for _ in range(megabytes))))


def no_choices() -> Raw:
    """An answer that was paid and holds nothing."""
    usage = {"prompt_tokens": 20, "completion_tokens": 0}
    return Raw(body=json.dumps({"object": "chat.completion", "choices": [], "usage": usage}).encode())


HOSTILE: Mapping[str, Callable[[], Raw]] = {
    "429 with Retry-After": lambda: error(429, "slow down", headers={"Retry-After": "0.02"}),
    "429 with a date": lambda: error(429, "slow", headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
    "500": lambda: error(500, "out of order"),
    "503 in HTML": lambda: Raw(status=503, body=b"<html><h1>503 Service Unavailable</h1></html>"),
    "time-out": lambda: Raw(delay=3.0, body=b"{}"),
    "cut before the answer": lambda: Raw(cut=True, length=1000),
    "cut in the middle": lambda: Raw(body=b'{"choices": [{"mess', length=1000, cut=True),
    "invalid JSON": lambda: Raw(body=b'{"choices": [{"message": {"content": "so'),
    "JSON of another form": lambda: Raw(body=b'["no", "object"]'),
    "wrong schema": lambda: completion('{"something": "else"}'),
    "no JSON in the answer": lambda: completion("I would rather talk about the weather."),
    "cut off": lambda: completion('{"text": "so', finish_reason="length"),
    "empty choices": no_choices,
    "no text": lambda: completion(None),
    "10 MB answer": huge,
    "refusal": lambda: completion(None, refusal="I can't help with that."),
    "content filter": lambda: completion("", finish_reason="content_filter"),
    "content filter on the prompt": lambda: error(400, "filtered", code="content_filter"),
}
"""Everything that can go wrong with one request; each makes an answer to send."""


class TeacherServer:
    """Answers chat completions by a function of the request, and keeps what it was asked.

    Use it as a context manager::

        with TeacherServer(lambda asked: {"skills": []}) as server:
            model = open_chat_model("openai:any", base_url=server.url)
            ...
        assert "apple" in server.requests[0].text

    Args:
        answer: Called for each request, from several threads at once; may block. A text or an object becomes
            the answer's text; a ``Raw`` (see ``completion``, ``error``, ``HOSTILE``) is sent as it is.
    """

    def __init__(self, answer: Callable[[Asked], Said]) -> None:
        self.answer = answer
        self.requests: list[Asked] = []
        self.under_way = self.most_under_way = 0
        self.failures: list[Exception] = []
        self._lock = threading.Lock()
        teacher = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                headers = {name.lower(): value for name, value in self.headers.items()}
                teacher._take(self, Asked(path=self.path, headers=headers, body=body))

            def log_message(self, *_: object) -> None: ...

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_: object) -> None:
                """A client that went away is what some tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *of_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        # A fault of the test's own function would else look like a hostile server.
        if self.failures:
            raise self.failures[0]

    def _take(self, handler: BaseHTTPRequestHandler, asked: Asked) -> None:
        with self._lock:
            self.requests.append(asked)
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            said = self.answer(asked)
        except Exception as fault:  # noqa: BLE001
            self.failures.append(fault)
            said = error(500, f"the test's answer raised {fault!r}")
        finally:
            with self._lock:
                self.under_way -= 1
        if isinstance(said, Raw):
            _send(handler, said)
        else:
            _send(handler, completion(said if isinstance(said, str) else json.dumps(said)))


def _send(handler: BaseHTTPRequestHandler, raw: Raw) -> None:
    time.sleep(raw.delay)
    pieces: Iterable[bytes] = [raw.body] if isinstance(raw.body, bytes) else raw.body
    length = len(raw.body) if raw.length is None and isinstance(raw.body, bytes) else raw.length
    if raw.cut and not raw.body:
        _reset(handler)
        return
    handler.send_response(raw.status)
    handler.send_header("Content-Type", "application/json")
    for name, value in raw.headers.items():
        handler.send_header(name, value)
    if length is None:
        handler.send_header("Connection", "close")
    else:
        handler.send_header("Content-Length", str(length))
    handler.end_headers()
    for piece in pieces:
        handler.wfile.write(piece)
        handler.wfile.flush()
    if raw.cut:
        _reset(handler)
    elif length is None:
        handler.close_connection = True


def _reset(handler: BaseHTTPRequestHandler) -> None:
    # Linger 0 makes the close a reset, as of a process that died.
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


@pytest.fixture
def loopback_key(monkeypatch: pytest.MonkeyPatch) -> str:
    """Sets the key, and takes away what would lead requests elsewhere; import it where it is used."""
    for name in ("OPENAI_BASE_URL", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return KEY
