"""Asks one search server over HTTP and checks what it says.

The only home of ``urllib3`` (``pip install "skill-gym[search]"``).
"""

import threading
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from skill_gym.search import wire
from skill_gym.search.failover import RequestRefused, Server, ServerFailed
from skill_gym.search.passages import Hit, IndexInfo, RetrievalError
from skill_gym.search.timed_response import TimedResponse

MOST_ANSWER_BYTES = 64 << 20
CONNECT_SECONDS = 5.0
PROBE_SECONDS = 1.0

_REFUSALS = (400, 413, 422)
"""Statuses that blame the request."""


@dataclass(slots=True)
class RemoteStats:
    """What was sent; may be read at any time.

    Attributes:
        requests: HTTP requests for passages, failed ones included.
        queries: Queries in them.
        failures: Requests without a usable answer.
        cached: Queries that were answered from memory.
    """

    requests: int = 0
    queries: int = 0
    failures: int = 0
    cached: int = 0


class SearchClient:
    """Speaks to servers; connections are kept and shared by all threads.

    Args:
        connections: Most that are kept open for each server.
        token: Sent as ``Authorization: Bearer``.

    Attributes:
        stats: What was sent so far.

    Raises:
        ImportError: urllib3 is not installed.
    """

    def __init__(self, connections: int, token: str | None) -> None:
        self._http = _urllib3()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        self._pool = _timed(self._http.PoolManager(maxsize=connections, retries=False, headers=headers))
        self._lock = threading.Lock()
        self._corpus: str | None = None
        self.stats = RemoteStats()

    def retrieve(self, server: Server, queries: list[str], k: int, deadline: float) -> list[list[Hit]]:
        """Passages for each query; a server whose shape is not known is tried with a batch first.

        Raises:
            RequestRefused: The server blames the request (400, 413, 422).
            ServerFailed: It gave no usable answer.
        """
        if server.shape is None:
            first = self._find_shape(server, queries, k, deadline)
            return [*first, *self.retrieve(server, queries[1:], k, deadline)] if queries[1:] else first
        if server.shape == "single":
            return [self._post(server, [query], k, "single", deadline)[0] for query in queries]
        return self._post(server, queries, k, "batch", deadline)

    def info(self, server: Server, deadline: float) -> IndexInfo:
        """What the server searches; one without ``GET /info`` is ``IndexInfo("remote", 0, "")``.

        Raises:
            ServerFailed: It gave no usable answer.
        """
        url = _sibling(server.url, "info")
        status, headers, answer = self._send("GET", url, None, deadline)
        if status in (404, 405):
            return IndexInfo("remote", 0, "")
        if status != 200:
            raise _complaint(url, status, headers, answer)
        try:
            found = wire.read_info(answer)
        except wire.WireError as error:
            raise ServerFailed(f"{url} answered garbage: {error}; {_excerpt(answer)}") from None
        self._same_corpus(url, found.corpus)
        return found

    def is_well(self, server: Server) -> bool:
        """Whether the server answers ``GET /health`` within a second."""
        deadline = time.monotonic() + PROBE_SECONDS
        try:
            status, _, _ = self._send("GET", _sibling(server.url, "health"), None, deadline)
        except ServerFailed:
            return False
        # Other projects' servers have no such page; that they say so is enough.
        return status < 500

    def close(self) -> None:
        """Closes the connections."""
        self._pool.clear()

    def _find_shape(self, server: Server, queries: list[str], k: int, deadline: float) -> list[list[Hit]]:
        """Asks for the first query, in a batch and then alone; leaves the shape open if both are refused."""
        shapes: tuple[wire.Shape, wire.Shape] = ("batch", "single")
        for shape in shapes:
            try:
                found = self._post(server, queries[:1], k, shape, deadline)
            except RequestRefused:
                if shape == "single":
                    raise
            else:
                server.shape = shape
                break
        return found

    def _post(
        self, server: Server, queries: list[str], k: int, shape: wire.Shape, deadline: float
    ) -> list[list[Hit]]:
        with self._lock:
            self.stats.requests += 1
            self.stats.queries += len(queries)
        body = wire.request_body(queries, k, shape)
        try:
            status, headers, answer = self._send("POST", server.url, body, deadline)
            if status != 200:
                raise _complaint(server.url, status, headers, answer)
            self._same_corpus(server.url, headers.get(wire.CORPUS_HEADER))
            try:
                return wire.read_answer(answer, len(queries), k)
            except wire.WireError as error:
                raise ServerFailed(f"{server.url} answered garbage: {error}; {_excerpt(answer)}") from None
        except ServerFailed:
            with self._lock:
                self.stats.failures += 1
            raise

    def _same_corpus(self, url: str, corpus: str | None) -> None:
        if not corpus:
            return
        with self._lock:
            first = self._corpus = self._corpus or corpus
        if corpus != first:
            raise ServerFailed(
                f"{url} serves the corpus {corpus}, but {first} was searched before; all servers of an index "
                "must serve one corpus, and a new corpus needs a new RemoteIndex"
            )

    def _send(self, method: str, url: str, body: bytes | None, deadline: float) -> tuple[int, Any, bytes]:
        """Status, headers and body of an answer.

        Raises:
            ServerFailed: The connection broke, or the deadline or the largest size was passed.
        """
        left = max(0.001, deadline - time.monotonic())
        timeout = self._http.Timeout(connect=min(CONNECT_SECONDS, left), read=left, total=left)
        response = None
        whole = False
        try:
            response = self._pool.request(
                method, url, body=body, timeout=timeout, preload_content=False, redirect=False
            )
            parts, size = [], 0
            while part := response.read1(1 << 16, decode_content=True):
                parts.append(part)
                size += len(part)
                if size > MOST_ANSWER_BYTES:
                    raise ServerFailed(f"{url} answered with more than {MOST_ANSWER_BYTES >> 20} MiB")
            whole = True
            return response.status, response.headers, b"".join(parts)
        except (self._http.exceptions.HTTPError, OSError) as error:
            raise ServerFailed(f"{url}: {type(error).__name__}: {error}") from error
        finally:
            if response is not None:
                if not whole:
                    response.close()
                response.release_conn()


