"""Questions of generated worlds, taken apart: which relation of whom is asked for, by the wording alone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from skill_gym.search.language import (
    CLOSED_LISTS,
    CONSTRAINTS,
    ENTITY_TYPES,
    HOMONYM,
    RELATIONS,
    RELATIONS_OF,
    WITH_ARTICLE,
    EntityType,
    Relation,
    mention,
)

_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Named:
    """An entity that is called by its name; a person who shares it is told apart by the occupation."""

    kind: EntityType
    name: str
    occupation: str = ""

    def __str__(self) -> str:
        told = HOMONYM.format(value=self.occupation, head=self.name) if self.occupation else self.name
        return mention(self.kind, told)


@dataclass(frozen=True, slots=True)
class Asked:
    """The value of a relation, in the words of the template; the head may have to be found as well."""

    relation: Relation
    head: "Thing"
    template: str

    def __str__(self) -> str:
        return self.template.format(head=self.head)


Thing = Named | Asked


@dataclass(frozen=True, slots=True)
class Compared:
    """The one of two whose value is larger, or smaller; or, without ``larger``, whether both are the same."""

    one: Asked
    other: Asked
    larger: bool | None


@dataclass(frozen=True, slots=True)
class Condition:
    """That a person has a value; ``value`` is a thing or a word of a closed list."""

    relation: Relation
    value: Thing | str

    def __str__(self) -> str:
        return self.relation.condition.format(value=self.value)


@dataclass(frozen=True, slots=True)
class Described:
    """The only person of whom all conditions hold."""

    conditions: tuple[Condition, ...]

    def __str__(self) -> str:
        return f"the person who {' and '.join(str(condition) for condition in self.conditions)}"


Wanted = Asked | Compared | Described


def read_wanted(question: str) -> Wanted | None:
    """What a question asks for; None when it has none of the wordings of ``language``."""
    text = " ".join(question.split())
    return next(_wanted(text), None)


def read_name(kind: EntityType, text: str) -> Named | None:
    """An entity by its name, as ``mention`` or the pattern of homonyms writes it; None for other texts."""
    found = _pattern(HOMONYM).fullmatch(text) if kind == "person" else None
    if found and found["value"] in CLOSED_LISTS["occupation"] and _is_name(found["head"]):
        return Named(kind, found["head"], found["value"])
    if kind in WITH_ARTICLE:
        text = re.sub(r"^[Tt]he ", "", text)
    return Named(kind, text) if _is_name(text) else None


def _wanted(text: str) -> Iterator[Wanted]:
    for relation in RELATIONS:
        for template in relation.questions:
            if found := _pattern(template).fullmatch(text):
                yield from (Asked(relation, head, template) for head in _things(relation.head, found["head"]))
        for templates, larger in (
            (relation.larger, True),
            (relation.smaller, False),
            ((relation.same,), None),
        ):
            for template in templates:
                if template and (found := _pattern(template).fullmatch(text)):
                    yield from _compared(relation, found["a"], found["b"], larger)
    for template in CONSTRAINTS:
        if found := _pattern(template).fullmatch(text):
            for first in _conditions(found["first"]):
                yield from (Described((first, second)) for second in _conditions(found["second"]))


def _compared(relation: Relation, one: str, other: str, larger: bool | None) -> Iterator[Compared]:
    for first in _things(relation.head, one):
        for second in _things(relation.head, other):
            asked = relation.questions[0]
            yield Compared(Asked(relation, first, asked), Asked(relation, second, asked), larger)


def _conditions(text: str) -> Iterator[Condition]:
    for relation in RELATIONS_OF["person"]:
        if relation.condition and (found := _pattern(relation.condition).fullmatch(text)):
            if relation.kind == "closed" and found["value"] in CLOSED_LISTS[relation.value]:
                yield Condition(relation, found["value"])
            elif relation.kind == "entity":
                yield from (Condition(relation, thing) for thing in _things(relation.value, found["value"]))


def _things(kind: str, text: str) -> Iterator[Thing]:
    """All readings of a noun phrase; names begin with a capital, so that a phrase is never one."""
    for relation in RELATIONS:
        if relation.value == kind:
            for template in relation.phrases:
                if found := _pattern(template).fullmatch(text):
                    yield from (
                        Asked(relation, head, template) for head in _things(relation.head, found["head"])
                    )
    for known in ENTITY_TYPES:
        if known == kind and (named := read_name(known, text)):
            yield named


@cache
def _pattern(template: str) -> re.Pattern[str]:
    parts = _SLOT.split(template)
    return re.compile(
        "".join(f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
    )


def _is_name(text: str) -> bool:
    return text[:1].isupper() and " or " not in text and not text.endswith("?")
