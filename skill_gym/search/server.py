"""Serves an index over HTTP to clients of Search-R1, SkyRL-Gym and our own.

The only home of ``fastapi``, ``uvicorn`` and ``prometheus_client`` (``pip install "skill-gym[search]"``).
"""

import asyncio
import hmac
import ipaddress
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from skill_gym.search import wire
from skill_gym.search.passages import LONGEST_QUERY, Hit, PassageIndex, RetrievalError
from skill_gym.search.search_queue import SearchQueue, TooBusy

logger = logging.getLogger(__name__)

MOST_QUERY_CHARS = LONGEST_QUERY
"""An index reads no more anyway."""
MOST_BATCH = 512
MOST_WAITING = 4096
BUSY_SECONDS = 1
"""What a busy or loading server asks clients to wait."""
GRACE_SECONDS = 10
"""How long requests under way may take after a request to stop."""
QUICK_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


def create_app(
    index: PassageIndex | Callable[[], PassageIndex],
    *,
    max_query_chars: int = MOST_QUERY_CHARS,
    max_batch: int = MOST_BATCH,
    token: str | None = None,
    gather: bool = True,
    failed: Callable[[BaseException], None] | None = None,
) -> Any:
    """A FastAPI application on an index.

    ``POST /retrieve`` takes both shapes of ``wire`` and gives one list for each query, in order and never
    padded; ``GET /health``, ``/info`` and ``/metrics`` (Prometheus) tell how it fares. What cannot be
    answered is ``{"error": ...}`` with 400 (no JSON), 401 (token), 413 (too long), 422 (JSON that is no
    request), 500 (the index failed) or 503 (loading or busy, with Retry-After). Requests that arrive during a
    search are searched for together in the next one.

    Args:
        index: What is searched, or a function that opens it while the server says 503 already.
        max_query_chars: Longest query.
        max_batch: Most queries in one request.
        token: Clients must send it as ``Authorization: Bearer``; ``/health`` is open.
        gather: Whether requests that arrive during a search share the next one.
        failed: Called when the index could not be opened.

    Raises:
        ImportError: FastAPI or prometheus_client is not installed.
    """
    fastapi, _, prometheus = _packages()
    metrics = _metrics(prometheus)
    queue = SearchQueue(
        most_waiting=MOST_WAITING, most_together=max_batch if gather else 1, searched=metrics.batch.observe
    )
    most_bytes = 4096 + max_batch * (max_query_chars * 6 + 4)
    opening: list[BaseException] = []
    if not callable(index):
        queue.index = index

    async def open_index() -> None:
        try:
            if callable(index):
                queue.index = await asyncio.to_thread(index)
        except Exception as error:
            # Who is told of the failure raises it.
            logger.error("the index could not be opened: %s", error, exc_info=failed is None)
            opening.append(error)
            if failed is not None:
                failed(error)

    @asynccontextmanager
    async def life(_: Any) -> AsyncIterator[None]:
        task = asyncio.create_task(open_index())
        yield
        task.cancel()
        await queue.close()

    def told(status: int, content: object) -> Any:
        headers = {"Retry-After": str(BUSY_SECONDS)} if status == 503 else None
        return fastapi.responses.JSONResponse(content, status, headers=headers)

    def refused(status: int, error: object) -> Any:
        return told(status, {"error": str(error)})

    def loading() -> Any:
        if opening:
            return refused(503, f"the index could not be opened: {opening[0]}")
        return refused(503, "the index is loading; ask again")

    def open_to(request: Any) -> bool:
        sent = request.headers.get("authorization", "").encode("utf-8", "replace")
        return token is None or hmac.compare_digest(sent, f"Bearer {token}".encode())

    def guarded(answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
        async def guard(request: Any) -> Any:
            if not open_to(request):
                return refused(401, "send the token as 'Authorization: Bearer TOKEN'")
            return await answer(request)

        return guard

    async def elsewhere(request: Any, error: Any) -> Any:
        pages = "POST /retrieve, GET /health, GET /info and GET /metrics"
        return refused(error.status_code, f"no {request.method} {request.url.path}; there are {pages}")

    async def retrieve(request: Any) -> Any:
        with metrics.seconds.time():
            answer, shape = await respond(request)
        metrics.requests.labels(status=str(answer.status_code), shape=shape).inc()
        return answer

    async def respond(request: Any) -> tuple[Any, str]:
        body = await _body(request, most_bytes)
        if body is None:
            return refused(413, f"the request is longer than {most_bytes:,} bytes"), "unknown"
        try:
            asked = wire.read_request(body)
        except wire.WireError as error:
            return refused(422, error), "unknown"
        except (ValueError, RecursionError) as error:
            return refused(400, f"the request is not JSON: {error}"), "unknown"
        if len(asked.queries) > max_batch:
            text = f"at most {max_batch} queries go into one request, got {len(asked.queries)}; split it"
            return refused(413, text), asked.shape
        longest = max(map(len, asked.queries), default=0)
        if longest > max_query_chars:
            text = f"a query may have {max_query_chars:,} characters, got one of {longest:,}"
            return refused(413, text), asked.shape
        if queue.index is None:
            return loading(), asked.shape
        try:
            found = await queue.search(asked.queries, asked.topk)
        except TooBusy as error:
            return refused(503, error), asked.shape
        except RetrievalError as error:
            return refused(500, f"the index failed: {error}"), asked.shape
        metrics.queries.inc(len(asked.queries))
        return answered(found, asked.return_scores), asked.shape

    def answered(found: Sequence[Sequence[Hit]], return_scores: bool) -> Any:
        # A corpus does not change while it is served.
        headers = {wire.CORPUS_HEADER: queue.corpus}
        body = wire.answer_body(found, return_scores)
        return fastapi.Response(body, media_type="application/json", headers=headers)

    async def health(request: Any) -> Any:
        return loading() if queue.index is None else told(200, {"status": "ok"})

    async def info(request: Any) -> Any:
        if queue.index is None:
            return loading()
        said = queue.index.info()
        limits = {"max_query_chars": max_query_chars, "max_batch": max_batch, "max_topk": wire.MOST_TOPK}
        return told(200, {**said._asdict(), **limits})

    async def show_metrics(request: Any) -> Any:
        text = prometheus.generate_latest(metrics.registry)
        return fastapi.Response(text, media_type=prometheus.CONTENT_TYPE_LATEST)

    from starlette.routing import Route

    return fastapi.FastAPI(
        title="skill-gym search",
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        exception_handlers={404: elsewhere, 405: elsewhere},
        # Plain routes: bodies are read and checked here, within limits and with errors that tell.
        routes=[
            Route("/retrieve", guarded(retrieve), methods=["POST"]),
            Route("/health", health),
            Route("/info", guarded(info)),
            Route("/metrics", guarded(show_metrics)),
        ],
    )


def run(
    index: PassageIndex | Callable[[], PassageIndex],
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    token: str | None = None,
    max_query_chars: int = MOST_QUERY_CHARS,
    max_batch: int = MOST_BATCH,
    gather: bool = True,
) -> None:
    """Serves until SIGTERM or Ctrl-C; requests under way are answered first.

    Args:
        index: What is searched, or a function that opens it.
        host: Address to listen at.
        port: Port to listen at.
        token: See ``create_app``.
        max_query_chars: Longest query.
        max_batch: Most queries in one request.
        gather: See ``create_app``.

    Raises:
        ValueError: Another host than the loopback without a token, or no port that can be listened at.
        Exception: What opening the index raised.
    """
    if not 1 <= port <= 65535:
        raise ValueError(f"a port is a number from 1 to 65535, got {port}")
    if token is not None and not token.strip():
        raise ValueError("the token is empty; pass a long random one, or None on the loopback address")
    if token is None and not _is_loopback(host):
        raise ValueError(
            f"{host} may be reached from elsewhere, so a token is needed: pass token=, or set SEARCH_TOKEN "
            "for the command (clients send it as 'Authorization: Bearer'), or listen at 127.0.0.1"
        )
    _, uvicorn, _ = _packages()
    failures: list[BaseException] = []

    def stop(error: BaseException) -> None:
        failures.append(error)
        server.should_exit = True

    app = create_app(
        index,
        max_query_chars=max_query_chars,
        max_batch=max_batch,
        token=token,
        gather=gather,
        failed=stop,
    )
    config = uvicorn.Config(
        app, host, port, access_log=False, log_level="warning", timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False, date_header=False,
    )  # fmt: skip
    server = uvicorn.Server(config)
    server.run()
    if failures:
        raise failures[0]


def _packages() -> tuple[Any, Any, Any]:
    try:
        import fastapi
        import fastapi.responses
        import prometheus_client
        import uvicorn
    except ImportError as error:
        raise ImportError(f'a search server needs {error.name}: pip install "skill-gym[search]"') from None
    return fastapi, uvicorn, prometheus_client


def _metrics(prometheus: Any) -> SimpleNamespace:
    registry = prometheus.CollectorRegistry()
    return SimpleNamespace(
        registry=registry,
        requests=prometheus.Counter(
            "search_requests", "Requests for passages.", ("status", "shape"), registry=registry
        ),
        queries=prometheus.Counter("search_queries", "Queries that were answered.", registry=registry),
        seconds=prometheus.Histogram(
            "search_request_seconds", "Time of a request.", registry=registry, buckets=QUICK_SECONDS
        ),
        batch=prometheus.Histogram(
            "search_batch_queries", "Queries searched at once.", registry=registry, buckets=BATCH_SIZES
        ),
    )


async def _body(request: Any, most_bytes: int) -> bytes | None:
    """The body, None if it is too long; no more than that is read."""
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > most_bytes:
            return None
    return b"".join(parts)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
