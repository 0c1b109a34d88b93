"""Two texts side by side: which words of each are not in the other."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from skill_gym.benchmarks.bank_page.markup import Markup, join, tag, visible

MOST_PAIRS = 4_000_000
"""Words of one text times words of the other, above which what lies between equal ends counts as replaced."""


def side_by_side(before: str, after: str) -> tuple[Markup, Markup]:
    """Both texts as markup: words that go in ``del``, words that come in ``ins``."""
    old, new = _words(before), _words(after)
    left: list[Markup] = []
    right: list[Markup] = []
    for same, gone, come in _pieces(old, new):
        if same:
            left.append(visible("".join(gone)))
            right.append(visible("".join(come)))
        else:
            left.append(tag("del", visible("".join(gone))) if gone else Markup())
            right.append(tag("ins", visible("".join(come))) if come else Markup())
    return join(left), join(right)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+|\s+|[^\w\s]", text)


def _pieces(old: list[str], new: list[str]) -> Iterator[tuple[bool, list[str], list[str]]]:
    shortest = min(len(old), len(new))
    head = next((place for place in range(shortest) if old[place] != new[place]), shortest)
    rest = shortest - head
    tail = next((place for place in range(rest) if old[-1 - place] != new[-1 - place]), rest)
    yield True, old[:head], new[:head]
    a, b = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(a) * len(b) > MOST_PAIRS:
        yield False, a, b
    else:
        for kind, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
            yield kind == "equal", a[i:j], b[k:m]
    yield True, old[len(old) - tail :], new[len(new) - tail :]
