"""The memory record of an episode, in the schema that was released with SkillRL."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skill_gym.skillbanks.atomic_file import write_atomically
from skill_gym.skillbanks.memories.record_fields import (
    MemoryFileError,
    items,
    kind,
    mapping,
    need,
    rest,
    text,
)

ENVIRONMENTS: Mapping[str, str] = {
    "Alfworld": "skill_gym/ALFWorld-v0",
    "Webshop": "skill_gym/WebShop-v0",
    "SearchAgent": "skill_gym/Search-v0",
}
"""The records' names of the environments -> Gymnasium ids."""

_NESTED_GUIDELINES = ("Webshop", "SearchAgent")
_WRAPPED_STEPS = ("Alfworld", "Webshop")
_OUTCOMES = {"Success": True, "Failure": False}


@dataclass(frozen=True, slots=True)
class MemoryStep:
    """A step that mattered.

    Attributes:
        index: Of the turn, from 0; -1 for what was seen before the first one.
        action: What was done, in abstract words.
        observation: What it showed.
        reasoning: Why it was done.
        unknown: Keys of the file that are not ours.
    """

    index: int
    action: str
    observation: str
    reasoning: str
    unknown: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class MemoryMistake:
    """What went wrong: when it happens, what not to do then, and keys of the file that are not ours."""

    trigger: str
    bad_action: str
    unknown: Mapping[str, Any] = field(default_factory=dict, hash=False)


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
        extra: What the released schema does not have, under the file's key ``extra``. Records made here have
            ``task_key``, ``split``, ``task_type``, ``policy``, ``seed``, ``bank_version``, ``ended``,
            ``teacher`` and ``trajectory_id``, and ``replaced_values`` where values of the world had to be
            taken out of a model's words.
        unknown: Keys of the file that are not ours, by the place where they stood: "" for the record itself,
            ``tags``, ``content``, ``content.task_meta``, ``content.refined_trajectory``,
            ``content.strategic_guidelines``.
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
    unknown: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)

    @property
    def env_id(self) -> str:
        """Gymnasium id of the environment."""
        return ENVIRONMENTS.get(self.environment, self.environment)

    def to_row(self) -> dict[str, Any]:
        """The record's JSON object, in the released shape of its environment."""
        source = {} if self.data_source is None else {"data_source": self.data_source}
        steps: Any = None if self.steps is None else [_step_row(step) for step in self.steps]
        beside = self._others("content.refined_trajectory")
        if beside or (steps is not None and self.environment in _WRAPPED_STEPS):
            steps = {"refined_trajectory": steps, **beside}
        guidelines: dict[str, Any] = {
            "planning_pattern": self.pattern,
            "mistakes_to_avoid": [_mistake_row(mistake) for mistake in self.mistakes],
            **self._others("content.strategic_guidelines"),
        }
        if self.environment in _NESTED_GUIDELINES:
            guidelines = {"strategic_guidelines": guidelines}
        row = {
            "memory_id": self.id,
            "contextual_description": self.description,
            "tags": {
                "environment": self.environment,
                "outcome": "Success" if self.success else "Failure",
                **source,
                **self._others("tags"),
            },
            "content": {
                "task_meta": {"original_goal": self.goal, **source, **self._others("content.task_meta")},
                "refined_trajectory": steps,
                "strategic_guidelines": guidelines,
                **self._others("content"),
            },
            "origin_env_id": self.origin,
            **self._others(""),
        }
        return {**row, "extra": dict(self.extra)} if self.extra else row

    @classmethod
    def from_row(cls, row: object, where: str = "record") -> "MemoryRecord":
        """Reads a record's JSON object in any of the released shapes.

        Args:
            row: The object.
            where: Name of the record, for messages.

        Raises:
            MemoryFileError: No record; the message names the field and what was expected there.
        """
        fields = mapping(row, where)
        tags = mapping(need(fields, "tags", where), f"{where}: tags")
        content = mapping(need(fields, "content", where), f"{where}: content")
        meta_place, place = f"{where}: content.task_meta", f"{where}: content.strategic_guidelines"
        meta = mapping(need(content, "task_meta", f"{where}: content"), meta_place)
        guidelines = mapping(need(content, "strategic_guidelines", f"{where}: content"), place)
        if "strategic_guidelines" in guidelines:
            inner = mapping(guidelines["strategic_guidelines"], place)
            guidelines = {**rest(guidelines, "strategic_guidelines"), **inner}
        outcome = text(tags, "outcome", f"{where}: tags")
        if outcome not in _OUTCOMES:
            raise MemoryFileError(f"{where}: tags.outcome must be Success or Failure, got {outcome!r}")
        sources = {str(part["data_source"]) for part in (tags, meta) if part.get("data_source") is not None}
        if len(sources) > 1:
            raise MemoryFileError(
                f"{where}: tags.data_source and content.task_meta.data_source differ "
                f"({' and '.join(sorted(sources))}); correct one of the two"
            )
        pattern = guidelines.get("planning_pattern")
        if pattern is not None and not isinstance(pattern, str):
            raise MemoryFileError(f"{place}.planning_pattern must be text or null, got {pattern!r}")
        mistakes = items(guidelines.get("mistakes_to_avoid", []), f"{place}.mistakes_to_avoid")
        refined = content.get("refined_trajectory")
        wrapper = refined if isinstance(refined, dict) else {}
        others = {
            "": rest(
                fields, "memory_id", "contextual_description", "tags", "content", "origin_env_id", "extra"
            ),
            "tags": rest(tags, "environment", "outcome", "data_source"),
            "content": rest(content, "task_meta", "refined_trajectory", "strategic_guidelines"),
            "content.refined_trajectory": rest(wrapper, "refined_trajectory"),
            "content.task_meta": rest(meta, "original_goal", "data_source"),
            "content.strategic_guidelines": rest(guidelines, "planning_pattern", "mistakes_to_avoid"),
        }
        return cls(
            id=text(fields, "memory_id", where),
            environment=text(tags, "environment", f"{where}: tags"),
            success=_OUTCOMES[outcome],
            description=text(fields, "contextual_description", where),
            goal=text(meta, "original_goal", meta_place),
            steps=_steps(refined, f"{where}: content.refined_trajectory"),
            pattern=pattern,
            mistakes=tuple(
                _mistake(mistake, f"{place}.mistakes_to_avoid[{index}]")
                for index, mistake in enumerate(mistakes)
            ),
            data_source=sources.pop() if sources else None,
            origin=text(fields, "origin_env_id", where) if "origin_env_id" in fields else "",
            extra=mapping(fields.get("extra", {}), f"{where}: extra"),
            unknown={place: left for place, left in others.items() if left},
        )

    def _others(self, place: str) -> Mapping[str, Any]:
        return self.unknown.get(place, {})


