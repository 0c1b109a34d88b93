"""BM25 in numpy: the index that needs no other package; in memory for small corpora."""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from skill_gym.lucene import LuceneIndexError
from skill_gym.lucene.index_build import build_index
from skill_gym.lucene.search_engine import SearchEngine
from skill_gym.search.passage_store import checked, corpus_hash
from skill_gym.search.passages import CorpusError, Hit, IndexInfo, Passage, readable


class LuceneIndex:
    """Passages with Lucene's BM25 over them (k1 0.9, b 0.4, stemmed); title and text count alike.

    Args:
        engine: Its documents are the passages, in their order.
        passages: In memory or stored.
        corpus: Hash of the passages (see ``IndexInfo``).
    """

    waits = False

    def __init__(self, engine: SearchEngine, passages: Sequence[Passage], corpus: str) -> None:
        self._engine = engine
        self._passages = passages
        self._corpus = corpus

    @staticmethod
    def build(
        passages: Sequence[Passage], folder: Path, progress: Callable[[int], None] | None = None
    ) -> None:
        """Writes the engine's files; progress is called with the number of passages done."""
        texts = (f"{one.title}\n{one.text}" for one in passages)
        build_index(texts, [one.id for one in passages], folder, progress=progress)

    @classmethod
    def open(cls, folder: Path, passages: Sequence[Passage], corpus: str) -> "LuceneIndex":
        """Opens what ``build`` wrote.

        Raises:
            CorpusError: The files are missing, damaged, or of another version.
        """
        try:
            engine = SearchEngine(folder)
        except LuceneIndexError as error:
            raise CorpusError(str(error)) from error
        if len(engine) != len(passages):
            raise CorpusError(
                f"the index in {folder} has {len(engine):,} documents for {len(passages):,} passages; "
                "remove the folder and build it again"
            )
        return cls(engine, passages, corpus)

    def search(self, queries: Sequence[str], k: int) -> list[list[Hit]]:
        """The best passages for each query (see ``PassageIndex.search``)."""
        return [self._hits(query, k) for query in readable(queries, k)]

    def info(self) -> IndexInfo:
        """What is searched."""
        return IndexInfo("lucene", len(self._passages), self._corpus)

    def _hits(self, query: str, k: int) -> list[Hit]:
        numbers, scores = self._engine.ranking(query, k)
        found = zip(numbers.tolist(), scores.tolist(), strict=True)
        return [Hit(self._passages[number], score) for number, score in found]


class _MemoryIndex(LuceneIndex):
    """One whose files are gone: a copy is the index itself, a pickle holds the passages."""

    def __reduce__(self) -> tuple[Any, ...]:
        return memory_index, (tuple(self._passages),)

    def __copy__(self) -> "_MemoryIndex":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "_MemoryIndex":
        return self


def memory_index(passages: Iterable[Passage]) -> LuceneIndex:
    """Indexes a small corpus in memory, in a fraction of a second for some hundred passages.

    Equal passages in equal order give equal results in every process.

    Raises:
        CorpusError: There are no passages, two with one id, or one without text.
    """
    held = tuple(checked(passages))
    with tempfile.TemporaryDirectory(prefix="skill-gym-") as folder:
        LuceneIndex.build(held, Path(folder))
        engine = SearchEngine(Path(folder), mapped=False)
    return _MemoryIndex(engine, held, corpus_hash(held))
