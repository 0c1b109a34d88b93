"""Tries again when a model cannot be reached, for as long as it makes sense."""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from skill_gym.skillbanks.teachers.around import Around
from skill_gym.skillbanks.teachers.chat import ChatModel, ChatReply, ChatRequest
from skill_gym.skillbanks.teachers.failed_try import FailedTry

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRule:
    """How often and how long a request is tried.

    Attributes:
        tries: Most tries of a request, at least 1.
        first_wait: Seconds before the second try; each further wait is twice the last one.
        longest_wait: Bound of every wait, in seconds. An endpoint that asks (``Retry-After``) for a longer
            one is not waited for: the request fails and says how long it would have been.
        deadline: Seconds after which no new try of a request begins.

    Raises:
        ValueError: A figure is out of range.
    """

    tries: int = 6
    first_wait: float = 1.0
    longest_wait: float = 120.0
    deadline: float = 900.0

    def __post_init__(self) -> None:
        if self.tries < 1:
            raise ValueError(f"tries must be at least 1, got {self.tries}; 1 never tries again")
        for field in ("first_wait", "longest_wait", "deadline"):
            if not getattr(self, field) >= 0:
                raise ValueError(f"{field} must be at least 0 seconds, got {getattr(self, field)}")

    def wait(self, failures: int, draw: float) -> float:
        """Seconds to wait after so many failures; ``draw`` in [0, 1) spreads it over its upper half."""
        whole: float = min(self.longest_wait, self.first_wait * 2.0 ** (failures - 1))
        return whole * (0.5 + draw / 2)


class Retrying(Around):
    """A chat model that tries another one until it answers.

    When an endpoint asks for patience, all requests are held back, not only the one that it told so. When
    no try has succeeded for as long as the deadline, the endpoint counts as down: requests get one try each
    until one succeeds, so that a long list of questions to a dead server ends soon.

    Args:
        model: Who answers; what it raises as a ``FailedTry`` that passes is tried again.
        rule: How often and how long.
        seed: Of the jitter.
        sleep: Waits for a number of seconds; None waits until ``close`` at the longest.
        clock: Seconds of a clock that never goes back.
    """

    def __init__(
        self,
        model: ChatModel,
        rule: RetryRule | None = None,
        *,
        seed: int | None = None,
        sleep: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(model)
        self.rule = rule or RetryRule()
        self.retries = 0
        self._random = random.Random(seed)
        self._closed = threading.Event()
        self._sleep = sleep or self._closed.wait
        self._clock = clock
        self._lock = threading.Lock()
        self._held_until = float("-inf")
        self._failing_since: float | None = None

    def close(self) -> None:
        """Ends all waits; requests under way get no further try."""
        self._closed.set()

    def complete(self, request: ChatRequest) -> ChatReply:
        """Asks until there is an answer.

        Raises:
            FailedTry: The last failure, when it does not pass or the rule allows no further try.
        """
        end = self._clock() + self.rule.deadline
        failures = 0
        while True:
            self._hold_back(end)
            try:
                reply = self.model.complete(request)
            except FailedTry as error:
                failures += 1
                if not error.passing:
                    # A refusal is an answer: the endpoint is there.
                    self._failing_since = None
                    raise
                wait = self._next_wait(error, failures, end)
                logger.info("%s, try %d: %s; next in %.1f s", request.purpose, failures, error, wait)
                self._sleep(wait)
                if self._closed.is_set():
                    raise
            else:
                self._failing_since = None
                return reply

    def _hold_back(self, end: float) -> None:
        with self._lock:
            until, now = self._held_until, self._clock()
        if until > max(now, end):
            raise FailedTry(
                "unavailable",
                f"the endpoint asks all to wait {until - now:.0f} s more, beyond the deadline",
                passing=True,
            )
        if until > now:
            self._sleep(until - now)

    def _next_wait(self, error: FailedTry, failures: int, end: float) -> float:
        """Seconds until the next try; raises the failure when there is to be none."""
        with self._lock:
            wait = self.rule.wait(failures, self._random.random())
            if error.wait is not None:
                wait = max(wait, error.wait)
            now = self._clock()
            if self._failing_since is None:
                self._failing_since = now
            if self._closed.is_set():
                why = "closed"
            elif now - self._failing_since > self.rule.deadline:
                why = f"no answer to anything for {now - self._failing_since:.0f} s, so tried once"
            elif failures >= self.rule.tries:
                why = f"after {failures} tries"
            elif error.wait is not None and error.wait > self.rule.longest_wait:
                why = f"the endpoint asks to wait {error.wait:g} s, longer than {self.rule.longest_wait:g} s"
            elif now + wait > end:
                why = f"not answered within {self.rule.deadline:g} s"
            else:
                self.retries += 1
                if error.wait is not None:
                    self._held_until = max(self._held_until, now + error.wait)
                return wait
        message = str(error).removeprefix(f"{error.fault}: ")
        raise FailedTry(
            error.fault, f"{message} ({why})", passing=True, wait=error.wait, spent=error.spent
        ) from error
