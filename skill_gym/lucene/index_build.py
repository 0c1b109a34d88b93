"""Builds the search engine's index in bounded memory: sorted runs of documents, then a merge."""

import heapq
import json
import shutil
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skill_gym.lucene.analyzer import ChunkCache, terms

FORMAT = 2
"""Version of the files; an engine of another version refuses them."""
HEADER = "index.json"
K1, B = np.float32(0.9), np.float32(0.4)
_MERGED_AT_ONCE = 1_000_000


def _stored_lengths() -> NDArray[np.int64]:
    """The 256 document lengths that Lucene tells apart: all below 40, then four binary digits of each."""
    short = list(range(24))
    long = [24 + (step if step < 8 else (step & 7 | 8) << ((step >> 3) - 1)) for step in range(256 - 24)]
    return np.array(short + long, dtype=np.int64)


STORED_LENGTHS = _stored_lengths()


class _Run(NamedTuple):
    """A part of the documents, indexed; its postings are sorted by term, then document.

    Attributes:
        folder: Holds ``terms`` (one a line), ``documents.npy`` and ``pairs.npy`` (a posting each).
        ends: End of each term's postings.
        numbers: Number of each term among the terms of all runs; filled by the merge.
    """

    folder: Path
    ends: NDArray[np.int64]
    numbers: "array[int]"


class _Totals:
    """What the runs add up to.

    Attributes:
        documents: Number of documents.
        with_terms: Number of documents with a term; Lucene counts only these.
        tokens: Number of tokens.
        pairs: All pairs of a frequency and a length, as ``frequency * 256 + place of the length``.
    """

    def __init__(self) -> None:
        self.documents = 0
        self.with_terms = 0
        self.tokens = 0
        self.pairs: NDArray[np.int64] = np.zeros(0, dtype=np.int64)


class _Column:
    """An .npy file of one dimension, written piece by piece."""

    def __init__(self, path: Path, dtype: Any, length: int) -> None:
        self._dtype = np.dtype(dtype)
        self._file = path.open("wb")
        header = {"descr": self._dtype.str, "fortran_order": False, "shape": (length,)}
        np.lib.format.write_array_header_1_0(self._file, header)  # type: ignore[no-untyped-call]

    def add(self, values: NDArray[Any]) -> None:
        self._file.write(np.ascontiguousarray(values, dtype=self._dtype).data)

    def close(self) -> None:
        self._file.close()


