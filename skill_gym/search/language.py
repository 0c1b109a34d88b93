"""The language of generated worlds: how each fact is told in a passage, and how it is asked for.

One table serves those who write and those who read. A fact is (head, relation, value), and every relation has
one value for each head. In all templates ``{head}`` and ``{value}`` stand for what ``mention`` gives; in
questions and noun phrases ``{head}`` may be another noun phrase: ``the mayor of the town where Lorin Vask was
born``. The first letter of a sentence is made a capital.
"""

from collections.abc import Mapping

from skill_gym.search.relation import CLOSED_LISTS, ENTITY_TYPES, EntityType, Relation
from skill_gym.search.relations_of_people import PEOPLE
from skill_gym.search.relations_of_places import PLACES
from skill_gym.search.relations_of_works import WORKS

__all__ = [
    "ALIASES",
    "BY_ID",
    "CLOSED_LISTS",
    "CONSTRAINTS",
    "ENTITY_TYPES",
    "HOMONYM",
    "INTRODUCTIONS",
    "MISTAKEN",
    "REFERENCES",
    "RELATIONS",
    "RELATIONS_OF",
    "WITH_ARTICLE",
    "EntityType",
    "Relation",
    "mention",
    "sentence",
]

RELATIONS: tuple[Relation, ...] = (*PEOPLE, *PLACES, *WORKS)
"""All relations."""
RELATIONS_OF: Mapping[EntityType, tuple[Relation, ...]] = {
    kind: tuple(relation for relation in RELATIONS if relation.head == kind) for kind in ENTITY_TYPES
}
"""The relations of each type of head, in the table's order."""
BY_ID: Mapping[str, Relation] = {relation.id: relation for relation in RELATIONS}

WITH_ARTICLE = frozenset({"river", "prize"})
"""Types whose names are written after ``the``; it is no part of the name."""

REFERENCES: Mapping[EntityType, tuple[str, ...]] = {
    "person": ("she", "he"),
    "town": ("the town",),
    "region": ("the region",),
    "company": ("the company",),
    "book": ("the book",),
    "river": ("the river",),
    "school": ("the school",),
    "prize": ("the prize",),
}
"""What stands for the head after its first mention; a person's only at the beginning of a sentence."""

INTRODUCTIONS: Mapping[EntityType, tuple[str, ...]] = {
    "person": ("{head} is a well-known person.", "{head} is a public figure."),
    "town": ("{head} is a town.", "{head} is a market town."),
    "region": ("{head} is a region.", "{head} is a large region."),
    "company": ("{head} is a company.", "{head} is a private company."),
    "book": ("{head} is a book.", "{head} is a novel."),
    "river": ("{head} is a river.", "{head} is a slow river."),
    "school": ("{head} is a school.", "{head} is a public school."),
    "prize": ("{head} is a prize.", "{head} is a yearly prize."),
}
"""The first sentence of a passage."""

ALIASES = ("{head} is also known as {value}.", "Many people know {head} as {value}.")
"""The sentence that gives another name of the head; only its own passage has it."""
MISTAKEN = ("{head} is often mistaken for {value}.", "Some confuse {head} with {value}.")
"""A sentence that names another entity of the type without telling anything about it."""

CONSTRAINTS = ("Who {first} and {second}?", "Which person {first} and {second}?")
"""Questions for the only person of whom two conditions hold; a condition's value may be a noun phrase."""
HOMONYM = "the {value} {head}"
"""A person who shares the name with another, told apart by the occupation (level 3)."""


def mention(kind: EntityType, name: str) -> str:
    """The name as it stands in a sentence: rivers and prizes after ``the``."""
    return f"the {name}" if kind in WITH_ARTICLE else name


def sentence(template: str, **values: object) -> str:
    """Fills a template in and makes its first letter a capital."""
    filled = template.format(**values)
    return filled[:1].upper() + filled[1:]
