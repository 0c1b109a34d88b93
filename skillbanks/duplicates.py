"""Finds skills that say what another one says already; proposes a merge instead of a copy."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from skill_gym.skillbanks.minhash import Bands
from skill_gym.skillbanks.skill import Mistake, Provenance, Skill
from skill_gym.skillbanks.wording import Wording

Vectors = NDArray[np.float32]
Kind = Literal["same", "near", "variant"]


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An entry of the index that an entry resembles.

    Attributes:
        of: Id of the entry that is there.
        kind: ``same`` says it in the same words; ``near`` in like words, or by its vector; ``variant`` says
            it of something else (a word or number exchanged, a "not" more), which makes it no copy.
        similarity: Jaccard similarity of words and pairs of words, or the cosine, in [0, 1].
        by: What told: ``words`` or ``vectors``.
    """

    of: str
    kind: Kind
    similarity: float
    by: Literal["words", "vectors"] = "words"

    def __str__(self) -> str:
        return f"{self.kind} as {self.of} ({self.by} {self.similarity:.2f})"


@dataclass(frozen=True, slots=True)
class MergeProposal:
    """What to do with a near-duplicate instead of adding it.

    Attributes:
        keep: Id of the entry that stays.
        entry: That entry after the merge: its own text, with the origins of both, so that no split of origin
            is forgotten.
        title: Title (a mistake's description) of what is merged into it.
        reason: Why.
    """

    keep: str
    entry: Skill | Mistake
    title: str
    reason: str


class NearDuplicates:
    """An index of entries that finds what resembles one of them.

    Texts are compared by their words (stems, common synonyms as one, stop words left out) and pairs of words,
    by MinHash; then, when there is an ``encode``, by vectors. Compared are entries of one kind (skills with
    skills) that may be shown for one task: of one category, or where the one that is there is general, and
    whose keywords do not differ. Numbers, negations and quoted commands must agree: "open it" is no copy of
    "never open it".

    Args:
        entries: First entries, as by ``add``.
        threshold: Similarity of words from which on an entry is a near-duplicate, in (0, 1].
        encode: Texts -> vectors of length 1, shape [text, width]; called with one batch for each ``add`` and
            ``find``.
        vector_threshold: Cosine from which on an entry is one by its vector. Small models tell paraphrases
            from other advice on the same subject only near 1: with MiniLM different skills of released banks
            come up to 0.9, and paraphrases may have less.

    Example:
        >>> index = NearDuplicates([Skill("s1", "Open", "Open a closed drawer before you say it is empty.")])
        >>> index.find(Skill("s2", "Opened", "Before you say that it is empty, open a closed drawer.")).of
        's1'
    """

    def __init__(
        self,
        entries: Iterable[Skill | Mistake] = (),
        *,
        threshold: float = 0.7,
        encode: Callable[[Sequence[str]], Vectors] | None = None,
        vector_threshold: float = 0.9,
    ) -> None:
        for name, value in (("threshold", threshold), ("vector_threshold", vector_threshold)):
            if not 0 < value <= 1:
                raise ValueError(f"{name} must be in (0, 1], got {value}; 1 finds equal texts only")
        self.threshold, self.vector_threshold = threshold, vector_threshold
        self._encode = encode
        self._entries: dict[str, Skill | Mistake] = {}
        self._wordings: dict[str, Wording] = {}
        self._exact: dict[tuple[str, str], dict[str, None]] = {}
        self._bands: Bands[str] = Bands()
        self._vectors = _Vectors()
        self.add(entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, entry_id: object) -> bool:
        return entry_id in self._entries

    def add(self, entries: Iterable[Skill | Mistake]) -> None:
        """Takes entries in; one with a known id replaces it."""
        entries = tuple(entries)
        for entry in entries:
            self.discard(entry.id)
            wording = Wording.of(_text(entry))
            self._entries[entry.id] = entry
            self._wordings[entry.id] = wording
            self._exact.setdefault((_kind(entry), entry.fingerprint), {})[entry.id] = None
            self._bands.add(entry.id, self._bands.signature(wording.features))
        if self._encode is not None and entries:
            vectors = self._encode([_text(entry) for entry in entries])
            for entry, vector in zip(entries, vectors, strict=True):
                self._vectors.add(entry.id, vector)

    def discard(self, entry_id: str) -> None:
        """Takes an entry out, if it is there."""
        entry = self._entries.pop(entry_id, None)
        if entry is None:
            return
        del self._wordings[entry_id]
        del self._exact[_kind(entry), entry.fingerprint][entry_id]
        self._bands.discard(entry_id)
        self._vectors.discard(entry_id)

    def find(self, entry: Skill | Mistake, *, ignore: Collection[str] = ()) -> Duplicate | None:
        """What the entry resembles most, itself (its id) and ids to ignore left out; None if nothing.

        A ``same`` goes before a ``near``, and that before a ``variant``.
        """
        left_out = {entry.id, *ignore}
        for known in self._exact.get((_kind(entry), entry.fingerprint), ()):
            if known not in left_out:
                return Duplicate(known, "same", 1.0)
        wording = Wording.of(_text(entry))
        found = []
        for known in self._bands.near(self._bands.signature(wording.features)):
            similarity = wording.similarity(self._wordings[known])
            if similarity >= self.threshold and known not in left_out and self._comparable(entry, known):
                kind: Kind = "near" if wording.agrees(self._wordings[known]) else "variant"
                found.append(Duplicate(known, kind, similarity))
        if not found:
            found = [near for near in self._by_vector(entry, wording) if near.of not in left_out]
        return min(found, key=lambda item: (item.kind == "variant", -item.similarity), default=None)

    def _by_vector(self, entry: Skill | Mistake, wording: Wording) -> Iterator[Duplicate]:
        """Paraphrases: like vectors, and no words to tell that one is a variant of the other."""
        if self._encode is None or not self._entries:
            return
        for known, cosine in self._vectors.nearest(self._encode([_text(entry)])[0]):
            if (
                cosine >= self.vector_threshold
                and self._comparable(entry, known)
                and wording.strict == self._wordings[known].strict
            ):
                yield Duplicate(known, "near", cosine, "vectors")

    def _comparable(self, entry: Skill | Mistake, known_id: str) -> bool:
        known = self._entries[known_id]
        if known.category not in (None, entry.category):
            return False
        if isinstance(entry, Skill) and isinstance(known, Skill):
            mine, theirs = ({word.casefold() for word in one.keywords} for one in (entry, known))
            return not theirs or (bool(mine) and mine <= theirs)
        return _kind(entry) == _kind(known)

    def propose(self, entry: Skill | Mistake) -> MergeProposal | None:
        """How to merge the entry into the one that it is a copy of; None if it is none (or a variant)."""
        found = self.find(entry)
        if found is None or found.kind == "variant":
            return None
        return merge(self._entries[found.of], entry, str(found))


