"""Many clients of a search server at once: what they get, how fast, and whether all of it is right."""

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from skill_gym.search.passages import Hit, PassageIndex, RetrievalError
from skill_gym.search.remote import RemoteIndex
from skill_gym.search.wire import Shape

CLIENTS = 64
TOPK = 3
TIMEOUT = 6.0
"""Seconds of a search; short, because servers are killed."""
MALFORMED = (
    b"",
    b"{",
    b"[]",
    b"{}",
    b'{"query": "a", "queries": ["a"]}',
    b'{"queries": "a"}',
    b'{"queries": [null]}',
    b'{"query": "a", "topk": 0}',
    b'{"query": "a", "topk": 1000}',
    b'{"query": "' + b"a" * 20_000 + b'"}',
    b"\xff\xfe",
)

Right = Mapping[str, Sequence[Hit]]
"""The passages of each query, as the index itself finds them."""


@dataclass
class Load:
    """What many clients saw.

    Attributes:
        seconds: Of each search.
        wrong: Answers that were not the index's.
        failed: Searches that ended in a RetrievalError.
        hung: Searches that took longer than they may.
        malformed: Malformed requests sent.
        accepted: Those that were not refused with 400, 413 or 422.
        wall: Seconds in all.
        requests: HTTP requests of the searches.
    """

    seconds: list[float] = field(default_factory=list)
    wrong: int = 0
    failed: int = 0
    hung: int = 0
    malformed: int = 0
    accepted: int = 0
    wall: float = 0.0
    requests: int = 0

    @property
    def per_second(self) -> float:
        """Queries answered in a second."""
        return (len(self.seconds) - self.failed) / self.wall


def right_answers(index: PassageIndex, questions: Sequence[str], rounds: int) -> dict[str, list[Hit]]:
    """As many queries as questions times rounds, no two alike, with what the index finds."""
    queries = [f"{question} {number}" for number in range(rounds) for question in questions]
    return dict(zip(queries, index.search(queries, TOPK), strict=True))


def load(url: str, right: Right, shapes: Sequence[Shape], *, malformed: bool = False) -> Load:
    """Lets 64 clients search, each in a thread and for its share of the queries.

    Args:
        url: Of the server.
        right: What is asked, and what must come.
        shapes: Of the clients, by turns. Those of one shape share a RemoteIndex, as environments do.
        malformed: Whether each client sends a malformed request after every tenth search.
    """
    seen = Load()
    lock = threading.Lock()
    indexes = {
        shape: RemoteIndex(url, shape=shape, timeout=TIMEOUT, connections=CLIENTS, cache=0)
        for shape in set(shapes)
    }
    queries = list(right)

    def client(number: int) -> None:
        index = indexes[shapes[number % len(shapes)]]
        for turn, query in enumerate(queries[number::CLIENTS]):
            found, seconds = _ask(index, query)
            with lock:
                seen.seconds.append(seconds)
                seen.failed += found is None
                seen.wrong += found is not None and found != right[query]
                seen.hung += seconds > TIMEOUT + 2
            if malformed and turn % 10 == number % 10:
                status = _post(url, MALFORMED[(number + turn) % len(MALFORMED)])
                with lock:
                    seen.malformed += 1
                    seen.accepted += status is not None and status not in (400, 413, 422)

    start = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as threads:
        for each in [threads.submit(client, number) for number in range(CLIENTS)]:
            each.result()
    seen.wall = time.perf_counter() - start
    seen.requests = sum(index.stats.requests for index in indexes.values())
    for index in indexes.values():
        index.close()
    return seen


def percentiles(seconds: Sequence[float]) -> Iterator[float]:
    """Median and 99th percentile, in ms."""
    times = sorted(seconds)
    return (times[int(len(times) * part)] * 1000 for part in (0.5, 0.99))


def _ask(index: RemoteIndex, query: str) -> tuple[list[Hit] | None, float]:
    start = time.perf_counter()
    try:
        (found,) = index.search([query], TOPK)
    except RetrievalError:
        return None, time.perf_counter() - start
    return found, time.perf_counter() - start


def _post(url: str, body: bytes) -> int | None:
    """The status of an answer; None without one, as from a server that has been killed."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=TIMEOUT) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None
