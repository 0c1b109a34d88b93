"""Task types of WebShop goals: the department that a wish belongs to, by whole words and category path."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from skill_gym.webshop.type_words import (
    ACCESSORIES,
    APPAREL,
    BEAUTY_HEALTH,
    ELECTRONICS,
    FOOTWEAR,
    HOME_DECOR,
    OTHER,
    PHRASES,
    WORDS,
)

TASK_TYPES = (APPAREL, FOOTWEAR, HOME_DECOR, ELECTRONICS, ACCESSORIES, BEAUTY_HEALTH, OTHER)
"""SkillRL's seven types of WebShop goals."""

_PATHS: tuple[tuple[str, str], ...] = (
    (r"clothing, shoes & jewelry.*›.*\b(?:shoes|footwear)\b", FOOTWEAR),
    (
        r"clothing, shoes & jewelry.*›.*\b(?:accessories|jewelry|watches|handbags|luggage|backpacks)",
        ACCESSORIES,
    ),
    (r"clothing, shoes & jewelry\b", APPAREL),
    (r"sport specific clothing|uniforms, work & safety", APPAREL),
    (r"(?:beauty & personal care|health & household)\b", BEAUTY_HEALTH),
    (r"(?:electronics|cell phones & accessories|video games)\b", ELECTRONICS),
    (r"office products.*›.*\boffice electronics\b", ELECTRONICS),
    (r"(?:home & kitchen|patio, lawn & garden|office products)\b", HOME_DECOR),
    (r"tools & home improvement.*›.*\blight(?:s|ing)\b", HOME_DECOR),
    (r"baby products.*›.*\b(?:bedding|furniture|décor)\b", HOME_DECOR),
    (r"grocery & gourmet food\b", OTHER),
)
"""Beginnings of category paths; other departments (sports, cars, toys) are judged by the goal's words."""

_KIND_ENDS = re.compile(
    r"[,.;]?\s+(?:(?:with|for|in|that|which|made|whose|under|less than|lower than|below|size)\b|\S+:)"
)
_OPENINGS = re.compile(
    r"^(?:(?:please|can you|could you|hi|hello|i am|i'm|im|i|you|would|want|need|like|have|looking|look|"
    r"searching|trying|interested|for|in|to|find|get|buy|purchase|order|show|help|me|a|an|some|the|pair|set|"
    r"pack|of)\b[\s,]*)+"
)
_PLURAL_ONLY = frozenset({"flats", "heels", "lights", "shorts", "slides", "tights"})
"""Things only in the plural: ``light weight``, ``short sleeve`` and ``flat screen`` name none."""
_WORD = re.compile(r"[a-zà-ÿ][a-zà-ÿ']*|\d+")


class _Found(NamedTuple):
    position: int
    length: int
    task_type: str


def task_type(instruction: str, *, query: str = "", product_category: str = "") -> str:
    """The type of a goal: one of ``TASK_TYPES``.

    The wanted product's category path decides where it is known and tells; else the search that the product
    belongs to; else the instruction. Of words the last one of the name of the thing counts, as in English
    (a shoe rack is a rack), two words before one (a makeup bag is for beauty); what it is for, made of or
    comes with is read only when the name says nothing. Words are compared whole, singular or plural.

    Args:
        instruction: The goal's sentence.
        query: The product's own kind, e.g. ``console tables``; "" if unknown.
        product_category: Its path, pieces joined by `` › ``; "" if unknown.
    """
    path = product_category.strip().casefold()
    for pattern, found in _PATHS:
        if re.match(pattern, path):
            return found
    found_type = _by_words(query) or named_type(instruction)
    return found_type or _by_words(_rest(instruction), last=False) or OTHER


def named_type(instruction: str) -> str | None:
    """The type that the name of the thing tells, None where it tells none."""
    return _by_words(_named(instruction))


def _named(instruction: str) -> str:
    """The part of a sentence that names the thing: up to what it is for, made of or comes with."""
    text = _OPENINGS.sub("", " ".join(instruction.casefold().split()))
    end = _KIND_ENDS.search(text)
    return text[: end.start()] if end else text


def _rest(instruction: str) -> str:
    return re.split(r" with [\w ]+: |,? and price ", " ".join(instruction.casefold().split()))[0]


@lru_cache(maxsize=4096)
def _by_words(text: str, *, last: bool = True) -> str | None:
    words = [_singular(word) for word in _WORD.findall(text.casefold().replace("’", "'"))]
    found: list[_Found] = []
    for start in range(len(words)):
        for length in (3, 2, 1):
            part = words[start : start + length]
            if len(part) == length and (hit := _TABLE.get(" ".join(part))):
                found.append(_Found(start + length, length, hit))
    if not found:
        return None
    # At the same last word the longer phrase knows better.
    return (max(found) if last else min(found, key=lambda one: (one.position, -one.length))).task_type


def _singular(word: str) -> str:
    if word in _PLURAL_ONLY:
        return word
    word = word.removesuffix("'s").removesuffix("'")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("shes", "ches", "sses", "xes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


_TABLE: Mapping[str, str] = {
    **{_singular(word): name for name, words in WORDS.items() for word in words.split()},
    **{phrase: name for name, phrases in PHRASES.items() for phrase in phrases.split("|")},
}
