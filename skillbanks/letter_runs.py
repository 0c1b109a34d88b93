"""Runs of letters that a text has in common with others, whatever its case, spacing and punctuation."""

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from skill_gym.skillbanks.plain_text import latin, plain

_DENSE = re.compile("[\u0e00-\u0eff\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
"""Scripts of which one letter says as much as four of an alphabet."""

_BASE = np.uint64(1_099_511_628_211)
BETWEEN = "\0"
"""Stands between texts that are put together; no letter."""


def letters(text: str) -> str:
    """The letters of a text in one form (``plain``, ``latin``), a letter of a dense script four times."""
    kept = "".join(letter for letter in latin(plain(text)) if letter.isalpha())
    return kept if kept.isascii() else _DENSE.sub(lambda letter: letter[0] * 4, kept)


class LetterRuns:
    """All runs of one length in many texts; looking one up takes hardly longer with more of them.

    Args:
        texts: Letters, as ``letters`` gives them; no run goes from one text into the next.
        length: Of the runs, at least 1.

    Raises:
        ValueError: The length is below 1.
    """

    def __init__(self, texts: Iterable[str], length: int) -> None:
        if length < 1:
            raise ValueError(f"length must be at least 1, got {length}")
        self.length = length
        self._known = np.sort(_hashes(BETWEEN.join(texts), length))

    def covered(self, text: str) -> NDArray[np.bool_]:
        """Which letters of a text lie in a run that the others have, shape [letter]."""
        covered = np.zeros(len(text), dtype=np.bool_)
        hashes = _hashes(text, self.length)
        if not len(self._known):
            return covered
        places = np.minimum(np.searchsorted(self._known, hashes), len(self._known) - 1)
        for start in np.flatnonzero(self._known[places] == hashes):
            covered[start : start + self.length] = True
        return covered


def _hashes(text: str, length: int) -> NDArray[np.uint64]:
    """A polynomial hash of each run, modulo 2 to the 64th power, shape [letter - length + 1]."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    count = len(codes) - length + 1
    hashes = np.zeros(max(0, count), dtype=np.uint64)
    for offset in range(length if count > 0 else 0):
        hashes *= _BASE
        hashes += codes[offset : offset + count] + np.uint64(1)
    return hashes
