"""Kinds of products: what a shop sells, as tables of words that the generator writes products with."""

from collections.abc import Iterator
from dataclasses import dataclass

SEPARATOR = " › "
"""Between the categories of a path."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of product; shops find it by its query.

    Attributes:
        query: What a shopper would type, in the plural: ``console tables``.
        nouns: Names of one such thing: ``console table``.
        path: Categories, from the widest to the narrowest.
        price: The middle of its prices, in dollars.
        options: Option names with the name of their list of values, likeliest first.
    """

    query: str
    nouns: tuple[str, ...]
    path: tuple[str, ...]
    price: float
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Family:
    """Kinds that are described with the same words.

    Attributes:
        category: Department.
        kinds: Its kinds.
        looks: Adjectives for titles.
        materials: What such things are made of.
        people: Whom they are for, with the preposition: ``for women``.
        places: Where or when they are used.
        being: Two-word attributes that say what it is: ``non slip``.
        having: Two-word attributes that say what it has: ``memory foam``.
        purpose: Two-word attributes that say what it is for: ``living room``.
        benefits: What it does for its owner: ``dries within minutes``.
    """

    category: str
    kinds: tuple[Kind, ...]
    looks: tuple[str, ...]
    materials: tuple[str, ...]
    people: tuple[str, ...]
    places: tuple[str, ...]
    being: tuple[str, ...]
    having: tuple[str, ...]
    purpose: tuple[str, ...]
    benefits: tuple[str, ...]


def words(text: str) -> tuple[str, ...]:
    """The pieces between commas (or semicolons, where there is one), without the blanks around them."""
    mark = ";" if ";" in text else ","
    return tuple(" ".join(piece.split()) for piece in text.split(mark) if piece.strip())


def family(
    category: str,
    path: str,
    kinds: str,
    *,
    looks: str,
    materials: str,
    people: str,
    places: str,
    being: str,
    having: str,
    purpose: str,
    options: str,
    benefits: str,
) -> Family:
    """A family from its table.

    Args:
        category: Department.
        path: The categories that all its kinds share.
        kinds: A line each: ``query | nouns | rest of the path | price | options of its own``, the last
            one if needed.
        looks: This and the others up to ``benefits`` are lists, see ``words`` and ``Family``.
        materials: List.
        people: List.
        places: List.
        being: List.
        having: List.
        purpose: List.
        options: List of ``name=list of values`` for all kinds that have no other.
        benefits: List.
    """
    return Family(
        category=category,
        kinds=tuple(_kinds(tuple(path.split(SEPARATOR)), kinds, _lists(options))),
        looks=words(looks),
        materials=words(materials),
        people=words(people),
        places=words(places),
        being=words(being),
        having=words(having),
        purpose=words(purpose),
        benefits=words(benefits),
    )


def _kinds(shared: tuple[str, ...], table: str, options: dict[str, str]) -> Iterator[Kind]:
    for line in table.strip().splitlines():
        query, nouns, rest, price, *other = (cell.strip() for cell in line.split("|"))
        own = _lists(other[0]) if other else {}
        # An option that the family lacks comes first, others keep their place.
        lists = {name: own[name] for name in own if name not in options} | options | own
        path = (*shared, *rest.split(SEPARATOR))
        yield Kind(query, words(nouns), path, float(price), tuple(lists.items()))


def _lists(options: str) -> dict[str, str]:
    pairs = (one.partition("=") for one in words(options))
    return {name: values for name, _, values in pairs}