def merge(kept: Skill | Mistake, other: Skill | Mistake, reason: str) -> MergeProposal:
    """Proposes that an entry takes over another's origins; its text stays as it is."""
    return MergeProposal(
        kept.id,
        replace(kept, provenance=_joined(kept.provenance, other.provenance)),
        other.title if isinstance(other, Skill) else other.description,
        reason,
    )


def find_duplicates(
    entries: Iterable[Skill | Mistake], index: NearDuplicates | None = None
) -> dict[str, Duplicate]:
    """Id of each entry that copies an earlier one -> what it copies, for a look over a whole bank.

    Args:
        entries: In the order of their importance; what is new goes into the index.
        index: Where to look first; an empty one if None.
    """
    index = NearDuplicates() if index is None else index
    copies: dict[str, Duplicate] = {}
    for entry in entries:
        found = index.find(entry)
        if found is not None and found.kind != "variant":
            copies[entry.id] = found
        else:
            index.add([entry])
    return copies


def _written_for(first: str, second: str) -> str:
    """The later version of the two; "" where one does not say, which leak checks take for the present."""
    generations = [version.partition("-")[0] for version in (first, second)]
    if not all(generation.isdecimal() for generation in generations):
        return ""
    return second if int(generations[1]) > int(generations[0]) else first


def _joined(first: Provenance | None, second: Provenance | None) -> Provenance | None:
    if first is None or second is None:
        return first or second
    return replace(
        first,
        trajectory_ids=tuple(dict.fromkeys((*first.trajectory_ids, *second.trajectory_ids))),
        splits=tuple(sorted({*first.splits, *second.splits})),
        bank_version=_written_for(first.bank_version, second.bank_version),
        evidence="; ".join(dict.fromkeys(text for text in (first.evidence, second.evidence) if text)),
    )


def _kind(entry: Skill | Mistake) -> str:
    return "skill" if isinstance(entry, Skill) else "mistake"


def _text(entry: Skill | Mistake) -> str:
    return entry.principle if isinstance(entry, Skill) else f"{entry.description} {entry.how_to_avoid}"


class _Vectors:
    """Vectors by id in one growing matrix, so that adding one moves none of the others."""

    def __init__(self) -> None:
        self._matrix: Vectors = np.zeros((0, 0), dtype=np.float32)
        self._rows: dict[str, int] = {}
        self._ids: list[str] = []
        self._free: list[int] = []

    def add(self, key: str, vector: Vectors) -> None:
        if not self._ids:
            self._matrix = np.zeros((64, len(vector)), dtype=np.float32)
        if len(vector) != self._matrix.shape[1]:
            raise ValueError(
                f"expected vectors of width {self._matrix.shape[1]}, got {len(vector)}; use one model for all"
            )
        if self._free:
            row = self._free.pop()
            self._ids[row] = key
        else:
            row = len(self._ids)
            self._ids.append(key)
            if row == len(self._matrix):
                self._matrix = np.concatenate([self._matrix, np.zeros_like(self._matrix)])
        self._matrix[row], self._rows[key] = vector, row

    def discard(self, key: str) -> None:
        if (row := self._rows.pop(key, None)) is not None:
            self._matrix[row] = 0
            self._free.append(row)

    def nearest(self, vector: Vectors, most: int = 8) -> list[tuple[str, float]]:
        """Ids and cosines, the nearest first, the earlier row first among equals."""
        cosines = self._matrix[: len(self._ids)] @ vector
        best = np.argsort(-cosines, kind="stable")[:most]
        return [
            (self._ids[row], min(float(cosines[row]), 1.0)) for row in best if self._ids[row] in self._rows
        ]
