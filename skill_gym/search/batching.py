"""Gathers what many threads ask for while requests are under way, and asks for it together."""

import threading
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Generic, TypeVar

from skill_gym.search.passages import RetrievalError

Key = TypeVar("Key")
Answer = TypeVar("Answer")

SLACK = 1.0
"""Seconds; who has as much more time than the sender is not content with the sender's failure."""


class NoAnswer(RetrievalError):
    """There was no answer in the time that there was; with more time there might be."""


class _Wanted(Generic[Key, Answer]):
    """A key that somebody waits for; once ``done``, ``answer`` is there, or what went wrong."""

    __slots__ = ("answer", "deadline", "done", "key", "waiting")

    def __init__(self, key: Key, deadline: float) -> None:
        self.key = key
        self.deadline = deadline
        self.waiting: list[threading.Event] = []
        self.done = False
        self.answer: Answer | RetrievalError | None = None


class Batcher(Generic[Key, Answer]):
    """Answers keys, many in one request, without ever waiting for more to come.

    The first thread that asks sends its request at once. Whoever asks while the most requests are under way
    waits; when one comes back, one of the waiting threads sends all that has gathered. So a request is the
    larger the busier it is, and alone nobody waits. A key that is asked for twice is sent once. There are no
    threads of its own.

    Args:
        ask: Sends one request: for the keys and the deadline (``time.monotonic``) one answer each, in order.
            An error among them is raised where its key was asked for; one that is raised reaches all. The
            deadline is the sending thread's; after a ``NoAnswer`` keys whose threads have more time are
            sent again by one of those.
        limits: Gives (most requests under way, most keys in one), read anew for each request.
    """

    def __init__(
        self,
        ask: Callable[[list[Key], float], Sequence[Answer | RetrievalError]],
        limits: Callable[[], tuple[int, int]],
    ) -> None:
        self._ask = ask
        self._limits = limits
        self._lock = threading.Lock()
        self._queue: dict[Key, _Wanted[Key, Answer]] = {}
        self._open: dict[Key, _Wanted[Key, Answer]] = {}
        self._idle: set[threading.Event] = set()
        self._under_way = 0

    def get(self, keys: Sequence[Key], deadline: float) -> list[Answer]:
        """The answers to the keys, in their order.

        Args:
            keys: Hashable; doubles are asked for once.
            deadline: Latest return, by ``time.monotonic``.

        Raises:
            TimeoutError: No answer by the deadline.
            RetrievalError: As ``ask`` said, for one of the keys.
        """
        wake = threading.Event()
        with self._lock:
            wanted = {key: self._join(key, wake, deadline) for key in dict.fromkeys(keys)}
        mine = list(wanted.values())
        try:
            while batch := self._next(mine, wake, deadline):
                failure = self._send(batch, deadline)
                if failure is not None and any(not one.done for one in mine if one in batch):
                    raise failure
        finally:
            self._leave(mine, wake)
        return [self._answer(wanted[key]) for key in keys]

    def _join(self, key: Key, wake: threading.Event, deadline: float) -> _Wanted[Key, Answer]:
        one = self._open.get(key)
        if one is None:
            one = self._open[key] = self._queue[key] = _Wanted(key, deadline)
        one.waiting.append(wake)
        one.deadline = max(one.deadline, deadline)
        return one

    def _next(
        self, mine: Sequence[_Wanted[Key, Answer]], wake: threading.Event, deadline: float
    ) -> list[_Wanted[Key, Answer]]:
        """The batch that this thread is to send; empty when all it wants is there."""
        while True:
            with self._lock:
                self._idle.discard(wake)
                if all(one.done for one in mine):
                    return []
                if monotonic() >= deadline:
                    raise TimeoutError("no answer by the deadline")
                if any(one.key in self._queue for one in mine) and (batch := self._take()):
                    return batch
                wake.clear()
                self._idle.add(wake)
            wake.wait(max(0.0, deadline - monotonic()))

    def _take(self) -> list[_Wanted[Key, Answer]]:
        lanes, most = self._limits()
        if self._under_way >= lanes:
            return []
        batch = list(self._queue.values())[:most]
        for one in batch:
            del self._queue[one.key]
        self._under_way += 1
        self._wake_next()
        return batch

    def _send(self, batch: list[_Wanted[Key, Answer]], deadline: float) -> NoAnswer | None:
        """Sends a batch; the failure if there was no answer in time for some of it."""
        answers: Sequence[Answer | RetrievalError] = ()
        failed = RetrievalError("the request was interrupted")
        try:
            answers = self._ask([one.key for one in batch], deadline)
        except RetrievalError as error:
            failed = error
        finally:
            failure = None
            again: dict[Key, _Wanted[Key, Answer]] = {}
            with self._lock:
                self._under_way -= 1
                for number, one in enumerate(batch):
                    answer = answers[number] if number < len(answers) else failed
                    if isinstance(answer, NoAnswer):
                        failure = answer
                        if one.deadline > deadline + SLACK:
                            again[one.key] = one
                            continue
                    one.answer = answer
                    one.done = True
                    del self._open[one.key]
                    for wake in one.waiting:
                        wake.set()
                self._queue = {**again, **self._queue}
                self._wake_next()
        return failure

    def _leave(self, mine: Sequence[_Wanted[Key, Answer]], wake: threading.Event) -> None:
        """Forgets what nobody waits for any more, and lets another thread send if this one was to."""
        with self._lock:
            self._idle.discard(wake)
            for one in mine:
                one.waiting.remove(wake)
                if not one.waiting and self._queue.get(one.key) is one:
                    del self._queue[one.key], self._open[one.key]
            self._wake_next()

    def _wake_next(self) -> None:
        """Wakes a thread whose key is queued if another request may be sent; a busy one looks by itself."""
        if self._under_way < self._limits()[0]:
            waiting = (wake for one in self._queue.values() for wake in one.waiting if wake in self._idle)
            wake = next(waiting, None)
            if wake is not None:
                wake.set()

    @staticmethod
    def _answer(one: _Wanted[Key, Answer]) -> Answer:
        if isinstance(one.answer, RetrievalError):
            # Several threads may raise it: each gets an exception of its own.
            raise RetrievalError(*one.answer.args) from one.answer
        return one.answer  # type: ignore[return-value]
