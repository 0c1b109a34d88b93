"""The nearest vectors to queries: by a matrix, above 100,000 by an approximate index with re-ranking."""

import math
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skill_gym.skillbanks.vectors import VectorError, Vectors

EXACT_UP_TO = 100_000
"""Vectors up to which every one is compared with the query."""
PROBES = 64
"""Lists of the approximate index that are looked into, of ``4 sqrt(n)``."""
_RERANKED = 20
"""Candidates of the approximate index for each vector wanted, compared exactly."""
_TRAINED_ON = 40
"""Vectors for each list that its centre is computed from."""
_ROWS_AT_ONCE = 32_768
_QUERIES_AT_ONCE = 256
_STRETCH = 64
"""Scores whose greatest stands for them while a bound is sought."""
_DECIMALS = 6
"""Of cosines: what differs less is equal, whatever the order of summation."""

Rows = NDArray[np.int64]


class Near(NamedTuple):
    """What is near to one query, the nearest first.

    Attributes:
        rows: Numbers of the vectors.
        cosines: Of each with the query.
    """

    rows: Rows
    cosines: NDArray[np.float32]


class Nearest:
    """Vectors that are only ever added to, and searched.

    Rows keep their numbers, so that several banks may share it, each with the rows that it has. Up to
    ``exact_up_to`` rows (and wherever few of them count) all are compared; above, faiss finds candidates by
    inverted lists with one byte a number (IVF-SQ8), whose cosines are then computed from the vectors
    themselves.

    Args:
        width: Numbers of a vector.
        exact_up_to: Rows up to which no index is used.
        probes: Lists that the index looks into: more find more, and take longer.
    """

    def __init__(self, width: int, *, exact_up_to: int = EXACT_UP_TO, probes: int = PROBES) -> None:
        self.width = width
        self.exact_up_to = exact_up_to
        self.probes = probes
        self._held: Vectors = np.zeros((0, width), dtype=np.float32)
        self._size = 0
        self._index: Any = None
        self._trained = 0
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return self._size

    @property
    def matrix(self) -> Vectors:
        """All vectors, shape [row, width]; a view."""
        return self._held[: self._size]

    def add(self, vectors: Vectors) -> Rows:
        """Adds vectors and gives their row numbers.

        Raises:
            VectorError: They have another width.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self.width:
            raise VectorError(
                f"expected vectors of {self.width} numbers, got shape {vectors.shape}; embed with the model "
                "(and width) that the others came from"
            )
        with self._lock:
            first, last = self._size, self._size + len(vectors)
            if last > len(self._held):
                # The first vectors get just their room, later ones leave some for more.
                room = last if not first else max(last, math.ceil(len(self._held) * 1.5))
                held = np.empty((room, self.width), dtype=np.float32)
                held[:first] = self._held[:first]
                self._held = held
            self._held[first:last] = vectors
            self._size = last
            if self._index is not None:
                self._index.add(np.ascontiguousarray(vectors, dtype=np.float32))
            return np.arange(first, last, dtype=np.int64)

    def search(self, queries: Vectors, k: int, rows: Rows, *, exact: bool = False) -> list[Near]:
        """The k nearest of some rows to each query; of equally near ones those that stand first in ``rows``.

        Args:
            queries: Vectors of length 1, shape [query, width].
            k: How many; fewer where there are no more.
            rows: Numbers of the rows that count, each once.
            exact: Compares all of them, however many.

        Raises:
            VectorError: The queries have another width.
            ModuleNotFoundError: More rows than are compared one by one, and faiss is not installed.
        """
        if queries.ndim != 2 or queries.shape[1] != self.width:
            raise VectorError(
                f"the queries have shape {queries.shape}, the vectors {self.width} numbers; embed both with "
                "the same model and width"
            )
        k = min(k, len(rows))
        if k < 1:
            return [Near(np.zeros(0, np.int64), np.zeros(0, np.float32)) for _ in queries]
        found: list[Near] = []
        for first in range(0, len(queries), _QUERIES_AT_ONCE):
            some = queries[first : first + _QUERIES_AT_ONCE]
            compared = exact or len(rows) <= self.exact_up_to
            found += self._exact(some, k, rows) if compared else self._near(some, k, rows)
        return found

    def _exact(self, queries: Vectors, k: int, rows: Rows) -> list[Near]:
        pools: list[list[Near]] = [[] for _ in queries]
        in_order = _is_range(rows)
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            some = rows[first : first + _ROWS_AT_ONCE]
            # A slice needs no copy.
            block = self.matrix[some[0] : some[-1] + 1] if in_order else self.matrix[some]
            scores = queries @ block.T
            least = _bound(scores, min(k, len(some))) - 10.0**-_DECIMALS
            for pool, line, bound in zip(pools, scores, least, strict=True):
                places = np.flatnonzero(line >= bound)
                pool.append(Near(places + first, line[places]))
        return [_first(pool, k, rows) for pool in pools]

    def _near(self, queries: Vectors, k: int, rows: Rows) -> list[Near]:
        index = self._approximate()
        place = np.full(self._size, -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        # Rows that do not count take up room among the candidates.
        wanted = min(self._size, math.ceil((_RERANKED * k + 64) * self._size / len(rows)))
        _, numbers = index.search(np.ascontiguousarray(queries, dtype=np.float32), wanted)
        found = []
        for query, line in zip(queries, numbers, strict=True):
            # faiss fills up with -1 where its lists hold too few.
            places = place[line[line >= 0]]
            places = places[places >= 0]
            if len(places) < k:
                found += self._exact(query[None], k, rows)
                continue
            found.append(_first([Near(places, self.matrix[rows[places]] @ query)], k, rows))
        return found

    def _approximate(self) -> Any:
        with self._lock:
            # Lists that were laid out for half of the vectors grow too long.
            if self._index is None or self._size > 2 * self._trained:
                faiss = _faiss()
                lists = int(4 * math.sqrt(self._size))
                index = faiss.index_factory(self.width, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
                index.train(np.ascontiguousarray(self.matrix[:: max(1, self._size // (_TRAINED_ON * lists))]))
                for first in range(0, self._size, _ROWS_AT_ONCE):
                    index.add(np.ascontiguousarray(self.matrix[first : first + _ROWS_AT_ONCE]))
                self._index, self._trained = index, self._size
            self._index.nprobe = self.probes
            return self._index


def diverse(near: Near, vectors: Vectors, k: int, weight: float) -> list[int]:
    """Places of k of what is near, by maximal marginal relevance (Carbonell and Goldstein 1998, eq. 1).

    Args:
        near: Candidates, the nearest first.
        vectors: Theirs, shape [candidate, width].
        k: How many.
        weight: Lambda in [0, 1]: 1 is nearness alone, 0 is unlikeness to those chosen before.
    """
    count = len(near.rows)
    chosen: list[int] = []
    likeness = np.zeros(count, dtype=np.float32)
    for _ in range(min(k, count)):
        value = np.round(weight * near.cosines - (1 - weight) * likeness, _DECIMALS)
        value[chosen] = -np.inf
        best = int(np.argmax(value))
        likeness = np.maximum(likeness, vectors @ vectors[best]) if chosen else vectors @ vectors[best]
        chosen.append(best)
    return chosen


def _first(pool: Sequence[Near], k: int, rows: Rows) -> Near:
    places = np.concatenate([near.rows for near in pool])
    cosines = np.concatenate([near.cosines for near in pool])
    order = np.lexsort((places, -np.round(cosines, _DECIMALS)))[:k]
    return Near(rows[places[order]], cosines[order])


def _bound(scores: Vectors, k: int) -> Vectors:
    """For each line a number that k of its scores reach, and not many more."""
    stretches = scores.shape[1] // _STRETCH
    if stretches >= k:
        # The k greatest of the stretches' maxima are k scores: far fewer numbers to sort out.
        whole = scores[:, : stretches * _STRETCH]
        scores = whole.reshape(len(scores), stretches, _STRETCH).max(axis=2)
    return np.partition(scores, scores.shape[1] - k, axis=1)[:, -k]


def _is_range(rows: Rows) -> bool:
    return bool(rows[-1] - rows[0] == len(rows) - 1 and (np.diff(rows) == 1).all())


def _faiss() -> Any:
    try:
        import faiss
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f'banks of more than {EXACT_UP_TO:,} skills need faiss; pip install "skill-gym[embeddings]"'
        ) from error
    return faiss
