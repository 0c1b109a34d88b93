"""The kinds of generated questions: how each is drawn, and what makes a draw a good question."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skill_gym.dice import Dice
from skill_gym.search.facts import Entity, Facts, Value
from skill_gym.search.language import (
    CLOSED_LISTS,
    CONSTRAINTS,
    HOMONYM,
    RELATIONS,
    RELATIONS_OF,
    Relation,
    mention,
    sentence,
)
from skill_gym.search.questions import QueryType
from skill_gym.search.search_plan import Finder, Hop, SoughtHop, Stage

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


@dataclass(frozen=True, slots=True)
class Draft:
    """A question as it was drawn.

    Attributes:
        text: The question.
        answer: Its answer.
        stages: The facts that lead there, those of a stage independent of each other.
        query_type: Its task type.
        chance: How often a guess among the closed choices is right; 0 where there are none.
        content: What is asked whatever the wording, so that no question is asked twice.
        named: The entities that the question names.
    """

    text: str
    answer: Value
    stages: tuple[Stage, ...]
    query_type: QueryType
    chance: float
    content: str
    named: tuple[Entity, ...]


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A noun phrase of a question: a name, or what a chain of relations from a name leads to."""

    text: str
    end: Entity
    hops: tuple[Hop, ...] = ()

    @property
    def start(self) -> Entity:
        """Who is named."""
        return self.hops[0].head if self.hops else self.end


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
        self._level = level
        self._draws: dict[str, Callable[[Dice, int, bool], Draft | None]] = {
            "lookup": self._chain,
            "chain": self._chain,
            "compare": self._compare,
            "constraint": self._constraint,
            "boolean": self._boolean,
        }

    def draw(
        self, kind: str, hops: int, truth: bool, dice: Dice, searches: int
    ) -> tuple[Draft, tuple[str, ...]] | None:
        """A question of the kind with the queries that solve it; None when the draw makes no good one."""
        draft = self._draws[kind](dice, hops, truth)
        if draft is None or self._names_what_is_sought(draft, kind):
            return None
        plan = self._finder.plan(draft.stages, searches)
        return None if plan is None else (draft, plan)

    def _chain(self, dice: Dice, hops: int, truth: bool) -> Draft | None:
        start = dice.pick(self._facts.entities)
        phrase = self._lead(self._called(start, dice), dice, hops - 1)
        if phrase is None:
            return None
        relation = dice.pick(RELATIONS_OF[phrase.end.kind])
        answer = self._facts.value(phrase.end, relation)
        if answer is None:
            return None
        last = _hop(phrase, relation)
        path = [*phrase.hops, last]
        if hops > 1 and not self._needs_every_hop(path, answer):
            return None
        text = sentence(dice.pick(relation.questions), head=phrase.text)
        attribute: QueryType = "direct_retrieval" if relation.kind == "entity" else "entity_attribute_lookup"
        return Draft(
            text,
            answer,
            tuple([(hop,) for hop in path]),
            attribute if hops == 1 else "multi_hop_reasoning",
            1 / len(CLOSED_LISTS[relation.value]) if relation.kind == "closed" else 0.0,
            _content(start.key, *(hop.relation.id for hop in path)),
            (start,),
        )

    def _compare(self, dice: Dice, hops: int, truth: bool) -> Draft | None:
        relation = dice.pick(_WITH_SIZE)
        pair = self._pair(relation, dice, hops)
        if pair is None:
            return None
        values = [self._facts.value(one.end, relation) for one in pair]
        if not all(isinstance(value, int) for value in values) or values[0] == values[1]:
            return None
        first = (values[0] > values[1]) == truth  # type: ignore[operator]
        template = dice.pick(relation.larger if truth else relation.smaller)
        winner = pair[0 if first else 1]
        return Draft(
            sentence(template, a=pair[0].text, b=pair[1].text),
            winner.end,
            _side_by_side(pair, relation),
            "comparison",
            # Where one is named, it is the answer half of the time.
            0.0 if all(one.hops for one in pair) else 0.5,
            _content(f"compare {relation.id} {truth}", *sorted(_identity(one) for one in pair)),
            (pair[0].start, pair[1].start),
        )

    def _boolean(self, dice: Dice, hops: int, truth: bool) -> Draft | None:
        relation = dice.pick(_WITH_SAME)
        # Few pairs have a value in common, so that several are drawn for a yes.
        for _ in range(20):
            pair = self._pair(relation, dice, hops)
            if pair is None:
                continue
            values = [self._facts.value(one.end, relation) for one in pair]
            if None not in values and (values[0] == values[1]) == truth:
                return Draft(
                    sentence(relation.same, a=pair[0].text, b=pair[1].text),
                    "yes" if truth else "no",
                    _side_by_side(pair, relation),
                    "comparison",
                    0.5,
                    _content(f"same {relation.id}", *sorted(_identity(one) for one in pair)),
                    (pair[0].start, pair[1].start),
                )
        return None

    def _pair(self, relation: Relation, dice: Dice, hops: int) -> tuple[_Phrase, _Phrase] | None:
        """Two noun phrases for different heads of a relation, with so many facts on both ways together."""
        one, other = [], []
        lengths = [hops - 2 - (hops - 2) // 2, (hops - 2) // 2]
        if dice.chance(0.5):
            lengths.reverse()
        for side, length in zip((one, other), lengths, strict=True):
            phrase = self._ending_at(relation.head, dice, length)
            if phrase is None:
                return None
            side.append(phrase)
        pair = (one[0], other[0])
        passed = [hop.head for phrase in pair for hop in phrase.hops] + [phrase.end for phrase in pair]
        different = len({entity.name for entity in passed}) == len(passed)
        return pair if different else None

    def _ending_at(self, kind: str, dice: Dice, hops: int) -> _Phrase | None:
        """A noun phrase for an entity of a type, or None when the draw leads nowhere."""
        if not hops:
            return self._called(dice.pick([one for one in self._facts.entities if one.kind == kind]), dice)
        # Backwards, by the last relation, so that most draws succeed.
        last = [relation for relation in RELATIONS if relation.value == kind and relation.phrases]
        if not last:
            return None
        relation = dice.pick(last)
        before = self._ending_at(relation.head, dice, hops - 1)
        return None if before is None else self._step(before, relation, dice)

    def _constraint(self, dice: Dice, hops: int, truth: bool) -> Draft | None:
        person = dice.pick(self._facts.by_kind["person"])
        first = dice.pick(_CONDITIONS)
        second = dice.pick([relation for relation in _CONDITIONS if relation is not first])
        values = [self._facts.value(person, relation) for relation in (first, second)]
        if None in values or person.name in self._facts.shared_names:
            return None
        fitting = [
            one
            for one in self._facts.by_kind["person"]
            if [self._facts.value(one, first), self._facts.value(one, second)] == values
        ]
        if len(fitting) != 1:
            return None
        stages: list[Stage] = []
        told, called, named, content = [], [], [], []
        for place, (relation, value) in enumerate(zip((first, second), values, strict=True)):
            words = _name(value)  # type: ignore[arg-type]
            text = mention(value.kind, value.name) if isinstance(value, Entity) else words
            words_of = value.key if isinstance(value, Entity) else words
            if place == 0 and hops == 3:
                if not isinstance(value, Entity):
                    return None
                around = self._leading_to(value, dice)
                if around is None or around.start in (person, *values):
                    return None
                if not self._needs_every_hop([*around.hops, Hop(value, relation, value.name)], person):
                    return None
                stages.append(around.hops)
                text = around.text
                named.append(around.start)
                words_of = _identity(around)
            elif isinstance(value, Entity):
                named.append(value)
            told.append(relation.condition.format(value=text))
            called.append(words)
            content.append(f"{relation.id} {words_of}")
        seek = SoughtHop(person, first, " ".join(called), second)
        stages.append((seek,))
        order = told if dice.chance(0.5) else told[::-1]
        return Draft(
            sentence(dice.pick(CONSTRAINTS), first=order[0], second=order[1]),
            person,
            tuple(stages),
            "multi_hop_reasoning",
            0.0,
            _content("who", *sorted(content)),
            tuple(named),
        )

    def _leading_to(self, value: Entity, dice: Dice) -> _Phrase | None:
        """A noun phrase of one fact for an entity."""
        relations = [relation for relation in RELATIONS if relation.value == value.kind and relation.phrases]
        relation = dice.pick(relations)
        heads = [
            one for one in self._facts.by_kind[relation.head] if self._facts.value(one, relation) == value
        ]
        return self._step(self._called(dice.pick(heads), dice), relation, dice) if heads else None

    def _lead(self, phrase: _Phrase, dice: Dice, hops: int) -> _Phrase | None:
        """The phrase led on by so many relations to other entities."""
        for _ in range(hops):
            ways = [relation for relation in RELATIONS_OF[phrase.end.kind] if relation.phrases]
            step = self._step(phrase, dice.pick(ways), dice)
            if step is None:
                return None
            phrase = step
        return phrase

    def _step(self, phrase: _Phrase, relation: Relation, dice: Dice) -> _Phrase | None:
        value = self._facts.value(phrase.end, relation)
        if not isinstance(value, Entity) or value.name in self._facts.shared_names:
            return None
        text = dice.pick(relation.phrases).format(head=phrase.text)
        return _Phrase(text, value, (*phrase.hops, _hop(phrase, relation)))

    def _called(self, entity: Entity, dice: Dice) -> _Phrase:
        """A named entity."""
        if entity.name in self._facts.shared_names:
            trade = self._facts.values[entity.key]["occupation"]
            return _Phrase(HOMONYM.format(value=trade, head=entity.name), entity)
        other = bool(entity.alias) and self._level > 0 and dice.chance(0.3)
        return _Phrase(mention(entity.kind, entity.alias if other else entity.name), entity)

    def _needs_every_hop(self, path: Sequence[Hop], answer: Value) -> bool:
        """Whether no entity comes twice, no shorter way leads there, and only the last passage tells it."""
        passed = [hop.head for hop in path] + [answer]
        if len({_name(one) for one in passed}) < len(passed):
            return False
        texts = [self._finder.passages[hop.head.key].text for hop in path[:-1]]
        if any(_says(text, name) for text in texts for name in _names(answer)):
            return False
        reached: list[Value] = [path[0].head]
        for _ in path[1:]:
            reached = [
                value
                for one in reached
                if isinstance(one, Entity)
                for value in self._facts.values[one.key].values()
            ]
            if answer in reached:
                return False
        return True

    def _names_what_is_sought(self, draft: Draft, kind: str) -> bool:
        """Whether the question names what has to be found; only a comparison may name its answer."""
        hidden: list[Value] = [
            hop.head for stage in draft.stages for hop in stage if hop.head not in draft.named
        ]
        if kind != "boolean" and draft.answer not in (draft.named if kind == "compare" else ()):
            hidden.append(draft.answer)
        names = {name for one in hidden for name in _names(one)}
        return any(_says(draft.text, name) for name in names)


def supports(stages: Sequence[Stage], facts: Facts) -> list[dict[str, Any]]:
    """The path as plain data: head, relation and value of each fact."""
    path = []
    for hop in (hop for stage in stages for hop in stage):
        for relation in hop.relations:
            value = facts.values[hop.head.key][relation.name]
            path.append(
                {"head": hop.head.name, "relation": relation.id, "value": _name(value), "key": hop.head.key}
            )
    return path


def _side_by_side(pair: tuple[_Phrase, _Phrase], relation: Relation) -> tuple[Stage, ...]:
    ways = [[*one.hops, _hop(one, relation)] for one in pair]
    length = max(len(way) for way in ways)
    # A shorter way begins later, so that values are compared at the end.
    aligned = [[None] * (length - len(way)) + way for way in ways]
    return tuple(tuple(hop for hop in stage if hop is not None) for stage in zip(*aligned, strict=True))


def _hop(phrase: _Phrase, relation: Relation) -> Hop:
    return Hop(phrase.end, relation, phrase.end.name if phrase.hops else phrase.text)


def _name(value: Value) -> str:
    return value.name if isinstance(value, Entity) else str(value)


def _names(value: Value) -> tuple[str, ...]:
    return tuple(filter(None, (value.name, value.alias))) if isinstance(value, Entity) else (str(value),)


def _says(text: str, words: str) -> bool:
    """Whether the words stand in a text, as whole words."""
    begin = text.find(words)
    while begin >= 0:
        end = begin + len(words)
        if not text[begin - 1 : begin].isalnum() and not text[end : end + 1].isalnum():
            return True
        begin = text.find(words, begin + 1)
    return False


def _identity(phrase: _Phrase) -> str:
    """The same whatever the wording."""
    return _content(phrase.end.key, *(f"{hop.head.key}.{hop.relation.id}" for hop in phrase.hops))


def _content(*parts: str) -> str:
    return " > ".join(parts)
