"""A product in words: title, bullets and description, in which each of its traits can be read."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from skill_gym.dice import Dice
from skill_gym.webshop.product_lines import Design, Shop, shuffled
from skill_gym.webshop.shop_words import BENEFITS, CLOSINGS, article, capitals, one_of

_BULLET_NUMBERS = (0, 2, 3, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6, 7)
_SENTENCE_NUMBERS = (0, 0, 0, 0, 0, 4, 6, 6, 7, 8, 8, 9, 10, 11, 12, 13, 14, 16, 18)
_TITLE_LENGTHS = (70, 90, 105, 115, 120, 125, 130, 135, 140, 150, 160, 170, 185)

_IS = (
    "{T}: {a_t} {n} that {b1} and {b2}. {c1}",
    "{a_t} {n}: it {b1}, and what is more, it {b2}.",
    "{T} - this {n} {b1}. It also {b2} and {b3}.",
    "{T} DESIGN: made {p}, this {l2} {n} {b1}. It {b2}, and it {b3}.",
)
_HAS = (
    "{T}: this {n} with {t} {b1} and {b2}. {c1}",
    "With {t}, so that it {b1}. It {b2} as well, and it {b3}.",
    "MADE WITH {T}: thanks to {t} this {n} {b1}, and it {b2}.",
    "{T} - we chose {t} because it makes {a_n} that {b1}. It also {b2}.",
)
_IS_FOR = (
    "{T}: {a_n} for {t} that {b1} and {b2}. {c1}",
    "Made for {t}, but just as good for {w1} and {w2}: it {b1} and {b2}.",
    "{T} - a good choice for {t}, since it {b1}. It also {b2}, and it {b3}.",
)
_BULLETS = (_IS, _HAS, _IS_FOR)
"""Bullets that name a trait, by its role."""
_PLAIN = (
    "{L} {N}: our {l1} {n} {b1} and {b2}. {c1}",
    "THE DIFFERENCE: {a_n} like this {b1}. It {b2}, and it {b3}. {c1}",
    "WHERE AND WHEN: {w1}, {w2}, {w3} and wherever else you like. It {b1}. {c1}",
    "GOOD {P}: this {l2} {n} {b1}, {b2} and {b3}. {c1}",
    "WHAT YOU GET: one {n} by {brand} with all that belongs to it. {c1} {c2}",
    "BEFORE YOU ORDER: please see the pictures for size and color. This {n} {b1}. {c1}",
    "{M}: the {m} line by {brand} {b1}. Like all of it, this {n} {b2}.",
)
_TOLD = ("It is {a_t} choice for {w1}.", "Made with {t}, it {b1}.", "Made for {t}, it {b1}.")
"""Sentences of a description that name a trait, by its role."""
_OPENERS = (
    "The {l1} {n} by {brand} {b1}.",
    "Looking for {a_l} {n}? This one {b1} and {b2}.",
    "{brand} makes things {p}, and this {n} {b1}.",
    "Meet the {m} line by {brand}: {a_n} that {b1}.",
)
_FURTHER = (
    "It {b1}, and it {b2}.",
    "This {n} {b1}.",
    "Good for {w1} or {w2}, it {b1}.",
    "{c1}",
    "Owners say that it {b1}, {b2} and {b3}.",
    "The {l2} look suits {w3}. What is more, it {b1}.",
    "Above all it {b1}.",
)


class Text(NamedTuple):
    """What a product's pages say."""

    title: str
    bullets: list[str]
    description: str


class _Wording(NamedTuple):
    """How the products of a line are worded, so that near-duplicates read alike.

    Attributes:
        bullets, sentences: How many.
        length: Of the title, in characters, about.
        rolls: Draws for whatever needs one, by place.
        order: Places of the bullets.
    """

    bullets: int
    sentences: int
    length: int
    rolls: tuple[int, ...]
    order: tuple[int, ...]


@lru_cache(maxsize=64)
def _wording(shop: Shop, line: int) -> _Wording:
    dice = Dice(f"{shop.seed} wording {line}")
    return _Wording(
        bullets=dice.pick(_BULLET_NUMBERS),
        sentences=dice.pick(_SENTENCE_NUMBERS),
        length=dice.pick(_TITLE_LENGTHS),
        rolls=tuple(dice.below(10_000) for _ in range(32)),
        order=tuple(shuffled(range(8), dice)),
    )


def role(product: Design, trait: str) -> int:
    """What a trait says: 0 what the product is, 1 what it has, 2 what it is for."""
    family = product.family
    return 0 if trait in family.being else 1 if trait in family.having else 2


