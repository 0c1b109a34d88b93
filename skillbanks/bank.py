"""The skill bank: everything learnt so far, immutable and versioned."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from skill_gym.skillbanks.atomic_file import write_atomically
from skill_gym.skillbanks.skill import EVOLVED_PREFIX, BankError, Mistake, Skill
from skill_gym.skillbanks.skillrl_format import CATEGORY_KEYS, BankFields, read_bank, write_bank

__all__ = ["BankDiff", "BankError", "SkillBank"]


@dataclass(frozen=True, slots=True)
class BankDiff:
    """What changed from one bank to another, by id, in the order of the banks.

    Attributes:
        added: Only in the other bank.
        removed: Only in the first bank.
        changed: In both, with different content.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


@dataclass(frozen=True, slots=True)
class SkillBank:
    """A hierarchy of skills (SkillRL, section 3): general ones, those of each task type, and mistakes.

    Nothing changes a bank: ``with_skills`` and ``without`` return the next generation. Reading and writing
    the released JSON form loses nothing (unknown keys, key order and the category key's name are kept).

    Attributes:
        general: Skills for every task, most important first.
        task_specific: Category -> its skills, most important first.
        mistakes: What went wrong before.
        metadata: The file's own, not interpreted.
        generation: How often the bank has changed since it was first written.
        category_key: The JSON key of ``task_specific``.
        extra: Unknown keys of the file.
        keys: Order of the file's keys; no part of the content.

    Raises:
        BankError: Two entries have the same id, or a skill stands under another category than its own.
    """

    general: tuple[Skill, ...] = ()
    task_specific: Mapping[str, tuple[Skill, ...]] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    generation: int = 0
    category_key: str = CATEGORY_KEYS[0]
    extra: Mapping[str, Any] = field(default_factory=dict)
    keys: tuple[str, ...] = field(default=(), compare=False, repr=False)
    _entries: dict[str, Skill | Mistake] = field(default_factory=dict, init=False, repr=False, compare=False)
    _version: str = field(default="", init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("task_specific", "metadata", "extra"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        for category, skills in ((None, self.general), *self.task_specific.items()):
            for skill in skills:
                if skill.category != category:
                    raise BankError(
                        f"skill {skill.id!r} has category {skill.category!r} but stands under {category!r}; "
                        "add it with with_skills(), which puts it in its place"
                    )
        entries: tuple[Skill | Mistake, ...] = (*self.skills, *self.mistakes)
        for entry in entries:
            if entry.id in self._entries:
                raise BankError(
                    f"the id {entry.id!r} stands twice in the bank (skills and mistakes share ids); "
                    f"rename one, for example to {self._free_id(entry.id)!r}"
                )
            self._entries[entry.id] = entry

    @classmethod
    def empty(cls) -> Self:
        """A bank without skills; observations shown with it stay as they are."""
        return cls()

    @classmethod
    def loads(cls, text: str, source: str = "bank") -> Self:
        """Reads a bank from its JSON text.

        Raises:
            BankError: The text is no valid bank; the message names source, entry and field.
        """
        parts = read_bank(text, source)
        try:
            return cls(**parts)
        except BankError as error:
            raise BankError(f"{source}: {error}") from error

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Reads a bank file.

        Raises:
            BankError: The file is missing, unreadable or no valid bank.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BankError(
                f"cannot read the skill bank {path}: {error}; pass the path of a JSON file"
            ) from error
        return cls.loads(text, str(path))

    @classmethod
    def starter(cls, name: str) -> Self:
        """One of the banks that come with this package.

        Args:
            name: ``alfworld``, ``webshop`` or ``search``, or the Gymnasium id of an environment of the suite
                (``skill_gym/ALFWorld-v0``), whose bank has its name in lower case.

        Raises:
            BankError: There is no starter bank of that name.
        """
        name = name.rpartition("/")[2].partition("-v")[0].lower()
        folder = resources.files("skill_gym.skillbanks") / "data"
        names = sorted(
            file.name.removesuffix(".json") for file in folder.iterdir() if file.name.endswith(".json")
        )
        if name not in names:
            raise BankError(f"no starter bank {name!r}; choose one of {', '.join(names)}, or load() a file")
        return cls.loads((folder / f"{name}.json").read_text(encoding="utf-8"), f"starter bank {name}")

    def dumps(self) -> str:
        """The bank as JSON text: indent 2, ASCII escapes, no final newline."""
        return write_bank(self._fields())

    def save(self, path: str | Path) -> None:
        """Writes the bank to a file, whole or not at all.

        Raises:
            OSError: The folder does not exist or cannot be written.
        """
        write_atomically(path, self.dumps())

    @property
    def version(self) -> str:
        """``<generation>-<8 hex digits of the content's hash>``; equal for equal content and generation."""
        if not self._version:
            text = write_bank({**self._fields(), "generation": 0}, canonical=True)
            digest = hashlib.sha256(text.encode()).hexdigest()[:8]
            object.__setattr__(self, "_version", f"{self.generation}-{digest}")
        return self._version

    @property
    def skills(self) -> tuple[Skill, ...]:
        """All skills, general ones first, without the mistakes."""
        return (*self.general, *(skill for skills in self.task_specific.values() for skill in skills))

    @property
    def categories(self) -> tuple[str, ...]:
        """Names of the categories in file order, also of those without a skill."""
        return tuple(self.task_specific)

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of all entries in file order: general, by category, mistakes."""
        return tuple(self._entries)

    def get(self, entry_id: str) -> Skill | Mistake:
        """The entry with this id.

        Raises:
            BankError: There is none.
        """
        try:
            return self._entries[entry_id]
        except KeyError:
            raise BankError(
                f"no entry {entry_id!r} in bank {self.version}; its ids are in bank.ids"
            ) from None

    def __contains__(self, entry_id: object) -> bool:
        return entry_id in self._entries

    def __iter__(self) -> Iterator[Skill | Mistake]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def __hash__(self) -> int:
        return hash((self.generation, self.ids))

    def with_skills(self, entries: Iterable[Skill | Mistake]) -> Self:
        """The next generation, with entries added at the end of their place; without entries the bank itself.

        Raises:
            BankError: An id is already taken (``fresh_id`` gives a free one).
        """
        added = tuple(entries)
        if not added:
            return self
        skills = [entry for entry in added if isinstance(entry, Skill)]
        names = dict.fromkeys(
            (*self.task_specific, *(skill.category for skill in skills if skill.category is not None))
        )
        return replace(
            self,
            general=(*self.general, *(skill for skill in skills if skill.category is None)),
            task_specific={
                name: (
                    *self.task_specific.get(name, ()),
                    *(skill for skill in skills if skill.category == name),
                )
                for name in names
            },
            mistakes=(*self.mistakes, *(entry for entry in added if isinstance(entry, Mistake))),
            generation=self.generation + 1,
        )

    def without(self, ids: Iterable[str]) -> Self:
        """The next generation, lacking these entries; without ids the bank itself. Categories stay.

        Raises:
            BankError: The bank has no entry with one of these ids.
        """
        gone = {self.get(entry_id).id for entry_id in ids}
        if not gone:
            return self
        return replace(
            self,
            general=tuple(skill for skill in self.general if skill.id not in gone),
            task_specific={
                name: tuple(skill for skill in skills if skill.id not in gone)
                for name, skills in self.task_specific.items()
            },
            mistakes=tuple(mistake for mistake in self.mistakes if mistake.id not in gone),
            generation=self.generation + 1,
        )

    def diff(self, other: "SkillBank") -> BankDiff:
        """What one has to do to this bank to get the other's entries."""
        return BankDiff(
            added=tuple(entry_id for entry_id in other.ids if entry_id not in self),
            removed=tuple(entry_id for entry_id in self.ids if entry_id not in other),
            changed=tuple(entry.id for entry in self if entry.id in other and other.get(entry.id) != entry),
        )

    def fresh_ids(self, count: int, prefix: str = EVOLVED_PREFIX) -> tuple[str, ...]:
        """Ids ``<prefix>_NNN`` above every number that the bank uses with this prefix."""
        first = self._highest(prefix) + 1
        return tuple(f"{prefix}_{number:03d}" for number in range(first, first + count))

    def fresh_id(self, prefix: str = EVOLVED_PREFIX) -> str:
        """The first of ``fresh_ids``."""
        return self.fresh_ids(1, prefix)[0]

    def __reduce__(self) -> tuple[Any, ...]:
        # Read-only views cannot be pickled; the text holds everything.
        return (type(self).loads, (self.dumps(), "pickled bank"))

    def _fields(self) -> BankFields:
        return BankFields(
            general=self.general,
            task_specific=self.task_specific,
            mistakes=self.mistakes,
            metadata=self.metadata,
            generation=self.generation,
            category_key=self.category_key,
            extra=self.extra,
            keys=self.keys,
        )

    def _free_id(self, taken: str) -> str:
        prefix = re.sub(r"_?\d+$", "", taken) or taken
        return f"{prefix}_{self._highest(prefix) + 1:03d}"

    def _highest(self, prefix: str) -> int:
        number = re.compile(rf"{re.escape(prefix)}_(\d+)")
        names = (*(skill.id for skill in self.skills), *(mistake.id for mistake in self.mistakes))
        found = (number.fullmatch(name) for name in names)
        return max((int(match[1]) for match in found if match), default=0)
