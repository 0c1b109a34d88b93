"""How generated questions call an entity: by its name, or by what leads to it from another's name."""

from collections.abc import Sequence
from dataclasses import dataclass

from skill_gym.dice import Dice
from skill_gym.search.facts import Entity, Facts
from skill_gym.search.language import (
    HOMONYM,
    RELATIONS,
    RELATIONS_OF,
    EntityType,
    Relation,
    mention,
)
from skill_gym.search.search_plan import Hop


@dataclass(frozen=True, slots=True)
class Phrase:
    """A name, or what a chain of relations from a name leads to.

    Attributes:
        text: As it stands in a question.
        end: Whom it means.
        hops: The facts that lead there.
    """

    text: str
    end: Entity
    hops: tuple[Hop, ...] = ()

    @property
    def start(self) -> Entity:
        """Who is named."""
        return self.hops[0].head if self.hops else self.end

    @property
    def identity(self) -> str:
        """The same whatever the wording."""
        return " > ".join([self.start.key, *(hop.relation.id for hop in self.hops)])

    def hop(self, relation: Relation) -> Hop:
        """A fact of whom it means; a query calls a named one as the question does."""
        return Hop(self.end, relation, self.end.name if self.hops else self.text)


class NounPhrases:
    """Draws noun phrases about one world.

    Nobody whose name another person shares stands in the middle of a chain: the passages before do not tell
    which of the two they mean.

    Args:
        facts: Of the world.
        other_names: Whether entities are also called by their other names.
    """

    def __init__(self, facts: Facts, *, other_names: bool) -> None:
        self._facts = facts
        self._other_names = other_names

    def name(self, entity: Entity, dice: Dice) -> Phrase:
        """A named entity; one of two persons of a name with the occupation."""
        if entity.name in self._facts.shared_names:
            trade = self._facts.values[entity.key]["occupation"]
            return Phrase(HOMONYM.format(value=trade, head=entity.name), entity)
        other = bool(entity.alias) and self._other_names and dice.chance(0.3)
        return Phrase(mention(entity.kind, entity.alias if other else entity.name), entity)

    def from_(self, start: Entity, hops: int, dice: Dice) -> Phrase | None:
        """What so many relations lead to from a named entity; None when the draw ends early."""
        phrase: Phrase | None = self.name(start, dice)
        for _ in range(hops):
            if phrase is None:
                return None
            ways = [relation for relation in RELATIONS_OF[phrase.end.kind] if relation.phrases]
            phrase = self._step(phrase, dice.pick(ways), dice)
        return phrase

    def to_type(self, kind: EntityType, hops: int, dice: Dice) -> Phrase | None:
        """A phrase of so many facts for any entity of a type; None when the draw leads nowhere."""
        if not hops:
            return self.name(dice.pick(self._facts.by_kind[kind]), dice)
        # Backwards, by the last relation, so that most draws succeed.
        relations = _leading_to(kind)
        if not relations:
            return None
        relation = dice.pick(relations)
        before = self.to_type(relation.head, hops - 1, dice)
        return None if before is None else self._step(before, relation, dice)

    def to(self, entity: Entity, dice: Dice) -> Phrase | None:
        """A phrase of one fact for an entity; None when the relation drawn leads there from nobody."""
        relation = dice.pick(_leading_to(entity.kind))
        heads = self._facts.heads(relation, entity)
        return self._step(self.name(dice.pick(heads), dice), relation, dice) if heads else None

    def _step(self, phrase: Phrase, relation: Relation, dice: Dice) -> Phrase | None:
        value = self._facts.value(phrase.end, relation)
        if not isinstance(value, Entity) or value.name in self._facts.shared_names:
            return None
        text = dice.pick(relation.phrases).format(head=phrase.text)
        return Phrase(text, value, (*phrase.hops, phrase.hop(relation)))


def _leading_to(kind: EntityType) -> Sequence[Relation]:
    return [relation for relation in RELATIONS if relation.value == kind and relation.phrases]
