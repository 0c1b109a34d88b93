"""Finds documents by words (BM25), in exactly Lucene's order with pyserini's settings, memory-mapped."""

import json
import math
import threading
from bisect import bisect_left
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skill_gym.lucene import LuceneIndexError
from skill_gym.lucene.analyzer import ChunkCache, analyze
from skill_gym.lucene.index_build import FORMAT, HEADER

_HELD_QUERIES = 512
_LONGEST_HELD = 1000
"""Longer queries are searched for anew each time; held, they could fill the memory."""
_HELD_TERMS = 4096
_WORTH_PRUNING = 20_000
"""Below so many postings all are summed up."""
_LOOK_UP = 8
"""Looking a document up in a term's postings costs about as much as adding so many of them."""
_SAMPLE = 1024
"""Size of the sample that bounds the k-th best score from below."""
_SLACK = 1 - 1e-6
"""More than what rounding to 32 bits changes, so that no tie is lost."""


class _Postings(NamedTuple):
    """A query term's documents.

    Attributes:
        documents: Their numbers, ascending.
        codes: Place of each one's BM25 denominator.
        weight: Inverse document frequency times the number of times that the term stands in the query.
        most: The most that a document may gain by the term.
    """

    documents: NDArray[np.int32]
    codes: NDArray[Any]
    weight: np.float32
    most: float


