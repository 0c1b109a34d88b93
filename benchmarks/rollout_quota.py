"""Iterations as training plays them: each ends when enough groups are whole, and the others go on."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from skill_gym.agents.policy import Sampling
from skill_gym.agents.rollout import Episode, Played, Rollout
from skill_gym.benchmarks.latency_engine import LatencyEngine, Work
from skill_gym.benchmarks.rollout_drivers import MakeEnv, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How much is played.

    Attributes:
        groups: That an iteration trains on.
        iterations: How many are measured.
        warm_up: Iterations before those, until episodes of all ages are under way.
        max_age: An iteration waits for a group that began so many iterations ago, as with
            ``rollout.max_staleness``.
    """

    groups: int = 16
    iterations: int
    warm_up: int = 2
    max_age: int = 4


@dataclass(frozen=True, slots=True)
class Iterations:
    """What the measured iterations took.

    Attributes:
        results: Episodes by ticket, those of the warm-up and those that wait for siblings included.
        work: What the engine did in the measured iterations.
        trained: Episodes that those trained on.
        wasted: Tokens generated for episodes that had ended.
        occupancy: Share of slots with a request under way, the end of each iteration included; in [0, 1].
        ages: How many groups had begun so many iterations before the one that trained on them.
    """

    results: Mapping[str, Result]
    work: Work
    trained: int
    wasted: int
    occupancy: float
    ages: Mapping[int, int]

    @property
    def mean_age(self) -> float:
        """Iterations between a group's beginning and its training."""
        return sum(age * count for age, count in self.ages.items()) / sum(self.ages.values())


class _Groups:
    """Which groups are under way, since when, and which of them are whole."""

    def __init__(self, episodes: Sequence[Episode]) -> None:
        self.iteration = 0
        self._sizes = Counter(episode.group for episode in episodes)
        self._begun: dict[int, int] = {}
        self._ended: Counter[int] = Counter()

    def begin(self, group: int) -> None:
        self._begun.setdefault(group, self.iteration)

    def end(self, group: int) -> None:
        self._ended[group] += 1

    def enough(self, quota: Quota) -> bool:
        """Whether the iteration may end."""
        whole = self._whole()
        late = (group for group in self._begun if group not in whole)
        return len(whole) >= quota.groups and all(
            self.iteration - self._begun[group] < quota.max_age for group in late
        )

    def take(self, quota: Quota) -> Iterator[tuple[int, int]]:
        """Trains on the oldest whole groups and gives their ages in iterations and their sizes."""
        for group in sorted(self._whole())[: quota.groups]:
            yield self.iteration - self._begun.pop(group), self._ended.pop(group)

    def _whole(self) -> set[int]:
        return {group for group, count in self._ended.items() if count == self._sizes[group]}


def drive_by_quota(
    make_env: MakeEnv,
    engine: LatencyEngine,
    episodes: Sequence[Episode],
    quota: Quota,
    *,
    slots: int,
    sampling: Sampling,
) -> Iterations:
    """``Rollout`` as training drives it when it carries episodes over: pause, update, go on.

    Args:
        make_env: Makes an environment.
        engine: Whose work is measured.
        episodes: More than the iterations take, group by group: slots are never to run out of them.
        quota: How much is played.
        slots: Episodes at once.
        sampling: How replies are drawn.

    Raises:
        ValueError: Too few episodes.
    """
    groups = _Groups(episodes)

    def queue() -> Iterator[Episode]:
        for episode in episodes:
            groups.begin(episode.group)
            yield episode
        raise ValueError(
            f"{len(episodes)} episodes ran out in iteration {groups.iteration + 1} of "
            f"{quota.warm_up + quota.iterations}; pass more, or fewer iterations"
        )

    results: dict[str, Result] = {}

    def keep(played: Played) -> None:
        results[played.episode.ticket] = Result.of(played)
        groups.end(played.episode.group)

    trained, ages, before = 0, Counter[int](), Work()
    with Rollout(make_env, engine, queue(), slots=slots, sampling=sampling, on_played=keep) as rollout:
        for groups.iteration in range(quota.warm_up + quota.iterations):
            if groups.iteration == quota.warm_up:
                trained, ages, before = 0, Counter(), engine.work
            while not groups.enough(quota):
                next(rollout)
            rollout.pause()
            rollout.take_ended()
            for age, size in groups.take(quota):
                ages[age] += 1
                trained += size
        done = engine.work
        under_way = sum(len(reply.token_ids) for _, replies, _ in rollout.under_way for reply in replies)
    said = under_way + sum(one.tokens for one in results.values())
    work = done - before
    return Iterations(results, work, trained, done.tokens - said, work.occupancy(slots), ages)
