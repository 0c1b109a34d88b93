"""Claim: a question's own words tell how its answer has to be looked for, so that its skills are found."""

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skill_gym.benchmarks.claim import Bound, Claim, Figure, options, table
from skill_gym.search.generator import GeneratorConfig, generated_world
from skill_gym.search.question_records import QuestionError, read_record
from skill_gym.search.task_types import ATTRIBUTE, COMPARISON, DIRECT, MULTI_HOP, TASK_TYPES, task_type
from skill_gym.skillbanks.success import SuccessRate

ONE_HOP = frozenset({DIRECT, ATTRIBUTE})
"""Types of questions for one fact; where data don't tell them apart as people would, either is right."""

LOOK_UPS = (
    "What is Ada Vask's occupation?",
    "In what city was Ada Vask born?",
    "What genre is Quiet Harbours?",
    "Who is the father of Ada Vask?",
    "In what country is Oulford?",
    "Who was the producer of Quiet Harbours?",
    "Who was the director of Quiet Harbours?",
    "What is Oulford the capital of?",
    "Who was the screenwriter for Quiet Harbours?",
    "Who was the composer of Quiet Harbours?",
    "What color is oulfordite?",
    "What is the religion of Ada Vask?",
    "What sport does Ada Vask play?",
    "Who is the author of Quiet Harbours?",
    "Who is the mother of Ada Vask?",
    "What is the capital of Oulford?",
)
"""The sixteen sentences in which PopQA (Mallen et al. 2023) asks for attributes, about invented things."""

_RELEASED_CUES = (
    "both", "are the", "which of", "same", "common", "more", "less", "older", "younger", "taller", "shorter",
)  # fmt: skip
_RELEASED_SETS = {"popqa": ATTRIBUTE, "nq": DIRECT, "triviaqa": DIRECT}


@dataclass(frozen=True, slots=True)
class Labelled:
    """A question with the types that are right for it."""

    question: str
    types: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sample:
    """Questions of one origin.

    Attributes:
        name: What the table calls it.
        figure: Name of its figure, "" for what decides nothing.
        data_source: The set's name, which only the released rule asks for.
        questions: With their types.
    """

    name: str
    figure: str
    data_source: str
    questions: tuple[Labelled, ...]


def released_type(question: str, data_source: str) -> str:
    """The rule by which the released bank was distilled, restated: the set's name, then substrings."""
    if data_source in _RELEASED_SETS:
        return _RELEASED_SETS[data_source]
    return COMPARISON if any(cue in question.lower() for cue in _RELEASED_CUES) else MULTI_HOP


def samples(folder: Path) -> list[Sample]:
    """HotpotQA's and MuSiQue's questions, MuSiQue's single steps, each in the half for tuning and the other.

    Rows 0, 2, 4, ... are those on which the rules were written; a step that is in both halves is left out of
    the other one.

    Args:
        folder: Has ``hotpot.json`` and ``musique.json``, one record a line.

    Raises:
        OSError: A file cannot be read.
        QuestionError: A record is none.
    """
    hotpot, musique = _rows(folder / "hotpot.json"), _rows(folder / "musique.json")
    found = []
    for half, name in ((1, "held out"), (0, "tuning")):
        figure = "" if half == 0 else "{}"
        steps = _steps(musique[half::2])
        if half:
            known = {step.question for step in _steps(musique[::2])}
            steps = [step for step in steps if step.question not in known]
        questions = _labelled(hotpot[half::2])
        found += [
            Sample(f"HotpotQA, {name}", figure.format("hotpot"), "hotpotqa", tuple(questions)),
            Sample(
                f"MuSiQue, {name}",
                figure.format("musique"),
                "musique",
                tuple(_labelled(musique[half::2])),
            ),
            Sample(f"MuSiQue's single steps, {name}", figure.format("one_hop"), "musique", tuple(steps)),
        ]
    return found


