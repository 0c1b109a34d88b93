"""The passages of a generated world: one for each entity, the only place where its facts stand."""

from skill_gym.dice import Dice
from skill_gym.search.facts import Entity, Facts, Value
from skill_gym.search.fillers import COLOURS, DAYS, FILLERS, NUMBERS, TREES
from skill_gym.search.language import (
    ALIASES,
    INTRODUCTIONS,
    MISTAKEN,
    REFERENCES,
    RELATIONS_OF,
    mention,
    sentence,
)
from skill_gym.search.passages import Passage

_SHORTEST = 50
"""Words that a passage should have; the facts decide, and so many sentences as there are for its type."""


def write_passages(world: str, facts: Facts) -> dict[str, Passage]:
    """Key of the entity -> its passage; ids are shuffled, so that they tell nothing."""
    order = sorted(facts.entities, key=lambda one: (Dice(f"{world} id {one.key}").below(2**52), one.key))
    numbers = {one.key: number for number, one in enumerate(order)}
    digits = max(4, len(str(len(order))))
    like = {one.key: one for one in facts.entities}
    return {
        one.key: Passage(
            f"{numbers[one.key]:0{digits}}", one.name, passage_text(world, one, facts, like.get(one.like))
        )
        for one in facts.entities
    }


def passage_text(world: str, head: Entity, facts: Facts, like: Entity | None = None) -> str:
    """What is told of an entity: who it is, its facts in any order, and sentences that nobody asks about."""
    dice = Dice(f"{world} passage {head.key}")
    told = []
    for relation in RELATIONS_OF[head.kind]:
        value = facts.value(head, relation)
        if value is not None:
            template = dice.pick(relation.sentences)
            told.append(sentence(template, head=_subject(head, template, dice), value=shown(value)))
    if like is not None and head.role == "decoy":
        template = dice.pick(MISTAKEN)
        told.append(
            sentence(template, head=mention(head.kind, head.name), value=mention(like.kind, like.name))
        )
    fillers = list(FILLERS[head.kind])
    words = sum(len(one.split()) for one in told)
    count = 0
    while fillers and (count < 1 or words < _SHORTEST - 6):
        template = fillers.pop(dice.below(len(fillers)))
        told.append(_filled(head, template, dice))
        words += len(told[-1].split())
        count += 1
    first = [sentence(dice.pick(INTRODUCTIONS[head.kind]), head=mention(head.kind, head.name))]
    if head.alias:
        alias = mention(head.kind, head.alias)
        first.append(sentence(dice.pick(ALIASES), head=mention(head.kind, head.name), value=alias))
    rest = []
    while told:
        rest.append(told.pop(dice.below(len(told))))
    return " ".join([*first, *rest])


def shown(value: Value) -> str:
    """A value as a sentence tells it."""
    return mention(value.kind, value.name) if isinstance(value, Entity) else str(value)


def _subject(head: Entity, template: str, dice: Dice) -> str:
    """The name, or what stands for it; a pronoun only where it is the subject."""
    full = dice.chance(0.35)
    if head.kind == "person":
        return head.name if full or not template.startswith("{head}") else head.pronoun
    return mention(head.kind, head.name) if full else REFERENCES[head.kind][0]


def _filled(head: Entity, template: str, dice: Dice) -> str:
    return sentence(
        template,
        head=_subject(head, template, dice),
        colour=dice.pick(COLOURS),
        tree=dice.pick(TREES),
        day=dice.pick(DAYS),
        number=dice.pick(NUMBERS),
    )