def read_memories(path: str | Path) -> list[MemoryRecord]:
    """Reads a memory file: a JSON list in any of the released shapes.

    Raises:
        MemoryFileError: The file or one of its records cannot be read, or two records share an id.
        OSError: There is no such file, or it may not be read.
    """
    try:
        rows = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:  # JSON, and bytes that are no UTF-8
        raise MemoryFileError(f"{path}: not JSON ({error}); a memory file is one JSON list") from error
    if not isinstance(rows, list):
        raise MemoryFileError(f"{path}: expected a JSON list of records, got {kind(rows)}")
    places: dict[str, int] = {}
    records = []
    for index, row in enumerate(rows):
        record = MemoryRecord.from_row(row, f"{path}, record {index}")
        if record.id in places:
            raise MemoryFileError(
                f"{path}, record {index}: memory_id {record.id!r} is that of record {places[record.id]}, "
                "too; remove one of the two"
            )
        places[record.id] = index
        records.append(record)
    return records


def write_memories(path: str | Path, records: Iterable[MemoryRecord]) -> None:
    """Writes a memory file in the released schema, whole or not at all.

    Raises:
        OSError: The folder does not exist or cannot be written.
    """
    rows = [record.to_row() for record in records]
    write_atomically(path, json.dumps(rows, indent=2, ensure_ascii=False))


def _steps(value: object, where: str) -> tuple[MemoryStep, ...] | None:
    if isinstance(value, dict):
        value = need(value, "refined_trajectory", where)
    if value is None:
        return None
    return tuple(_step(row, f"{where}[{index}]") for index, row in enumerate(items(value, where)))


def _step(row: object, where: str) -> MemoryStep:
    fields = mapping(row, where)
    index = need(fields, "step_index", where)
    if not isinstance(index, int) or isinstance(index, bool) or index < -1:
        raise MemoryFileError(f"{where}: step_index must be a whole number from -1 up, got {index!r}")
    return MemoryStep(
        index=index,
        action=text(fields, "action", where),
        observation=text(fields, "critical_observation", where),
        reasoning=text(fields, "reasoning", where),
        unknown=rest(fields, "step_index", "action", "critical_observation", "reasoning"),
    )


def _step_row(step: MemoryStep) -> dict[str, Any]:
    return {
        "step_index": step.index,
        "action": step.action,
        "critical_observation": step.observation,
        "reasoning": step.reasoning,
        **step.unknown,
    }


def _mistake(row: object, where: str) -> MemoryMistake:
    fields = mapping(row, where)
    return MemoryMistake(
        trigger=text(fields, "trigger_condition", where),
        bad_action=text(fields, "bad_action", where),
        unknown=rest(fields, "trigger_condition", "bad_action"),
    )


def _mistake_row(mistake: MemoryMistake) -> dict[str, Any]:
    return {"trigger_condition": mistake.trigger, "bad_action": mistake.bad_action, **mistake.unknown}
