"""The memory record of an episode, in the schema that was released with SkillRL."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skill_gym.skillbanks.atomic_file import write_atomically

ENVIRONMENTS: Mapping[str, str] = {
    "Alfworld": "skill_gym/ALFWorld-v0",
    "Webshop": "skill_gym/WebShop-v0",
    "SearchAgent": "skill_gym/Search-v0",
}
"""The records' names of the environments -> Gymnasium ids."""


class MemoryFileError(ValueError):
    """A memory file cannot be read; the message names the file, the record and the field."""


@dataclass(frozen=True, slots=True)
class MemoryStep:
    """A step that mattered.

    Attributes:
        index: Of the turn, from 0; -1 for what was seen before the first one.
        action: What was done, in abstract words.
        observation: What it showed.
        reasoning: Why it was done.
    """

    index: int
    action: str
    observation: str
    reasoning: str


@dataclass(frozen=True, slots=True)
class MemoryMistake:
    """What went wrong: when it happens, and what not to do then."""

    trigger: str
    bad_action: str


@dataclass(frozen=True, slots=True)
class MemoryRecord:
    """What is remembered of an episode.

    Attributes:
        id: Unique, ``mem_<environment>_<8 hex digits>``.
        environment: As released: ``Alfworld``, ``Webshop``, ``SearchAgent``.
        success: Whether the episode was solved.
        description: One paragraph on task, course and outcome.
        goal: The task's goal, as the agent read it.
        steps: The chain of steps that led to success; None for a failure.
        pattern: Its plan with placeholders; None for a failure.
        mistakes: What to avoid.
        data_source: Of a question; None elsewhere.
        origin: Where the episode came from; not unique in released files.
        extra: What the released schema does not have: ``task_key``, ``split``, ``task_type``, ``teacher``.
    """

    id: str
    environment: str
    success: bool
    description: str
    goal: str
    steps: tuple[MemoryStep, ...] | None = None
    pattern: str | None = None
    mistakes: tuple[MemoryMistake, ...] = ()
    data_source: str | None = None
    origin: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def env_id(self) -> str:
        """Gymnasium id of the environment."""
        return ENVIRONMENTS.get(self.environment, self.environment)


def read_memories(path: str | Path) -> list[MemoryRecord]:
    """Reads a memory file: a JSON list in any of the released shapes.

    Raises:
        MemoryFileError: The file or one of its records cannot be read.
    """
    raise NotImplementedError


def write_memories(path: str | Path, records: Iterable[MemoryRecord]) -> None:
    """Writes a memory file in the released schema, whole or not at all."""
    write_atomically(path, json.dumps([_row(record) for record in records], indent=2))


def _row(record: MemoryRecord) -> dict[str, Any]:
    raise NotImplementedError
