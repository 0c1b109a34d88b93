"""Steps of environments that wait for something, such as a search server, many at once in threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import perf_counter

from skill_gym.agents.policy import Completion
from skill_gym.agents.slot import Slot
from skill_gym.trajectory import Trajectory

MOST_THREADS = 128
"""Steps under way at once, at most; those beyond start as earlier ones end."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step that has been taken.

    Attributes:
        slot: Whose.
        completion: The reply that was played.
        trajectory: The episode's record if the step ended it.
        error: What the environment raised, None if it did not.
        seconds: How long it took.
    """

    slot: Slot
    completion: Completion
    trajectory: Trajectory | None
    error: Exception | None
    seconds: float


def take_step(slot: Slot, completion: Completion) -> Step:
    """Plays a reply in its slot; whatever the environment raises is in the result."""
    start = perf_counter()
    trajectory, failed = None, None
    try:
        trajectory = slot.step(completion)
    except Exception as error:  # noqa: BLE001 - whatever an environment raises is recorded
        failed = error
    return Step(slot, completion, trajectory, failed, perf_counter() - start)


class StepsUnderWay:
    """Takes steps in threads and hands them back to the one thread that plays the episodes.

    A slot has at most one step under way, so that an environment is never in two threads at once.

    Args:
        threads: Most steps at once, at least 1.
    """

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(min(threads, MOST_THREADS), thread_name_prefix="step")
        self._taken: SimpleQueue[Step | BaseException] = SimpleQueue()
        self._under_way = 0

    def __len__(self) -> int:
        return self._under_way

    def start(self, slot: Slot, completion: Completion) -> None:
        """Lets a thread take the step."""
        self._under_way += 1
        self._threads.submit(_hand_over, self._taken.put, slot, completion)

    def taken(self, *, wait: bool) -> list[Step]:
        """The steps that have ended since the last call, in the order of their ends.

        Args:
            wait: Waits for one if none has ended; without steps under way the list is empty all the same.
        """
        found: list[Step] = []
        while self._under_way:
            try:
                step = self._taken.get(block=wait and not found)
            except Empty:
                break
            self._under_way -= 1
            if isinstance(step, BaseException):
                raise step
            found.append(step)
        return found

    def close(self) -> None:
        """Waits for the steps under way, so that no environment is closed while it steps."""
        self._threads.shutdown(wait=True, cancel_futures=True)


def _hand_over(put: Callable[[Step | BaseException], None], slot: Slot, completion: Completion) -> None:
    try:
        put(take_step(slot, completion))
    except BaseException as error:
        # SystemExit and the like are about the whole run: the playing thread raises it.
        put(error)
        raise