def generated(size: int) -> Sample:
    """Questions of the generator's test worlds, of all kinds; those for one fact may have either type."""
    config = GeneratorConfig(kinds=("lookup", "chain", "compare", "constraint", "boolean"))
    world = generated_world("generated_test", config, size)
    questions = [
        Labelled(one.question, ONE_HOP if one.query_type in ONE_HOP else frozenset({one.query_type}))
        for one in world.questions
        if one.query_type is not None
    ]
    return Sample("generated", "generated", "generated", tuple(questions))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and gives the exit code."""
    parser = options(__doc__)
    parser.add_argument("--data", metavar="DIR", help="folder with hotpot.json and musique.json")
    given = parser.parse_args(arguments)
    look_ups = tuple(Labelled(question, frozenset({ATTRIBUTE})) for question in LOOK_UPS)
    all_samples = [
        Sample("PopQA's sentences", "look_ups", "popqa", look_ups),
        generated(300 if given.quick else 1000),
    ]
    # The variable may as well name questions of other sets.
    own = os.environ.get("SEARCH_DATA", "")
    folder = given.data or (own if own and (Path(own) / "hotpot.json").is_file() else None)
    if folder:
        try:
            all_samples += samples(Path(folder))
        except (OSError, QuestionError) as error:
            parser.error(str(error))
    else:
        print("People's questions need HotpotQA and MuSiQue: pass --data.")
    figures = _measure(all_samples)
    bounds = [
        Bound("look_ups", ">=", 1),
        Bound("generated", ">=", 0.97),
        Bound("hotpot", ">=", 0.8),
        Bound("hotpot_comparison", ">=", 0.95),
        Bound("musique", ">=", 0.85),
        Bound("one_hop", ">=", 0.75),
    ]
    text = "a question's words tell its task type: of all of PopQA's sentences and 97% of generated questions"
    if folder:
        text += (
            "; of held-out ones, at least 80% of HotpotQA's, 85% of MuSiQue's and 75% of MuSiQue's single "
            "steps, and 95% of HotpotQA's are rightly told to be comparisons or not"
        )
    return Claim(text, figures, bounds).finish(given.json)


def _measure(all_samples: Sequence[Sample]) -> dict[str, Figure]:
    rows, figures = [], dict[str, Figure]()
    confusion: Counter[tuple[str, str]] = Counter()
    for sample in all_samples:
        ours = _right(sample, lambda question, _: task_type(question))
        theirs = _right(sample, released_type)
        rows.append([sample.name, str(len(ours)), _share(ours), _share(theirs)])
        if not sample.figure:
            continue
        figures[sample.figure] = sum(ours) / len(ours)
        figures[f"released_{sample.figure}"] = sum(theirs) / len(theirs)
        confusion.update(
            (" or ".join(sorted(one.types)), task_type(one.question)) for one in sample.questions
        )
        if sample.figure == "hotpot":
            told = [
                (task_type(one.question) == COMPARISON) == (COMPARISON in one.types)
                for one in sample.questions
            ]
            figures["hotpot_comparison"] = sum(told) / len(told)
    print(table(["questions", "number", "ours", "released rule*"], rows))
    print("* restated; it is told the data set's name, which leaves it two types of four. It was used to")
    print("  distil the released bank; when tasks are played there is no rule, and 0% of types are found.")
    print()
    print(table(["right (all but tuning)", *TASK_TYPES], _confusion_rows(confusion)))
    return figures


def _right(sample: Sample, rule: Callable[[str, str], str]) -> list[bool]:
    return [rule(one.question, sample.data_source) in one.types for one in sample.questions]


def _confusion_rows(confusion: Mapping[tuple[str, str], int]) -> list[list[str]]:
    rights = sorted({right for right, _ in confusion})
    return [[right, *(str(confusion[right, found]) for found in TASK_TYPES)] for right in rights]


def _rows(path: Path) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError as error:
            raise QuestionError(f"{path}, line {number}: expected one JSON object a line: {error}") from error
    return rows


def _labelled(rows: Sequence[Mapping[str, Any]]) -> list[Labelled]:
    questions = [read_record(row, number) for number, row in enumerate(rows)]
    return [
        Labelled(one.question, frozenset({one.query_type}))
        for one in questions
        if one is not None and one.query_type is not None
    ]


def _steps(rows: Sequence[Mapping[str, Any]]) -> list[Labelled]:
    """Single steps in words, each once: not ``Oulford >> mayor``, and none that refers to another step."""
    texts = dict.fromkeys(
        str(step["question"]).strip().rstrip("?") + "?"
        for row in rows
        for step in row.get("question_decomposition", ())
        if not any(mark in str(step["question"]) for mark in ("#", ">>"))
    )
    return [Labelled(text, ONE_HOP) for text in texts]


def _share(right: Sequence[bool]) -> str:
    if not right:
        return "-"
    low, high = SuccessRate(sum(right), len(right)).interval
    return f"{sum(right) / len(right):.1%} [{low:.1%}, {high:.1%}]"


if __name__ == "__main__":
    raise SystemExit(main())
