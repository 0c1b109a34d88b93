"""Whether an engine that died may be started again, and what it said last."""

import logging
import traceback

from skill_gym.agents.policy import PolicyError

logger = logging.getLogger(__name__)


class EngineDeaths:
    """Allows one new start for each death, unless the engine does nothing but die.

    A single death costs the episodes under way. An engine that dies again before it has answered
    ``replies_between`` requests would go on dying through the whole run, and every episode with it.

    Args:
        replies_between: Replies that a started engine must have given before it may die once more.

    Attributes:
        restarts: Deaths after which the engine was started again.
    """

    def __init__(self, replies_between: int) -> None:
        if replies_between < 1:
            raise ValueError(f"replies_between must be at least 1, got {replies_between}")
        self.restarts = 0
        self._replies_between = replies_between
        self._replies = 0

    def count_replies(self, replies: int) -> None:
        """Replies that the engine has given."""
        self._replies += replies

    def allow_restart(self, words: str) -> None:
        """Counts a death.

        Args:
            words: The engine's last.

        Raises:
            PolicyError: It has died before, and has given too few replies since.
        """
        if self.restarts and self._replies < self._replies_between:
            raise PolicyError(
                f"the engine died again, {self._replies} replies after it was started anew, and is given up: "
                f"{words}; if memory ran out, lower sampler.slots or sampler.context_length"
            )
        self.restarts += 1
        self._replies = 0


def last_words(error: BaseException) -> str:
    """An error with what caused it, on one line; engines wrap the reason in an error that says nothing.

    The frames of its traceback are emptied: they would keep a dead engine's memory.
    """
    words: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        traceback.clear_frames(error.__traceback__)
        words.append(f"{type(error).__name__}: {str(error).strip()}")
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is None:
            break
        error = cause
    return ", caused by ".join(words)
