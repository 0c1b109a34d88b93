"""Search servers on the loopback address for the tests: our own, and scripted ones that misbehave."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from skill_gym.search.lucene_index import memory_index
from skill_gym.search.passages import Hit, IndexInfo, Passage, PassageIndex

TOWNS = ("Velmora", "Ostrin", "Kaldine", "Brenford", "Tulmar", "Eskerby", "Norvale", "Pelmont")


def passages() -> list[Passage]:
    """Sixteen passages on towns and their mayors."""
    told = []
    for number, town in enumerate(TOWNS):
        told.append(
            Passage(f"{number:03d}", town, f'{town} lies by the river "Os{number}". Its mayor is Höl {town}.')
        )
        told.append(
            Passage(f"{number + 50:03d}", f"Höl {town}", f"The mayor of {town}, born in {1900 + number}.")
        )
    return told


def town_index() -> PassageIndex:
    """The passages, searched in memory."""
    return memory_index(passages())


class Slow:
    """An index whose searches take a while; keeps what it was asked."""

    waits = False

    def __init__(self, inner: PassageIndex, seconds: float = 0.0) -> None:
        self.inner = inner
        self.seconds = seconds
        self.asked: list[tuple[list[str], int]] = []

    def search(self, queries: Sequence[str], k: int) -> list[list[Hit]]:
        self.asked.append((list(queries), k))
        time.sleep(self.seconds)
        return self.inner.search(queries, k)

    def info(self) -> IndexInfo:
        return self.inner.info()


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serves an ASGI application in a thread; gives the URL of its root."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, args=([bound],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=20)


class Asked:
    """A request as a scripted server saw it."""

    def __init__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        self.method, self.path, self.headers, self.body = method, path, headers, body

    @property
    def queries(self) -> list[str]:
        data = json.loads(self.body)
        return data["queries"] if "queries" in data else [data["query"]]


Answer = tuple[int, dict[str, str], bytes] | None
"""Status, headers and body; None closes the connection without a word."""


def found(*lists: Sequence[str], scores: bool = True) -> Answer:
    """An answer with these texts as passages."""
    items = [
        [{"document": {"id": text, "contents": text}, "score": 1.0} for text in texts] for texts in lists
    ]
    if not scores:
        items = [[item["document"] for item in row] for row in items]
    return 200, {}, json.dumps({"result": items}).encode()


def echo(asked: Asked) -> Answer:
    """Finds for each query the passage that says just that; has no other page."""
    if asked.method == "GET":
        return 404, {}, b""
    return found(*([query] for query in asked.queries))


@contextmanager
def scripted(answer: Callable[[Asked], Answer], port: int = 0) -> Iterator[tuple[str, list[Asked]]]:
    """A server that answers by a function; gives the URL of its root and the list of POST requests."""
    seen: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one piece: in two, the second waits for an acknowledgement

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            asked = Asked(self.command, self.path, dict(self.headers), self.rfile.read(length))
            if self.command == "POST":
                seen.append(asked)
            told = answer(asked)
            if told is None:
                self.close_connection = True
                return
            status, headers, body = told
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: object) -> None:
            pass

    server = Server(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])
