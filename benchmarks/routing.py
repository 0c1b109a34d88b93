"""Claim: a goal finds its task type and its skills, always in a game's sentences, mostly in people's."""

import argparse
import os
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from skill_gym.alfworld.games import GameError
from skill_gym.benchmarks import labelled_goals
from skill_gym.benchmarks.claim import Bound, Claim, Figure, options, table
from skill_gym.benchmarks.intervals import wilson
from skill_gym.benchmarks.labelled_goals import HELD_OUT, Environment, Labelled, Sample
from skill_gym.benchmarks.released_rules import (
    ALFWORLD_TYPES,
    BY_ACCIDENT,
    ReleasedTemplates,
    question_rule,
)
from skill_gym.benchmarks.retrieval_quality import DEPTHS, TYPES, NamedBank, environment_of, rows
from skill_gym.search.question_records import QuestionError
from skill_gym.skillbanks.bank import BankError, SkillBank
from skill_gym.skillbanks.embedding import MINILM, Embedder
from skill_gym.skillbanks.goals import read_goal
from skill_gym.skillbanks.search_goals import read_search_goal
from skill_gym.skillbanks.shop_goals import read_shop_goal
from skill_gym.webshop.product import ShopError

Rule = Callable[[str, str], str | None]
"""Goal and its set's name -> task type or category."""

