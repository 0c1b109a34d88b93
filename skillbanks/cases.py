"""One cause in one household episode, and the facts that advice on it may name."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from skill_gym.skillbanks.diagnosis import Cause, Diagnosis, Finding
from skill_gym.skillbanks.episode_facts import kind


@dataclass(frozen=True, slots=True)
class Case:
    """A cause in an episode.

    Attributes:
        diagnosis: Of the episode.
        finding: The cause.
    """

    diagnosis: Diagnosis
    finding: Finding

    @property
    def task_type(self) -> str:
        """The environment's name of the task's type."""
        return self.diagnosis.trajectory.task.task_type

    @property
    def key(self) -> str:
        """Of the task."""
        return self.diagnosis.trajectory.task.key

    def fact(self, role: str) -> tuple[str, ...]:
        """The facts of a role, see ``Finding.details``."""
        return self.finding.details.get(role, ())


def subjects(case: Case) -> list[tuple[str, ...]]:
    """What advice with facts is about: verbs, or objects with target, wrong thing and state."""
    if case.finding.cause is Cause.REFUSED:
        return [(verb,) for verb in case.fact("verbs")]
    if case.finding.cause is Cause.LOOP:
        return [("",)]
    if not case.fact("object"):
        return []
    wanted, target = case.fact("object")[0], case.diagnosis.facts.goal.target
    # The same object for the same place may be asked hot here and clean there.
    state = case.task_type if case.finding.cause is Cause.NOT_CHANGED else ""
    return [(wanted, target, wrong, state) for wrong in case.fact("wrong") or ("",)]


def found_at(wanted: str, target: str, episodes: Sequence[Diagnosis]) -> tuple[Counter[str], list[Diagnosis]]:
    """Kinds of places where an object was first seen, with the number of episodes, and those episodes."""
    places: Counter[str] = Counter()
    sources = []
    for episode in episodes:
        seen = {kind(place) for place in episode.facts.seen(wanted).values()}
        # At the goal place it is of no use, unless that is where other tasks find it.
        seen.discard(target if episode.facts.goal.object == wanted else "")
        if seen:
            places.update(seen)
            sources.append(episode)
    return places, sources
