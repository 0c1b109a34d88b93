"""Whether the task-specific skills that are retrieved belong to the task: ours beside the released class."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from skill_gym.benchmarks.intervals import wilson
from skill_gym.benchmarks.labelled_goals import Environment, Labelled, Sample
from skill_gym.benchmarks.released_retrieval import ReleasedRetrieval
from skill_gym.benchmarks.released_rules import ReleasedTemplates
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.by_embedding import ByEmbedding
from skill_gym.skillbanks.categories import bank_categories
from skill_gym.skillbanks.embedding import Embedder
from skill_gym.skillbanks.goals import TASK_TYPES
from skill_gym.skillbanks.retrieval import ByTaskType, Retriever
from skill_gym.skillbanks.search_goals import SEARCH_TYPES
from skill_gym.skillbanks.shop_goals import SHOP_TYPES
from skill_gym.trajectory import Task

DEPTHS = (1, 3, 6)
"""How many of the first skills are looked at."""
TYPES: dict[Environment, tuple[str, ...]] = {
    "ALFWorld": TASK_TYPES,
    "WebShop": SHOP_TYPES,
    "Search": SEARCH_TYPES,
}

Finder = Callable[[Sequence[str]], list[tuple[str, ...]]]
"""Goals -> the ids of the task-specific skills for each, in order."""


class NamedBank(NamedTuple):
    """A bank with what tables call it."""

    name: str
    bank: SkillBank


@dataclass(frozen=True, slots=True)
class Quality:
    """What was retrieved for the goals of a sample.

    Attributes:
        goals: Number of goals.
        retrieved: Task-specific skills retrieved, over all goals.
        right: How many of them belong to a category of their goal's type.
        among_first: For each of ``DEPTHS``, goals with such a skill among their first ones.
    """

    goals: int
    retrieved: int
    right: int
    among_first: tuple[int, ...]

    @property
    def share(self) -> float | None:
        """Retrieved skills that are right; None where none was retrieved."""
        return self.right / self.retrieved if self.retrieved else None

    def cells(self) -> list[str]:
        """Skills a goal, their share, and how often a right one is among the first, with Wilson intervals."""
        return [
            f"{self.retrieved / self.goals:.1f}",
            "-" if self.share is None else f"{self.share:.1%}",
            *(str(wilson(found, self.goals)) for found in self.among_first),
        ]


def environment_of(bank: SkillBank) -> Environment | None:
    """The environment whose task types the bank has categories for; ``other`` may be anyone's."""
    own = {name for name, skills in bank.task_specific.items() if skills} - {"other"}
    for environment, types in TYPES.items():
        if any(own & {*bank_categories(bank, task_type)} for task_type in types):
            return environment
    return None


def measure(bank: SkillBank, goals: Sequence[Labelled], find: Finder) -> Quality:
    """Judges what is found; the bank's categories for a type are those that ``bank_categories`` names.

    So for a bank without skills for two objects those for one count, and the released bank's ``examine``
    counts for lamps, on either side.
    """
    category = {skill.id: skill.category for skill in bank.skills}
    hits = [
        [category[id_] in _categories(bank, goal) for id_ in ids]
        for goal, ids in zip(goals, find([goal.text for goal in goals]), strict=True)
    ]
    return Quality(
        goals=len(goals),
        retrieved=sum(map(len, hits)),
        right=sum(map(sum, hits)),
        among_first=tuple(sum(any(one[:depth]) for one in hits) for depth in DEPTHS),
    )


def finders(
    bank: SkillBank, encoder: Embedder | None, checkout: Path | None, folder: Path
) -> Iterator[tuple[str, Finder]]:
    """Every way to retrieve, by its name; those by embeddings only with a model.

    Args:
        bank: The bank.
        encoder: The model, for both sides.
        checkout: Of SkillRL; None for restatements.
        folder: For the files that the released class reads.
    """
    yield "ours, template", _ours(ByTaskType(bank))
    templates = ReleasedTemplates(bank, folder / "templates.json", checkout=checkout)
    yield "released, template", lambda goals: [templates.ids(goal) for goal in goals]
    if encoder is None:
        return
    yield "ours, embedding", _ours(ByEmbedding(bank, encoder))
    yield "ours, embedding in the type", _ours(ByEmbedding(bank, encoder, within="task_type"))
    memory = ReleasedRetrieval(bank, encoder.model, folder / "embedding.json", checkout=checkout)
    yield "released, embedding", lambda goals: [memory.task_specific_ids(goal) for goal in goals]


def rows(
    sample: Sample, banks: Sequence[NamedBank], encoder: Embedder | None, checkout: Path | None, folder: Path
) -> Iterator[tuple[str, str, Quality]]:
    """Bank, way of retrieval and quality, for every bank of the sample's environment."""
    for name, bank in banks:
        if environment_of(bank) == sample.environment:
            for way, find in finders(bank, encoder, checkout, folder):
                yield name, way, measure(bank, sample.goals, find)


def _ours(retriever: Retriever) -> Finder:
    def find(goals: Sequence[str]) -> list[tuple[str, ...]]:
        # The environment's own type would be no retrieval to judge.
        found = retriever.retrieve([Task(goal, goal, "", "measured", "", goal) for goal in goals])
        return [tuple(skill.id for skill in one.task_specific) for one in found]

    return find


def _categories(bank: SkillBank, goal: Labelled) -> set[str]:
    return {name for task_type in goal.types for name in bank_categories(bank, task_type)}
