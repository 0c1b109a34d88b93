"""A product in words: title, bullets and description, from which every named attribute can be read."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from skill_gym.alfworld.dice import Dice
from skill_gym.webshop.product_lines import Design, shuffled
from skill_gym.webshop.shop_words import CLOSINGS, GENERAL_BENEFITS, article

_BULLET_NUMBERS = (0, 1, 2, 3, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6)
_SENTENCE_NUMBERS = (0, 0, 0, 0, 0, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 18, 24)
_TITLE_LENGTHS = (60, 75, 85, 95, 105, 110, 115, 120, 125, 130, 140, 150, 165)

BEING = (
    "{T}: {a} {t} {n} that {b1} and {b2}.",
    "{a} {t} {n}: it {b1}, and what is more, it {b2}.",
    "{T} - this {n} {b1}. It also {b2}.",
    "{T} DESIGN: made {p} who want {a2} {t} {n} that {b1}. It {b2} and {b3}.",
)
HAVING = (
    "{T}: this {n} with {t} {b1} and {b2}.",
    "With {t}, so that it {b1}. It {b2} as well, and {b3}.",
    "MADE WITH {T}: thanks to {t} this {n} {b1}, and it {b2}.",
    "{T} - we chose {t} because it makes {a2} {n} that {b1}. It also {b2}.",
)
PURPOSE = (
    "{T}: {a2} {n} for {t} that {b1} and {b2}.",
    "Made for {t}, but just as good for {w1} and {w2}: it {b1} and {b2}.",
    "{T} - a good choice for {t}, since it {b1}. It also {b2}.",
)
PLAIN = (
    "{L} {N}: our {l1} {m} {n} {b1} and {b2}. {c}",
    "{M} QUALITY: the {m} finish {b1}. A {n} like this {b2} and {b3}.",
    "WHERE TO USE IT: {w1}, {w2}, {w3} and wherever else you like. It {b1}. {c}",
    "A GIFT {P}: this {l2} {n} {b1}, {b2} and {b3}.",
    "WHAT YOU GET: one {n} by {brand}, a short manual and our service. {c} {c2}",
    "SIZE AND CARE: please see the pictures for the measures. This {n} {b1}. {c}",
)
OPENERS = (
    "The {l1} {n} by {brand} {b1}.",
    "Looking for {a2} {l1} {n}? This one {b1} and {b2}.",
    "{brand} makes {m} goods {p}; this {n} {b1}.",
)
TOLD = (
    "It is {a} {t} choice for {w1}.",
    "Made with {t}, it {b1}.",
    "Made for {t}, it {b1}.",
)
"""Sentences of a description that name an attribute: what it is, what it has, what it is for."""
FURTHER = (
    "It {b1}.",
    "This {n} {b1} and {b2}.",
    "{c}",
    "Good for {w1} or {w2}, it {b1}.",
    "It {b1}, {b2} and {b3}.",
)


class Text(NamedTuple):
    """What a product's pages say."""

    title: str
    bullets: list[str]
    description: str


class _Wording(NamedTuple):
    """How a line is worded: places of templates and phrases, the same for all its products."""

    bullets: int
    sentences: int
    length: int
    plan: tuple[int, ...]
    order: tuple[int, ...]


_SLOTS = 40
_CHOICES = 2520
"""Divisible by every number up to 10, so that places are as good as equally likely."""


@lru_cache(maxsize=64)
def _wording(shop: str, line: int) -> _Wording:
    dice = Dice(f"{shop} wording {line}")
    return _Wording(
        bullets=dice.pick(_BULLET_NUMBERS),
        sentences=dice.pick(_SENTENCE_NUMBERS),
        length=dice.pick(_TITLE_LENGTHS),
        plan=tuple(dice.below(_CHOICES) for _ in range(_SLOTS)),
        order=tuple(int(place) for place in shuffled(tuple("01234567"), dice)),
    )


