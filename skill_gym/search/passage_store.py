"""The passages of a corpus folder: one file in Search-R1's form, memory-mapped, read by number."""

import hashlib
import json
import mmap
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import overload

import numpy as np

from skill_gym.blobs import load_array
from skill_gym.search.passages import CorpusError, Passage, RetrievalError

CORPUS_FILE = "corpus.jsonl"
ENDS_FILE = "line_ends.npy"
_TOLD_EVERY = 10_000


def checked(passages: Iterable[Passage]) -> Iterator[Passage]:
    """The passages as they come.

    Raises:
        CorpusError: There are none; one has no text, a title of several lines, or the id of an earlier one.
    """
    seen: set[str] = set()
    number = 0
    for number, passage in enumerate(passages, 1):
        fault = ""
        if not passage.text.strip():
            fault = "has no text; give one or leave it out"
        elif "\n" in passage.title:
            fault = "has a line break in its title; remove it"
        elif passage.id in seen:
            fault = "has the id of an earlier passage; every id must be its own"
        if fault:
            # A reader of files knows the place.
            where = getattr(passages, "where", "") or f"passage {number}"
            raise CorpusError(f"{where}: the passage with id {passage.id!r} {fault}")
        seen.add(passage.id)
        yield passage
    if not number:
        raise CorpusError("the corpus is empty; give at least one passage")


def split_contents(contents: str) -> tuple[str, str]:
    """Title and text of Search-R1's form; the title's quotes may be missing.

    A single line without quotes is a text without a title.
    """
    first, line_break, rest = contents.partition("\n")
    quoted = len(first) >= 2 and first[0] == first[-1] == '"'
    if not line_break and not quoted:
        return "", contents
    return (first[1:-1] if quoted else first.strip()), rest


def line(passage: Passage) -> bytes:
    """A passage as a line of the corpus file, in Search-R1's form."""
    row = {"id": passage.id, "contents": passage.contents}
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


def corpus_hash(passages: Iterable[Passage]) -> str:
    """First 16 hex digits of the SHA-256 of the passages' lines."""
    digest = hashlib.sha256()
    for passage in passages:
        digest.update(line(passage))
    return digest.hexdigest()[:16]


def write_passages(
    passages: Iterable[Passage], folder: Path, progress: Callable[[int], None]
) -> tuple[int, str]:
    """Writes the passages; gives their number and the SHA-256 of the corpus file.

    Raises:
        CorpusError: As ``checked``.
    """
    ends = array("q", [0])
    digest = hashlib.sha256()
    with (folder / CORPUS_FILE).open("wb", buffering=1 << 20) as file:
        for number, passage in enumerate(checked(passages), 1):
            written = line(passage)
            file.write(written)
            digest.update(written)
            ends.append(ends[-1] + len(written))
            if number % _TOLD_EVERY == 0:
                progress(number)
    np.save(folder / ENDS_FILE, np.frombuffer(ends, np.int64))
    return len(ends) - 1, digest.hexdigest()


class StoredPassages(Sequence[Passage]):
    """The passages that ``write_passages`` wrote; a copy or a pickle opens the folder again.

    Reading one that was damaged since raises ``RetrievalError``.

    Raises:
        CorpusError: The files are missing or do not fit each other.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            self._ends = load_array(folder / ENDS_FILE)
            with (folder / CORPUS_FILE).open("rb") as file:
                self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise CorpusError(f"no passages in {folder} ({error}); build the corpus again") from error
        if int(self._ends[-1]) != len(self._data):
            raise CorpusError(
                f"{folder / CORPUS_FILE} has {len(self._data):,} bytes instead of {int(self._ends[-1]):,}: "
                "it is damaged or was changed; build the corpus again"
            )

    def __reduce__(self) -> tuple[type["StoredPassages"], tuple[Path]]:
        return StoredPassages, (self._folder,)

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, number: int) -> Passage: ...
    @overload
    def __getitem__(self, number: slice) -> list[Passage]: ...
    def __getitem__(self, number: int | slice) -> Passage | list[Passage]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        if not 0 <= number < len(self):
            raise IndexError(f"no passage {number}; there are {len(self)}")
        written = self._data[int(self._ends[number]) : int(self._ends[number + 1])]
        try:
            row = json.loads(written.decode("utf-8", "surrogatepass"))
            title, text = split_contents(row["contents"])
            return Passage(row["id"], title, text)
        except (ValueError, KeyError, TypeError) as error:
            raise RetrievalError(
                f"passage {number} of {self._folder / CORPUS_FILE} cannot be read ({error}): the file was "
                "changed; build the corpus again"
            ) from error
