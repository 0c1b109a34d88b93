"""The facts of a generated world: who there is, and the one value of each relation of each head.

A world grows by blocks, quarters of scale 1. What is told of an entity rests on its own block and on
earlier ones alone, so that a larger world keeps all facts of a smaller one; and so does one with more
distractors.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, cast

from skill_gym.dice import Dice
from skill_gym.search.language import CLOSED_LISTS, ENTITY_TYPES, RELATIONS_OF, EntityType, Relation
from skill_gym.search.names import Naming, first_name, name

Role = Literal["citizen", "sibling", "decoy", "homonym"]
ROLES_OF_LEVEL: tuple[tuple[Role, ...], ...] = (
    ("citizen",),
    ("citizen", "sibling"),
    ("citizen", "sibling", "decoy"),
    ("citizen", "sibling", "decoy", "homonym"),
)
"""Who there is at each level of distraction. Only citizens are values of other entities' relations."""

BLOCK: Mapping[EntityType, int] = {
    "person": 30, "town": 10, "region": 2, "company": 10, "book": 10, "river": 4, "school": 4, "prize": 2,
}  # fmt: skip
"""Citizens in a block."""
LIKENESSES: Mapping[EntityType, int] = {
    "person": 16, "town": 5, "region": 0, "company": 6, "book": 6, "river": 2, "school": 2, "prize": 1,
}  # fmt: skip
"""Siblings in a block, and decoys."""
HOMONYMS = 5
"""Persons in a block who share the name with a citizen."""
_STEMS = 256
"""Stems set aside for a block: more than its names and other names need."""
_TEACHERS = 20
"""Persons who are asked whether they are old enough to be one's teacher; somebody may have none."""
WITH_ALIAS: tuple[EntityType, ...] = ("person", "town", "company")


@dataclass(frozen=True, slots=True)
class Entity:
    """Somebody or something that a passage is about.

    Attributes:
        key: Unique in its world and the same in a larger one: ``<role> <type> <number>``.
        kind: Its type.
        name: Title of its passage.
        alias: Another name that its passage gives, "" for none.
        role: ``citizen``; ``sibling``, which shares a part of a citizen's name; ``decoy``, whose passage
            names a citizen; ``homonym``, which has a citizen's name and another occupation.
        like: Key of that citizen.
        pronoun: What stands for a person.
    """

    key: str
    kind: EntityType
    name: str
    alias: str = ""
    role: Role = "citizen"
    like: str = ""
    pronoun: str = ""


Value = Entity | int | str


@dataclass(frozen=True)
class Facts:
    """All entities of a world with their facts.

    Attributes:
        entities: In the order in which they were made.
        values: Key of the head -> name of the relation -> value.
    """

    entities: Sequence[Entity]
    values: Mapping[str, Mapping[str, Value]]

    @cached_property
    def by_kind(self) -> Mapping[EntityType, Sequence[Entity]]:
        """The entities of each type."""
        return {kind: [one for one in self.entities if one.kind == kind] for kind in ENTITY_TYPES}

    @cached_property
    def shared_names(self) -> frozenset[str]:
        """Names that two persons have."""
        return frozenset(one.name for one in self.entities if one.role == "homonym")

    def only(self, keys: Collection[str]) -> "Facts":
        """What is known to somebody who has read the passages of these entities alone."""
        return Facts(
            [one for one in self.entities if one.key in keys],
            {key: values for key, values in self.values.items() if key in keys},
        )

    @cached_property
    def _heads(self) -> Mapping[tuple[str, Value], list[Entity]]:
        found: dict[tuple[str, Value], list[Entity]] = {}
        for head in self.entities:
            for relation, value in self.values[head.key].items():
                found.setdefault((f"{head.kind}.{relation}", value), []).append(head)
        return found

    def heads(self, relation: Relation, value: Value) -> list[Entity]:
        """Who has the value."""
        return self._heads.get((relation.id, value), [])

    def value(self, head: Entity, relation: Relation) -> Value | None:
        """The value, None where the head has none."""
        return self.values.get(head.key, {}).get(relation.name)


def make_facts(world: str, blocks: int, level: int) -> Facts:
    """The facts of a world.

    Args:
        world: Its seed.
        blocks: Its size; four blocks are scale 1.
        level: Of distraction, 0 to 3.
    """
    return _Maker(world, blocks, level).make()


