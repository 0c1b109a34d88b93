"""What passages of a generated world say: facts of their head, read by the wordings of ``language``."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain, product
from typing import NamedTuple

from skill_gym.search.language import (
    ALIASES,
    BY_ID,
    CLOSED_LISTS,
    REFERENCES,
    RELATIONS_OF,
    EntityType,
    Relation,
    sentence,
)
from skill_gym.search.question_parser import Condition, Named, read_name
from skill_gym.search.shown_passages import ShownPassage


class _Reading(NamedTuple):
    """A passage in sentences, and the names of its head: the title and others that it gives."""

    sentences: list[str]
    names: list[str]

    @classmethod
    def of(cls, passage: ShownPassage) -> "_Reading":
        sentences = re.split(r"(?<=[.!?]) +", passage.text)
        names = [passage.title]
        subjects = [passage.title, f"the {passage.title}", *chain.from_iterable(REFERENCES.values())]
        # The head stands beside the other name here, so that only the title tells where it ends.
        for template, subject in product(ALIASES, subjects):
            before, _, after = sentence(template, head=subject, value="|").partition("|")
            for told in sentences:
                if told.startswith(before) and told.endswith(after):
                    names.append(_bare(told[len(before) : len(told) - len(after)]))
        return cls(sentences, names)


class FactReader:
    """Keeps the passages that were read and looks facts up in them.

    A sentence counts only where its subject is the passage's own title, another name that the passage gives
    for it, or a word such as ``the town`` that stands for it. What a passage says of others is not believed.
    """

    def __init__(self) -> None:
        self._passages: dict[ShownPassage, _Reading] = {}

    def read(self, passages: Sequence[ShownPassage]) -> None:
        """Takes passages in; one that was read before is kept once."""
        for passage in passages:
            if passage not in self._passages:
                self._passages[passage] = _Reading.of(passage)

    @property
    def passages(self) -> list[ShownPassage]:
        """All passages in the order in which they were read."""
        return list(self._passages)

    def knows(self, named: Named) -> bool:
        """Whether the entity's passage was read."""
        return next(self._about(named), None) is not None

    def value(self, relation: Relation, head: Named) -> Named | str | None:
        """The value of a relation: an entity, or digits or a word as text; None when it was not read."""
        for passage in self._about(head):
            value = self._told(passage, relation)
            if value is not None:
                return value
        return None

    def fitting(self, conditions: Sequence[Condition]) -> Iterator[tuple[Named, int]]:
        """Persons of whom a condition holds and none is known not to, with the number of those that hold."""
        for passage in self._passages:
            told = [(self._told(passage, one.relation), one.value) for one in conditions]
            holding = sum(_same(value, wanted) for value, wanted in told)
            if holding and all(value is None or _same(value, wanted) for value, wanted in told):
                yield Named("person", passage.title), holding

    def _about(self, named: Named) -> Iterator[ShownPassage]:
        for passage, reading in self._passages.items():
            if named.name in reading.names and named.occupation in ("", self._occupation(passage)):
                yield passage

    def _occupation(self, passage: ShownPassage) -> Named | str | None:
        return self._told(passage, BY_ID["person.occupation"])

    def _told(self, passage: ShownPassage, relation: Relation) -> Named | str | None:
        reading = self._passages[passage]
        subjects = {name.lower() for name in reading.names}
        subjects |= {_bare(word) for word in REFERENCES[relation.head]}
        for told in reading.sentences:
            for template in relation.sentences:
                found = _pattern(template).fullmatch(told)
                if found and _bare(found["head"]).lower() in subjects:
                    value = _read_value(relation, found["value"])
                    if value is not None:
                        return value
        return None


def _read_value(relation: Relation, text: str) -> Named | str | None:
    if relation.kind == "closed":
        return text.lower() if text.lower() in CLOSED_LISTS[relation.value] else None
    if relation.kind == "integer":
        return text.replace(",", "") if re.fullmatch(r"[\d,]*\d", text) else None
    kind: EntityType = next(kind for kind in RELATIONS_OF if kind == relation.value)
    return read_name(kind, text)


def _same(value: Named | str | None, wanted: object) -> bool:
    return value is not None and value == wanted


def _bare(text: str) -> str:
    """Without an article."""
    return re.sub(r"^[Tt]he ", "", text)


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """A template as it stands in a passage; sentences begin with a capital."""
    escaped = re.escape(template)
    if template[0] != "{":
        escaped = f"[{template[0].lower()}{template[0].upper()}]{escaped[1:]}"
    return re.compile(escaped.replace(r"\{head\}", "(?P<head>.+?)").replace(r"\{value\}", "(?P<value>.+)"))
