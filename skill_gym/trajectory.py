"""The one record of what was played: a task, the turns of an episode, and how it ended."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

FORMAT = 1
"""Version of the JSON form; a file of a newer one is refused instead of being misread."""

Ended = Literal["solved", "failed", "truncated", "broken"]
Boundary = Literal["env", "retriever", "teacher", "policy"]


class TrajectoryError(ValueError):
    """A stored trajectory cannot be read; the message names the file, the line and the field."""


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do, the same for everybody who plays it.

    Attributes:
        id: Name within its environment and data, e.g. ``split/folder/trial`` for ALFWorld.
        key: ``<env_id>:<source>:<id>``, where source identifies the data or the generator with its seed;
            unique across data sets, used for provenance and leak checks.
        env_id: Gymnasium id, e.g. ``skill_gym/ALFWorld-v0``.
        split: Split of the data that the task belongs to.
        task_type: The environment's own name of the kind of task.
        goal: What is to be done, as the agent reads it.
    """

    id: str
    key: str
    env_id: str
    split: str
    task_type: str
    goal: str


@dataclass(frozen=True, slots=True)
class Turn:
    """What the agent saw, said and got in one step.

    Attributes:
        observation: The environment's own text before the reply.
        prompt: What was shown to the agent: observation with instructions, history and skills.
        reply: What the agent said, whole.
        command: What was sent to the environment; empty when the reply could not be read.
        valid: Whether the reply could be read *and* its command was admissible.
        reward: Reward of the step, in [0, 1].
        admissible: The commands that were admissible when the agent replied, in the environment's order.
        skill_ids: Ids of the skills in the prompt, in the order in which they were shown.
    """

    observation: str
    prompt: str
    reply: str
    command: str
    valid: bool
    reward: float
    admissible: tuple[str, ...] = ()
    skill_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One episode, readable without the environment that it was played in.

    Attributes:
        task: What was to be done.
        turns: The steps in order; may be empty when the episode broke before its first step.
        ended: ``solved``, ``failed`` (ended by the environment without success), ``truncated`` (step
            limit) or ``broken`` (an error outside the agent; see ``boundary``).
        bank_version: Version of the skill bank in force, ``""`` without a bank.
        seed: Seed of the episode's sampling, if any.
        policy: Name of the policy that played.
        boundary: Where a broken episode broke; None unless ``ended == "broken"``.
        meta: Anything else, JSON only: ``final_observation`` (the text after the last command),
            ``error``, ``bank_arm``, ...
    """

    task: Task
    turns: tuple[Turn, ...]
    ended: Ended
    bank_version: str = ""
    seed: int | None = None
    policy: str = ""
    boundary: Boundary | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.ended not in get_args(Ended):
            raise ValueError(f"ended must be one of {', '.join(get_args(Ended))}, got {self.ended!r}")
        if (self.ended == "broken") != (self.boundary is not None):
            raise ValueError(
                f"boundary says where a broken episode broke: got ended={self.ended!r} with "
                f"boundary={self.boundary!r}; pass one of {', '.join(get_args(Boundary))} with 'broken' only"
            )

    @property
    def total_reward(self) -> float:
        """Sum of the rewards of all turns (the return of Sutton and Barto, undiscounted)."""
        return sum(turn.reward for turn in self.turns)

    @property
    def solved(self) -> bool:
        """Whether the task was done."""
        return self.ended == "solved"

    @property
    def skill_ids(self) -> tuple[str, ...]:
        """Ids of all skills shown in the episode, each once, in order of appearance."""
        return tuple(dict.fromkeys(skill_id for turn in self.turns for skill_id in turn.skill_ids))

    def to_json(self) -> str:
        """The trajectory as one line of JSON, without the line's end."""
        return json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=False)

    @classmethod
    def from_json(cls, line: str) -> "Trajectory":
        """Reads what ``to_json`` wrote.

        Raises:
            TrajectoryError: The line is not JSON, of a newer format, or lacks a field.
        """
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise TrajectoryError(f"expected one JSON object a line, got {line[:60]!r}: {error}") from error
        if not isinstance(row, dict):
            raise TrajectoryError(f"expected a JSON object, got {type(row).__name__}")
        if row.get("format") != FORMAT:
            raise TrajectoryError(
                f"expected trajectory format {FORMAT}, got {row.get('format')!r}; "
                "install the skill-gym version that wrote the file"
            )
        try:
            turns = tuple(
                Turn(**{**turn, **{name: tuple(turn[name]) for name in ("admissible", "skill_ids")}})
                for turn in row["turns"]
            )
            fields = {name: value for name, value in row.items() if name != "format"}
            return cls(**{**fields, "task": Task(**row["task"]), "turns": turns})
        except (KeyError, TypeError, ValueError) as error:
            raise TrajectoryError(f"incomplete trajectory record, or unknown fields: {error}") from error


def read_trajectories(path: str | Path) -> Iterator[Trajectory]:
    """Reads a JSON-lines file lazily.

    A last line cut short, as a killed writer leaves it, is an error like any other.

    Raises:
        TrajectoryError: A line cannot be read; the message names file and line number.
    """
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield Trajectory.from_json(line)
            except TrajectoryError as error:
                raise TrajectoryError(f"{path}, line {number}: {error}") from error


def write_trajectories(path: str | Path, trajectories: Iterable[Trajectory]) -> int:
    """Writes a JSON-lines file, replacing an old one; returns the number of trajectories."""
    count = 0
    with open(path, "w", encoding="utf-8") as file:
        for trajectory in trajectories:
            file.write(trajectory.to_json() + "\n")
            count += 1
    return count
