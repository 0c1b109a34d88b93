"""Compares what the shop shows of a product with what is wished for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from skill_gym.webshop.shop_page import FIXED, prices
from skill_gym.webshop.wish import Wish, audience, words

NEAR = (10.0, 40.0)
"""Wishes set their limit a little above what such a thing costs: by so many dollars."""


@dataclass(slots=True)
class Sighting:
    """What was read about a product, as far as its pages were opened.

    Attributes:
        title: Its name.
        tag: Its price as shown.
        page: Number of the page of results that lists it.
        rank: Place among all results, from 0.
        options: Values by option name; empty as long as it was not opened.
        told: What its sub-pages tell, by their labels, as far as they were read.
        opened: Whether its page was seen.
        judged: Whether it was looked at again after its sub-pages were read.
    """

    title: str = ""
    tag: str = ""
    page: int = 1
    rank: int = 0
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    opened: bool = False
    judged: bool = False


def affordable(wish: Wish, tag: str) -> bool:
    """Whether the price, or the lower end of its range, is below the limit."""
    return wish.limit is None or prices(tag)[0] < wish.limit


def near_limit(wish: Wish, tag: str) -> bool:
    """Whether the price, or some price in its range, is as far below the limit as wishes usually are."""
    low, high = prices(tag)
    return wish.limit is not None and low <= wish.limit - NEAR[0] and high >= wish.limit - NEAR[1]


def for_others(wish: Wish, title: str) -> bool:
    """Whether a title names men, women or children, and none of those that the wish names."""
    wanted, named = audience(wish.kind), audience(title)
    return bool(wanted and named) and not wanted & named


def looks_alike(one: Sighting, other: Sighting) -> bool:
    """Whether two titles share more than half of their words."""
    return _alike(one.title, other.title) > 0.5


def promise(wish: Wish, seen: Sighting) -> float:
    """How likely a product is the right one as far as a page of results tells, on a scale of its own.

    The weights are a logistic regression on real results, rounded.
    """
    kind, title = words(wish.kind), words(seen.title)
    named = sum(word in title for word in kind) / max(1, len(kind))
    told = len(wish.attributes) - len(missing(wish, Sighting(seen.title)))
    score = 3 / (1 + seen.rank) - 0.1 * seen.rank + named + 2 * told / max(1, len(wish.attributes))
    score += 3 * near_limit(wish, seen.tag) - 3 * for_others(wish, seen.title)
    return score - 6 * (not affordable(wish, seen.tag))


def choices(wish: Wish, options: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """What to choose of each option: the wished value, else the nearest one; names without one are left out.

    Where the instruction does not list options, a value that it mentions is wished, the longest one.
    """
    chosen = {}
    listed = dict(wish.options)
    for name, values in options.items():
        free = [value for value in values if value not in FIXED]
        if not wish.options:
            spoken = [value for value in free if _mentions(wish.query, value)]
            best = max(spoken, key=len, default=None)
        elif name in listed and listed[name] in free:
            best = listed[name]
        else:
            best = max(free, key=lambda value: _alike(value, listed.get(name, "")), default=None)
            if best is not None and _alike(best, listed.get(name, "")) <= 0.5:
                best = None
        if best is not None:
            chosen[name] = best
    return chosen


def lacking(wish: Wish, options: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The listed options that a product does not offer, each as ``name: value``."""
    return tuple(f"{name}: {value}" for name, value in wish.options if value not in options.get(name, ()))


def missing(wish: Wish, seen: Sighting) -> tuple[str, ...]:
    """The wished attributes that neither title nor sub-pages tell, word beside word."""
    told = f" {' '.join(words(' '.join((seen.title, *seen.told.values()))))} "
    values = set() if wish.options else set(words(" ".join(choices(wish, seen.options).values())))
    return tuple(
        phrase
        for phrase in wish.attributes
        if f" {' '.join(words(phrase))} " not in told and not set(words(phrase)) <= values
    )


def worth(wish: Wish, seen: Sighting) -> float:
    """Guess of the score of buying an opened product; an attribute not told yet counts half."""
    unsure = len(missing(wish, seen)) * (0.9 if seen.told else 0.5)
    met = len(wish.attributes) - unsure + len(wish.options) - len(lacking(wish, seen.options))
    met += affordable(wish, seen.tag)
    # The promise stands for the kind of thing, which no page tells outright.
    return met / (len(wish.attributes) + len(wish.options) + 1) + promise(wish, seen) / 20


def _mentions(text: str, value: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(value)}(?![\w'-])", text.lower()) is not None


def _alike(one: str, other: str) -> float:
    mine, theirs = set(words(one)), set(words(other))
    return len(mine & theirs) / max(1, len(mine | theirs))
