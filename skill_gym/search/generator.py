"""Worlds that need no download: passages and questions from a seed, in a fraction of a second."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from skill_gym.dice import Dice
from skill_gym.search.facts import Facts, make_facts
from skill_gym.search.lucene_index import memory_index
from skill_gym.search.passages import Passage, PassageIndex
from skill_gym.search.question_draft import Draft
from skill_gym.search.question_kinds import HOPS, QuestionMaker
from skill_gym.search.questions import Question
from skill_gym.search.search_plan import Finder
from skill_gym.search.world_passages import write_passages

VERSION = "v1"
"""Raised whenever the same seed would give another world, so that task keys never lie."""

WORLDS = {
    "generated": range(10_000),
    "generated_validation": range(10_000, 11_000),
    "generated_test": range(11_000, 12_000),
}
"""The worlds of each split; no two have an entity in common but by chance of its name."""
GENERATED_SPLITS = tuple(WORLDS)
_ATTEMPTS = 400
"""Draws for one question of a kind, until there are said to be no more of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorConfig:
    """Settings of a generated world.

    Attributes:
        scale: Size of the world, rounded to quarters: 1 is 288 passages, and about 150 more a level.
        level: Of distraction: 0 none; 1 entities with similar names, and other names in questions; 2 also
            passages that mention an entity without telling its facts; 3 also persons of the same name.
        hops: How many facts a question may take; one number or several.
        kinds: What is asked: ``lookup``, ``chain``, ``compare``, ``constraint``, ``boolean`` (yes or no).
        turns: A question must be solvable in so many, the answer's included; four hops in a row take five.
        seed: Which world of the split: 0 to 9,999, for validation and test 0 to 999.
    """

    scale: float = 1.0
    level: int = 1
    hops: tuple[int, ...] = (1, 2, 3, 4)
    kinds: tuple[str, ...] = ("lookup", "chain", "compare", "constraint")
    turns: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("hops", "kinds"):
            value = getattr(self, name)
            several = tuple(value) if isinstance(value, list) else value
            object.__setattr__(self, name, (value,) if isinstance(value, int | str) else several)
        for name, lowest, highest in (("level", 0, 3), ("turns", 2, 100), ("seed", 0, 9999)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
                raise ValueError(f"{name} must be an integer from {lowest} to {highest}, got {value!r}")
        if (
            isinstance(self.scale, bool)
            or not isinstance(self.scale, int | float)
            or not 0.25 <= self.scale <= 100
        ):
            raise ValueError(f"scale must be a number from 0.25 to 100, got {self.scale!r}")
        for name, choices in (("kinds", tuple(HOPS)), ("hops", (1, 2, 3, 4))):
            given: Any = getattr(self, name)
            if not isinstance(given, tuple) or not given or not set(given) <= set(choices):
                raise ValueError(f"{name} must be a tuple of {', '.join(map(str, choices))}, got {given!r}")
        if not self.recipes:
            raise ValueError(
                f"no question of kinds={self.kinds} takes hops={self.hops} and at most turns={self.turns}; "
                "allow more of them"
            )

    @property
    def blocks(self) -> int:
        """Quarters of scale 1."""
        return round(4 * self.scale)

    @property
    def recipes(self) -> dict[str, tuple[int, ...]]:
        """The kinds with the numbers of facts that can be asked for within the turns."""
        found = {
            kind: tuple(hops for hops in HOPS[kind] if hops in self.hops and _turns(kind, hops) <= self.turns)
            for kind in HOPS
            if kind in self.kinds
        }
        return {kind: hops for kind, hops in found.items() if hops}


def _turns(kind: str, hops: int) -> int:
    """The fewest turns, where whatever can be asked at once is."""
    searches = {"lookup": 1, "chain": hops, "constraint": hops - 1}.get(kind, hops - 1 - (hops - 2) // 2)
    return searches + 1


@dataclass(frozen=True, eq=False)
class World:
    """A closed world: everything that is asked stands in its passages.

    Attributes:
        split: Name of the split.
        config: Its settings.
        size: Number of questions.
        facts: Who there is and what is true; not shown to anybody who plays.
        passages: By id.
        questions: In a fixed order; a larger size begins with the same ones.
        source: Eight hex digits: version, world and settings.
        index: Finds the passages.
    """

    split: str
    config: GeneratorConfig
    size: int
    facts: Facts
    passages: Sequence[Passage]
    questions: Sequence[Question]
    source: str
    index: PassageIndex

    def __reduce__(self) -> tuple[Any, ...]:
        return generated_world, (self.split, self.config, self.size)

    def __copy__(self) -> "World":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "World":
        return self

    @cached_property
    def passage_of(self) -> dict[str, Passage]:
        """Key of an entity -> its passage."""
        return write_passages(world_seed(self.split, self.config), self.facts)


def world_seed(split: str, config: GeneratorConfig) -> str:
    """What every draw of a world begins with.

    Raises:
        ValueError: Unknown split, or it has no world of that seed.
    """
    if split not in WORLDS:
        raise ValueError(f"unknown split {split!r}; the generated ones are {', '.join(WORLDS)}")
    worlds = WORLDS[split]
    if config.seed >= len(worlds):
        raise ValueError(f"seed must be at most {len(worlds) - 1} for split {split!r}, got {config.seed}")
    return f"search {VERSION} {worlds[config.seed]}"


@lru_cache(maxsize=8)
def generated_world(
    split: str = "generated", config: GeneratorConfig | None = None, size: int = 1000
) -> World:
    """Makes the world of a split with so many questions; environments of a process share it.

    Args:
        split: One of ``GENERATED_SPLITS``.
        config: Settings, None for the default ones.
        size: Number of questions, at least 1.

    Raises:
        ValueError: Unknown split, or the world has no such number of questions.
    """
    config = config or GeneratorConfig()
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ValueError(f"size must be an integer of at least 1, got {size!r}")
    seed = world_seed(split, config)
    facts = make_facts(seed, config.blocks, config.level)
    passages = write_passages(seed, facts)
    shelf = tuple(sorted(passages.values(), key=lambda one: one.id))
    index = memory_index(shelf)
    maker = QuestionMaker(facts, Finder(index, passages), config.level)
    questions = tuple(_questions(split, seed, config, size, maker, facts, passages))
    made_from = [seed, config.blocks, config.level, config.recipes, config.turns]
    digest = hashlib.sha256(json.dumps(made_from).encode()).hexdigest()[:8]
    return World(split, config, size, facts, shelf, questions, digest, index)


def _questions(
    split: str,
    seed: str,
    config: GeneratorConfig,
    size: int,
    maker: QuestionMaker,
    facts: Facts,
    passages: dict[str, Passage],
) -> list[Question]:
    recipes = {kind: list(choices) for kind, choices in config.recipes.items()}
    asked: set[str] = set()
    made: list[Question] = []
    while len(made) < size:
        dice = Dice(f"{seed} question {len(made)}")
        drawn = None
        while drawn is None:
            if not recipes:
                raise ValueError(
                    f"this world has {len(made):,} questions of {', '.join(config.recipes)}, not {size:,}; "
                    f"pass size={len(made)}, or a larger world: generator={{'scale': {2 * config.scale}}}"
                )
            kind = dice.pick(list(recipes))
            # More of those that take more searches, so that few can be solved with the question as a query.
            hops = recipes[kind][dice.weighted([_turns(kind, hops) - 1 for hops in recipes[kind]])]
            drawn = _draw(kind, hops, dice, config, maker, asked)
            if drawn is None:
                # There are no more of them, or too few to look for.
                recipes[kind].remove(hops)
                recipes = {kind: left for kind, left in recipes.items() if left}
        made.append(_question(len(made), kind, *drawn, split, config, facts, passages))
    return made


def _draw(
    kind: str, hops: int, dice: Dice, config: GeneratorConfig, maker: QuestionMaker, asked: set[str]
) -> tuple[Draft, tuple[str, ...]] | None:
    truth = dice.chance(0.5)
    for _ in range(_ATTEMPTS):
        drawn = maker.draw(kind, hops, truth, dice, config.turns - 1)
        if drawn is not None and drawn[0].content not in asked:
            asked.add(drawn[0].content)
            return drawn
    return None


def _question(
    number: int,
    kind: str,
    draft: Draft,
    plan: tuple[str, ...],
    split: str,
    config: GeneratorConfig,
    facts: Facts,
    passages: dict[str, Passage],
) -> Question:
    path = draft.path(facts, passages)
    return Question(
        id=str(number),
        data_source=kind,
        question=draft.text,
        answers=draft.answers,
        split=split,
        query_type=draft.query_type,
        metadata={
            "kind": kind,
            "hops": len(path),
            "path": path,
            "supporting_ids": tuple(dict.fromkeys(fact["passage"] for fact in path)),
            "queries": plan,
            "chance": draft.chance,
            "world_seed": WORLDS[split][config.seed],
            "generator_version": VERSION,
        },
    )