_OURS: dict[Environment, Rule] = {
    "ALFWorld": lambda goal, _: read_goal(goal).task_type,
    "WebShop": lambda goal, _: read_shop_goal(goal).task_type,
    "Search": lambda goal, _: read_search_goal(goal).task_type,
}
_BOUNDS = (
    Bound("templates", ">=", 12),
    Bound("sentences", ">=", 1),
    Bound("people", ">=", 0.93),
    Bound("people_ratio_of_errors", "<=", 0.5),
    Bound("shop", ">=", 0.93),
    Bound("shop_real", ">=", 0.93),
    Bound("shop_person", ">=", 0.85),
    Bound("search_look_ups", ">=", 1),
    Bound("search_generated", ">=", 0.97),
    Bound("search_hotpot", ">=", 0.8),
    Bound("search_musique", ">=", 0.85),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and gives the exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        all_samples = _samples(given)
        banks = [NamedBank(f"starter {name}", SkillBank.starter(name)) for name in map(str.lower, TYPES)]
        banks += [NamedBank(file.stem, SkillBank.load(file)) for file in given.bank]
        for name, bank in banks:
            if environment_of(bank) is None:
                parser.error(f"bank {name} has no category of {', '.join(TYPES)}; pass one that has")
        with tempfile.TemporaryDirectory() as folder:
            released = _released_rules(given.released, Path(folder))
            figures = _accuracy(all_samples, released, "run" if given.released else "restated")
            figures |= _quality(all_samples, banks, given, Path(folder))
    except (GameError, ShopError, QuestionError, BankError, OSError, ValueError) as error:
        parser.error(str(error))
    figures["released_code"] = "run from its checkout" if given.released else "restated"
    text = (
        "all twelve goal templates of ALFWorld find their task type, and so do at least 93% of WebShop's "
        "generated goals (85% in a person's manner), all of PopQA's sentences and 97% of generated questions"
    )
    if figures["people"] is not None:
        text += (
            "; and at least 93% of people's goals of held-out ALFWorld games, with at most half the errors "
            f"of the released rules ({'run' if given.released else 'restated, not run'})"
        )
    return Claim(text, figures, _BOUNDS, ("numpy", "sentence-transformers")).finish(given.json)


def _parser() -> argparse.ArgumentParser:
    parser = options(__doc__)
    parser.add_argument("--data", metavar="DIR", help="folder of packs or tree of official ALFWorld games")
    parser.add_argument("--shop-data", metavar="DIR", help="folder of WebShop's product files")
    parser.add_argument("--search-data", metavar="DIR", help="folder with hotpot.json and musique.json")
    parser.add_argument("--released", metavar="CHECKOUT", type=Path, help="checkout of aiming-lab/SkillRL")
    parser.add_argument(
        "--bank", metavar="FILE", type=Path, action="append", default=[], help="released bank, retrieved from"
    )
    parser.add_argument("--model", default=MINILM, help="embedding model, for both sides; 'none' for none")
    parser.add_argument(
        "--goals", type=int, help="most goals of a sample to retrieve for; default: 600, with --quick 120"
    )
    return parser


def _samples(given: argparse.Namespace) -> list[Sample]:
    games = given.data or os.environ.get("ALFWORLD_DATA")
    for kind, folder, option in (
        ("People's goals", games, "--data (or set ALFWORLD_DATA)"),
        ("Real shop goals", given.shop_data, "--shop-data"),
        ("People's questions", given.search_data, "--search-data"),
    ):
        if not folder:
            print(f"{kind} need real data: pass {option}.")
    size = 300 if given.quick else 1000
    return [
        *labelled_goals.alfworld_samples(games or None, size),
        *labelled_goals.shop_samples(given.shop_data),
        *labelled_goals.search_samples(given.search_data, size),
    ]


def _released_rules(checkout: Path | None, folder: Path) -> dict[Environment, Rule]:
    # The class tells the environment by the bank's categories, which the starter banks share with its own.
    home, shop = (
        ReleasedTemplates(SkillBank.starter(name), folder / f"{name}.json", checkout=checkout)
        for name in ("alfworld", "webshop")
    )
    return {
        "ALFWorld": lambda goal, _: home.category(goal),
        "WebShop": lambda goal, _: shop.category(goal),
        "Search": question_rule(checkout),
    }


def _accuracy(
    all_samples: Sequence[Sample], released: dict[Environment, Rule], how: str
) -> dict[str, Figure]:
    figures: dict[str, Figure] = {"people": None}
    for environment in TYPES:
        lines = []
        for sample in all_samples:
            if sample.environment != environment or (sample.shown and not sample.figure):
                continue
            ours = _right(sample, _OURS[environment])
            theirs = _right(sample, released[environment])
            lenient = _right(sample, released[environment], by_accident=True)
            lines.append([sample.name, str(len(ours)), *map(_share, (ours, theirs))])
            if environment == "ALFWorld":
                lines[-1].append(_share(lenient))
            if sample.figure:
                figures |= _figures(sample, ours, lenient if sample.figure == "people" else theirs)
        head = [f"{environment}: task type", "goals", "ours", f"released rules ({how})"]
        print()
        print(table([*head, "by accident too*"] if environment == "ALFWorld" else head, lines))
    print("* counts examine for lamps and pick_and_place for two objects, for which the rules have no name.")
    print("WebShop: one goal a product, of the department that the product's path tells (if it tells one).")
    print("Search: the released rule for questions is told the set's name (a multi-hop set for generated")
    print("ones), which leaves it few types; it was used to distil. In play the class knows no type of them.")
    print()
    print(table(["by type, ours", "goals", "right"], _by_type(all_samples)))
    official = [figures[f"sentences_{split}"] for split in HELD_OUT if f"sentences_{split}" in figures]
    made = figures["sentences_generated"]
    figures["sentences"] = min([made, *official], key=lambda share: float(share or 0))
    return figures | _people(all_samples, figures)


def _figures(sample: Sample, ours: Sequence[bool], theirs: Sequence[bool]) -> dict[str, Figure]:
    if sample.figure == "templates":
        return {"templates": sum(ours), "released_templates": sum(theirs)}
    rate = wilson(sum(ours), len(ours))
    return {
        sample.figure: rate.value,
        f"{sample.figure}_low": rate.low,
        f"released_{sample.figure}": sum(theirs) / len(theirs),
    }


def _people(all_samples: Sequence[Sample], figures: Mapping[str, Figure]) -> dict[str, Figure]:
    said = {sample.name: sample.goals for sample in all_samples if sample.environment == "ALFWorld"}
    held_out = said.get("people's, held out", ())
    ours, theirs = figures["people"], figures.get("released_people")
    if not isinstance(ours, float) or not isinstance(theirs, float):
        return {}
    # Short goals repeat: the same sentence may stand in train, word for word.
    seen = {goal.text.strip().casefold() for goal in said["train, people's"]}
    new = [goal for goal in held_out if goal.text.strip().casefold() not in seen]
    right = [read_goal(goal.text).task_type in goal.types for goal in new]
    return {
        "people_goals": len(held_out),
        "people_new": sum(right) / len(right) if right else None,
        "people_ratio_of_errors": (1 - ours) / (1 - theirs) if theirs < 1 else None,
    }


def _by_type(all_samples: Sequence[Sample]) -> list[list[str]]:
    lines = []
    for sample in all_samples:
        if not (sample.shown and sample.figure):
            continue
        for types in sorted({goal.types for goal in sample.goals}, key=sorted):
            part = replace(sample, goals=tuple(goal for goal in sample.goals if goal.types == types))
            right = _right(part, _OURS[sample.environment])
            name = f"{sample.environment}, {sample.name}: {' or '.join(sorted(types))}"
            lines.append([name, str(len(right)), _share(right)])
    return lines


def _quality(
    all_samples: Sequence[Sample], banks: Sequence[NamedBank], given: argparse.Namespace, folder: Path
) -> dict[str, Figure]:
    encoder = _encoder(given.model)
    limit = given.goals or (120 if given.quick else 600)
    figures: dict[str, Figure] = {}
    for environment in TYPES:
        lines = []
        for sample in all_samples:
            if sample.environment != environment or not sample.shown or not sample.goals:
                continue
            some = replace(sample, goals=_drawn(sample.goals, limit))
            for bank, way, quality in rows(some, banks, encoder, given.released, folder):
                lines.append([f"{some.name} ({len(some.goals)})", bank, way, *quality.cells()])
                if sample.figure in ("sentences_generated", "shop_person", "search_generated"):
                    name = way.replace(", ", "_").replace(" ", "_")
                    figures[f"share_{bank.replace(' ', '_')}_{name}"] = quality.share
        head = [f"{environment}: goals", "bank", "retrieval", "skills a goal", "of its category"]
        print()
        print(table([*head, *(f"one among the first {depth}" for depth in DEPTHS)], lines))
    print("No retriever is told the environment's task type. A goal without skills has none among the first.")
    print("The released class reads no query_type_skills, under which Search's banks have theirs.")
    return figures


def _encoder(model: str) -> Embedder | None:
    if model == "none":
        return None
    try:
        # As the released class embeds: without an instruction.
        return Embedder(model, instruction=None)
    except (ModuleNotFoundError, RuntimeError) as error:
        print(f"\nEmbedding mode is left out: {error}")
        return None


def _drawn(goals: Sequence[Labelled], count: int) -> tuple[Labelled, ...]:
    # Types may come in turn, so that every second goal would miss some.
    places = random.Random("goals to retrieve for").sample(range(len(goals)), min(count, len(goals)))
    return tuple(goals[place] for place in sorted(places))


def _right(sample: Sample, rule: Rule, *, by_accident: bool = False) -> list[bool]:
    return [
        rule(goal.text, sample.data_source) in _names(goal.types, by_accident=by_accident)
        for goal in sample.goals
    ]


def _names(types: frozenset[str], *, by_accident: bool) -> set[str]:
    """The types, and what the released rules call them."""
    names = {*types}
    for one in types:
        names |= ALFWORLD_TYPES.get(one, frozenset())
        names |= BY_ACCIDENT.get(one, frozenset()) if by_accident else frozenset()
    return names


def _share(right: Sequence[bool]) -> str:
    return str(wilson(sum(right), len(right))) if right else "-"


if __name__ == "__main__":
    raise SystemExit(main())
