"""What is learnt: a skill (general or of a task type) and a mistake to avoid, each with its provenance."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Scope(StrEnum):
    """The floors of the hierarchy (SkillRL, section 3)."""

    GENERAL = "general"
    TASK_TYPE = "task_type"
    MISTAKE = "mistake"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an entry came from, for leak checks and blame.

    Attributes:
        trajectory_ids: Task keys of the episodes it was distilled from.
        splits: Splits of those episodes.
        teacher: Name of the teacher that wrote it.
        bank_version: Version of the bank that it was written for.
        evidence: One sentence on what the teacher saw, with counts.
    """

    trajectory_ids: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    teacher: str = ""
    bank_version: str = ""
    evidence: str = ""


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
    """

    id: str
    title: str
    principle: str
    when_to_apply: str | None = None
    category: str | None = None
    example: str | None = None
    provenance: Provenance | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def scope(self) -> Scope:
        """General, or of a task type."""
        return Scope.GENERAL if self.category is None else Scope.TASK_TYPE


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
    """

    id: str
    description: str
    how_to_avoid: str
    why_it_happens: str = ""
    category: str | None = None
    provenance: Provenance | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def scope(self) -> Scope:
        """Always a mistake."""
        return Scope.MISTAKE