def tell(shop: str, product: Design) -> Text:
    """Puts a product into words; all its ``traits`` are named in title, bullets or description."""
    wording = _wording(shop, product.line)
    family = product.family
    benefits = (*family.benefits, *GENERAL_BENEFITS)
    n1, n2 = product.nouns
    fixed = {
        "n": n1, "N": n1.upper(), "m": product.material.lower(), "M": product.material.upper(),
        "l1": product.looks[0].lower(), "l2": product.looks[1].lower(), "L": product.looks[0].upper(),
        "p": product.people, "P": product.people.upper(), "brand": product.brand, "a2": "",
    }  # fmt: skip
    fixed["a2"] = article(n1)[: -len(n1) - 1]

    def sentence(templates: Sequence[str], slot: int, trait: str = "") -> str:
        plan = wording.plan
        one, two, three = (plan[(slot + step) % _SLOTS] for step in (0, 7, 19))
        words = fixed | {
            "t": trait, "T": trait.upper(), "a": article(trait)[: -len(trait) - 1],
            "b1": benefits[two % len(benefits)],
            "b2": benefits[(two + 1 + three % (len(benefits) - 2)) % len(benefits)],
            "b3": benefits[(two + len(benefits) - 1) % len(benefits)],
            "w1": product.places[one % 3].lower(), "w2": product.places[(one + 1) % 3].lower(),
            "w3": product.places[(one + 2) % 3].lower(),
            "c": CLOSINGS[three % len(CLOSINGS)], "c2": CLOSINGS[(three + 5) % len(CLOSINGS)],
        }  # fmt: skip
        text = templates[one % len(templates)].format_map(words)
        return text[0].upper() + text[1:]

    title, named = _title(product, wording)
    told = [trait for place, trait in enumerate(product.traits) if wording.plan[place] % 20]
    # A trait is in a bullet, else in the title, else in the description, so that a shopper can read it.
    in_bullets = told[: wording.bullets]
    bullets = [
        sentence((BEING, HAVING, PURPOSE)[role(product, trait)], slot, trait)
        for slot, trait in enumerate(in_bullets)
    ]
    bullets += [sentence(PLAIN, 10 + slot) for slot in range(wording.bullets - len(bullets))]
    order = [place for place in wording.order if place < len(bullets)]
    left = [trait for trait in product.traits if trait not in in_bullets and trait not in named]
    repeated = [trait for place, trait in enumerate(in_bullets) if wording.plan[20 + place] % 3 == 0]
    sentences: list[str] = []
    if wording.sentences or left:
        sentences.append(sentence(OPENERS, 30))
        for slot, trait in enumerate((*left, *repeated) if wording.sentences else left):
            sentences.append(sentence(TOLD[role(product, trait) :][:1], 31 + slot, trait))
        more = wording.sentences - len(sentences)
        sentences += [sentence(FURTHER, 3 + 5 * slot) for slot in range(more)]
    return Text(title, [bullets[place] for place in order], " ".join(sentences))


def role(product: Design, trait: str) -> int:
    """What a trait says: 0 what the product is, 1 what it has, 2 what it is for."""
    family = product.family
    return 0 if trait in family.being else 1 if trait in family.having else 2


def _title(product: Design, wording: _Wording) -> tuple[str, list[str]]:
    """The title and the traits that it names."""
    plan = wording.plan
    named: list[str] = []

    def name(trait: str) -> str:
        named.append(trait)
        return _capitals(trait)

    traits = list(product.traits)
    front = next((trait for trait in traits if role(product, trait) == 0), None)
    head = [product.brand]
    if plan[10] % 2:
        head.append(product.looks[0])
    if front is not None and plan[11] % 3:
        head.append(name(front))
    head += [product.material, _capitals(product.nouns[0])]
    title = " ".join(head)
    parts = [
        f"{product.looks[1]} {_capitals(product.nouns[1])}",
        product.people if plan[12] % 2 else product.people.replace("for", "Gift for", 1),
        " ".join(product.places[: 1 + plan[13] % 3]),
    ]
    back = next((trait for trait in traits if role(product, trait) and trait not in named), None)
    if back is not None and plan[14] % 3:
        parts.insert(0, f"{('with', 'for')[role(product, back) - 1]} {name(back)}")
    for place, part in enumerate(parts):
        if len(title) + len(part) > wording.length and place:
            break
        joint = " " if part.startswith(("with", "for", "Gift")) else ", "
        title = f"{title}{joint}{part}"
    if back in named and _capitals(str(back)) not in title:
        named.remove(str(back))
    if product.tail:
        title = f"{title} ({product.tail})" if plan[15] % 2 else f"{title}, {product.tail}"
    return title, named


def _capitals(phrase: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in phrase.split())
