"""What a text is to the search engine: a list of terms, as Lucene's EnglishAnalyzer makes them."""

import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Generic, TypeVar

from skill_gym.lucene.porter import stem
from skill_gym.lucene.word_breaks import LONGEST_WORD, words

T = TypeVar("T")

STOP_WORDS = frozenset(
    {
        "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is",
        "it", "no", "not", "of", "on", "or", "such", "that", "the", "their", "then", "there",
        "these", "they", "this", "to", "was", "will", "with",
    }
)  # fmt: skip
NARROW_BLANK = "\u202f"
"""The one blank that joins words, as the underscore does."""
_BLANKS = re.compile(rf"[^\S{NARROW_BLANK}]+")
_POSSESSIVES = ("'s", "\u2019s", "\uff07s", "'S", "\u2019S", "\uff07S")


def terms(text: str) -> Iterator[str]:
    """The terms of a text: words without their possessive, lower-cased, without stop words, stemmed."""
    for word in words(text):
        word = word[:-2] if word.endswith(_POSSESSIVES) else word
        # Letter by letter, and one letter for one: no final sigma, and no two letters for a capital dotted I.
        lower = word.lower() if word.isascii() else "".join(letter.lower()[0] for letter in word)
        if lower not in STOP_WORDS:
            yield stem(lower)


class ChunkCache(dict[str, tuple[T, ...]], Generic[T]):
    """Piece of text between blanks -> what it means; emptied when it holds too many.

    No word crosses a blank, so that a text's terms are those of its pieces, one after the other; and most
    pieces are met again and again.

    Args:
        meaning: Called with a piece that is not held.
        limit: Number of pieces to hold; very long ones never are.
    """

    def __init__(self, meaning: Callable[[str], tuple[T, ...]], limit: int) -> None:
        super().__init__()
        self._meaning = meaning
        self._limit = limit

    def __missing__(self, piece: str) -> tuple[T, ...]:
        if len(self) >= self._limit:
            self.clear()
        found = self._meaning(piece)
        if len(piece) <= LONGEST_WORD:
            self[piece] = found
        return found

    def read(self, text: str) -> Iterator[T]:
        """What the pieces of a text mean, one after the other."""
        pieces = text.split() if NARROW_BLANK not in text else _BLANKS.split(text)
        return chain.from_iterable(map(self.__getitem__, pieces))


_TERMS = ChunkCache(lambda piece: tuple(terms(piece)), limit=50_000)


def analyze(text: str) -> list[str]:
    """The terms of a text in order; equal words are equal terms.

    >>> analyze("O'Neill's machine-wash Dresses, 16.5 oz")
    ["o'neill", 'machin', 'wash', 'dress', '16.5', 'oz']
    """
    return list(_TERMS.read(text))
