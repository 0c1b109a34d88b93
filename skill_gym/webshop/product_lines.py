"""Lines of products: what a brand makes of one kind, its near-duplicates told apart by details."""

from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from typing import Literal, NamedTuple, TypeVar, get_args

from skill_gym.dice import Dice
from skill_gym.webshop.kinds import Family, Kind
from skill_gym.webshop.option_values import OPTION_VALUES
from skill_gym.webshop.shop_words import FAMILIES, brand, capitals

Item = TypeVar("Item")

LINE_SIZES = (1, 2, 3, 4)
"""Products of a line: the sizes take turns."""

KindsOffered = Literal["all", "usual", "held_out"]
"""Which kinds a shop sells: all, four of five, or the others, new to who was trained on those."""


class Shop(NamedTuple):
    """What a generated shop follows from.

    Attributes:
        seed: Any text.
        kinds: Which kinds it sells.
    """

    seed: str
    kinds: KindsOffered = "all"


_DEPARTMENTS = {"beauty": 238, "electronics": 229, "garden": 216, "fashion": 200, "grocery": 117}
"""Products of each department among a thousand."""
_OPTION_NUMBERS = {
    "beauty": (157, 70, 11, 0),
    "electronics": (179, 42, 8, 0),
    "garden": (110, 76, 27, 3),
    "fashion": (43, 35, 112, 10),
    "grocery": (88, 22, 7, 0),
}
"""How often a product has 0, 1, 2 or 3 options."""
_TRAIT_NUMBERS = {
    "beauty": (30, 30, 20, 12, 6, 2, 0, 0),
    "electronics": (34, 32, 18, 9, 5, 2, 0, 0),
    "garden": (18, 30, 24, 16, 8, 3, 1, 0),
    "fashion": (10, 18, 24, 20, 14, 8, 4, 2),
    "grocery": (40, 32, 16, 8, 3, 1, 0, 0),
}
"""How often a product names 0, 1, ... attributes that a goal may ask for."""
_VALUE_NUMBERS = (
    2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 4, 4, 4, 5, 5, 5, 5, 5, 6, 6, 6, 7, 8, 8, 9, 10, 14, 28, 45,
)  # fmt: skip
"""Values of an option, each number equally likely."""
_PRICE_STEPS = (0.15, 0.22, 0.3, 0.35, 0.4, 0.45, 0.52, 0.6, 0.7, 0.85, 1.2, 1.9, 4.5)
"""A line's price over the middle of its kind, from the lowest to the highest, each stretch equally likely."""
NUMBERED = frozenset({"colors", "clothing colors"})
"""Lists that go on with numbered patterns (``A07-Black``) when an option has more values than they have."""
_CENTS = (0.99, 0.99, 0.99, 0.99, 0.95, 0.49, 0.0, 0.89, 0.9, 0.5)


@dataclass(frozen=True, slots=True)
class Design:
    """What a product is, before it is put into words.

    Attributes:
        line: Number of its line; its products are worded alike.
        family: How such things are described.
        kind: What it is.
        nouns: What it is called, and one more name.
        brand: Who makes it.
        material: What it is made of.
        looks: Two adjectives.
        people: Whom it is for.
        places: Three places or occasions.
        traits: Attributes that a goal may ask for: all can be read on its pages.
        unread: Attributes that it also has, which no page names.
        prices: One price or the ends of a range; empty when the shop names none.
        options: Name and values, the values None where the shop knows the name only.
        tail: Color or size in the title; may be empty.
        path: Its categories.
    """

    line: int
    family: Family
    kind: Kind
    nouns: tuple[str, str]
    brand: str
    material: str
    looks: tuple[str, str]
    people: str
    places: tuple[str, ...]
    traits: tuple[str, ...]
    unread: tuple[str, ...]
    prices: tuple[float, ...]
    options: tuple[tuple[str, tuple[str, ...] | None], ...]
    tail: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """What the products of a line share: a design without prices and options, and what these vary from."""

    design: Design
    price: float
    schema: tuple[tuple[str, str], ...]
    spare: tuple[str, ...]


def line_of(number: int) -> tuple[int, int]:
    """The line of a product, and its place in the line."""
    block, rest = divmod(number, sum(LINE_SIZES))
    line = block * len(LINE_SIZES)
    for size in LINE_SIZES:
        if rest < size:
            break
        rest -= size
        line += 1
    return line, rest


def design(shop: Shop, number: int) -> Design:
    """The product of that number.

    Args:
        shop: The shop.
        number: From 0 on; what a product is depends on nothing else.
    """
    line_number, place = line_of(number)
    line = _line(shop, line_number)
    dice = Dice(f"{shop.seed} product {number}")
    traits, price = list(line.design.traits), line.price
    if place:
        change = dice.below(4)
        if change and traits and line.spare:
            # Mostly the last one, which only a bullet names, so that a search cannot tell.
            traits[-1 if dice.chance(0.75) else dice.below(len(traits))] = dice.pick(line.spare)
        if change < 2 or not traits:
            price = price * (1.3 + dice.below(10) / 10) + 5 + dice.below(30)
    # Most near-duplicates come in the same colors and sizes, so that these do not tell them apart.
    choices = Dice(f"{shop.seed} options {line_number}") if dice.chance(0.6) else dice
    options = tuple((name, _values(listed, choices)) for name, listed in line.schema)
    return replace(
        line.design,
        traits=tuple(traits),
        unread=tuple(trait for trait in line.design.unread if trait not in traits),
        prices=_prices(price, dice),
        options=options,
        tail=_tail(line.design.kind, options, choices),
        path=_path(line.design, dice),
    )