class _Maker:
    def __init__(self, world: str, blocks: int, level: int) -> None:
        self._world = world
        self._blocks = blocks
        self._roles = ROLES_OF_LEVEL[level]
        self._naming = Naming.of(world)
        self._citizens: dict[EntityType, list[Entity]] = {kind: [] for kind in ENTITY_TYPES}
        self._values: dict[str, dict[str, Value]] = {}

    def make(self) -> Facts:
        entities: list[Entity] = []
        for block in range(self._blocks):
            made = list(self._people_block(block))
            entities += made
            # Ages first: a teacher is older, and a company younger than its founder.
            for one in made:
                self._values[one.key] = {}
                if one.kind == "person":
                    year = Dice(f"{self._world} birth {one.key}").between(1850, 1999)
                    self._values[one.key]["birth_year"] = year
            for one in made:
                self._tell(one, block)
            self._choose_capitals(block)
        return Facts(tuple(entities), self._values)

    def _people_block(self, block: int) -> list[Entity]:
        """The entities of a block; its citizens are the first."""
        stems = iter(range(block * _STEMS, (block + 1) * _STEMS))
        made: list[Entity] = []
        fresh: dict[EntityType, list[Entity]] = {}
        for kind in ENTITY_TYPES:
            first = len(self._citizens[kind])
            fresh[kind] = [
                self._entity("citizen", kind, first + place, next(stems), next(stems))
                for place in range(BLOCK[kind])
            ]
            self._citizens[kind] += fresh[kind]
            made += fresh[kind]
        for role in self._roles[1:]:
            for kind in ENTITY_TYPES:
                count = LIKENESSES[kind]
                if role == "homonym":
                    count = HOMONYMS if kind == "person" else 0
                # Each role is like other citizens, as far as there are enough.
                offset = {"sibling": 0, "decoy": 3, "homonym": 7}[role]
                for place in range(count):
                    like = fresh[kind][(place + offset) % len(fresh[kind])]
                    number = block * count + place
                    made.append(self._likeness(role, kind, number, like, next(stems)))
        return made

    def _entity(self, role: Role, kind: EntityType, number: int, stem: int, other: int) -> Entity:
        key = f"{role} {kind} {number}"
        dice = Dice(f"{self._world} name {key}")
        called = name(kind, self._naming.stem(stem), dice)
        alias = ""
        if kind in WITH_ALIAS and dice.chance(0.3):
            alias = name(kind, self._naming.stem(other), dice)
        return Entity(key, kind, called, alias, pronoun=_pronoun(kind, dice))

    def _likeness(self, role: Role, kind: EntityType, number: int, like: Entity, stem: int) -> Entity:
        key = f"{role} {kind} {number}"
        dice = Dice(f"{self._world} name {key}")
        if role == "homonym":
            called = like.name
        elif role == "decoy":
            called = name(kind, self._naming.stem(stem), dice)
        elif kind == "person" and dice.chance(0.5):
            called = f"{like.name.split()[0]} {self._naming.stem(stem)}"
        else:
            called = _other_name(kind, like.name, dice)
        return Entity(key, kind, called, "", role, like.key, _pronoun(kind, dice))

    def _tell(self, head: Entity, block: int) -> None:
        values = self._values[head.key]
        number = int(head.key.rsplit(" ", 1)[1])
        for relation in RELATIONS_OF[head.kind]:
            if relation.name in values or relation.name == "capital":
                continue
            dice = Dice(f"{self._world} fact {head.key} {relation.name}")
            value = self._draw(head, relation, dice, number, block)
            if value is not None:
                values[relation.name] = value

    def _draw(self, head: Entity, relation: Relation, dice: Dice, number: int, block: int) -> Value | None:
        if relation.kind == "closed":
            words = CLOSED_LISTS[relation.value]
            if head.role == "homonym" and relation.name == "occupation":
                taken = self._values[head.like]["occupation"]
                words = tuple(word for word in words if word != taken)
            return dice.pick(words)
        if relation.kind == "integer":
            return self._number(head, relation, dice, number)
        kind: EntityType = next(kind for kind in ENTITY_TYPES if kind == relation.value)
        choices = self._citizens[kind]
        if relation.name == "won" and not dice.chance(0.3):
            return None
        if relation.name == "teacher":
            latest = self._year(head, "birth_year") - 18
            drawn = (dice.pick(choices) for _ in range(_TEACHERS))
            old = (one for one in drawn if one.key != head.like and self._year(one, "birth_year") <= latest)
            return next(old, None)
        place = number - block * BLOCK["town"]
        if relation.name == "region" and head.role == "citizen" and place < BLOCK["region"]:
            # Each region has a town to be its capital.
            return choices[block * BLOCK["region"] + place]
        return dice.pick(choices)

    def _number(self, head: Entity, relation: Relation, dice: Dice, number: int) -> int:
        if relation.value == "people":
            return dice.between(1000, 99_999)
        if relation.value == "kilometres":
            # No two rivers are of a length.
            place = number * 3 + {"citizen": 0, "sibling": 1, "decoy": 2, "homonym": 0}[head.role]
            return 20 + (self._naming.step * place + self._naming.shift) % 1979
        if head.kind == "town":
            return dice.between(900, 1799)
        maker = self._values[head.key].get({"company": "founder", "book": "author"}[head.kind])
        born = self._year(maker, "birth_year") if isinstance(maker, Entity) else 1850
        return dice.between(born + 18, min(born + 60, 2024))

    def _choose_capitals(self, block: int) -> None:
        towns = self._citizens["town"][-BLOCK["town"] :]
        for region in self._citizens["region"][-BLOCK["region"] :]:
            own = [town for town in towns if self._values[town.key]["region"] == region]
            self._values[region.key]["capital"] = Dice(f"{self._world} capital {region.key}").pick(own)

    def _year(self, one: Entity, relation: str) -> int:
        return cast(int, self._values[one.key][relation])


def _pronoun(kind: EntityType, dice: Dice) -> str:
    return dice.pick(("she", "he")) if kind == "person" else ""


def _other_name(kind: EntityType, like: str, dice: Dice) -> str:
    """Another name with the same stem."""
    if kind == "person":
        stem = like.split()[-1]
        return next(made for made in iter(lambda: f"{first_name(dice)} {stem}", "") if made != like)
    stem = like.split()[-1] if kind == "book" else like.split()[0]
    return next(made for made in iter(lambda: name(kind, stem, dice), "") if made != like)