def _complaint(url: str, status: int, headers: Any, answer: bytes) -> RetrievalError:
    message = f"{url} answered {status}: {_excerpt(answer)}"
    if status in _REFUSALS:
        return RequestRefused(message, status)
    if status in (401, 403):
        message += "; pass the server's token="
    return ServerFailed(message, _seconds(headers.get("Retry-After")))


def _urllib3() -> Any:
    try:
        import urllib3
    except ImportError:
        raise ImportError(
            'a remote index needs urllib3: pip install "skill-gym[search]", or search a corpus of your own'
        ) from None
    return urllib3


def _timed(pools: Any) -> Any:
    """The pools with connections whose read timeout is for the whole answer."""
    pools.pool_classes_by_scheme = {
        scheme: type(pool.__name__, (pool,), {"ConnectionCls": _timed_connection(pool.ConnectionCls)})
        for scheme, pool in pools.pool_classes_by_scheme.items()
    }
    return pools


def _timed_connection(connection: type) -> type:
    return type(connection.__name__, (connection,), {"response_class": TimedResponse})


def _sibling(url: str, name: str) -> str:
    return f"{url.partition('?')[0].rpartition('/')[0]}/{name}"


def _seconds(retry_after: str | None) -> float | None:
    """What a Retry-After header asks for: seconds or a date; None if it says neither."""
    if retry_after is None:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return None


def _excerpt(answer: bytes) -> str:
    text = answer[:200].decode("utf-8", "replace").strip()
    return f"it said {text!r}" if text else "it said nothing"
