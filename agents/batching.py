"""Adapts whoever answers a list of requests at once to the policy seam."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence

from skill_gym.agents.policy import Completion, Request


class BatchPolicy(ABC):
    """Queues requests and answers them in batches, first come, first served.

    A subclass says how a batch is answered and may check a request in ``submit`` before it is queued.

    Args:
        name: Goes into the trajectories.
        max_batch: Most requests answered in one ``poll``, at least 1; None takes all that wait.
    """

    def __init__(self, name: str, *, max_batch: int | None = None) -> None:
        if max_batch is not None and max_batch < 1:
            raise ValueError(
                f"max_batch must be at least 1, got {max_batch}; pass None to take all that wait"
            )
        self.name = name
        self.max_batch = max_batch
        self._waiting: list[Request] = []

    @abstractmethod
    def answer(self, requests: Sequence[Request]) -> list[Completion]:
        """Answers a batch, never empty: one completion a request, in the same order."""

    def submit(self, request: Request) -> None:
        """Queues a request."""
        self._waiting.append(request)

    def poll(self) -> list[Completion]:
        """Answers the next batch; an empty list when nothing waits."""
        if not self._waiting:
            return []
        batch = self._waiting[: self.max_batch]
        del self._waiting[: len(batch)]
        return self.answer(batch)

    def abort(self, tickets: Collection[str]) -> None:
        """Forgets requests that nobody waits for any more."""
        self._waiting = [request for request in self._waiting if request.ticket not in tickets]
