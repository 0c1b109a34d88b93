"""The passages of a corpus folder: one file in Search-R1's form, memory-mapped, read by number."""

import hashlib
import json
import mmap
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import overload

import numpy as np

from skill_gym.blobs import load_array
from skill_gym.search.passages import CorpusError, Passage

CORPUS_FILE = "corpus.jsonl"
ENDS_FILE = "line_ends.npy"


def checked(passages: Iterable[Passage]) -> Iterator[Passage]:
    """The passages as they come.

    Raises:
        CorpusError: One has no text, a title of several lines, or the id of an earlier one, or there are none.
    """
    seen: set[str] = set()
    number = 0
    for number, passage in enumerate(passages, 1):
        if not passage.text.strip():
            raise CorpusError(f"passage {number} (id {passage.id!r}) has no text; give one or leave it out")
        if "\n" in passage.title:
            raise CorpusError(
                f"passage {number} (id {passage.id!r}) has a line break in its title; remove it"
            )
        if passage.id in seen:
            raise CorpusError(f"passage {number} has the id {passage.id!r} again; every id must be its own")
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


def write_passages(passages: Iterable[Passage], folder: Path) -> tuple[list[str], str]:
    """Writes the passages; gives their ids and the SHA-256 of the corpus file.

    Raises:
        CorpusError: As ``checked``.
    """
    ids: list[str] = []
    ends = array("q", [0])
    digest = hashlib.sha256()
    with (folder / CORPUS_FILE).open("wb", buffering=1 << 20) as file:
        for passage in checked(passages):
            written = line(passage)
            file.write(written)
            digest.update(written)
            ids.append(passage.id)
            ends.append(ends[-1] + len(written))
    np.save(folder / ENDS_FILE, np.frombuffer(ends, np.int64))
    return ids, digest.hexdigest()


class StoredPassages(Sequence[Passage]):
    """The passages that ``write_passages`` wrote; a copy or a pickle opens the folder again.

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
        row = json.loads(written.decode("utf-8", "surrogatepass"))
        title, text = split_contents(row["contents"])
        return Passage(row["id"], title, text)
