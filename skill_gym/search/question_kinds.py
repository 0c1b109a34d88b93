"""The kinds of generated questions, and how each is drawn."""

from collections.abc import Callable, Mapping

from skill_gym.dice import Dice
from skill_gym.search.facts import Entity, Facts, Value
from skill_gym.search.language import (
    CLOSED_LISTS,
    CONSTRAINTS,
    RELATIONS,
    RELATIONS_OF,
    Relation,
    mention,
    sentence,
)
from skill_gym.search.noun_phrases import NounPhrases, Phrase
from skill_gym.search.question_draft import Draft, names, needs_every_hop
from skill_gym.search.questions import QueryType
from skill_gym.search.search_plan import Finder, SoughtHop, Stage

HOPS: Mapping[str, tuple[int, ...]] = {
    "lookup": (1,),
    "chain": (2, 3, 4),
    "compare": (2, 3, 4),
    "constraint": (2, 3),
    "boolean": (2, 3, 4),
}
"""The kinds with the numbers of facts that they can take."""
_WITH_SIZE = tuple(relation for relation in RELATIONS if relation.larger)
_WITH_SAME = tuple(relation for relation in RELATIONS if relation.same)
_CONDITIONS = tuple(relation for relation in RELATIONS_OF["person"] if relation.condition)
_PAIRS = 20
"""Pairs that are drawn for one yes-or-no question: few have a value in common."""