def tell(shop: Shop, product: Design) -> Text:
    """Puts a product into words; each of its ``traits`` is named in title, bullets or description."""
    wording = _wording(shop, product.line)
    rolls = wording.rolls
    say = _Sentences(product, rolls)
    title, in_title = _title(product, wording)
    bullets, told = _bullets(product, wording, say, in_title)
    again = [trait for place, trait in enumerate(told[:-1]) if rolls[8 + place] % 3 == 0]
    rest = [trait for trait in product.traits if trait not in told and trait not in in_title]
    described = [*rest, *again] if wording.sentences else rest
    sentences: list[str] = []
    if described or wording.sentences:
        sentences.append(say.sentence(_OPENERS, 16))
    for slot, trait in enumerate(described, 17):
        sentences.append(say.sentence((_TOLD[role(product, trait)],), slot, trait))
    for slot in range(17 + len(described), 16 + wording.sentences):
        sentences.append(say.sentence(_FURTHER, slot))
    return Text(title, bullets, " ".join(sentences))


def _bullets(
    product: Design, wording: _Wording, say: "_Sentences", in_title: Sequence[str]
) -> tuple[list[str], list[str]]:
    """The bullets and the traits that they name: nearly all, unless the line has no bullets."""
    if not wording.bullets:
        return [], []
    rolls = wording.rolls
    told = [trait for place, trait in enumerate(product.traits) if rolls[place] % 4 or trait not in in_title]
    naming = [say.sentence(_BULLETS[role(product, trait)], slot, trait) for slot, trait in enumerate(told)]
    plain = [say.sentence(_PLAIN, slot) for slot in range(len(told), wording.bullets)]
    # The search engine reads the first bullet only: mostly one that tells nothing.
    first = [plain.pop()] if plain and rolls[27] % 4 else []
    rest = [*naming, *plain]
    return [*first, *(rest[place] for place in wording.order if place < len(rest))], told


class _Sentences:
    """Fills templates with a product's words; phrases come round in turn, so that they repeat late.

    Args:
        product: Whose words.
        rolls: The line's draws.
    """

    def __init__(self, product: Design, rolls: Sequence[int]) -> None:
        noun, material = one_of(product.nouns[0], product.family.category), product.material
        self._benefits = (*product.family.benefits, *BENEFITS)
        self._places = [place.lower() for place in product.places]
        self._rolls = rolls
        self._fixed = {
            "n": noun, "N": product.nouns[0].upper(), "a_n": article(noun), "m": material.lower(),
            "M": material.upper(), "l1": product.looks[0].lower(), "l2": product.looks[1].lower(),
            "L": product.looks[0].upper(), "a_l": article(product.looks[0].lower()),
            "p": product.people, "P": product.people.upper(), "brand": product.brand,
        }  # fmt: skip

    def sentence(self, templates: Sequence[str], slot: int, trait: str = "") -> str:
        """A sentence or two; neighbouring slots take other templates and phrases."""
        rolls, benefits, places = self._rolls, self._benefits, self._places
        first, near = rolls[30] + 3 * slot, rolls[31] + slot
        text = templates[(rolls[29] + slot) % len(templates)].format_map(
            {
                **self._fixed,
                "t": trait, "T": trait.upper(), "a_t": article(trait),
                "b1": benefits[first % len(benefits)],
                "b2": benefits[(first + 1) % len(benefits)],
                "b3": benefits[(first + 2) % len(benefits)],
                "c1": CLOSINGS[near % len(CLOSINGS)],
                "c2": CLOSINGS[(near + 5) % len(CLOSINGS)],
                "w1": places[near % 3], "w2": places[(near + 1) % 3], "w3": places[(near + 2) % 3],
            }
        )  # fmt: skip
        return text[0].upper() + text[1:]


def _title(product: Design, wording: _Wording) -> tuple[str, list[str]]:
    """The title and the traits that it names."""
    rolls, noun, other = wording.rolls, product.nouns[0], product.nouns[1]
    # The last trait is left to the bullets: near-duplicates differ in it.
    traits = product.traits[:-1] or product.traits
    front = next((trait for trait in traits if role(product, trait) == 0), None)
    back = next((trait for trait in traits if role(product, trait)), None)
    named: list[str] = []
    head = [product.brand]
    if rolls[20] % 2:
        head.append(product.looks[0])
    if front is not None and rolls[21] % 2:
        head.append(capitals(front))
        named.append(front)
    title = " ".join((*head, product.material, capitals(noun)))
    if back is not None and rolls[22] % 2:
        title = f"{title} {('with', 'for')[role(product, back) - 1]} {capitals(back)}"
        named.append(back)
    # Another name for the same thing, or the kind itself.
    alike = noun.split()[-1] == other.split()[-1]
    again = other if alike and rolls[23] % 2 else product.kind.query
    places = 1 + rolls[24] % 2
    leaf = product.kind.path[-1]
    parts = [
        f", {product.looks[1]} {capitals(again)}",
        f" for {capitals(product.people.removeprefix('for '))}",
        f", {' '.join(product.places[:places])}",
        f", {product.looks[1]} Design for {product.places[2]}",
        f", {capitals(other)}" if alike and again != other else f", {leaf}" if " " in leaf else "",
    ]
    if rolls[25] % 3 == 0:
        parts.pop(0)
    for part in parts:
        if len(title) + len(part) <= wording.length:
            title += part
    if product.tail:
        title = f"{title} ({product.tail})" if rolls[26] % 2 else f"{title}, {product.tail}"
    return title, named
