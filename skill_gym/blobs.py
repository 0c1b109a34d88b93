"""Many small records in one file, memory-mapped: read by number or by key, never loaded."""

import bisect
import json
import mmap
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, overload

import numpy as np
from numpy.typing import NDArray


def load_array(path: Path) -> NDArray[Any]:
    """A stored array, memory-mapped and read-only."""
    return np.asarray(np.load(path, mmap_mode="r"))


def part_path(path: Path, name: str) -> Path:
    """Where the array of that name lies that belongs to what is stored at ``path``."""
    return path.with_name(f"{path.stem}_{name}.npy")


class BlobWriter:
    """Appends records to ``<path>.blob``; where they begin goes to ``<path>.npy`` at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.with_suffix(".blob").open("wb", buffering=1 << 20)
        self._offsets = array("q", [0])

    def append(self, record: bytes) -> None:
        """Adds a record; its number is the count of those before it."""
        self._file.write(record)
        self._offsets.append(self._offsets[-1] + len(record))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if kind is None:
            np.save(self._path.with_suffix(".npy"), np.frombuffer(self._offsets, np.int64))


class Blobs(Sequence[bytes]):
    """The records that a ``BlobWriter`` wrote."""

    def __init__(self, path: Path) -> None:
        self._offsets: NDArray[np.int64] = load_array(path.with_suffix(".npy"))
        with path.with_suffix(".blob").open("rb") as file:
            # An empty file cannot be mapped.
            empty = int(self._offsets[-1]) == 0
            self._data = b"" if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @overload
    def __getitem__(self, number: int) -> bytes: ...
    @overload
    def __getitem__(self, number: slice) -> list[bytes]: ...
    def __getitem__(self, number: int | slice) -> bytes | list[bytes]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        if not 0 <= number < len(self):
            raise IndexError(f"no record {number}; there are {len(self)}")
        return self._data[int(self._offsets[number]) : int(self._offsets[number + 1])]


class Keys:
    """Distinct short texts in a fixed order, with the way back from text to number.

    ``<path>.npy`` holds them in their order, ``<path>_sorted.npy`` their numbers by ascending text.
    """

    def __init__(self, path: Path) -> None:
        self._keys: NDArray[np.bytes_] = load_array(path.with_suffix(".npy"))
        self._sorted: NDArray[np.int32] = load_array(part_path(path, "sorted"))

    @staticmethod
    def write(path: Path, keys: Sequence[str]) -> None:
        """Stores the keys; they must be distinct and may not end with a NUL."""
        stored = np.array([key.encode("utf-8", "surrogatepass") for key in keys] or [b""], dtype=np.bytes_)[
            : len(keys)
        ]
        np.save(path.with_suffix(".npy"), stored)
        np.save(part_path(path, "sorted"), np.argsort(stored, kind="stable").astype(np.int32))

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, number: int) -> str:
        return bytes(self._keys[number]).decode("utf-8", "surrogatepass")

    def number(self, key: str) -> int | None:
        """The key's place in the order, None when it is not among them."""
        wanted = key.encode("utf-8", "surrogatepass")
        place = bisect.bisect_left(
            range(len(self)), wanted, key=lambda at: bytes(self._keys[self._sorted[at]])
        )
        if place == len(self):
            return None
        number = int(self._sorted[place])
        return number if bytes(self._keys[number]) == wanted else None


class FiledMapping(Mapping[str, Any]):
    """A mapping from text to JSON values that lies in files, for more entries than memory should hold."""

    def __init__(self, path: Path) -> None:
        self._keys, self._values = Keys(part_path(path, "keys")), Blobs(path)
        self._last: NDArray[np.int64] = load_array(part_path(path, "last"))

    @classmethod
    def write(cls, path: Path, members: Iterable[tuple[str, Any]]) -> Self:
        """Stores the entries; of two with one key the later counts, as in a JSON object."""
        last: dict[str, int] = {}
        with BlobWriter(path) as writer:
            for place, (key, value) in enumerate(members):
                writer.append(json.dumps(value).encode())
                last[key] = place
        Keys.write(part_path(path, "keys"), list(last))
        np.save(part_path(path, "last"), np.fromiter(last.values(), np.int64, len(last)))
        return cls(path)

    def __getitem__(self, key: str) -> Any:
        number = self._keys.number(key)
        if number is None:
            raise KeyError(key)
        return json.loads(self._values[int(self._last[number])])

    def __iter__(self) -> Iterator[str]:
        return (self._keys[number] for number in range(len(self)))

    def __len__(self) -> int:
        return len(self._keys)
