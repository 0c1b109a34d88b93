"""A few passages written for tests, and an embedding model that needs no package."""

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skill_gym.search.passages import Hit, Passage

PASSAGES = (
    Passage("p3", "Tarnovale", "Tarnovale is a town on the river Isk. Its mayor is Orla Benwick."),
    Passage("p1", "Orla Benwick", "Orla Benwick is a baker who was born in Quellford in 1931."),
    Passage("p2", "Quellford", "Quellford is a town of 4,100 people. It was founded in 1204."),
    Passage("p5", "The Silent Orchard", "The Silent Orchard is a novel by Münir Daşk, set in Tarnovale."),
    Passage("p4", "", "A passage without a title tells of bakers, bakeries and baking."),
    Passage("q2", "Twin", "These two passages hold equal words about lanterns."),
    Passage("q1", "Twin", "These two passages hold equal words about lanterns."),
)


class HashedWords:
    """Counts of words as vectors; ``queries`` keeps the texts that came as queries, call by call."""

    def __init__(self, name: str = "hashed", dimension: int = 64) -> None:
        self.name = name
        self._dimension = dimension
        self.queries: list[list[str]] = []

    def __call__(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        if query:
            self.queries.append(list(texts))
        vectors = np.zeros((len(texts), self._dimension), dtype=np.float32)
        for place, text in enumerate(texts):
            for word in text.lower().replace(".", " ").replace('"', " ").split():
                vectors[place, zlib.crc32(word.encode()) % self._dimension] += 1
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def ids(hits: Sequence[Hit]) -> list[str]:
    return [hit.passage.id for hit in hits]
