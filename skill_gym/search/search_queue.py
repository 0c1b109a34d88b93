"""Searches for many requests of a server at once, without keeping any of them waiting for more."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

from skill_gym.search.passages import Hit, PassageIndex, RetrievalError

logger = logging.getLogger(__name__)


class TooBusy(RuntimeError):
    """More waits than the server takes on."""


class _Asked(NamedTuple):
    queries: Sequence[str]
    k: int
    found: "asyncio.Future[list[list[Hit]]]"


class SearchQueue:
    """One search after another in a thread; what arrives meanwhile is searched for together in the next.

    Args:
        most_waiting: Most queries that wait.
        most_together: Most queries in one search; a request is never split.
        searched: Called with the number of queries of each search.

    Attributes:
        index: What is searched; None until it is open.
    """

    def __init__(self, *, most_waiting: int, most_together: int, searched: Callable[[int], None]) -> None:
        self.index: PassageIndex | None = None
        self._most_waiting = most_waiting
        self._most_together = most_together
        self._searched = searched
        self._waiting: list[_Asked] = []
        self._queries = 0
        self._worker: asyncio.Task[None] | None = None
        self._corpus: str | None = None

    @property
    def corpus(self) -> str:
        """``IndexInfo.corpus`` of the index."""
        if self._corpus is None:
            self._corpus = "" if self.index is None else self.index.info().corpus
        return self._corpus

    async def search(self, queries: Sequence[str], k: int) -> list[list[Hit]]:
        """Passages for each query, as ``PassageIndex.search`` gives them.

        Raises:
            TooBusy: Too many queries wait already.
            RetrievalError: The index failed.
        """
        if not queries:
            return []
        if self._queries and self._queries + len(queries) > self._most_waiting:
            text = f"{self._queries} queries wait already and at most {self._most_waiting} may; ask again"
            raise TooBusy(text)
        asked = _Asked(queries, k, asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        self._queries += len(queries)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await asked.found

    async def close(self) -> None:
        """Waits for the search under way; what has not begun fails."""
        for asked in self._waiting:
            asked.found.cancel()
        self._waiting.clear()
        if self._worker is not None:
            await self._worker

    async def _work(self) -> None:
        while self._waiting:
            batch = self._take()
            queries = [query for asked in batch for query in asked.queries]
            try:
                found = await asyncio.to_thread(self._search, queries, batch[0].k)
            except Exception as error:
                logger.exception("a search for %d queries failed", len(queries))
                for asked in batch:
                    if not asked.found.done():
                        asked.found.set_exception(RetrievalError(f"{type(error).__name__}: {error}"))
            else:
                hand_out = iter(found)
                for asked in batch:
                    hits = [next(hand_out) for _ in asked.queries]
                    if not asked.found.done():
                        asked.found.set_result(hits)
            finally:
                self._queries -= len(queries)

    def _take(self) -> list[_Asked]:
        """The first request, and those behind it that want as many passages and fit in one search."""
        batch: list[_Asked] = []
        left: list[_Asked] = []
        size = 0
        for asked in self._waiting:
            fits = not batch or (
                not left and asked.k == batch[0].k and size + len(asked.queries) <= self._most_together
            )
            (batch if fits else left).append(asked)
            size += len(asked.queries) if fits else 0
        self._waiting = left
        return batch

    def _search(self, queries: list[str], k: int) -> list[list[Hit]]:
        if self.index is None:
            raise RetrievalError("the index is not open")
        found = self.index.search(queries, k)
        if len(found) != len(queries):
            raise RetrievalError(f"the index gave {len(found)} lists for {len(queries)} queries")
        self._searched(len(queries))
        return found
