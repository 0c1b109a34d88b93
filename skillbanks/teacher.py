"""Who turns episodes into proposals for skills: the seam between evolution and a teacher."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import Provenance, Skill, fingerprint
from skill_gym.trajectory import Trajectory

Fault = Literal["unavailable", "refused", "invalid answer"]

MAX_PRINCIPLE_WORDS = 80
"""A longer principle is an essay; it would eat the budget of the others."""


class TeacherError(RuntimeError):
    """A teacher gave no usable answer; never turned into an empty one.

    Attributes:
        fault: ``unavailable`` (no connection, no quota), ``refused``, or ``invalid answer``.
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

    Raises:
        TeacherError: A text is missing, or the principle is too long.
    """

    title: str
    principle: str
    task_type: str | None = None
    when_to_apply: str | None = None
    provenance: Provenance = field(default_factory=Provenance)
    cause: str = ""

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
        )


@dataclass(frozen=True, slots=True)
class TeacherRequest:
    """What a teacher is asked.

    Attributes:
        trajectories: Failed episodes to learn from, whole.
        bank: The bank as it stands; nothing in it is to be said again.
        max_new: How many proposals are wanted at most.
        kind: What the answer is for.
        successes: Solved episodes of the same validation, for facts and contrast.

    Raises:
        ValueError: ``max_new`` is below 1.
    """

    trajectories: tuple[Trajectory, ...]
    bank: SkillBank
    max_new: int = 3
    kind: Literal["evolution", "distillation"] = "evolution"
    successes: tuple[Trajectory, ...] = ()

    def __post_init__(self) -> None:
        if self.max_new < 1:
            raise ValueError(
                f"max_new must be at least 1, got {self.max_new}; without a wish don't ask a teacher"
            )


@dataclass(frozen=True, slots=True)
class TeacherAnswer:
    """What a teacher answered, already valid.

    Attributes:
        proposals: Best first; more than were wanted are no error, the asker takes the first ones.
        causes: Cause -> number of episodes in which it was found.
        known: Titles of what the teacher would have said but found in the bank.
        unexplained: Task keys of the episodes in which no cause was found.
    """

    proposals: tuple[Proposal, ...] = ()
    causes: Mapping[str, int] = field(default_factory=dict)
    known: tuple[str, ...] = ()
    unexplained: tuple[str, ...] = ()


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
