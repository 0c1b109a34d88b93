"""Goals with the task types that are right for them, of all three environments."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from skill_gym.alfworld.games import open_games
from skill_gym.alfworld.generator import GeneratedGames
from skill_gym.benchmarks import search_routing
from skill_gym.search.task_types import ATTRIBUTE
from skill_gym.skillbanks.goals import CLEAN, COOL, HEAT, LOOK, PLACE, TWO
from skill_gym.webshop.catalogue import Catalogue, open_catalogue
from skill_gym.webshop.generator import generated_catalogue
from skill_gym.webshop.task_types import task_type

Environment = Literal["ALFWorld", "WebShop", "Search"]

TEMPLATES = (
    ("put a mug in shelf.", PLACE),
    ("put some mug on shelf.", PLACE),
    ("put a clean mug in shelf.", CLEAN),
    ("clean some mug and put it in shelf.", CLEAN),
    ("put a hot mug in shelf.", HEAT),
    ("heat some mug and put it in shelf.", HEAT),
    ("put a cool mug in shelf.", COOL),
    ("cool some mug and put it in shelf.", COOL),
    ("put two mug in shelf.", TWO),
    ("find two mug and put them in shelf.", TWO),
    ("look at mug under the desklamp.", LOOK),
    ("examine the mug with the desklamp.", LOOK),
)
"""ALFWorld's sentences with their task types."""

HELD_OUT = ("valid_seen", "valid_train")
"""ALFWorld's splits on which the rules for people's goals were not developed; train is where they were."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A goal with the types that are right for it; more than one where the data don't tell them apart."""

    text: str
    types: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sample:
    """Goals of one origin.

    Attributes:
        environment: Whose goals they are.
        name: What tables call it.
        figure: Name of its figure; "" for what decides nothing, such as goals that rules were written on.
        goals: With their types.
        data_source: Of questions, the set's name, which the released rule for them is told.
        shown: Whether skills are retrieved for it, too.
    """

    environment: Environment
    name: str
    figure: str
    goals: tuple[Labelled, ...]
    data_source: str = ""
    shown: bool = False


def alfworld_samples(data: str | None, size: int) -> list[Sample]:
    """The twelve sentences, generated games' goals, and of official games their own and people's.

    Raises:
        GameError: The folder lacks a split.
    """
    games = GeneratedGames("generated_test", size).tasks
    made = _one_type((task.goal, task.task_type) for task in games)
    found = [
        Sample("ALFWorld", "twelve templates", "templates", _one_type(TEMPLATES)),
        Sample("ALFWorld", "generated", "sentences_generated", made, shown=True),
    ]
    if data is None:
        return found
    people: list[Labelled] = []
    for split in ("train", *HELD_OUT):
        source = open_games(data, split)
        official = [source.game(task.id) for task in source.tasks]
        own = _one_type((game.sentence, game.task_type) for game in official)
        said = _one_type((text, game.task_type) for game in official for text in game.task_descs)
        held_out = split in HELD_OUT
        found += [
            Sample("ALFWorld", f"{split}, the game's", f"sentences_{split}", own),
            Sample("ALFWorld", f"{split}, people's", f"people_{split}" if held_out else "", said),
        ]
        people += said if held_out else ()
    return [*found, Sample("ALFWorld", "people's, held out", "people", tuple(people), shown=True)]


def shop_samples(data: str | None) -> list[Sample]:
    """Goals of a generated shop, the program's and a person's sentences; and of the real one.

    Raises:
        ShopError: The folder has no shop.
    """
    made = generated_catalogue("generated_test")
    found = [
        Sample("WebShop", "generated, the program's", "shop", _of_shop(made, "synthetic")),
        Sample("WebShop", "generated, a person's", "shop_person", _of_shop(made, "human"), shown=True),
    ]
    if data is not None:
        real = open_catalogue(data)
        found += [
            Sample("WebShop", "real, the program's", "shop_real", _of_shop(real, "synthetic"), shown=True),
            Sample("WebShop", "real, people's", "shop_real_person", _of_shop(real, "human")),
        ]
    return found


def search_samples(data: str | None, size: int) -> list[Sample]:
    """PopQA's sentences, generated questions, and halves of HotpotQA and MuSiQue (see ``search_routing``).

    Raises:
        OSError: A file cannot be read.
        QuestionError: A record is none.
    """
    attribute = frozenset({ATTRIBUTE})
    look_ups = tuple(Labelled(question, attribute) for question in search_routing.LOOK_UPS)
    found = [
        Sample("Search", "PopQA's sentences", "search_look_ups", look_ups, "popqa"),
        # The rule knows no such set; the questions are most like those of the sets with several hops.
        replace(_of_search(search_routing.generated(size), shown=True), data_source="hotpotqa"),
    ]
    if data is not None:
        real = [_of_search(one) for one in search_routing.samples(Path(data)) if one.figure]
        both = tuple(goal for one in real if one.data_source == "hotpotqa" for goal in one.goals)
        found += [*real, Sample("Search", "HotpotQA, held out", "", both, "hotpotqa", shown=True)]
    return found


def department(product_category: str) -> str | None:
    """The task type that a product's path of categories tells by itself; None where it tells none."""
    # A path that tells overrules whatever the product is called.
    found = {task_type("", query=query, product_category=product_category) for query in ("shoes", "lamps")}
    return found.pop() if len(found) == 1 else None


def _of_shop(shop: Catalogue, kind: Literal["synthetic", "human"]) -> tuple[Labelled, ...]:
    """One goal a product, because those of one product hardly differ; without products of no department."""
    goals = shop.goals(kind)
    first = {goals.asin(index): index for index in reversed(range(len(goals)))}
    chosen = [goals[index] for index in sorted(first.values())]
    paths = [(goal.instruction_text, department(goal.product_category)) for goal in chosen]
    return _one_type((text, found) for text, found in paths if found is not None)


def _of_search(sample: search_routing.Sample, *, shown: bool = False) -> Sample:
    goals = tuple(Labelled(one.question, one.types) for one in sample.questions)
    return Sample("Search", sample.name, f"search_{sample.figure}", goals, sample.data_source, shown)


def _one_type(goals: Iterable[tuple[str, str]]) -> tuple[Labelled, ...]:
    return tuple(Labelled(text, frozenset({found})) for text, found in goals)