class QuestionMaker:
    """Draws questions about one world.

    Args:
        facts: Of the world.
        finder: Plans the queries.
        level: Of distraction; from 1 on a question may use another name than the title.
    """

    def __init__(self, facts: Facts, finder: Finder, level: int) -> None:
        self._facts = facts
        self._finder = finder
        self._phrases = NounPhrases(facts, other_names=level > 0)
        self._draws: dict[str, Callable[[int, bool, Dice], Draft | None]] = {
            "lookup": self._chain,
            "chain": self._chain,
            "compare": self._compare,
            "constraint": self._constraint,
            "boolean": self._boolean,
        }

    def draw(
        self, kind: str, hops: int, truth: bool, dice: Dice, searches: int
    ) -> tuple[Draft, tuple[str, ...]] | None:
        """Draws a question.

        Args:
            kind: One of ``HOPS``.
            hops: How many facts it takes.
            truth: Whether the answer to a yes-or-no question is yes, to a comparison the larger one.
            dice: Source of the draws.
            searches: Most queries.

        Returns:
            The question with the queries that solve it; None when the draw makes no good one.
        """
        draft = self._draws[kind](hops, truth, dice)
        if draft is None or draft.tells_what_is_sought:
            return None
        plan = self._finder.plan(draft.stages, searches)
        return None if plan is None else (draft, plan)

    def _chain(self, hops: int, truth: bool, dice: Dice) -> Draft | None:
        phrase = self._phrases.from_(dice.pick(self._facts.entities), hops - 1, dice)
        if phrase is None:
            return None
        relation = dice.pick(RELATIONS_OF[phrase.end.kind])
        answer = self._facts.value(phrase.end, relation)
        if answer is None:
            return None
        path = (*phrase.hops, phrase.hop(relation))
        if hops > 1 and not needs_every_hop(path, answer, self._facts, self._finder.passages):
            return None
        single: QueryType = "direct_retrieval" if relation.kind == "entity" else "entity_attribute_lookup"
        return Draft(
            text=sentence(dice.pick(relation.questions), head=phrase.text),
            answer=answer,
            stages=tuple((hop,) for hop in path),
            query_type=single if hops == 1 else "multi_hop_reasoning",
            content=f"{phrase.identity} > {relation.id}",
            named=(phrase.start,),
            chance=1 / len(CLOSED_LISTS[relation.value]) if relation.kind == "closed" else 0.0,
        )

    def _compare(self, hops: int, truth: bool, dice: Dice) -> Draft | None:
        relation = dice.pick(_WITH_SIZE)
        pair = self._pair(relation, hops, dice)
        if pair is None:
            return None
        first, second = (self._facts.value(one.end, relation) for one in pair)
        if not isinstance(first, int) or not isinstance(second, int) or first == second:
            return None
        template = dice.pick(relation.larger if truth else relation.smaller)
        return Draft(
            text=sentence(template, a=pair[0].text, b=pair[1].text),
            answer=pair[0 if (first > second) == truth else 1].end,
            stages=_side_by_side(pair, relation),
            query_type="comparison",
            content=f"compare {relation.id} {truth} {_identities(pair)}",
            named=(pair[0].start, pair[1].start),
            may_name_answer=True,
            # Where a choice is named, it is right half of the time.
            chance=0.0 if all(one.hops for one in pair) else 0.5,
        )

    def _boolean(self, hops: int, truth: bool, dice: Dice) -> Draft | None:
        relation = dice.pick(_WITH_SAME)
        for _ in range(_PAIRS):
            pair = self._pair(relation, hops, dice)
            if pair is None:
                continue
            first, second = (self._facts.value(one.end, relation) for one in pair)
            if first is not None and second is not None and (first == second) == truth:
                return Draft(
                    text=sentence(relation.same, a=pair[0].text, b=pair[1].text),
                    answer="yes" if truth else "no",
                    stages=_side_by_side(pair, relation),
                    query_type="comparison",
                    content=f"same {relation.id} {_identities(pair)}",
                    named=(pair[0].start, pair[1].start),
                    may_name_answer=True,
                    chance=0.5,
                )
        return None

    def _pair(self, relation: Relation, hops: int, dice: Dice) -> tuple[Phrase, Phrase] | None:
        """Two noun phrases for different heads of a relation; with their values they take so many facts."""
        lengths = [hops - 2 - (hops - 2) // 2, (hops - 2) // 2]
        if dice.chance(0.5):
            lengths.reverse()
        one = self._phrases.to_type(relation.head, lengths[0], dice)
        other = self._phrases.to_type(relation.head, lengths[1], dice)
        if one is None or other is None:
            return None
        passed = [entity.name for phrase in (one, other) for entity in (phrase.start, phrase.end)]
        # A phrase without a relation starts where it ends.
        different = len(set(passed)) == 2 + sum(bool(phrase.hops) for phrase in (one, other))
        return (one, other) if different else None

    def _constraint(self, hops: int, truth: bool, dice: Dice) -> Draft | None:
        person = dice.pick(self._facts.by_kind["person"])
        first = dice.pick(_CONDITIONS)
        second = dice.pick([relation for relation in _CONDITIONS if relation is not first])
        value, other = (self._facts.value(person, relation) for relation in (first, second))
        if value is None or other is None or person.name in self._facts.shared_names:
            return None
        alike = self._facts.heads(first, value)
        if [one for one in alike if self._facts.value(one, second) == other] != [person]:
            return None
        stages: list[Stage] = []
        told, content, named = _condition(first, value)
        if hops == 3:
            around = self._phrases.to(value, dice) if isinstance(value, Entity) else None
            if around is None or around.start in (person, value, other):
                return None
            path = (*around.hops, around.hop(first))
            if not needs_every_hop(path, person, self._facts, self._finder.passages):
                return None
            stages.append(around.hops)
            told, content = first.condition.format(value=around.text), f"{first.id} {around.identity}"
            named = (around.start,)
        too, content_too, named_too = _condition(second, other)
        called = f"{names(value)[0]} {names(other)[0]}"
        conditions = (told, too) if dice.chance(0.5) else (too, told)
        return Draft(
            text=sentence(dice.pick(CONSTRAINTS), first=conditions[0], second=conditions[1]),
            answer=person,
            stages=(*stages, (SoughtHop(person, first, called, second),)),
            query_type="multi_hop_reasoning",
            content=f"who {' and '.join(sorted((content, content_too)))}",
            named=(*named, *named_too),
        )


def _condition(relation: Relation, value: Value) -> tuple[str, str, tuple[Entity, ...]]:
    """What a person does, the same whatever the wording, and whom it names."""
    if isinstance(value, Entity):
        text = relation.condition.format(value=mention(value.kind, value.name))
        return text, f"{relation.id} {value.key}", (value,)
    return relation.condition.format(value=value), f"{relation.id} {value}", ()


def _side_by_side(pair: tuple[Phrase, Phrase], relation: Relation) -> tuple[Stage, ...]:
    """The facts of both ways, stage by stage; a shorter way begins later, so that both end together."""
    ways = [[*one.hops, one.hop(relation)] for one in pair]
    length = max(len(way) for way in ways)
    return tuple(
        tuple(way[place - length] for way in ways if length - place <= len(way)) for place in range(length)
    )


def _identities(pair: tuple[Phrase, Phrase]) -> str:
    return " and ".join(sorted(phrase.identity for phrase in pair))
