"""Several servers of the same passages: whose turn it is, what is tried again, who rests after failures."""

import random
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

from skill_gym.search.batching import NoAnswer
from skill_gym.search.passages import RetrievalError
from skill_gym.search.wire import Shape

FAILURES_TO_REST = 3
"""Failures in a row after which a server is left alone for a while."""
FIRST_REST, LONGEST_REST = 0.5, 10.0
"""Seconds; each rest without an answer in between is twice as long as the last. None is longer than a
quarter of a search may take, so that a search that begins in one outlasts it."""
FIRST_PAUSE, PAUSE_GROWTH = 0.5, 4
"""Seconds between the first two rounds of attempts, give or take a half; then four times as long, up to
the longest rest."""
SHORT_PAUSE = 0.05
LONGEST_RETRY_AFTER = 60.0
"""Seconds; a server that asks to be left alone for longer is asked again all the same."""

Found = TypeVar("Found")


class RequestRefused(RetrievalError):
    """The server is well but does not answer this request; asking again is no use."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class ServerFailed(RetrievalError):
    """The server gave no usable answer; another attempt or another server may.

    Attributes:
        retry_after: Seconds that it asked to be left alone for, None if it did not.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(slots=True, eq=False)
class Server:
    """One server and how it fares.

    Attributes:
        url: Where passages are retrieved.
        shape: How it wants to be asked; None until that is known.
        failures: Failures since its last answer.
        rests: Rests since its last answer.
        resting_until: It is not asked before (``time.monotonic``).
        probed: A thread is finding out whether it is back.
    """

    url: str
    shape: Shape | None = None
    failures: int = 0
    rests: int = 0
    resting_until: float = 0.0
    probed: bool = False


class Servers:
    """Asks the healthy servers in turn, again and elsewhere when one fails.

    After three failures in a row a server rests, 0.5 s at first and up to 10 s later. When its rest is over,
    one thread finds out whether it is well; the others go on without it until it has answered.

    Args:
        urls: At least one.
        shape: How they want to be asked, None to find out.
        is_well: Whether a server is back; may take a second.
        attempts: Rounds in which each server that does not rest is asked once, at least 1.
        timeout: Seconds that a search may take.
    """

    def __init__(
        self,
        urls: Sequence[str],
        shape: Shape | None,
        is_well: Callable[[Server], bool],
        *,
        attempts: int,
        timeout: float,
    ) -> None:
        self.all = [Server(url, shape) for url in urls]
        self._is_well = is_well
        self._attempts = attempts
        self._longest_rest = min(LONGEST_REST, timeout / 4)
        self._lock = threading.Lock()
        self._turn = 0
        self._jitter = random.Random()

    def ask(self, ask: Callable[[Server, float], Found], deadline: float) -> Found:
        """What the first server that answers says.

        Args:
            ask: Asks a server; the second argument is the latest time (``time.monotonic``) for its answer:
                half of what is left, all of it for the last attempt. Raises ServerFailed or RequestRefused.
            deadline: The latest time for all attempts and the pauses between them.

        Raises:
            RequestRefused: As a server said.
            NoAnswer: None of them answered.
        """
        begun = time.monotonic()
        failure: ServerFailed | None = None
        done = 0
        while done < self._attempts:
            tried: list[Server] = []
            while time.monotonic() < deadline and (server := self._choose(tried)):
                tried.append(server)
                last = done == self._attempts - 1 and len(tried) == len(self.all)
                try:
                    return self._ask_one(ask, server, deadline, last)
                except ServerFailed as error:
                    failure = error
            done += bool(tried)
            if done == self._attempts or not self._pause(done, deadline):
                break
        reason = failure or f"{', '.join(server.url for server in self.all)} failed before and rest"
        raise NoAnswer(
            f"no answer after {time.monotonic() - begun:.1f} s: {reason}. Check that the server runs and "
            "serves this path, or raise timeout= or attempts="
        )

    def _ask_one(
        self, ask: Callable[[Server, float], Found], server: Server, deadline: float, last: bool
    ) -> Found:
        now = time.monotonic()
        try:
            if server.rests and not self._is_well(server):
                raise ServerFailed(f"{server.url} has failed before and is not back yet")
            found = ask(server, deadline if last else now + (deadline - now) / 2)
        except RequestRefused:
            self._answered(server)
            raise
        except BaseException as error:
            self._failed(server, error.retry_after if isinstance(error, ServerFailed) else None)
            raise
        self._answered(server)
        return found

    def _pause(self, round_number: int, deadline: float) -> bool:
        """Waits before the next round, until a server may be asked; False if that would be too late."""
        pause = SHORT_PAUSE
        if round_number:
            pause = min(self._longest_rest, FIRST_PAUSE * PAUSE_GROWTH ** (round_number - 1))
            pause *= self._jitter.uniform(0.5, 1.5)
        with self._lock:
            now = time.monotonic()
            pause = max(pause, min(server.resting_until for server in self.all) - now)
        if now + pause >= deadline:
            return False
        time.sleep(pause)
        return True

    def _choose(self, tried: Collection[Server]) -> Server | None:
        """The server whose turn it is, other than those tried; None if all others rest."""
        with self._lock:
            now = time.monotonic()
            order = self.all[self._turn :] + self.all[: self._turn]
            self._turn = (self._turn + 1) % len(self.all)
            for server in order:
                if server not in tried and server.resting_until <= now and not server.probed:
                    server.probed = server.rests > 0
                    return server
        return None

    def _answered(self, server: Server) -> None:
        with self._lock:
            server.failures = server.rests = 0
            server.resting_until = 0.0
            server.probed = False

    def _failed(self, server: Server, retry_after: float | None) -> None:
        with self._lock:
            now = time.monotonic()
            server.failures += 1
            server.probed = False
            if server.failures >= FAILURES_TO_REST and server.resting_until <= now:
                rest = min(self._longest_rest, FIRST_REST * 2**server.rests) * self._jitter.uniform(
                    0.75, 1.25
                )
                server.rests = min(server.rests + 1, 10)
                server.resting_until = now + rest
            if retry_after is not None:
                server.resting_until = max(server.resting_until, now + min(retry_after, LONGEST_RETRY_AFTER))
