"""Who turns episodes into proposals for skills: the seam between evolution and a teacher."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.memories.record import MemoryRecord
from skill_gym.skillbanks.skill import Mistake, Provenance, Skill, fingerprint
from skill_gym.trajectory import Trajectory

Fault = Literal["unavailable", "refused", "invalid answer", "over budget", "too long"]

MAX_PRINCIPLE_WORDS = 80
"""A longer principle is an essay; it would eat the budget of the others."""


class TeacherError(RuntimeError):
    """A teacher gave no usable answer; never turned into an empty one.

    Attributes:
        fault: ``unavailable`` (no connection, no quota), ``refused``, ``invalid answer``, ``over budget`` (it
            would cost more than may be spent), or ``too long`` (for the model's context).
    """

    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(f"{fault}: {message}")
        self.fault: Fault = fault
        self._message = message

    def __reduce__(self) -> tuple[type["TeacherError"], tuple[Fault, str]]:
        return (type(self), (self.fault, self._message))


@dataclass(frozen=True, slots=True)
class Proposal:
    """A skill that a teacher proposes; the bank that admits it gives it an id.

    Attributes:
        title: A few words.
        principle: What to do, in one or two sentences.
        task_type: The environment's name of the task type it is for, None for all tasks.
        when_to_apply: The situation that calls for it.
        provenance: The episodes and the evidence.
        cause: The cause of failure that it answers.
        keywords: Words of the goals that it is for; for all if empty.
        replaces: Id of the bank's entry that this is a new version of; None for something new.
        habit: Whether it states how things usually are in the world at hand, and not what to do.

    Raises:
        TeacherError: A text is missing, or the principle is too long.
    """

    title: str
    principle: str
    task_type: str | None = None
    when_to_apply: str | None = None
    provenance: Provenance = field(default_factory=Provenance)
    cause: str = ""
    keywords: tuple[str, ...] = ()
    replaces: str | None = None
    habit: bool = False

    def __post_init__(self) -> None:
        for name in ("title", "principle"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip():
                raise TeacherError("invalid answer", f"a proposal needs a {name} with text, got {value!r}")
        for name in ("task_type", "when_to_apply"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise TeacherError("invalid answer", f"{name} of {self.title!r} must be text, got {value!r}")
        words = len(self.principle.split())
        if words > MAX_PRINCIPLE_WORDS:
            raise TeacherError(
                "invalid answer",
                f"the principle of {self.title!r} has {words} words; ask for at most {MAX_PRINCIPLE_WORDS}",
            )

    @property
    def fingerprint(self) -> str:
        """Equal to the fingerprint of a skill that says the same."""
        return fingerprint(self.principle)

    def skill(self, skill_id: str, category: str | None) -> Skill:
        """The skill under an id and a category of the bank that admits it."""
        return Skill(
            id=skill_id,
            title=self.title,
            principle=self.principle,
            when_to_apply=self.when_to_apply,
            category=category,
            provenance=self.provenance,
            keywords=self.keywords,
        )


@dataclass(frozen=True, slots=True)
class MistakeProposal:
    """A mistake that a teacher proposes to warn of.

    Attributes:
        description: What agents do wrong.
        how_to_avoid: What to do instead.
        why_it_happens: The cause.
        task_type: The environment's name of the task type it belongs to, None for all.
        provenance: The episodes and the evidence.

    Raises:
        TeacherError: A text is missing.
    """

    description: str
    how_to_avoid: str
    why_it_happens: str = ""
    task_type: str | None = None
    provenance: Provenance = field(default_factory=Provenance)

    def __post_init__(self) -> None:
        for name in ("description", "how_to_avoid"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip():
                raise TeacherError("invalid answer", f"a mistake needs a {name} with text, got {value!r}")

    @property
    def fingerprint(self) -> str:
        """Equal to the fingerprint of a mistake that says the same."""
        return fingerprint(f"{self.description} {self.how_to_avoid}")

    def mistake(self, mistake_id: str, category: str | None) -> Mistake:
        """The mistake under an id and a category of the bank that admits it."""
        return Mistake(
            id=mistake_id,
            description=self.description,
            how_to_avoid=self.how_to_avoid,
            why_it_happens=self.why_it_happens,
            category=category,
            provenance=self.provenance,
        )


@dataclass(frozen=True, slots=True)
class Lost:
    """A part of a request that got no answer; what the others gave stands.

    Attributes:
        purpose: What it was for, e.g. ``lessons of heat, failed``.
        fault: Why there is none.
        reason: The same in words.
        evidence: Ids of the episodes or memories that stood in that part.
    """

    purpose: str
    fault: Fault
    reason: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TeacherRequest:
    """What a teacher is asked.

    Attributes:
        trajectories: Failed episodes to learn from, whole; may be none.
        bank: The bank as it stands; nothing in it is to be said again.
        max_new: How many proposals are wanted at most, besides habits; None for all that there is to say.
        kind: What the answer is for.
        successes: Solved episodes played at the same time, for facts and contrast.
        others: Failed episodes that no advice is wanted for, for facts.
        memories: Episodes of which only a memory record is there; for distillation.

    Raises:
        ValueError: ``max_new`` is below 1.
    """

    trajectories: tuple[Trajectory, ...]
    bank: SkillBank
    max_new: int | None = 3
    kind: Literal["evolution", "distillation"] = "evolution"
    successes: tuple[Trajectory, ...] = ()
    others: tuple[Trajectory, ...] = ()
    memories: tuple[MemoryRecord, ...] = ()

    @property
    def episodes(self) -> tuple[Trajectory, ...]:
        """All episodes, the failed ones first."""
        return (*self.trajectories, *self.others, *self.successes)

    def __post_init__(self) -> None:
        if self.max_new is not None and self.max_new < 1:
            raise ValueError(
                f"max_new must be at least 1, got {self.max_new}; without a wish don't ask a teacher"
            )


@dataclass(frozen=True, slots=True)
class TeacherAnswer:
    """What a teacher answered, already valid.

    Attributes:
        proposals: Best first; more than were wanted are no error, the asker takes the first ones.
        mistakes: Best first.
        causes: Cause -> number of episodes in which it was found.
        known: Titles of what the teacher would have said but found in the bank.
        unexplained: Task keys of the episodes in which no cause was found.
        retire: Id of an entry that does not hold any more -> why.
        memory: What the teacher wants to find in the bank's metadata next time, JSON only.
        lost: Parts of the request that got no answer.
    """

    proposals: tuple[Proposal, ...] = ()
    mistakes: tuple[MistakeProposal, ...] = ()
    causes: Mapping[str, int] = field(default_factory=dict)
    known: tuple[str, ...] = ()
    unexplained: tuple[str, ...] = ()
    retire: Mapping[str, str] = field(default_factory=dict)
    memory: Mapping[str, Any] = field(default_factory=dict)
    lost: tuple[Lost, ...] = ()


class Teacher(Protocol):
    """Turns episodes into proposals."""

    @property
    def name(self) -> str:
        """Who it is, for provenance."""
        ...

    def ask(self, request: TeacherRequest) -> TeacherAnswer:
        """Answers a request.

        Raises:
            TeacherError: There is no usable answer.
        """
        ...
