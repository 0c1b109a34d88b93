"""Vectors of texts, embedded once: kept in memory, and in a file beside the bank where there is one."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from skill_gym.skillbanks.store_vectors import VectorTable

Vectors = NDArray[np.float32]


class Encoder(Protocol):
    """Turns texts into vectors of length 1 (see ``embedding.Embedder``).

    Attributes:
        name: Of the model, for messages.
    """

    name: str

    def __call__(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """Vectors of length 1, shape [text, width]; models may prompt queries otherwise."""
        ...

    def key(self, *, query: bool = False) -> str:
        """Everything that the vectors depend on but the texts: model, revision, prompt, width."""
        ...


class VectorError(ValueError):
    """Vectors do not fit together; the message says which model gave them."""


class VectorCache:
    """Vectors by model, prompt, width and text (sha256); a text that is known is never embedded again.

    What is rounded for storage is rounded at once, so that results do not depend on where a vector came from.
    May be shared by threads, and its file by processes.

    Args:
        table: File of vectors, such as a bank store's; None keeps them in memory only.
        dtype: Of the vectors on their way: float16 halves the file and costs about 1e-4 of a cosine.
        memory: Vectors held in memory; beyond it those that were asked for the longest time ago go first.

    Attributes:
        encoded: Texts embedded so far.

    Raises:
        ValueError: No room for a single vector.
    """

    def __init__(
        self,
        table: VectorTable | None = None,
        *,
        dtype: Literal["float32", "float16"] = "float32",
        memory: int = 20_000,
    ) -> None:
        if memory < 1:
            raise ValueError(f"memory must be at least 1 vector, got {memory}")
        self.encoded = 0
        self._table = table
        self._dtype = np.dtype(dtype)
        self._memory = memory
        self._known: OrderedDict[tuple[str, bytes], NDArray[np.floating]] = OrderedDict()
        self._lock = threading.RLock()

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (None if self._table is None else self._table.path, self._dtype.name, self._memory)

    def vectors(
        self, encoder: Encoder, texts: Sequence[str], *, query: bool = False, alone: bool = False
    ) -> Vectors:
        """The texts' vectors, shape [text, width]; all that are not known are embedded in one call.

        Args:
            encoder: The model.
            texts: Any number; repeats cost nothing.
            query: Whether they are what is searched for.
            alone: Embeds each text in a call of its own, as one who has no batch does: vectors of a batch
                differ from these by rounding, which decides between equals.

        Raises:
            VectorError: Stored vectors have another width than the model's.
        """
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        key = self._key(encoder, query=query, alone=alone)
        hashes = [text_hash(text) for text in texts]
        wanted = dict(zip(hashes, texts, strict=True))
        with self._lock:
            found = self._remembered(key, wanted)
            unknown = [text for hash_, text in wanted.items() if hash_ not in found]
            if unknown:
                groups = [[text] for text in unknown] if alone else [unknown]
                fresh = np.concatenate([np.asarray(encoder(group, query=query)) for group in groups])
                self.encoded += len(unknown)
                added = {
                    text_hash(text): vector.astype(self._dtype)
                    for text, vector in zip(unknown, fresh, strict=True)
                }
                _same_width({**found, **added}, encoder.name)
                if self._table is not None:
                    self._table.save(key, added)
                self._remember(key, added)
                found |= added
            _same_width(found, encoder.name)
        return np.stack([found[hash_] for hash_ in hashes]).astype(np.float32, copy=False)

    def keep(self, encoder: Encoder, texts: Sequence[str], vectors: Vectors, *, query: bool = False) -> None:
        """Takes vectors that were computed elsewhere, as if ``encoder`` had given them here.

        Raises:
            ValueError: Not one vector for each text.
        """
        key = self._key(encoder, query=query)
        rounded = zip(texts, vectors.astype(self._dtype), strict=True)
        added = {text_hash(text): vector for text, vector in rounded}
        with self._lock:
            if self._table is not None:
                self._table.save(key, added)
            self._remember(key, added)

    def _key(self, encoder: Encoder, *, query: bool, alone: bool = False) -> str:
        # Types of different precision are different vectors.
        return f"{encoder.key(query=query)} {self._dtype.name}{' alone' if alone else ''}"

    def _remembered(self, key: str, wanted: Mapping[bytes, str]) -> dict[bytes, NDArray[np.floating]]:
        found = {hash_: self._known[key, hash_] for hash_ in wanted if (key, hash_) in self._known}
        for hash_ in found:
            self._known.move_to_end((key, hash_))
        missing = [hash_ for hash_ in wanted if hash_ not in found]
        if self._table is not None and missing:
            loaded = self._table.load(key, missing)
            self._remember(key, loaded)
            found |= loaded
        return found

    def _remember(self, key: str, vectors: Mapping[bytes, NDArray[np.floating]]) -> None:
        for hash_, vector in vectors.items():
            self._known[key, hash_] = vector
        while len(self._known) > self._memory:
            self._known.popitem(last=False)


def _again(path: Path | None, dtype: Literal["float32", "float16"], memory: int) -> VectorCache:
    return VectorCache(None if path is None else VectorTable(path), dtype=dtype, memory=memory)


def text_hash(text: str) -> bytes:
    """Thirty-two bytes that stand for a text; halves of surrogate pairs count, too."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _same_width(vectors: Mapping[bytes, NDArray[np.floating]], name: str) -> None:
    widths = sorted({vector.shape[-1] for vector in vectors.values()})
    if len(widths) > 1:
        raise VectorError(
            f"vectors of {name!r} have {' and '.join(map(str, widths))} numbers: some are another model's; "
            "delete the file of vectors (they are embedded again), or give the model that they came from"
        )
