"""BM25 by tantivy, for up to some million passages; the only home of tantivy."""

import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from skill_gym.search.passages import CorpusError, Hit, IndexInfo, Passage, RetrievalError, readable

TITLE_WEIGHT = 0.3
"""What a word in the title counts besides its count in the whole passage.

Chosen on every second question of 200 of HotpotQA and 200 of MuSiQue over their 5,111 passages, by the sum of
recall@3 and recall@10, among 0 to 2; the same holds of one field of title and text plus the title (not title
and text apart, nor the better of both), of folding accents, and of leaving out stop words.
"""
_ANALYZER = "english"
_LONGEST_WORD = 100
_HEAP = 128_000_000
_TOGETHER = 10_000
_DECIMALS = 4
"""Of scores: equal ones may differ beyond, by the order in which the engine adds."""


class TantivyIndex:
    """Passages with a tantivy index over them; a copy or a pickle opens the folder again.

    A query is the disjunction of its different stemmed words, whatever signs it holds; it is never read as a
    query language. Scores are rounded to four decimals, and equal ones ordered by the passages' ids.

    Args:
        folder: Holds what ``build`` wrote.
        passages: In the order in which they were indexed.
        corpus: Hash of the passages (see ``IndexInfo``).

    Raises:
        CorpusError: There is no index, a damaged one, or one of another version.
        ModuleNotFoundError: tantivy is not installed.
    """

    waits = False

    def __init__(self, folder: Path, passages: Sequence[Passage], corpus: str) -> None:
        self._folder = folder
        self._passages = passages
        self._corpus = corpus
        self._tantivy = _tantivy()
        self._view = None if os.access(folder, os.W_OK) else _linked(folder)
        try:
            index = self._tantivy.Index.open(str(folder) if self._view is None else self._view.name)
            index.register_tokenizer(_ANALYZER, _analyzer(self._tantivy))
            # No thread that watches the folder: it does not change.
            index.config_reader("manual")
            self._searcher = index.searcher()
            self._schema = index.schema
        except (OSError, ValueError) as error:
            raise CorpusError(
                f"tantivy cannot open the index in {folder} ({error}); remove the folder and build it again"
            ) from error
        if self._searcher.num_docs != len(passages):
            raise CorpusError(
                f"the index in {folder} has {self._searcher.num_docs:,} documents for {len(passages):,} "
                "passages; remove the folder and build it again"
            )
        self._words = _analyzer(self._tantivy)

    @staticmethod
    def build(
        passages: Sequence[Passage], folder: Path, progress: Callable[[int], None] | None = None
    ) -> None:
        """Writes the index; progress is called with the number of passages done."""
        tantivy = _tantivy()
        fields = tantivy.SchemaBuilder()
        for name in ("title", "contents"):
            fields.add_text_field(name, tokenizer_name=_ANALYZER, index_option="freq")
        fields.add_integer_field("number", fast=True)
        index = tantivy.Index(fields.build(), path=str(folder), reuse=False)
        index.register_tokenizer(_ANALYZER, _analyzer(tantivy))
        writer = index.writer(heap_size=_HEAP, num_threads=1)
        numbered = enumerate(passages)
        done = 0
        while part := list(islice(numbered, _TOGETHER)):
            for number, one in part:
                title, contents = _encodable(one.title), _encodable(f"{one.title}\n{one.text}")
                writer.add_document(tantivy.Document(title=title, contents=contents, number=number))
            done += len(part)
            if progress is not None:
                progress(done)
        writer.commit()
        writer.wait_merging_threads()
        for path in folder.iterdir():
            # tantivy makes some of them readable for their owner only.
            path.chmod(0o644)

    def __reduce__(self) -> tuple[Any, ...]:
        return TantivyIndex, (self._folder, self._passages, self._corpus)

    def search(self, queries: Sequence[str], k: int) -> list[list[Hit]]:
        """The best passages for each query (see ``PassageIndex.search``)."""
        try:
            return [self._hits(query, k) for query in readable(queries, k)]
        except OSError as error:
            raise RetrievalError(f"the index in {self._folder} cannot be read: {error}") from error

    def info(self) -> IndexInfo:
        """What is searched."""
        return IndexInfo("tantivy", len(self._passages), self._corpus)

    def _hits(self, query: str, k: int) -> list[Hit]:
        words = dict.fromkeys(self._words.analyze(_encodable(query)))
        if not words:
            return []
        scored = self._scored(self._query(words), min(k, len(self._passages)))
        numbers = self._searcher.fast_field_values("number", [address for _, address in scored])
        hits = [
            Hit(self._passages[number], score) for number, (score, _) in zip(numbers, scored, strict=True)
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.passage.id))[:k]

    def _query(self, words: Iterable[str]) -> Any:
        query = self._tantivy.Query
        parts = []
        for word in words:
            title = query.term_query(self._schema, "title", word, "freq")
            parts += [
                query.term_query(self._schema, "contents", word, "freq"),
                query.boost_query(title, TITLE_WEIGHT),
            ]
        return query.boolean_query([(self._tantivy.Occur.Should, part) for part in parts])

    def _scored(self, query: Any, k: int) -> list[tuple[float, Any]]:
        """Scores and addresses of the best k, and of all that are as good as the last of them."""
        limit = k + 1
        while True:
            found = self._searcher.search(query, limit, count=False).hits
            scored = [(round(score, _DECIMALS), address) for score, address in found]
            if len(scored) < limit or scored[-1][0] < scored[k - 1][0]:
                return [one for one in scored if one[0] >= scored[min(k, len(scored)) - 1][0]]
            limit *= 8


def _linked(folder: Path) -> "tempfile.TemporaryDirectory[str]":
    """A writable folder of links: tantivy locks the folder that it opens, even to read."""
    view = tempfile.TemporaryDirectory(prefix="skill-gym-")
    for path in folder.resolve().iterdir():
        if path.suffix != ".lock":
            (Path(view.name) / path.name).symlink_to(path)
    return view


def _encodable(text: str) -> str:
    """The text without halves of surrogate pairs, which UTF-8 does not know."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _tantivy() -> Any:
    try:
        import tantivy
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'the engine "tantivy" is not installed; pip install "skill-gym[search]", or use engine="lucene"'
        ) from error
    return tantivy


def _analyzer(tantivy: Any) -> Any:
    filters = tantivy.Filter
    steps = (
        filters.remove_long(_LONGEST_WORD),
        filters.lowercase(),
        filters.ascii_fold(),
        filters.stopword("english"),
        filters.stemmer("english"),
    )
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    for step in steps:
        builder = builder.filter(step)
    return builder.build()
