"""What a bank is distilled from: episodes and memory records alike, sorted into piles and drawn by a seed."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from typing import NamedTuple

from skill_gym.skillbanks.memories.record import MemoryRecord
from skill_gym.skillbanks.memories.task_type import task_type_of
from skill_gym.skillbanks.rendering import about_tokens
from skill_gym.skillbanks.teachers.episode_text import tell
from skill_gym.skillbanks.teachers.memory_text import tell_memory
from skill_gym.trajectory import Trajectory


class Pile(NamedTuple):
    """Episodes of one task type with one outcome."""

    task_type: str
    solved: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """One episode, played or remembered.

    Attributes:
        id: The task's key; of a memory that does not know it, the memory's id.
        env_id: Gymnasium id of the environment.
        split: Split of the task, "" where nobody knows.
        pile: Task type and outcome.
        source: The episode itself.
    """

    id: str
    env_id: str
    split: str
    pile: Pile
    source: Trajectory | MemoryRecord = field(repr=False)

    def tell(self, name: str, max_tokens: int, *, count_tokens: Callable[[str], int] = about_tokens) -> str:
        """Its text under a name, within a budget where that is possible at all."""
        if isinstance(self.source, Trajectory):
            return tell(self.source, max_tokens=max_tokens, count_tokens=count_tokens, name=name)
        return tell_memory(
            self.source, self.pile.task_type, max_tokens=max_tokens, count_tokens=count_tokens, name=name
        )


def evidence_of(trajectories: Iterable[Trajectory], memories: Iterable[MemoryRecord]) -> list[Evidence]:
    """Everything that can be learnt from, in an order that does not depend on the given one."""
    played = [
        Evidence(
            episode.task.key,
            episode.task.env_id,
            episode.task.split,
            Pile(episode.task.task_type, episode.solved),
            episode,
        )
        for episode in trajectories
        if episode.ended != "broken"
    ]
    remembered = [
        Evidence(
            str(record.extra.get("task_key") or record.id),
            record.env_id,
            str(record.extra.get("split") or ""),
            Pile(task_type_of(record), record.success),
            record,
        )
        for record in memories
    ]
    # Several episodes may be of one task: then their own content orders them.
    return sorted([*played, *remembered], key=lambda one: (one.id, one.tell("", 1500)))


def piles(evidence: Iterable[Evidence]) -> dict[Pile, list[Evidence]]:
    """The evidence by task type and outcome, in the order of their names, failures first."""
    found: dict[Pile, list[Evidence]] = {}
    for one in evidence:
        found.setdefault(one.pile, []).append(one)
    return {pile: found[pile] for pile in sorted(found)}


def shuffled(evidence: Iterable[Evidence], seed: int) -> dict[Pile, list[Evidence]]:
    """The evidence by pile, each in an order drawn by the seed."""
    return {
        pile: random.Random(f"{seed}:{pile.task_type}:{pile.solved}").sample(members, len(members))
        for pile, members in piles(evidence).items()
    }


def drawn(evidence: Iterable[Evidence], most: int, seed: int) -> list[Evidence]:
    """A stratified sample: the piles give one after the other in turn.

    Args:
        evidence: In any fixed order.
        most: Size of the sample.
        seed: Of the draw.
    """
    by_pile = shuffled(evidence, seed)
    # In a small sample each task type comes before any has its second outcome.
    order = sorted(by_pile, key=lambda pile: (_rank(by_pile, pile), pile))
    dealt = chain.from_iterable(zip_longest(*(by_pile[pile] for pile in order)))
    return [one for one in dealt if one is not None][:most]


def sampled(
    trajectories: Sequence[Trajectory], memories: Sequence[MemoryRecord], most: int, seed: int
) -> tuple[list[Trajectory], list[MemoryRecord]]:
    """The episodes and memories of ``drawn``, in their given order."""
    kept = {id(one.source) for one in drawn(evidence_of(trajectories, memories), most, seed)}
    return (
        [episode for episode in trajectories if id(episode) in kept],
        [record for record in memories if id(record) in kept],
    )


def _rank(by_pile: Mapping[Pile, object], pile: Pile) -> int:
    """0 for a task type's first pile, which is that of its failures unless it has none; else 1."""
    return int(pile.solved and Pile(pile.task_type, False) in by_pile)
