"""What a rollout has done and cost: counts, seconds, and how busy its slots were."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

from skill_gym.agents.policy import Completion
from skill_gym.agents.slot import Episode
from skill_gym.trajectory import Boundary, Trajectory

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RolloutStats:
    """What a rollout has done and cost so far.

    Attributes:
        episodes: Episodes that ended, broken ones included.
        steps: Steps of all environments.
        prompt_tokens: Tokens of all prompts, cached prefixes included; 0 for policies without tokens.
        cached_tokens: Those of them that the engine had in its prefix cache.
        new_tokens: Tokens sampled.
        wall: Seconds in all, without the time that whoever takes the episodes spent on them.
        env_time: Seconds of that in environments, or waiting for them while the policy had nothing to do.
        step_time: Seconds that the steps took, one by one; more than ``env_time`` where environments step
            at once.
        policy_time: Seconds of that in the policy.
        broken: Broken episodes by boundary.
        occupancy: Share of slots with a request under way, averaged over the policy's time; in [0, 1].
    """

    episodes: int = 0
    steps: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    new_tokens: int = 0
    wall: float = 0.0
    env_time: float = 0.0
    step_time: float = 0.0
    policy_time: float = 0.0
    broken: Mapping[Boundary, int] = field(default_factory=dict)
    occupancy: float = 0.0


class RolloutTally:
    """Adds up the figures of a rollout as it goes."""

    def __init__(self) -> None:
        self._sums: Counter[str] = Counter()
        self._broken: Counter[Boundary] = Counter()
        self._logged: set[tuple[str, str]] = set()
        self._slot_time = 0.0

    def add(self, **more: float) -> None:
        """Adds to figures of ``RolloutStats``, by their names."""
        self._sums.update(more)

    def heard(self, completion: Completion) -> None:
        """Adds a reply's tokens."""
        self.add(
            prompt_tokens=len(completion.prompt_ids),
            cached_tokens=completion.cached_tokens,
            new_tokens=len(completion.token_ids),
        )

    @contextmanager
    def timed(self, name: str, *, waiting: int = 0) -> Iterator[None]:
        """Adds the seconds that something takes to a figure, during which so many slots wait for a reply."""
        began = perf_counter()
        try:
            yield
        finally:
            spent = perf_counter() - began
            self._slot_time += spent * waiting
            self.add(**{name: spent})

    def broke(self, episode: Episode, trajectory: Trajectory, error: BaseException | str | None) -> None:
        """Counts a broken episode; the first one of each kind is logged."""
        if trajectory.boundary is None:
            return
        self._broken[trajectory.boundary] += 1
        kind = (trajectory.boundary, type(error).__name__)
        if kind in self._logged:
            return
        self._logged.add(kind)
        raised = error if isinstance(error, BaseException) and trajectory.boundary == "env" else None
        logger.warning(
            "episode %s (task %s) broke at the %s: %s; further ones of this kind are only counted",
            episode.ticket,
            episode.task_id,
            trajectory.boundary,
            trajectory.meta.get("error", error),
            exc_info=raised,
        )

    def stats(self, slots: int) -> RolloutStats:
        """The figures so far, of a rollout with so many slots."""
        possible = self._sums["policy_time"] * slots
        return RolloutStats(
            **self._sums,
            broken=dict(self._broken),
            occupancy=self._slot_time / possible if possible else 0.0,
        )
