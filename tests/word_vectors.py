"""A stand-in for an embedding model: a text's vector is that of its words."""

import re
import zlib

import numpy as np


class WordVectors:
    """Vectors of length 1 in which texts with the same words are near; counts what it is asked."""

    name = "words"

    def __init__(self, width: int = 256) -> None:
        self.width = width
        self.calls = 0
        self.texts = 0

    def key(self, *, query: bool = False) -> str:
        return f"words {self.width}"

    def __call__(self, texts, *, query=False):
        self.calls += 1
        self.texts += len(texts)
        return self.encode(texts)

    def encode(self, sentences, **_):
        """As a SentenceTransformer is asked."""
        return np.array([self._vector(text) for text in sentences], dtype=np.float32)

    def _vector(self, text):
        # A little of everything, so that no text has an empty vector.
        sum_ = np.full(self.width, 0.01)
        for word in re.findall(r"\w+", text[:2000].casefold()):
            sum_ += np.random.default_rng(zlib.crc32(word.encode("utf-8", "replace"))).standard_normal(
                self.width
            )
        return sum_ / np.linalg.norm(sum_)
