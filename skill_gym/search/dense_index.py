"""Nearest passages by their embeddings."""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skill_gym.search.passages import CorpusError, Hit, IndexInfo, Passage, RetrievalError, readable

EXACT_UP_TO = 100_000
"""Above so many passages the index is approximate: IVF with vectors of one byte a number (SQ8)."""
_INDEX, _MODEL = "vectors.faiss", "model.json"
_PROBES = 32
_EMBEDDED_AT_ONCE = 512
_TRAINED_ON = 64
"""Vectors for each list."""
_MORE = 32
"""Found besides the k best, so that equal texts come in the order of their ids."""
_DECIMALS = 6


class Encode(Protocol):
    """Turns texts into embeddings (see ``skillbanks.embedding.Embedder``).

    Attributes:
        name: Of the model; an index opens only with the model that it was built with.
    """

    name: str

    def __call__(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """Embeddings of length 1, shape [text, dimension]; models may prompt queries otherwise."""
        ...


class DenseIndex:
    """Passages with their embeddings, memory-mapped; scores are cosines.

    Args:
        folder: Holds what ``build`` wrote.
        passages: In the order in which they were embedded.
        corpus: Hash of the passages (see ``IndexInfo``).
        encode: The model.

    Raises:
        CorpusError: There is no index, a damaged one, or one of another model.
        ModuleNotFoundError: faiss is not installed.
    """

    waits = False

    def __init__(self, folder: Path, passages: Sequence[Passage], corpus: str, encode: Encode) -> None:
        faiss = _faiss()
        try:
            model = json.loads((folder / _MODEL).read_text(encoding="utf-8"))
            # faiss does not say what is wrong with a file; RuntimeError is all that it raises.
            self._index = faiss.read_index(str(folder / _INDEX), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)
        except (OSError, ValueError, RuntimeError) as error:
            raise CorpusError(
                f"no dense index in {folder} ({error}); remove the folder and build it again"
            ) from error
        if model["model"] != encode.name:
            raise CorpusError(
                f"the embeddings in {folder} are of the model {model['model']!r}, not of {encode.name!r}; "
                "open with that model, or remove the folder and build it again"
            )
        if self._index.ntotal != len(passages):
            raise CorpusError(
                f"{folder} has {self._index.ntotal:,} embeddings for {len(passages):,} passages; "
                "remove the folder and build it again"
            )
        if hasattr(self._index, "nprobe"):
            self._index.nprobe = _PROBES
        self._folder = folder
        self._passages = passages
        self._corpus = corpus
        self._encode = encode

    @staticmethod
    def build(
        passages: Sequence[Passage],
        folder: Path,
        encode: Encode,
        progress: Callable[[int], None] | None = None,
        *,
        exact_up_to: int = EXACT_UP_TO,
    ) -> None:
        """Embeds the passages and writes the index; progress is called with the number of passages done."""
        faiss = _faiss()
        vectors = _embedded(passages, folder / "vectors.f32", encode, progress)
        size, dimension = vectors.shape
        if size <= exact_up_to:
            index = faiss.IndexFlatIP(dimension)
        else:
            lists = int(4 * math.sqrt(size))
            index = faiss.index_factory(dimension, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
            index.train(np.ascontiguousarray(vectors[:: max(1, size // (_TRAINED_ON * lists))]))
        for first in range(0, size, 10_000):
            index.add(np.ascontiguousarray(vectors[first : first + 10_000]))
        faiss.write_index(index, str(folder / _INDEX))
        (folder / _MODEL).write_text(json.dumps({"model": encode.name}), encoding="utf-8")
        (folder / "vectors.f32").unlink()

    def __reduce__(self) -> tuple[Any, ...]:
        return DenseIndex, (self._folder, self._passages, self._corpus, self._encode)

    def search(self, queries: Sequence[str], k: int) -> list[list[Hit]]:
        """The best passages for each query (see ``PassageIndex.search``); a blank query finds nothing."""
        texts = readable(queries, k)
        asked = [place for place, text in enumerate(texts) if text.strip()]
        found: list[list[Hit]] = [[] for _ in texts]
        if not asked:
            return found
        vectors = self._encode([texts[place] for place in asked], query=True)
        if vectors.shape[1] != self._index.d:
            raise RetrievalError(
                f"the model {self._encode.name!r} gave {vectors.shape[1]} dimensions, the index in "
                f"{self._folder} has {self._index.d}; build it again"
            )
        wanted = min(k + _MORE, len(self._passages))
        scores, numbers = self._index.search(np.ascontiguousarray(vectors, dtype=np.float32), wanted)
        for place, row, names in zip(asked, scores.tolist(), numbers.tolist(), strict=True):
            # faiss fills up with -1 where its lists hold too few.
            hits = [
                Hit(self._passages[number], round(score, _DECIMALS))
                for score, number in zip(row, names, strict=True)
                if number >= 0
            ]
            found[place] = sorted(hits, key=lambda hit: (-hit.score, hit.passage.id))[:k]
        return found

    def info(self) -> IndexInfo:
        """What is searched."""
        return IndexInfo("dense", len(self._passages), self._corpus)


def _embedded(
    passages: Sequence[Passage], path: Path, encode: Encode, progress: Callable[[int], None] | None
) -> NDArray[np.float32]:
    """Embeddings of all passages, in a file."""
    dimension = 0
    with path.open("wb") as file:
        for first in range(0, len(passages), _EMBEDDED_AT_ONCE):
            part = passages[first : first + _EMBEDDED_AT_ONCE]
            vectors = np.asarray(encode([one.contents if one.title else one.text for one in part]))
            dimension = vectors.shape[1]
            file.write(np.ascontiguousarray(vectors, dtype=np.float32).data)
            if progress is not None:
                progress(first + len(part))
    return np.memmap(path, np.float32, "r", shape=(len(passages), dimension))


def _faiss() -> Any:
    try:
        import faiss
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'dense retrieval needs faiss; pip install "skill-gym[embeddings]", or use engine="lucene"'
        ) from error
    return faiss
