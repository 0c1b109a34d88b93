"""MinHash signatures and their bands: which of many sets may resemble a set, without reading them all."""

from collections import Counter
from collections.abc import Hashable
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Key = TypeVar("Key", bound=Hashable)
Signature = NDArray[np.uint32]

_EMPTY = np.uint32(0xFFFFFFFF)


class Bands(Generic[Key]):
    """Locality-sensitive hashing of sets (Broder 1997; Indyk and Motwani 1998).

    A set is found by another of Jaccard similarity s with probability 1 - (1 - s^rows)^bands: with the
    defaults 0.97 at 0.5 and above 0.9999 at 0.6. Equal contents and seeds give equal results.

    Args:
        bands: Number of bands.
        rows: Hashes in a band.
        seed: Of the hash functions.
        bucket: How many sets a bucket of a band keeps; ten thousand copies of one text stay fast, and further
            ones resemble those that are kept.
    """

    def __init__(self, *, bands: int = 54, rows: int = 4, seed: int = 0, bucket: int = 32) -> None:
        if bands < 1 or rows < 1 or bucket < 1:
            raise ValueError(f"bands, rows and bucket must be at least 1, got {bands}, {rows}, {bucket}")
        self._bands, self._rows, self._bucket = bands, rows, bucket
        draw = np.random.default_rng(seed)
        # Multiply-shift (Dietzfelbinger et al. 1997): odd factors, the upper half of the product.
        self._factor = draw.integers(0, 2**63, bands * rows, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        self._shift = draw.integers(0, 2**63, bands * rows, dtype=np.uint64)
        self._buckets: dict[bytes, list[Key]] = {}
        self._placed: dict[Key, tuple[bytes, ...]] = {}

    def signature(self, features: NDArray[np.uint64]) -> Signature:
        """Smallest hash of the features under each function, shape [bands * rows]."""
        if not len(features):
            return np.full(self._bands * self._rows, _EMPTY)
        smallest = np.full(self._bands * self._rows, np.iinfo(np.uint64).max, dtype=np.uint64)
        for start in range(0, len(features), 4096):  # long texts in parts, for the memory's sake
            part = features[start : start + 4096, None] * self._factor + self._shift
            np.minimum(smallest, part.min(axis=0), out=smallest)
        return (smallest >> np.uint64(32)).astype(np.uint32)

    def add(self, key: Key, signature: Signature) -> None:
        """Places a set; of a key that is placed already the old one is taken out."""
        self.discard(key)
        placed = []
        for name in self._names(signature):
            bucket = self._buckets.setdefault(name, [])
            if len(bucket) < self._bucket:
                bucket.append(key)
                placed.append(name)
        self._placed[key] = tuple(placed)

    def discard(self, key: Key) -> None:
        """Takes a set out, if it is there."""
        for name in self._placed.pop(key, ()):
            bucket = self._buckets[name]
            bucket.remove(key)
            if not bucket:
                del self._buckets[name]

    def near(self, signature: Signature, most: int = 24) -> list[Key]:
        """Sets that share a band, those with the most bands first, the earlier placed first among equals."""
        counts: Counter[Key] = Counter()
        for name in self._names(signature):
            counts.update(self._buckets.get(name, ()))
        return [key for key, _ in counts.most_common(most)]

    def _names(self, signature: Signature) -> list[bytes]:
        rows = signature.reshape(self._bands, self._rows)
        return [number.to_bytes(2, "big") + rows[number].tobytes() for number in range(self._bands)]
