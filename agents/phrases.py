"""Finds the fixed phrases of a world's text, so that a small tokenizer spends one token on each."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

UNIT = r" ?[A-Za-z]+(?:'[a-z]+)?| ?[0-9]+|\n+|[^\sA-Za-z0-9]+| +"
"""A word, a number, a line break or punctuation; what a tokenizer may merge letters within."""

NO_NAMES = frozenset(("and", "at", "for", "has", "in", "is", "of", "since", "than", "to", "was", "year"))
"""Words that may stand before a number without naming a thing."""

TAG = re.compile(r"(</?[a-z_]+>)")
_UNITS = re.compile(UNIT)


def find_phrases(texts: Iterable[str], *, count: int, min_count: int = 20) -> tuple[str, ...]:
    """The phrases whose merging saves most tokens: byte-pair encoding over words instead of letters.

    Names of things and numbers are barriers: a name is a word that stands before a number somewhere
    ("drawer 3"), unless it is one of ``NO_NAMES``, or that has a capital within a sentence. So a phrase is
    frame only ("You arrive at", ". On the"), and each thing keeps one token wherever it is mentioned, which
    lets a small model copy it.

    Args:
        texts: What the agent reads and writes.
        count: Most phrases to return.
        min_count: A pair seen less often is not merged.

    Returns:
        Phrases of two words or more that are left in the merged texts, most frequent first.
    """
    texts = list(texts)
    names = _names(texts)
    segments: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        for piece in TAG.split(text)[::2]:
            segment: list[str] = []
            for unit in _UNITS.findall(piece):
                if unit.strip().isdigit() or unit.strip() in names:
                    segments[tuple(segment)] += 1
                    segment = []
                else:
                    segment.append(unit)
            segments[tuple(segment)] += 1
    # A merge in the middle of a longer phrase is not kept itself, so more merges than phrases are needed.
    for _ in range(8 * count):
        pairs: Counter[tuple[str, str]] = Counter()
        for segment_units, seen in segments.items():
            for pair in _pairs(segment_units):
                pairs[pair] += seen
        if not pairs:
            break
        best, seen = min(pairs.items(), key=lambda item: (-item[1], item[0]))
        if seen < min_count:
            break
        merged: Counter[tuple[str, ...]] = Counter()
        for segment_units, seen in segments.items():
            merged[_merge(segment_units, best)] += seen
        segments = merged
    final: Counter[str] = Counter()
    for segment_units, seen in segments.items():
        for phrase in segment_units:
            if len(_UNITS.findall(phrase)) > 1 and phrase.strip():
                final[phrase] += seen
    return tuple(phrase for phrase, _ in sorted(final.items(), key=lambda item: (-item[1], item[0]))[:count])


def _names(texts: Iterable[str]) -> set[str]:
    names = set()
    for text in texts:
        for word, after in _pairs(_UNITS.findall(text)):
            if word.strip().isalpha() and after.strip().isdigit():
                names.add(word.strip())
            if word.strip().isalpha() and after.strip().istitle() and len(after.strip()) > 1:
                names.add(after.strip())
    return names - NO_NAMES


def without_phrases(text: str, phrases: Sequence[str]) -> list[str]:
    """What is left of a text when tags and phrases are cut out, longest phrases first."""
    cut = "|".join(re.escape(phrase) for phrase in sorted(phrases, key=lambda p: (-len(p), p)))
    pattern = f"{TAG.pattern[1:-1]}|{cut}" if cut else TAG.pattern[1:-1]
    return [piece for piece in re.split(pattern, text) if piece]


def _pairs(units: Sequence[str]) -> list[tuple[str, str]]:
    return list(pairwise(units))


def _merge(units: Sequence[str], pair: tuple[str, str]) -> tuple[str, ...]:
    merged: list[str] = []
    position = 0
    while position < len(units):
        if tuple(units[position : position + 2]) == pair:
            merged.append(pair[0] + pair[1])
            position += 2
        else:
            merged.append(units[position])
            position += 1
    return tuple(merged)
