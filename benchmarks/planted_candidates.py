"""Planted candidates: skills with a label that nobody sees who judges them, and their true effect."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from skill_gym.benchmarks.planted_players import LUCKS, Shelf, Stage, shelf_with, suits
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import Skill
from skill_gym.trajectory import Task

Label = Literal["helpful", "stale", "useless", "harmful", "duplicate", "malicious"]
LABELS: tuple[Label, ...] = get_args(Label)
GOOD: tuple[Label, ...] = ("helpful", "stale")
"""Labels of what ought to be admitted; a stale skill is worth its place until the stage changes."""

HARM, NOTHING = -0.1, 0.05
"""A harmful skill changes success by this or less; a useless one by no more than this, up or down."""

INHERITED = -1
"""Cycle of arrival of what stands in the bank before the first cycle."""

_TEXTS = ("id", "title", "principle", "when_to_apply", "category")
_MOST_TASKS = 120


@dataclass(frozen=True, slots=True)
class Candidate:
    """A skill that is proposed, and the truth about it.

    Attributes:
        skill: What everybody sees.
        label: What it was planted as.
        stage: Kind of stage that it is for, ``household`` or ``library``.
        arrives: Cycle in which it is proposed, None for a drawn one; ``INHERITED`` for the first bank.
        origin: Id of the candidate that a duplicate repeats.
    """

    skill: Skill
    label: Label
    stage: str
    arrives: int | None = None
    origin: str | None = None

    def to_json(self) -> dict[str, Any]:
        """A row of a candidates file."""
        row: dict[str, Any] = {"stage": self.stage, "label": self.label}
        row |= {name: value for name in _TEXTS if (value := getattr(self.skill, name)) is not None}
        if self.skill.keywords:
            row["keywords"] = list(self.skill.keywords)
        if self.arrives is not None:
            row["arrives"] = self.arrives
        if self.origin is not None:
            row["origin"] = self.origin
        return row


@dataclass(frozen=True, slots=True)
class Truth:
    """What a candidate really does, alone beside an empty bank, over all tasks that call for it.

    Attributes:
        effect: Success with it less success without, before the change.
        later: The same after the change.
        without: Success without it, before the change.
        by_task: Success with and without, task by task over all lucks, before the change.
        by_task_later: The same after the change.
    """

    effect: float
    later: float
    without: float
    by_task: tuple[tuple[float, float], ...] = field(repr=False)
    by_task_later: tuple[tuple[float, float], ...] = field(default=(), repr=False)


def true_effect(stage: Stage, skill: Skill) -> Truth:
    """Plays all tasks that call for the skill, in every luck; of more than 120 tasks an even selection.

    A skill that is never shown has no effect.
    """
    tasks = [task for task in stage.tasks if suits(skill, task)]
    tasks = tasks[:: max(1, len(tasks) // _MOST_TASKS)]
    if not tasks:
        return Truth(0.0, 0.0, 0.0, ())
    shelf, bare = shelf_with(SkillBank.empty(), skill), Shelf(SkillBank.empty())
    before, after = (
        [
            (_mean(stage, shelf, task, changed=changed), _mean(stage, bare, task, changed=changed))
            for task in tasks
        ]
        for changed in (False, True)
    )
    return Truth(
        sum(one - other for one, other in before) / len(tasks),
        sum(one - other for one, other in after) / len(tasks),
        sum(other for _, other in before) / len(tasks),
        tuple(before),
        tuple(after),
    )


def _mean(stage: Stage, shelf: Shelf, task: Task, *, changed: bool) -> float:
    lines = shelf.lines(task)
    return sum(stage.success(task, lines, luck, changed=changed) for luck in range(LUCKS)) / LUCKS


def fits_label(label: Label, truth: Truth, min_effect: float) -> bool:
    """Whether a candidate does what its label says; duplicates and malicious ones may do anything."""
    if label == "helpful":
        return truth.effect >= min_effect and truth.later >= min_effect
    if label == "stale":
        return truth.effect >= min_effect and truth.later <= NOTHING
    if label == "harmful":
        return truth.effect <= HARM
    return label != "useless" or abs(truth.effect) <= NOTHING


def judged(candidate: Candidate, truth: Truth, min_effect: float) -> Label | None:
    """The label by what was measured; None for an effect too small to be asked for and too large for none.

    What malice and duplicates are is not a matter of their effect.
    """
    if candidate.label in ("malicious", "duplicate") or fits_label(candidate.label, truth, min_effect):
        return candidate.label
    for label in ("helpful", "stale", "harmful", "useless"):
        if fits_label(label, truth, min_effect):
            return label
    return None


def write_candidates(path: str | Path, candidates: Iterable[Candidate], *, seed: int) -> None:
    """Appends candidates to a JSON lines file, for one seed."""
    with Path(path).open("a", encoding="utf-8") as file:
        for candidate in candidates:
            file.write(json.dumps({"seed": seed, **candidate.to_json()}, ensure_ascii=False) + "\n")


def read_candidates(path: str | Path, stage: str, seed: int) -> list[Candidate]:
    """The candidates of a file that are for a stage and a seed; rows without a seed are for every seed.

    A row has ``stage``, ``label``, ``title`` and ``principle``; it may have ``id``, ``when_to_apply``,
    ``category``, ``keywords`` (a list), ``arrives``, ``origin`` and ``seed``.

    Raises:
        ValueError: A row is no candidate; the message names file, line and field.
    """
    found: list[Candidate] = []
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ValueError(f"{where}: expected a JSON object, got {line[:60]!r} ({error})") from error
        if not isinstance(row, dict):
            raise ValueError(f"{where}: expected a JSON object, got {line[:60]!r}")
        if row.get("stage") == stage and row.get("seed", seed) == seed:
            found.append(_candidate(row, where, f"file_{number:05d}"))
        elif row.get("stage") not in ("household", "library"):
            raise ValueError(f"{where}: stage must be household or library, got {row.get('stage')!r}")
    return _with_own_ids(found)


def _candidate(row: dict[str, Any], where: str, name: str) -> Candidate:
    for key in ("title", "principle"):
        if not isinstance(row.get(key), str) or not row[key].strip():
            raise ValueError(f"{where}: {key} must be a text, got {row.get(key)!r}")
    if row.get("label") not in LABELS:
        raise ValueError(f"{where}: label must be one of {', '.join(LABELS)}, got {row.get('label')!r}")
    keywords = row.get("keywords", [])
    if not isinstance(keywords, list) or not all(isinstance(word, str) for word in keywords):
        raise ValueError(f"{where}: keywords must be a list of texts, got {keywords!r}")
    arrives = row.get("arrives")
    if arrives is not None and (
        not isinstance(arrives, int) or isinstance(arrives, bool) or arrives < INHERITED
    ):
        raise ValueError(
            f"{where}: arrives must be the number of a cycle, or -1 for the first bank, got {arrives!r}"
        )
    skill = Skill(
        id=str(row.get("id", name)),
        title=row["title"],
        principle=row["principle"],
        when_to_apply=row.get("when_to_apply"),
        category=row.get("category"),
        keywords=tuple(keywords),
    )
    return Candidate(skill, row["label"], row["stage"], arrives, row.get("origin"))


def _with_own_ids(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Ids that occur twice get a number."""
    seen: dict[str, int] = {}
    found = []
    for candidate in candidates:
        name = candidate.skill.id
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            name = f"{name}_{seen[name]}"
        found.append(replace(candidate, skill=replace(candidate.skill, id=name)))
    return found