@lru_cache(maxsize=64)
def _line(shop: Shop, number: int) -> _Line:
    dice = Dice(f"{shop.seed} line {number}")
    # Steps of the golden ratio spread the lines evenly over the kinds.
    place = (number * 0.6180339887498949 + dice.below(50) / 1000) % 1.0
    family, kind = _KINDS[bisect(_SHARES[shop.kinds], place)]
    first = dice.below(len(kind.nouns))
    second = (first + 1 + dice.below(len(kind.nouns) - 1)) % len(kind.nouns)
    pool = shuffled((*family.being, *family.having, *family.purpose), dice)
    count = dice.weighted(_TRAIT_NUMBERS[family.category])
    unread = dice.weighted((60, 28, 12))
    looks = shuffled(family.looks, dice)
    low = dice.below(len(_PRICE_STEPS) - 1)
    step = _PRICE_STEPS[low] + (_PRICE_STEPS[low + 1] - _PRICE_STEPS[low]) * dice.below(1000) / 1000
    options = dice.weighted(_OPTION_NUMBERS[family.category])
    # The likeliest options come first in the list; one time in three the second one takes the first place.
    names = list(kind.options)
    if dice.chance(0.33):
        names.insert(0, names.pop(1))
    schema = names[:options]
    return _Line(
        design=Design(
            line=number,
            family=family,
            kind=kind,
            nouns=(kind.nouns[first], kind.nouns[second]),
            brand=brand(dice),
            material=dice.pick(family.materials),
            looks=(looks[0], looks[1]),
            people=dice.pick(family.people),
            places=tuple(shuffled(family.places, dice)[:3]),
            traits=tuple(pool[:count]),
            unread=tuple(pool[count : count + unread]),
            prices=(),
            options=(),
            tail="",
            path=kind.path,
        ),
        price=kind.price * step,
        schema=tuple(schema),
        spare=tuple(pool[count + unread : count + unread + 6]),
    )


def shuffled(items: Sequence[Item], dice: Dice) -> list[Item]:
    """The items in a drawn order."""
    order = list(items)
    for last in range(len(order) - 1, 0, -1):
        other = dice.below(last + 1)
        order[last], order[other] = order[other], order[last]
    return order


def _values(listed: str, dice: Dice) -> tuple[str, ...] | None:
    """What an option of a product offers, in the list's order; None where only its name is known."""
    if dice.chance(0.05):
        return None
    known = OPTION_VALUES[listed]
    count = dice.pick(_VALUE_NUMBERS)
    if count < len(known):
        places: set[int] = set()
        while len(places) < count:
            places.add(dice.below(len(known)))
        return tuple(known[place] for place in sorted(places))
    if listed not in NUMBERED:
        return known
    return tuple(f"{dice.pick('ABCDE')}{place:02d}-{known[place % len(known)]}" for place in range(count))


def _tail(kind: Kind, options: tuple[tuple[str, tuple[str, ...] | None], ...], dice: Dice) -> str:
    """A color, a size or the like for the title; empty for some."""
    if dice.chance(0.3):
        return ""
    offered = [values for _, values in options if values]
    return dice.pick(dice.pick(offered) if offered else OPTION_VALUES[dice.pick(kind.options[:2])[1]])


def _path(base: Design, dice: Dice) -> tuple[str, ...]:
    """The categories, of some products fewer or one more, or none."""
    roll = dice.below(100)
    if roll < 2:
        return ()
    if roll < 12:
        return base.path[: -2 if roll < 5 else -1]
    return (*base.path, capitals(base.nouns[0])) if roll < 32 else base.path


def _prices(price: float, dice: Dice) -> tuple[float, ...]:
    """None, one, or the ends of a range, near the price."""
    roll = dice.below(100)
    if roll < 8:
        return ()
    whole = int(price * (0.9 + dice.below(21) / 100))
    first = round(max(whole, 1) + dice.pick(_CENTS), 2)
    return (first, round(first * (1.1 + dice.below(60) / 100), 2)) if roll < 17 else (first,)


_KINDS = tuple((family, kind) for family in FAMILIES for kind in family.kinds)
_SIZES = Counter(family.category for family, _ in _KINDS)
_HOLD_OUT = 5
"""Of so many kinds one is held out."""


def _shares(kinds: KindsOffered) -> list[float]:
    """Upper end of each kind's share of a shop's lines, from 0 to 1."""
    weights = []
    for place, (family, _) in enumerate(_KINDS):
        held_out = place % _HOLD_OUT == _HOLD_OUT - 1
        sold = kinds == "all" or held_out == (kinds == "held_out")
        # Kinds of a department are unlike in number: of seven, the first is sold twice as often as the last.
        weights.append(_DEPARTMENTS[family.category] * (12 - place % 7) / _SIZES[family.category] * sold)
    return [weight / sum(weights) for weight in accumulate(weights)]


_SHARES = {kinds: _shares(kinds) for kinds in get_args(KindsOffered)}