def build_index(
    documents: Iterable[str],
    ids: Sequence[str],
    folder: Path,
    *,
    chunk: int = 20_000,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Writes an index.

    Args:
        documents: What is searched, one text after another; read once, never held.
        ids: One for each text; among equal scores the smaller comes first.
        folder: Where the files go; made if needed.
        chunk: Number of documents in memory at a time: about 10 KB each.
        progress: Called with the number of documents read so far.

    Raises:
        ValueError: If there are not as many documents as ids.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = folder / "runs"
    shutil.rmtree(parts, ignore_errors=True)
    (folder / HEADER).unlink(missing_ok=True)
    totals = _Totals()
    runs: list[_Run] = []
    waiting = iter(documents)
    try:
        while texts := list(islice(waiting, chunk)):
            runs.append(_write_run(texts, parts / str(len(runs)), totals))
            if progress is not None:
                progress(totals.documents)
        if totals.documents != len(ids):
            raise ValueError(
                f"got {totals.documents} documents for {len(ids)} ids; give one document for each"
            )
        frequencies = _merge_terms(runs, folder)
        _merge_postings(runs, frequencies, totals, folder)
    finally:
        shutil.rmtree(parts, ignore_errors=True)
    ranks = np.empty(len(ids), dtype=np.int32)
    ranks[sorted(range(len(ids)), key=ids.__getitem__)] = np.arange(len(ids), dtype=np.int32)
    np.save(folder / "ranks.npy", ranks)
    header = {"format": FORMAT, "documents": totals.documents, "with_terms": totals.with_terms}
    (folder / HEADER).write_text(json.dumps(header), encoding="utf-8")


def _write_run(texts: Sequence[str], folder: Path, totals: _Totals) -> _Run:
    vocabulary: dict[str, int] = {}
    pieces: ChunkCache[int] = ChunkCache(
        lambda piece: tuple(vocabulary.setdefault(term, len(vocabulary)) for term in terms(piece)),
        limit=500_000,
    )
    tokens = array("i")
    ends = array("q")
    for text in texts:
        tokens.extend(pieces.read(text))
        ends.append(len(tokens))
    lengths = np.diff(np.frombuffer(ends, dtype=np.int64), prepend=0)
    by_bytes = sorted((term.encode(), number) for term, number in vocabulary.items())
    places = np.empty(len(by_bytes), dtype=np.int64)
    places[[number for _, number in by_bytes]] = np.arange(len(by_bytes))
    keys = places[np.frombuffer(tokens, dtype=np.int32)]
    keys *= len(texts)
    keys += np.repeat(np.arange(len(texts)), lengths)
    keys.sort()
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    frequencies = np.diff(starts, append=len(keys))
    term_numbers, numbers = np.divmod(keys[starts], len(texts))
    pairs = frequencies * 256 + (np.searchsorted(STORED_LENGTHS, lengths, side="right") - 1)[numbers]
    folder.mkdir(parents=True)
    (folder / "terms").write_bytes(b"".join(term + b"\n" for term, _ in by_bytes))
    np.save(folder / "documents.npy", (numbers + totals.documents).astype(np.int32))
    np.save(folder / "pairs.npy", pairs)
    totals.documents += len(texts)
    totals.with_terms += int(np.count_nonzero(lengths))
    totals.tokens += len(keys)
    totals.pairs = np.union1d(totals.pairs, pairs)
    return _Run(folder, np.bincount(term_numbers, minlength=len(by_bytes)).cumsum(), array("i"))


def _merge_terms(runs: Sequence[_Run], folder: Path) -> NDArray[np.int64]:
    """Writes the terms of all runs, sorted by their UTF-8 bytes; gives the number of documents of each."""

    def lines(number: int) -> Iterator[tuple[bytes, int]]:
        with (runs[number].folder / "terms").open("rb") as file:
            for line in file:
                yield line[:-1], number

    letters = bytearray()
    ends = array("q", [0])
    for term, same in groupby(heapq.merge(*map(lines, range(len(runs)))), key=itemgetter(0)):
        for _, number in same:
            runs[number].numbers.append(len(ends) - 1)
        letters += term
        ends.append(len(letters))
    np.save(folder / "letters.npy", np.frombuffer(letters, dtype=np.uint8))
    np.save(folder / "term_ends.npy", np.frombuffer(ends, dtype=np.int64))
    frequencies = np.zeros(len(ends) - 1, dtype=np.int64)
    for run in runs:
        frequencies[np.frombuffer(run.numbers, dtype=np.int32)] += np.diff(run.ends, prepend=0)
    return frequencies


def _merge_postings(
    runs: Sequence[_Run], frequencies: NDArray[np.int64], totals: _Totals, folder: Path
) -> None:
    """Writes for each term its documents, ascending, and how much each counts."""
    denominators, codes_of_pairs = _denominators(totals)
    np.save(folder / "denominators.npy", denominators)
    kind = np.uint16 if len(denominators) <= 1 << 16 else np.uint32
    ends = np.concatenate(([0], frequencies.cumsum()))
    np.save(folder / "posting_ends.npy", ends)
    columns = [
        _Column(folder / "documents.npy", np.int32, int(ends[-1])),
        _Column(folder / "codes.npy", kind, int(ends[-1])),
        _Column(folder / "peaks.npy", kind, len(frequencies)),
    ]
    first = 0
    while first < len(frequencies):
        last = max(first + 1, int(np.searchsorted(ends, ends[first] + _MERGED_AT_ONCE, side="right")) - 1)
        slices = [_slice(run, first, last) for run in runs]
        terms_of, documents, pairs = (np.concatenate(column) for column in zip(*slices, strict=True))
        order = np.argsort(terms_of, kind="stable")
        codes = codes_of_pairs[np.searchsorted(totals.pairs, pairs[order])]
        peaks = np.maximum.reduceat(codes, ends[first:last] - ends[first])
        for column, values in zip(columns, (documents[order], codes, peaks), strict=True):
            column.add(values)
        first = last
    for column in columns:
        column.close()


def _slice(run: _Run, first: int, last: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """A run's postings of the terms numbered first to last: term, document and pair of each."""
    numbers = np.frombuffer(run.numbers, dtype=np.int32)
    begin, end = np.searchsorted(numbers, (first, last))
    ends = run.ends[begin:end]
    start = int(run.ends[begin - 1]) if begin else 0
    documents, pairs = (np.load(run.folder / f"{name}.npy", mmap_mode="r") for name in ("documents", "pairs"))
    stop = int(ends[-1]) if len(ends) else start
    terms_of = np.repeat(numbers[begin:end], np.diff(ends, prepend=start))
    return terms_of, documents[start:stop], pairs[start:stop]


def _denominators(totals: _Totals) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """BM25's ``1 + frequency * c`` of all pairs: the values, ascending, and the place of each pair's."""
    one = np.float32(1)
    average = np.float32(totals.tokens / totals.with_terms if totals.with_terms else 1)
    scales = one / (K1 * ((one - B) + B * STORED_LENGTHS.astype(np.float32) / average))
    frequencies, lengths = np.divmod(totals.pairs, 256)
    values = one + frequencies.astype(np.float32) * scales[lengths]
    different, codes = np.unique(values, return_inverse=True)
    return different, codes
