"""Writes planted candidates from a seed: what is true, what is false, empty words, copies, malice."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count

from skill_gym.benchmarks.planted_candidates import (
    INHERITED,
    Candidate,
    Label,
    Truth,
    fits_label,
    true_effect,
)
from skill_gym.benchmarks.planted_drafts import Draft, pen_for
from skill_gym.benchmarks.planted_malice import malice
from skill_gym.benchmarks.planted_players import Stage
from skill_gym.benchmarks.planted_sentences import WHY
from skill_gym.dice import Dice
from skill_gym.skillbanks.skill import Skill

SHARES: Mapping[Label, float] = {
    "helpful": 0.24,
    "stale": 0.11,
    "useless": 0.23,
    "harmful": 0.16,
    "duplicate": 0.14,
    "malicious": 0.12,
}
"""Parts of the candidates; where a stage has fewer topics for a label, useless ones take the places."""

TRIES = 12


@dataclass(frozen=True, slots=True)
class Planted:
    """What was planted in one stage.

    Attributes:
        candidates: In the order in which they arrive.
        truths: Id -> true effect.
        refused: Drafts that did not do what their label says, and were written anew.
    """

    candidates: tuple[Candidate, ...]
    truths: Mapping[str, Truth]
    refused: int


def plant(
    stage: Stage, total: int, *, first: int, arrivals: int, inherited: int, min_effect: float, seed: int
) -> Planted:
    """Writes candidates for a stage.

    Args:
        stage: A ``Household`` or a ``Library``.
        total: How many, without those that are inherited.
        first: Cycle of the first arrivals.
        arrivals: Cycles over which they arrive; a duplicate comes at least one cycle after its origin.
        inherited: Harmful ones that stand in the bank from the beginning.
        min_effect: What a helpful one must change at least.
        seed: Of the writer.
    """
    dice = Dice(f"planted writer {stage.name} {seed}")
    pen = pen_for(stage, dice)
    kind = stage.name.split()[0]
    numbers = count(1)
    candidates: list[Candidate] = []
    truths: dict[str, Truth] = {}
    refused = 0

    def add(draft: Draft, label: Label, **more: int | str | None) -> bool:
        nonlocal refused
        skill = Skill(
            f"{kind}_{next(numbers):04d}",
            draft.title,
            draft.principle,
            category=draft.category,
            keywords=draft.keywords,
        )
        truth = true_effect(stage, skill)
        if not fits_label(label, truth, min_effect):
            refused += 1
            return False
        truths[skill.id] = truth
        arrives = more.get("arrives")
        origin = more.get("origin")
        candidates.append(
            Candidate(
                skill,
                label,
                kind,
                arrives if isinstance(arrives, int) else first + dice.below(arrivals),
                origin if isinstance(origin, str) else None,
            )
        )
        return True

    wanted = {label: round(share * total) for label, share in SHARES.items()}
    for label in ("helpful", "stale"):
        drafts = pen.true(moves=label == "stale")
        while wanted[label] and (draft := next(drafts, None)):
            wanted[label] -= add(draft, label)
    tries = TRIES * (wanted["harmful"] + inherited)
    left = inherited
    while (left or wanted["harmful"]) and tries:
        tries -= 1
        if left:
            left -= add(pen.harmful(), "harmful", arrives=INHERITED)
        else:
            wanted["harmful"] -= add(pen.harmful(), "harmful")
    origins = [one for one in candidates if first <= (one.arrives or 0) < first + arrivals - 1]
    for _ in range(wanted["duplicate"] if origins else 0):
        origin = dice.pick(origins)
        after = (origin.arrives or 0) + 1
        arrives = after + dice.below(first + arrivals - after)
        add(_copied(origin.skill, dice), "duplicate", arrives=arrives, origin=origin.skill.id)
    carriers = [one.skill for one in candidates if one.label == "helpful"]
    for _ in range(wanted["malicious"]):
        add(_malicious(carriers, stage, dice), "malicious")
    while len(candidates) < total + inherited - left:
        add(pen.useless(), "useless")
    # Who comes first within a cycle tells nothing.
    order = sorted(candidates, key=lambda one: (one.arrives, dice.below(1_000_000)))
    return Planted(tuple(order), truths, refused)


def _malicious(carriers: list[Skill], stage: Stage, dice: Dice) -> Draft:
    bad = malice(dice, dice.pick(stage.tasks).key)
    if carriers and dice.chance(0.5):
        good = dice.pick(carriers)
        parts = [good.principle, bad] if dice.chance(0.7) else [bad, good.principle]
        return Draft(f"{good.title} (better)", " ".join(parts), good.category, good.keywords)
    return Draft("Important", bad)


def _copied(skill: Skill, dice: Dice) -> Draft:
    """The same said again: other case and stops, like words, another order, a word more."""
    edits: tuple[Callable[[str], str], ...] = (
        lambda text: text.replace(".", ";").rstrip(";") + "!",
        lambda text: f"Remember: {text}",
        lambda text: text.replace("usually", "normally").replace("often", "usually"),
        lambda text: f"{text} {dice.pick(WHY)}",
        lambda text: text.upper() if dice.chance(0.2) else text.lower(),
        lambda text: re.sub(r"\bor\b", "or else", text, count=1),
        lambda text: " ".join(reversed(re.split(r"(?<=[.!?]) ", text))),
    )
    text = skill.principle
    for _ in range(dice.between(0, 2)):
        text = dice.pick(edits)(text)
    titles = (skill.title, f"{skill.title} again", f"On {skill.title.lower()}")
    return Draft(dice.pick(titles), text, skill.category, skill.keywords)
