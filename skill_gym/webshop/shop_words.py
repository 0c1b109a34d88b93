"""Words that all departments share: names of brands, sentences that fit anything, and bits of grammar."""

import re

from skill_gym.dice import Dice
from skill_gym.webshop.kinds import Family, words
from skill_gym.webshop.kinds_beauty import BEAUTY
from skill_gym.webshop.kinds_electronics import ELECTRONICS
from skill_gym.webshop.kinds_fashion import FASHION
from skill_gym.webshop.kinds_garden import GARDEN
from skill_gym.webshop.kinds_grocery import GROCERY

FAMILIES: tuple[Family, ...] = (*BEAUTY, *ELECTRONICS, *GARDEN, *FASHION, *GROCERY)
"""Everything that shops sell."""

NO_NOUNS = frozenset(
    """
    a abstract adjustable and antique at big bold breathable bright by casual chunky clear colorful
    comfortable compact creamy crispy cute daily dark deep digital dimmable durable easy elegant
    ergonomic extra fast fine flexible foldable for free fresh gentle glossy handmade heavy high in
    industrial invisible large light lightweight long low made magnetic medium mini modern narrow
    natural non of on only open organic portable powerful professional quick refreshing rich round
    rustic salty short silent sleek slim small smart smooth soft spicy stretchy sturdy sweet tall the
    thick to traditional universal vintage warm white wireless with x
    """.split()  # noqa: SIM905 - read as a paragraph
)
"""Words of titles that are no nouns, as far as the reward goes."""

BENEFITS = words(
    """arrives well packed; makes a thoughtful present; is worth every cent; keeps its promise day after day;
    does what it should without fuss; pleases the most critical eye; costs less than it looks"""
)
"""What anything may do for its owner."""

CLOSINGS = (
    "If anything is not right, write to us and we will make it good.",
    "Colors may look a little different from screen to screen.",
    "Please compare the measures before you order.",
    "Our small team answers every question within one day.",
    "We test a sample of every batch before it ships.",
    "Ask a friend who owns one: most of our orders come by word of mouth.",
    "Please allow for small differences, since much of the work is done by hand.",
    "It arrives in a plain box that is easy to wrap.",
    "Keep it away from open fire and out of reach of small children.",
    "We have made this line for years and improve it a little each season.",
    "Read the card inside before you begin.",
    "The box and its filling can be recycled.",
    "Returns are simple within thirty days.",
    "Thank you for buying from a small brand.",
)
"""Sentences that end bullets and descriptions of anything."""

_ONSETS = words("b, br, c, cl, d, f, fl, g, gr, h, j, k, l, m, n, p, pr, qu, r, s, sh, st, t, tr, v, w, z")
_VOWELS = words("a, e, i, o, u, ai, ea, io, oa, ue")
_MIDDLES = words("b, d, l, ld, lm, m, n, nd, nt, r, rb, rn, rv, s, sk, st, v, x, z")
_ENDS = words("l, la, m, n, na, nd, nix, r, ra, ro, rt, s, sa, th, tto, va, vo, x, za, zen")
_HOUSES = words("Home, Studio, Living, Co., Collection, Goods, Works, Supply, House, & Sons")


def brand(dice: Dice) -> str:
    """A brand that does not exist; some are met again and again, most only once."""
    number = dice.below(60) if dice.chance(0.3) else dice.below(3_000_000)
    rest = number * 7_919 + 104_729
    parts = []
    for syllables in (_ONSETS, _VOWELS, _MIDDLES, _VOWELS, _ENDS):
        rest, place = divmod(rest, len(syllables))
        parts.append(syllables[place])
    name = "".join(parts).capitalize()
    if rest % 7 == 0:
        return name.upper()
    return f"{name} {_HOUSES[rest % len(_HOUSES)]}" if rest % 5 == 0 else name


_SMALL = frozenset({"and", "in", "of", "on", "the", "with"})
_ONE_OF = {"grocery": "pack", "garden": "set"}
_TOKEN = re.compile(r"[a-z][a-z0-9]*(?:'s)?")


def nouns_of(title: str) -> tuple[str, ...]:
    """The nouns of a generated title, lower case, in their order, repeats kept."""
    return tuple(word for word in _TOKEN.findall(title.lower()) if word not in NO_NOUNS)


def article(phrase: str) -> str:
    """The phrase with ``a`` or ``an``."""
    return f"{'an' if phrase[:1].lower() in 'aeiou' else 'a'} {phrase}"


def capitals(phrase: str) -> str:
    """The phrase as a title has it."""
    return " ".join(word if word in _SMALL else word[:1].upper() + word[1:] for word in phrase.split())


def is_plural(noun: str) -> bool:
    """Whether a noun is in the plural: ``headphones``, not ``dress``."""
    return noun.endswith("s") and not noun.endswith("ss")


def one_of(noun: str, category: str) -> str:
    """A noun in the plural as one thing: ``pair of headphones``, ``pack of crackers``."""
    if not is_plural(noun):
        return noun
    return f"{_ONE_OF.get(category, 'pair')} of {noun}"