class SearchEngine:
    """BM25 over a folder written by ``build_index``; opening it reads nothing but headers.

    Scores are computed as Lucene does: 32-bit contributions of each term, document lengths kept in one byte,
    summed in 64 bits, compared in 32, ties by id. May be shared by threads; a copy or a pickle opens the
    folder again.

    Args:
        folder: Holds the index.
        mapped: Whether the files are memory-mapped; read as a whole, they may be removed (a copy or a pickle
            then finds none).

    Raises:
        LuceneIndexError: If there is no index, a damaged one, or one of another version.
    """

    def __init__(self, folder: Path, *, mapped: bool = True) -> None:
        self.folder = Path(folder)
        self._mapped = mapped
        header = _read_header(self.folder)
        self._size = int(header["documents"])
        self._with_terms = int(header["with_terms"])
        self._term_ends = self._open("term_ends").data
        self._posting_ends = self._open("posting_ends").data
        self._documents = self._open("documents")
        self._codes = self._open("codes")
        self._peaks = self._open("peaks")
        self._denominators = np.array(self._open("denominators"))
        self._ranks = self._open("ranks")
        self._letters = self._open("letters").data
        self._numbers = ChunkCache(self._find, limit=_HELD_TERMS)
        self._lock = threading.Lock()
        self._sums = np.zeros(self._size)
        self._held: dict[tuple[str, int], NDArray[np.int32]] = {}

    def __reduce__(self) -> tuple[type["SearchEngine"], tuple[Path]]:
        return SearchEngine, (self.folder,)

    def __len__(self) -> int:
        return self._size

    def search(self, query: str, k: int = 50) -> NDArray[np.int32]:
        """The documents that fit the query best.

        Args:
            query: Any text; words that no document has do not matter.
            k: Most documents to give.

        Returns:
            Document numbers, best first, read-only; only documents with a word of the query.
        """
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k}; give the number of documents to find")
        with self._lock:
            found = self._held.pop((query, k), None)
            if found is None:
                found = self._best(query, k)[0]
                found.flags.writeable = False
            if len(query) <= _LONGEST_HELD:
                if len(self._held) >= _HELD_QUERIES:
                    del self._held[next(iter(self._held))]
                self._held[query, k] = found
        return found

    def scores(self, query: str, k: int = 50) -> NDArray[np.float32]:
        """The scores of the documents that ``search`` gives, in the same order."""
        return self.ranking(query, k)[1]

    def ranking(self, query: str, k: int = 50) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The best documents and their scores, found anew each time."""
        with self._lock:
            return self._best(query, k)

    def _open(self, name: str) -> NDArray[Any]:
        path = self.folder / f"{name}.npy"
        try:
            return np.asarray(np.load(path, mmap_mode="r" if self._mapped else None))
        except (OSError, ValueError) as error:
            raise LuceneIndexError(
                f"cannot read {path} ({error}); build the index again with build_index"
            ) from error

    def _term(self, number: int) -> bytes:
        return self._letters[self._term_ends[number] : self._term_ends[number + 1]].tobytes()

    def _find(self, term: str) -> tuple[int, ...]:
        """The term's number, if it is known."""
        word = term.encode()
        terms = len(self._posting_ends) - 1
        number = bisect_left(range(terms), word, key=self._term)
        return (number,) if number < terms and self._term(number) == word else ()

    def _postings(self, query: str) -> list[_Postings]:
        """What the index has of the query's terms, those that may count most first."""
        found = []
        for term, repeats in Counter(analyze(query)).items():
            for number in self._numbers[term]:
                start, stop = self._posting_ends[number : number + 2]
                frequency = stop - start
                idf = np.float32(math.log(1 + (self._with_terms - frequency + 0.5) / (frequency + 0.5)))
                weight = idf * np.float32(repeats)
                most = float(weight - weight / self._denominators[self._peaks[number]])
                found.append(_Postings(self._documents[start:stop], self._codes[start:stop], weight, most))
        return sorted(found, key=lambda postings: -postings.most)

    def _gains(self, postings: _Postings, codes: NDArray[Any]) -> NDArray[np.float64]:
        """What a term adds to documents of the given codes."""
        weight = postings.weight
        if len(codes) < len(self._denominators):
            return np.asarray(weight - weight / self._denominators[codes], dtype=np.float64)
        return np.asarray(weight - weight / self._denominators, dtype=np.float64).take(codes)

    def _best(self, query: str, k: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The best documents and their scores."""
        terms = self._postings(query)
        self._sums.fill(0)
        candidates = self._candidates(terms, k)
        scores = self._sums[candidates].astype(np.float32)
        if len(candidates) > k:
            good = scores >= np.partition(scores, -k)[-k]
            candidates, scores = candidates[good], scores[good]
        order = np.lexsort((self._ranks[candidates], -scores))[:k]
        return candidates[order], scores[order]

    def _add(self, postings: _Postings, candidates: NDArray[np.int32] | None) -> None:
        """Adds what a term gains to the sums, at least to those of the candidates (None: of all)."""
        documents, codes = postings.documents, postings.codes
        if candidates is None or len(candidates) * _LOOK_UP > len(documents):
            np.add.at(self._sums, documents.astype(np.intp), self._gains(postings, codes))
            return
        places = np.searchsorted(documents, candidates)
        places[places == len(documents)] = 0
        hits = np.flatnonzero(documents[places] == candidates)
        self._sums[candidates[hits]] += self._gains(postings, codes[places[hits]])

    def _candidates(self, terms: list[_Postings], k: int) -> NDArray[np.int32]:
        """Sums up the scores; gives the documents that may be among the best, whose sums are whole.

        Terms are added for all their documents until a document without any of them cannot be among the
        best any more; then only for the documents that still can (MaxScore, Turtle and Flood 1995).
        """
        sums = self._sums
        rest = sum(postings.most for postings in terms)
        most = threshold = 0.0
        sample: NDArray[np.int32] | None = None
        candidates: NDArray[np.int32] | None = None
        pruning = sum(len(postings.documents) for postings in terms) > _WORTH_PRUNING
        for postings in terms:
            most += postings.most
            rest -= postings.most
            self._add(postings, candidates)
            if candidates is not None:
                if len(candidates) > 2 * k:
                    threshold = max(threshold, _kth(sums[candidates], k) * _SLACK)
                    candidates = candidates[sums[candidates] >= threshold - rest]
            elif pruning:
                if sample is None and len(postings.documents) >= k:
                    sample = postings.documents
                if sample is not None and most > rest:
                    sample = sample[_largest(sums[sample], _SAMPLE)]
                    threshold = max(threshold, _kth(sums[sample], k) * _SLACK)
                    if threshold > rest:
                        candidates = np.flatnonzero(sums >= threshold - rest).astype(np.int32)
        return np.flatnonzero(sums).astype(np.int32) if candidates is None else candidates


def _kth(values: NDArray[np.float64], k: int) -> float:
    """The k-th largest; 0 when there are fewer."""
    return float(np.partition(values, -k)[-k]) if len(values) >= k else 0.0


def _largest(values: NDArray[np.float64], k: int) -> NDArray[np.intp] | slice:
    """Places of the k largest, in no order."""
    return np.argpartition(values, -k)[-k:] if len(values) > k else slice(None)


def _read_header(folder: Path) -> dict[str, Any]:
    try:
        header: dict[str, Any] = json.loads((folder / HEADER).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LuceneIndexError(f"no search index in {folder} ({error}); build it with build_index") from error
    if header.get("format") != FORMAT:
        raise LuceneIndexError(
            f"the search index in {folder} is of format {header.get('format')!r}, not {FORMAT}; "
            "build it again with build_index"
        )
    return header
