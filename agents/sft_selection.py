"""Which episodes are worth learning from, and why the others are not."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from skill_gym.agents.replay_check import ReplayCheck
from skill_gym.trajectory import Trajectory


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionConfig:
    """What an episode must be.

    Attributes:
        env: Only episodes of this environment; None takes that of the first one.
        min_valid: Smallest share of valid replies, in [0, 1]; the invalid ones are never learnt.
        per_task: Most episodes of a task; None for all. Policies that are trained solve easy tasks often.
    """

    env: str | None = None
    min_valid: float = 0.8
    per_task: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.min_valid <= 1:
            raise ValueError(f"min_valid must be a share in [0, 1], got {self.min_valid}")
        if self.per_task is not None and self.per_task < 1:
            raise ValueError(f"per_task must be at least 1, got {self.per_task}; pass None for all")


@dataclass(slots=True)
class Selection:
    """Passes on the episodes to learn from, in order, and counts the others.

    Args:
        config: What an episode must be.
        check: Plays episodes again; None takes their word for it.

    Attributes:
        read: Episodes read.
        kept: Episodes passed on.
        rejected: Reason -> episodes.
    """

    config: SelectionConfig
    check: ReplayCheck | None = None
    read: int = 0
    kept: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    _env: str | None = None
    _seen: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)
    _of_task: Counter[str] = field(default_factory=Counter)

    def keep(self, trajectories: Iterable[Trajectory]) -> Iterator[Trajectory]:
        """The episodes to learn from."""
        for trajectory in trajectories:
            self.read += 1
            reason = self._reason(trajectory)
            if reason is None:
                self.kept += 1
                yield trajectory
            else:
                self.rejected[reason] += 1

    def _reason(self, trajectory: Trajectory) -> str | None:
        """Why an episode is not learnt from; the cheap reasons first."""
        env = self.config.env or self._env or trajectory.task.env_id
        self._env = env
        if trajectory.task.env_id != env:
            return f"of another environment than {env}"
        if trajectory.ended == "broken":
            return f"broken at the {trajectory.boundary}"
        if not trajectory.solved:
            return f"not solved ({trajectory.ended})"
        valid = sum(turn.valid for turn in trajectory.turns)
        if not valid or valid < self.config.min_valid * len(trajectory.turns):
            return f"fewer than {self.config.min_valid:.0%} of the replies valid"
        if any(not turn.reply.strip() for turn in trajectory.turns if turn.valid):
            return "an empty reply that counts as valid"
        task = trajectory.task.key
        said = (task, tuple(turn.reply for turn in trajectory.turns))
        if said in self._seen:
            return "duplicate of another episode of the task"
        if self.config.per_task is not None and self._of_task[task] >= self.config.per_task:
            return f"more than {self.config.per_task} of a task"
        if self.check is not None and (fault := self.check.fault(trajectory)) is not None:
            return f"not confirmed: {fault}"
        self._seen.add(said)
        self._of_task[task] += 1
        return None
