"""The vectors of a bank's entries: as the bank changes, what is new is embedded and nothing else."""

import re
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar

import numpy as np

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.nearest import EXACT_UP_TO, Nearest, Rows
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.vectors import Encoder, VectorCache

Kind = Literal["general", "task_specific", "mistakes"]
KINDS: tuple[Kind, ...] = ("general", "task_specific", "mistakes")
Entry = TypeVar("Entry", Skill, Mistake)
Among = tuple[str | None, ...] | None

_SPARE = 1000
"""Rows of entries that are gone, beyond as many as there are entries, before the others are copied out."""


def text_of(entry: Skill | Mistake) -> str:
    """What is embedded of an entry; for a skill as in SkillRL's embedding mode."""
    if isinstance(entry, Skill):
        parts = (entry.title, entry.principle, entry.when_to_apply or "")
    else:
        parts = (entry.description, entry.why_it_happens, entry.how_to_avoid)
    return ". ".join(part.strip() for part in parts if part.strip())


class Shelf:
    """The vectors of one kind of entries, of all banks that grew out of each other."""

    def __init__(self, nearest: Nearest) -> None:
        self.nearest = nearest
        self.placed: dict[str, tuple[Skill | Mistake, int]] = {}

    def row(self, entry: Skill | Mistake) -> int | None:
        """The entry's row; None where this text of it was never embedded."""
        known = self.placed.get(entry.id)
        if known is None or not (known[0] is entry or text_of(known[0]) == text_of(entry)):
            return None
        return known[1]

    def compacted(self, entries: Sequence[Skill | Mistake], rows: Rows) -> "Shelf":
        """One with these rows only."""
        old = self.nearest
        shelf = Shelf(Nearest(old.width, exact_up_to=old.exact_up_to, probes=old.probes))
        shelf.nearest.add(old.matrix[rows])
        shelf.placed = {entry.id: (entry, row) for row, entry in enumerate(entries)}
        return shelf


class Section(Generic[Entry]):
    """One bank's entries of one kind, in its order, with the rows of their vectors.

    Attributes:
        entries: In the bank's order.
        rows: Of each entry.
        nearest: Where the rows are; None without entries.
    """

    def __init__(self, entries: Sequence[Entry], rows: Rows, nearest: Nearest | None) -> None:
        self.entries: tuple[Entry, ...] = tuple(entries)
        self.rows = rows
        self.nearest = nearest
        self._among: dict[tuple[Among, bool], Rows] = {}
        self._place: Rows | None = None

    @cached_property
    def by_keyword(self) -> Mapping[str, Sequence[int]]:
        """Keyword, in lower case -> places of the skills that have it."""
        found: dict[str, list[int]] = {}
        for place, entry in enumerate(self.entries):
            for word in getattr(entry, "keywords", ()):
                found.setdefault(word.casefold(), []).append(place)
        return found

    def suited(self, goal: str) -> list[int]:
        """Places of the entries one of whose keywords is a word of the goal, the last one first."""
        if not self.by_keyword:
            return []
        words = set(re.findall(r"\w+", goal.casefold()))
        return sorted({place for word in words for place in self.by_keyword.get(word, ())}, reverse=True)

    def rows_among(self, categories: Among, *, with_keywords: bool) -> Rows:
        """Rows of the entries of some categories, in the bank's order; None stands for all categories.

        Args:
            categories: Names; None among them is the category of entries that have none.
            with_keywords: Whether entries with keywords are among them.
        """
        if categories is None and (with_keywords or not self.by_keyword):
            return self.rows
        if (categories, with_keywords) not in self._among:
            keyed = {place for places in self.by_keyword.values() for place in places}
            places = [
                place
                for place, entry in enumerate(self.entries)
                if (categories is None or entry.category in categories)
                and (with_keywords or place not in keyed)
            ]
            self._among[categories, with_keywords] = self.rows[places]
        return self._among[categories, with_keywords]

    def at(self, rows: Rows) -> list[Entry]:
        """The entries that have these rows."""
        if self._place is None:
            self._place = np.zeros(int(self.rows.max()) + 1, dtype=np.int64)
            self._place[self.rows] = np.arange(len(self.rows))
        return [self.entries[place] for place in self._place[rows].tolist()]


class BankVectors:
    """A bank with the vectors of its entries.

    Args:
        bank: The bank.
        encoder: The model.
        cache: Where vectors are kept.
        kinds: What is embedded; other kinds have no rows.
        before: Those of a bank that this one grew out of (or any other): what both have is not embedded
            again.
        exact_up_to: Entries of a kind up to which no approximate index is used.
    """

    def __init__(
        self,
        bank: SkillBank,
        encoder: Encoder,
        cache: VectorCache,
        *,
        kinds: Sequence[Kind] = KINDS,
        before: "BankVectors | None" = None,
        exact_up_to: int = EXACT_UP_TO,
    ) -> None:
        self._lock: Any = threading.RLock() if before is None else before._lock
        self._shelves: dict[Kind, Shelf] = {} if before is None else dict(before._shelves)
        entries: dict[Kind, Sequence[Skill | Mistake]] = {
            "general": bank.general,
            "task_specific": bank.skills[len(bank.general) :],
            "mistakes": bank.mistakes,
        }
        with self._lock:
            fresh = {kind: self._unknown(kind, entries[kind]) for kind in kinds}
            texts = [text_of(entry) for kind in kinds for entry in fresh[kind]]
            # One call for all kinds: batches are fuller.
            vectors = cache.vectors(encoder, texts)
            first = 0
            for kind in kinds:
                count = len(fresh[kind])
                if count:
                    self._place(kind, fresh[kind], vectors[first : first + count], exact_up_to)
                first += count
            rows = {kind: self._rows(kind, entries[kind]) for kind in kinds}
        nothing = np.zeros(0, dtype=np.int64)
        self.general = Section(bank.general, rows.get("general", nothing), self._nearest("general"))
        self.task_specific = Section(
            bank.skills[len(bank.general) :],
            rows.get("task_specific", nothing),
            self._nearest("task_specific"),
        )
        self.mistakes = Section(bank.mistakes, rows.get("mistakes", nothing), self._nearest("mistakes"))

    def _unknown(self, kind: Kind, entries: Sequence[Skill | Mistake]) -> list[Skill | Mistake]:
        shelf = self._shelves.get(kind)
        return [entry for entry in entries if shelf is None or shelf.row(entry) is None]

    def _place(
        self, kind: Kind, entries: Sequence[Skill | Mistake], vectors: np.ndarray, exact_up_to: int
    ) -> None:
        if kind not in self._shelves:
            self._shelves[kind] = Shelf(Nearest(vectors.shape[1], exact_up_to=exact_up_to))
        shelf = self._shelves[kind]
        for entry, row in zip(entries, shelf.nearest.add(vectors).tolist(), strict=True):
            shelf.placed[entry.id] = (entry, row)

    def _rows(self, kind: Kind, entries: Sequence[Skill | Mistake]) -> Rows:
        if not entries:
            return np.zeros(0, dtype=np.int64)
        shelf = self._shelves[kind]
        rows = np.array([shelf.placed[entry.id][1] for entry in entries], dtype=np.int64)
        if len(shelf.nearest) > 2 * len(rows) + _SPARE:
            self._shelves[kind] = shelf.compacted(entries, rows)
            rows = np.arange(len(rows), dtype=np.int64)
        return rows

    def _nearest(self, kind: Kind) -> Nearest | None:
        shelf = self._shelves.get(kind)
        return None if shelf is None else shelf.nearest
