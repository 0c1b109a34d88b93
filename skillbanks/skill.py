"""What is learnt: a skill (general or of a task type) and a mistake to avoid, each with its provenance."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

EVOLVED_PREFIX = "dyn"
"""Ids of entries that evolution added: ``dyn_001``, ``dyn_002``, ... (SkillRL's released convention)."""


class BankError(ValueError):
    """A skill bank is not valid; the message names the entry, the field and the mend."""


class Scope(StrEnum):
    """The floors of the hierarchy (SkillRL, section 3)."""

    GENERAL = "general"
    TASK_TYPE = "task_type"
    MISTAKE = "mistake"


def fingerprint(text: str) -> str:
    """Sixteen hex digits that are equal for texts that differ in case, spacing and punctuation only."""
    words = re.findall(r"[^\W_]+", text.casefold())
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an entry came from, for leak checks and blame.

    Attributes:
        trajectory_ids: Task keys of the episodes it was distilled from.
        splits: Splits of those episodes.
        teacher: Name of the teacher that wrote it.
        bank_version: Version of the bank that it was written for.
        evidence: One sentence on what the teacher saw, with counts.
        extra: Unknown keys of the file, kept for a lossless round trip.
        keys: Order of the keys in the file; no part of the content.
    """

    trajectory_ids: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    teacher: str = ""
    bank_version: str = ""
    evidence: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)
    keys: tuple[str, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Skill:
    """Something worth doing.

    Attributes:
        id: Unique in its bank, mistakes included.
        title: A few words.
        principle: One or two sentences that can be acted on.
        when_to_apply: The situation that calls for it; None where a bank does not say.
        category: The bank's category, None for a general skill.
        example: Optional worked example.
        provenance: None for entries of released banks.
        extra: Unknown keys of the file, kept for a lossless round trip.
        keys: Order of the keys in the file; no part of the content.
        keywords: Words of goals: the skill is for goals that have one of them, in any case; for all goals
            where there are none.
    """

    id: str
    title: str
    principle: str
    when_to_apply: str | None = None
    category: str | None = None
    example: str | None = None
    provenance: Provenance | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)
    keys: tuple[str, ...] = field(default=(), compare=False, repr=False)
    keywords: tuple[str, ...] = ()

    @property
    def scope(self) -> Scope:
        """General, or of a task type."""
        return Scope.GENERAL if self.category is None else Scope.TASK_TYPE

    @property
    def evolved(self) -> bool:
        """Whether evolution added it (by its id, as in released banks)."""
        return self.id.startswith(f"{EVOLVED_PREFIX}_")

    def suits(self, goal: str) -> bool:
        """Whether the goal has one of the keywords as a word; True without keywords."""
        if not self.keywords:
            return True
        words = re.findall(r"\w+", goal.casefold())
        return any(keyword.casefold() in words for keyword in self.keywords)

    @property
    def fingerprint(self) -> str:
        """Equal for skills that say the same, whatever their id, title and category."""
        return fingerprint(self.principle)


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something that went wrong before, and what to do instead.

    Attributes:
        id: Unique in its bank, skills included.
        description: What agents do wrong.
        why_it_happens: The cause, "" where a bank does not say.
        how_to_avoid: What to do instead.
        category: The task type it belongs to, None for all.
        provenance: None for entries of released banks.
        extra: Unknown keys of the file, kept for a lossless round trip.
        keys: Order of the keys in the file; no part of the content.
    """

    id: str
    description: str
    how_to_avoid: str
    why_it_happens: str = ""
    category: str | None = None
    provenance: Provenance | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)
    keys: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @property
    def scope(self) -> Scope:
        """Always a mistake."""
        return Scope.MISTAKE

    @property
    def fingerprint(self) -> str:
        """Equal for mistakes that say the same, whatever their id and category."""
        return fingerprint(f"{self.description} {self.how_to_avoid}")
