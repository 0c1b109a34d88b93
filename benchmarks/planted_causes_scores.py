"""Scores diagnoses of episodes whose cause is known: what was found, and what was named besides."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from skill_gym.benchmarks.claim import Bound, Figure, table
from skill_gym.benchmarks.intervals import Rate, wilson
from skill_gym.benchmarks.planted_causes_play import Plant
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.teacher import Teacher, TeacherRequest
from skill_gym.trajectory import Trajectory

FOUND = 0.9
"""Share of the planted causes that must be found."""
MOST_CAUSES = 2.5
"""Causes that a diagnosis may name, on average."""


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """An episode with its planted cause and what the teacher named.

    Attributes:
        plant: What was planted.
        named: Causes in the teacher's order.
    """

    plant: Plant
    named: tuple[str, ...]

    @property
    def found(self) -> bool:
        """Whether the planted cause is among the causes named."""
        return any(cause.value in self.named for cause in self.plant.causes)

    @property
    def first(self) -> bool:
        """Whether it is the first one."""
        return self.named[:1] in [(cause.value,) for cause in self.plant.causes]


def diagnosed(teacher: Teacher, plant: Plant, trajectory: Trajectory) -> Diagnosed:
    """Asks a teacher about one episode alone."""
    answer = teacher.ask(TeacherRequest((trajectory,), SkillBank.empty()))
    return Diagnosed(plant, tuple(answer.causes))


def found(episodes: Sequence[Diagnosed]) -> Rate:
    """How often the planted cause was named."""
    return wilson(sum(episode.found for episode in episodes), len(episodes))


def figures(name: str, episodes: Sequence[Diagnosed], wanted: int) -> tuple[dict[str, Figure], list[Bound]]:
    """An environment's figures with their bounds.

    Args:
        name: Of the environment, before each figure's.
        episodes: All that were diagnosed.
        wanted: How many were to be planted; fewer are no proof.
    """
    rate = found(episodes)
    first = sum(episode.first for episode in episodes)
    by_plant = _by_plant(episodes)
    measured: dict[str, Figure] = {
        f"{name}_episodes": len(episodes),
        f"{name}_found": rate.value,
        f"{name}_found_low": rate.low,
        f"{name}_found_high": rate.high,
        f"{name}_found_least": min(found(own).value for own in by_plant.values()),
        f"{name}_named_first": first / len(episodes),
        f"{name}_causes_named": sum(len(episode.named) for episode in episodes) / len(episodes),
        f"{name}_nothing_named": sum(not episode.named for episode in episodes),
    }
    bounds = [
        Bound(f"{name}_episodes", ">=", wanted),
        Bound(f"{name}_found", ">=", FOUND),
        Bound(f"{name}_causes_named", "<=", MOST_CAUSES),
    ]
    return measured, bounds


def plant_table(episodes: Sequence[Diagnosed]) -> str:
    """A line for each planted cause: how often it was found, and what else was named."""
    rows = []
    for plant, own in _by_plant(episodes).items():
        called = {cause.value for cause in plant.causes}
        besides = Counter(cause for episode in own for cause in episode.named if cause not in called)
        told = [f"{cause} {count}" for cause, count in besides.most_common(3)]
        rows.append(
            [
                plant.name,
                " or ".join(sorted(called)),
                str(len(own)),
                str(found(own)),
                f"{sum(episode.first for episode in own) / len(own):.0%}",
                f"{sum(len(episode.named) for episode in own) / len(own):.2f}",
                "; ".join(told),
            ]
        )
    return table(["planted", "cause", "episodes", "found", "first", "named", "most often besides"], rows)


def confusion(episodes: Iterable[Diagnosed]) -> dict[str, dict[str, int]]:
    """Planted name -> cause -> episodes in which it was named; "" where nothing was."""
    found: dict[str, Counter[str]] = {}
    for episode in episodes:
        found.setdefault(episode.plant.name, Counter()).update(episode.named or ("",))
    return {name: dict(counts.most_common()) for name, counts in found.items()}


def _by_plant(episodes: Iterable[Diagnosed]) -> dict[Plant, list[Diagnosed]]:
    groups: dict[Plant, list[Diagnosed]] = {}
    for episode in episodes:
        groups.setdefault(episode.plant, []).append(episode)
    return groups
