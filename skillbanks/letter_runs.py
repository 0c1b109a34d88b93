"""Runs of letters that a text has in common with others, whatever its case, spacing and punctuation."""

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from skill_gym.skillbanks.plain_text import latin, plain

_DENSE = re.compile("[\u0e00-\u0eff\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
"""Scripts of which one letter says as much as four of an alphabet."""

_NO_LETTERS = re.compile(r"[\W\d_]+")
_NO_ASCII_LETTERS = bytes(code for code in range(128) if not chr(code).isalpha())
_BASE = 1_099_511_628_211
_AT_ONCE = 2**14
"""Runs that are hashed together: as many as stay in a processor's cache."""

BETWEEN = "\0"
"""Stands between texts that are put together; no letter."""


def letters(text: str) -> str:
    """The letters of a text in one form (``plain``, ``latin``), a letter of a dense script four times."""
    read = latin(plain(text))
    if read.isascii():
        return read.encode().translate(None, _NO_ASCII_LETTERS).decode()
    kept = _NO_LETTERS.sub("", read)
    if not kept.isalpha():  # Digits of other scripts, which \d does not know.
        kept = "".join(filter(str.isalpha, kept))
    return _DENSE.sub(lambda letter: letter[0] * 4, kept)


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
        self._known = np.sort(run_hashes(BETWEEN.join(texts), length))

    def covered(self, text: str) -> NDArray[np.bool_]:
        """Which letters of a text lie in a run that the others have, shape [letter]."""
        covered = np.zeros(len(text), dtype=np.bool_)
        hashes = run_hashes(text, self.length)
        if not len(self._known):
            return covered
        places = np.minimum(np.searchsorted(self._known, hashes), len(self._known) - 1)
        for start in np.flatnonzero(self._known[places] == hashes):
            covered[start : start + self.length] = True
        return covered


def run_hashes(text: str, length: int) -> NDArray[np.uint64]:
    """A polynomial hash of each run, modulo 2 to the 64th power, shape [letter - length + 1].

    Runs of 1, 2, 4, 8, ... letters are hashed from their halves, and a run from those of its binary digits.

    Args:
        text: Any characters; a letter is one of them.
        length: Of the runs, at least 1; a shorter text has none.
    """
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    parts = [
        _hashes(codes[start : start + _AT_ONCE + length - 1], length)
        for start in range(0, len(codes) - length + 1, _AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint64)


def _hashes(codes: NDArray[np.uint32], length: int) -> NDArray[np.uint64]:
    block, size = codes.astype(np.uint64) + np.uint64(1), 1
    hashes, done = block[:0], 0
    while True:
        if length & size:
            hashes = _put_together(hashes, done, block, size) if done else block
            done += size
        if done == length:
            return hashes
        block, size = _put_together(block, size, block, size), 2 * size


def _put_together(
    first: NDArray[np.uint64], first_length: int, second: NDArray[np.uint64], second_length: int
) -> NDArray[np.uint64]:
    """Hashes of the runs that are made of a first and a second one."""
    second = second[first_length:]
    hashes = first[: len(second)] * np.uint64(pow(_BASE, second_length, 2**64))
    hashes += second[: len(hashes)]
    return hashes
