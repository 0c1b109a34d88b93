"""What a text says apart from how it is put: stems, common synonyms as one, without stop words."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from skill_gym.skillbanks.plain_text import latin, plain

_WORDS = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_MARKED = re.compile(r"`[^`]+`|<\w+>|\w+\[")
_ENDINGS = (
    ("ies", "y"), ("sses", "s"), ("ing", ""), ("ed", ""), ("ly", ""), ("es", ""), ("s", ""), ("e", "")
)  # fmt: skip
_NEGATING = "not no never none nothing nobody neither nor without avoid stop refrain"
_NEGATIONS = frozenset(_NEGATING.split())
_EMPTY_WORDS = """
a an the this that these those it its is are be been being was were do does did and or but so as of to in on
at by for from with into onto than then there here you your they them their we our i one any some every each
all when while if once whenever soon will would can could may might should must have has had which who what
where always just only also very much more most even still yet again up out off down over
"""
_STOPWORDS = frozenset(_EMPTY_WORDS.split())
_SYNONYMS = {
    word: words.split()[0]
    for words in (
        "take grab pick collect fetch acquire retrieve get obtain",
        "put place move deliver deposit drop set",
        "search look explore inspect check examine scan hunt seek",
        "find locate discover spot",
        "container receptacle",
        "object item thing",
        "location spot surface area",
        "buy purchase order",
        "click press select choose pick",
        "question query",
        "answer reply respond",
        "heat warm", "cool chill", "clean wash rinse",
        "before prior", "after afterwards following", "first initially",
        "goal task target objective",
        "repeat redo", "remember recall memorize memorise",
        "immediately instantly promptly straightaway",
        "go walk navigate head travel",
        "verify confirm ensure validate",
        "compare contrast",
    )
    for word in reversed(words.split())
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a text, for comparison.

    Attributes:
        content: Stems of its content words.
        features: Hashes of the stems and of pairs of stems that follow each other, sorted, each once.
        strict: What must agree in texts that say the same: numbers, quoted commands, "not" for a negation.
    """

    content: frozenset[str]
    features: NDArray[np.uint64]
    strict: frozenset[str]

    @classmethod
    def of(cls, text: str) -> "Wording":
        """Reads a text."""
        text = latin(plain(text))
        words = _WORDS.findall(text)
        content = _content(words)
        pairs = (f"{first} {second}" for first, second in pairwise(content))
        strict = {*_MARKED.findall(text), *(word for word in content if word.isdigit())}
        if any(_negates(word) for word in words):
            strict.add("not")
        hashes = np.fromiter((_hash(item) for item in (*content, *pairs)), dtype=np.uint64)
        return cls(frozenset(content), np.unique(hashes), frozenset(strict))

    def similarity(self, other: "Wording") -> float:
        """Jaccard similarity of the features, in [0, 1]; 1 for two texts without any."""
        both = len(np.intersect1d(self.features, other.features, assume_unique=True))
        union = len(self.features) + len(other.features) - both
        return both / union if union else 1.0

    def agrees(self, other: "Wording") -> bool:
        """Whether like texts speak of the same: no number, negation or word is exchanged for another one."""
        return self.strict == other.strict and not (
            self.content - other.content and other.content - self.content
        )


def content_stems(text: str) -> frozenset[str]:
    """Stems of the content words of a text, numbers left out."""
    return frozenset(map(_lettered_stem, _WORDS.findall(latin(plain(text))))) - {""}


@lru_cache(maxsize=100_000)
def _content_stem(word: str) -> str:
    """The stem of a word with content, "" of any other."""
    return "" if word in _STOPWORDS or _negates(word) else stem(word)


@lru_cache(maxsize=100_000)
def _lettered_stem(word: str) -> str:
    """The stem of a word with content that is no number."""
    found = _content_stem(word)
    return "" if found.isdigit() else found


def _content(words: Iterable[str]) -> list[str]:
    return [found for word in words if (found := _content_stem(word))]


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """A word in lower case without the endings of English inflection, synonyms as one."""
    word = re.sub(r"['’]s?$", "", word)
    for ending in ("", "s", "es", "ed", "d", "ing"):
        if (known := _SYNONYMS.get(word.removesuffix(ending))) is not None:
            return known
    if len(word) <= 3 or not word.isascii() or word.endswith("ss"):
        return word
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending) + instead
            break
    return word[:-1] if len(word) > 4 and word[-1] == word[-2] else word


def _negates(word: str) -> bool:
    return word in _NEGATIONS or word.endswith(("n't", "n’t"))


@lru_cache(maxsize=200_000)
def _hash(feature: str) -> int:
    # Not hash(): equal texts give equal numbers in every process.
    digest = hashlib.blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big")
