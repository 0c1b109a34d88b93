"""Passages from search servers over HTTP: Search-R1's, SkyRL-Gym's or our own."""

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Literal
from weakref import WeakSet

from skill_gym.search.batching import Batcher
from skill_gym.search.failover import RequestRefused, Servers
from skill_gym.search.passages import Hit, IndexInfo, RetrievalError, readable
from skill_gym.search.search_client import RemoteStats, SearchClient

REQUESTS_PER_SERVER = 2
"""Batches under way at once for each server: one that it works on, one on its way."""

_Key = tuple[str, int]


class RemoteIndex:
    """A PassageIndex on one or several servers; many threads may search at once.

    Queries that arrive while requests are under way are sent together in the next one, doubles once. Servers
    take turns; one that fails is passed over and probed later. Every answer is checked; fewer passages than
    asked for are fine, more are cut, anything else is a failure of the server. A query without a letter or
    digit finds nothing and is not sent; of a long one the beginning counts (``passages.LONGEST_QUERY``).

    A pickle or a copy holds the arguments only and connects anew, as a forked process does.

    Args:
        urls: One or several; a URL without a path gets ``/retrieve``. All must serve the same corpus.
        shape: ``batch`` (Search-R1: ``queries``), ``single`` (SkyRL-Gym: ``query``), ``auto``: tries a batch
            and falls back where a server refuses it.
        timeout: Seconds that a search may take in all, attempts and pauses included.
        attempts: Rounds in which each healthy server is asked once; between them are pauses that grow, about
            0.5 and 2 s.
            An attempt may take half of the time left, the last one all of it.
        connections: Most requests under way at once in the single shape; batches are two for each server.
        max_batch: Most queries in one request.
        token: Sent as ``Authorization: Bearer``.
        cache: Most answers kept in memory, 0 for none.

    Raises:
        ImportError: urllib3 is not installed.
        ValueError: An argument is out of range or a URL is none.
    """

    waits: bool = True

    def __init__(
        self,
        urls: str | Sequence[str],
        *,
        shape: Literal["auto", "batch", "single"] = "auto",
        timeout: float = 30.0,
        attempts: int = 3,
        connections: int = 32,
        max_batch: int = 128,
        token: str | None = None,
        cache: int = 10_000,
    ) -> None:
        self._arguments: dict[str, Any] = {
            "urls": (urls,) if isinstance(urls, str) else tuple(urls),
            "shape": shape,
            "timeout": timeout,
            "attempts": attempts,
            "connections": connections,
            "max_batch": max_batch,
            "token": token,
            "cache": cache,
        }
        if shape not in ("auto", "batch", "single"):
            raise ValueError(f"shape must be 'auto', 'batch' or 'single', got {shape!r}")
        if not timeout > 0:
            raise ValueError(f"timeout must be above 0 seconds, got {timeout}")
        for name, least in (("attempts", 1), ("connections", 1), ("max_batch", 1), ("cache", 0)):
            if self._arguments[name] < least:
                raise ValueError(f"{name} must be at least {least}, got {self._arguments[name]}")
        self.urls = tuple(_retrieve_url(url) for url in self._arguments["urls"])
        if not self.urls:
            raise ValueError("urls must name at least one server, such as http://127.0.0.1:8000/retrieve")
        self._client = SearchClient(connections, token)
        self._servers = Servers(
            self.urls,
            None if shape == "auto" else shape,
            self._client.is_well,
            attempts=attempts,
            timeout=timeout,
        )
        self._batcher: Batcher[_Key, list[Hit]] = Batcher(self._ask, self._limits)
        self._timeout = float(timeout)
        self._connections, self._max_batch = connections, max_batch
        self._cached: OrderedDict[_Key, list[Hit]] = OrderedDict()
        self._most_cached = cache
        self._lock = threading.Lock()
        self._info: IndexInfo | None = None
        self._closed = False
        _OPEN.add(self)

    @property
    def stats(self) -> RemoteStats:
        """What was sent so far."""
        return self._client.stats

    def search(self, queries: Sequence[str], k: int) -> list[list[Hit]]:
        """The best passages for each query, best first as the server has them; see ``PassageIndex``.

        Raises:
            RetrievalError: No usable answer in time; the message names the server and what it said.
            ValueError: ``k`` is below 1.
        """
        texts = readable(queries, k)
        if self._closed:
            raise RetrievalError(f"the index of {self.urls[0]} has been closed; make a new RemoteIndex")
        keys = [(text, k) for text in texts]
        found = self._known(keys)
        missing = [key for key in keys if key not in found]
        if missing:
            deadline = time.monotonic() + self._timeout
            try:
                found.update(zip(missing, self._batcher.get(missing, deadline), strict=True))
            except TimeoutError:
                raise RetrievalError(
                    f"no answer from {', '.join(self.urls)} within {self._timeout:g} s; the servers are too "
                    "slow or too busy: raise timeout= or add servers"
                ) from None
        return [list(found[key]) for key in keys]

    def info(self) -> IndexInfo:
        """What is searched; a server without ``GET /info`` is ``IndexInfo("remote", 0, "")``."""
        if self._info is None:
            self._info = self._servers.ask(self._client.info, time.monotonic() + self._timeout)
        return self._info

    def close(self) -> None:
        """Closes the connections; further searches are refused."""
        self._closed = True
        _OPEN.discard(self)
        self._client.close()

    def __enter__(self) -> "RemoteIndex":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return dict(self._arguments)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"RemoteIndex({', '.join(self.urls)})"

    def _known(self, keys: Sequence[_Key]) -> dict[_Key, list[Hit]]:
        found: dict[_Key, list[Hit]] = {}
        with self._lock:
            for key in keys:
                if not any(letter.isalnum() for letter in key[0]):
                    found[key] = []
                elif key in self._cached:
                    self._cached.move_to_end(key)
                    self._client.stats.cached += 1
                    found[key] = self._cached[key]
        return found

    def _limits(self) -> tuple[int, int]:
        if all(server.shape == "single" for server in self._servers.all):
            return self._connections, 1
        return min(self._connections, REQUESTS_PER_SERVER * len(self.urls)), self._max_batch

    def _ask(self, keys: list[_Key], deadline: float) -> list[list[Hit] | RetrievalError]:
        answers: dict[_Key, list[Hit] | RetrievalError] = {}
        for k in dict.fromkeys(k for _, k in keys):
            queries = [query for query, wanted in keys if wanted == k]
            for query, answer in zip(queries, self._retrieve(queries, k, deadline), strict=True):
                answers[query, k] = answer
        with self._lock:
            for key, answer in answers.items():
                if self._most_cached and not isinstance(answer, RetrievalError):
                    self._cached[key] = answer
                    if len(self._cached) > self._most_cached:
                        self._cached.popitem(last=False)
        return [answers[key] for key in keys]

    def _retrieve(self, queries: list[str], k: int, deadline: float) -> list[list[Hit] | RetrievalError]:
        """An answer for each query; one that a server refuses does not take the others with it."""
        try:
            found = self._servers.ask(
                lambda server, latest: self._client.retrieve(server, queries, k, latest), deadline
            )
        except RequestRefused as error:
            if len(queries) == 1:
                return [RetrievalError(str(error))]
            half = len(queries) // 2
            return [
                *self._retrieve(queries[:half], k, deadline),
                *self._retrieve(queries[half:], k, deadline),
            ]
        except RetrievalError as error:
            return [error] * len(queries)
        return list(found)


def _retrieve_url(url: str) -> str:
    scheme, found, rest = url.partition("://")
    if not found or scheme not in ("http", "https") or not rest.strip("/") or rest != rest.strip():
        raise ValueError(f"expected a URL such as http://127.0.0.1:8000/retrieve, got {url!r}")
    return url if rest.partition("/")[2] else f"{url.rstrip('/')}/retrieve"


_OPEN: WeakSet[RemoteIndex] = WeakSet()


def _connect_anew() -> None:
    """In a forked process: a connection of two processes would give each the other's answers."""
    for index in list(_OPEN):
        index.__setstate__(index.__getstate__())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_connect_anew)
