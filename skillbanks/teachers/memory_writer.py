"""Writes memory records with a model: one question an episode, its answer checked against the episode."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from skill_gym.skillbanks.memories.abstraction import Abstraction, abstraction_of
from skill_gym.skillbanks.memories.identity import extra_of
from skill_gym.skillbanks.memories.record import MemoryMistake, MemoryRecord, MemoryStep
from skill_gym.skillbanks.memories.writer import environment_of
from skill_gym.skillbanks.rendering import about_tokens
from skill_gym.skillbanks.teacher import TeacherError
from skill_gym.skillbanks.teachers.asking import Asker, Question
from skill_gym.skillbanks.teachers.episode_text import tell
from skill_gym.skillbanks.teachers.memory_words import SYSTEM, failed_text, solved_text
from skill_gym.trajectory import Trajectory

ANSWER_TOKENS = 3000
"""Longest answer."""

LEAST_EPISODE = 200
"""Tokens of an episode below which nothing is to be learnt from its text."""

_NAMED = 5
_HOLE = re.compile(r"\[[^\[\]]+\]")

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=400)]
Paragraph = Annotated[str, StringConstraints(strip_whitespace=True, min_length=20, max_length=1500)]


class RefinedStep(BaseModel):
    """A step that a later one needed."""

    model_config = ConfigDict(extra="forbid")

    step: int = Field(description="number of the step in the record; 0 for what was seen first")
    action: Line = Field(description="what was done, with placeholders")
    critical_observation: Line = Field(description="what it showed that mattered")
    reasoning: Line = Field(description="which later step it made possible")


class SolvedMemory(BaseModel):
    """What is remembered of a solved episode."""

    model_config = ConfigDict(extra="forbid")

    contextual_description: Paragraph
    refined_trajectory: list[RefinedStep] = Field(min_length=1, max_length=60)
    planning_pattern: Line = Field(description="stages with placeholders, joined by ' -> '")


class RootCause(BaseModel):
    """What the failure came from."""

    model_config = ConfigDict(extra="forbid")

    trigger_condition: Line = Field(description="the situation in which it happens")
    bad_action: Line = Field(description="what is done wrong then")


class FailedMemory(BaseModel):
    """What is remembered of an episode that was not solved."""

    model_config = ConfigDict(extra="forbid")

    contextual_description: Paragraph
    mistakes_to_avoid: list[RootCause] = Field(min_length=1, max_length=6)


class ModelWriter:
    """Makes records by asking a model.

    An answer with a step that is none of the episode's, or with values of its world, is sent back once.
    Values that are still in the second answer are replaced by their placeholders and counted in the record's
    ``extra["replaced_values"]``; a wrong step is an invalid answer.

    Args:
        asker: Asks the model.
        max_episode_tokens: Budget of an episode's text; a longer episode loses steps in its middle.
    """

    def __init__(self, asker: Asker, *, max_episode_tokens: int = 6000) -> None:
        if max_episode_tokens < LEAST_EPISODE:
            raise ValueError(f"max_episode_tokens must be at least {LEAST_EPISODE}, got {max_episode_tokens}")
        self.asker = asker
        self.max_episode_tokens = max_episode_tokens

    @property
    def name(self) -> str:
        """The model's."""
        return self.asker.name

    @property
    def concurrency(self) -> int:
        """As many as the asker asks at once."""
        return self.asker.concurrency

    def write(self, trajectory: Trajectory, memory_id: str) -> MemoryRecord:
        """The record of an episode of any environment that did not break.

        Raises:
            TeacherError: The model gives no valid answer; ``refused`` for a broken episode or one without
                turns, ``too long`` where the model's context has no room for an episode.
        """
        if trajectory.ended == "broken" or not trajectory.turns:
            raise TeacherError(
                "refused", f"an episode that ended {trajectory.ended!r} without turns teaches nothing"
            )
        abstraction = abstraction_of(trajectory)
        if trajectory.solved:
            return self._solved(trajectory, memory_id, abstraction)
        return self._failed(trajectory, memory_id, abstraction)

    def _solved(self, trajectory: Trajectory, memory_id: str, abstraction: Abstraction) -> MemoryRecord:
        asked = 0

        def wrong(answer: SolvedMemory) -> str:
            nonlocal asked
            asked += 1
            return _wrong_steps(answer, trajectory) or ("" if asked > 1 else _values(answer, abstraction))

        question = Question(
            purpose="memory of a success",
            system=SYSTEM,
            text=solved_text(trajectory, self._told(trajectory, solved_text(trajectory, ""))),
            answer=SolvedMemory,
            max_tokens=ANSWER_TOKENS,
            check=wrong,
        )
        answer = self.asker.ask(question)
        hide = abstraction.apply
        return self._record(
            trajectory,
            memory_id,
            answer,
            abstraction,
            description=hide(answer.contextual_description),
            steps=tuple(
                MemoryStep(
                    step.step - 1, hide(step.action), hide(step.critical_observation), hide(step.reasoning)
                )
                for step in answer.refined_trajectory
            ),
            pattern=hide(answer.planning_pattern),
        )

    def _failed(self, trajectory: Trajectory, memory_id: str, abstraction: Abstraction) -> MemoryRecord:
        asked = 0

        def wrong(answer: FailedMemory) -> str:
            nonlocal asked
            asked += 1
            return "" if asked > 1 else _values(answer, abstraction)

        question = Question(
            purpose="memory of a failure",
            system=SYSTEM,
            text=failed_text(trajectory, self._told(trajectory, failed_text(trajectory, ""))),
            answer=FailedMemory,
            max_tokens=ANSWER_TOKENS,
            check=wrong,
        )
        answer = self.asker.ask(question)
        hide = abstraction.apply
        return self._record(
            trajectory,
            memory_id,
            answer,
            abstraction,
            description=hide(answer.contextual_description),
            mistakes=tuple(
                MemoryMistake(hide(cause.trigger_condition), hide(cause.bad_action))
                for cause in answer.mistakes_to_avoid
            ),
        )

    def _record(
        self,
        trajectory: Trajectory,
        memory_id: str,
        answer: BaseModel,
        abstraction: Abstraction,
        *,
        description: str,
        steps: tuple[MemoryStep, ...] | None = None,
        pattern: str | None = None,
        mistakes: tuple[MemoryMistake, ...] = (),
    ) -> MemoryRecord:
        replaced = len(_found(answer, abstraction))
        measured = trajectory.meta.get("measures")
        source = measured.get("data_source") if isinstance(measured, dict) else None
        return MemoryRecord(
            id=memory_id,
            environment=environment_of(trajectory),
            success=trajectory.solved,
            description=description,
            goal=trajectory.task.goal,
            steps=steps,
            pattern=pattern,
            mistakes=mistakes,
            data_source=source if isinstance(source, str) else None,
            origin=trajectory.task.id,
            extra={
                **extra_of(trajectory, self.name),
                **({"replaced_values": replaced} if replaced else {}),
            },
        )

    def _told(self, trajectory: Trajectory, around: str) -> str:
        """The episode's text, in the room that the model's context leaves."""
        schema = about_tokens(str(SolvedMemory.model_json_schema()))
        taken = about_tokens(SYSTEM) + about_tokens(around) + schema
        # A follow-up question holds the first answer as well.
        room = min(self.max_episode_tokens, self.asker.model.context_tokens - taken - 2 * ANSWER_TOKENS)
        if room < LEAST_EPISODE:
            raise TeacherError(
                "too long",
                f"a context of {self.asker.model.context_tokens} tokens leaves {room} for an episode, at "
                f"least {LEAST_EPISODE} are needed; use a model with a longer one",
            )
        return tell(trajectory, max_tokens=room)


def _wrong_steps(answer: SolvedMemory, trajectory: Trajectory) -> str:
    turns = trajectory.turns
    numbers = [step.step for step in answer.refined_trajectory]
    if unknown := [number for number in numbers if not 0 <= number <= len(turns)]:
        return (
            f"the record has no step {unknown[0]}; its steps are 1 to {len(turns)}, 0 is what was seen first"
        )
    if idle := [number for number in numbers if number and not turns[number - 1].valid]:
        return f"step {idle[0]} did nothing (it was not admissible), so no later step can have needed it"
    if any(first >= second for first, second in pairwise(numbers)):
        return f"the steps must be in the order of the record, each once; got {numbers}"
    if numbers[-1] != len(turns):
        return f"the last step kept must be the one that ended the episode, {len(turns)}; got {numbers[-1]}"
    stages = answer.planning_pattern.split("->")
    if len(stages) < 2 or not _HOLE.search(answer.planning_pattern):
        return "planning_pattern needs two stages or more, joined by ' -> ', with placeholders like [Object]"
    return ""


def _values(answer: BaseModel, abstraction: Abstraction) -> str:
    found = list(dict.fromkeys(value for _, value in _found(answer, abstraction)))
    if not found:
        return ""
    named = ", ".join(repr(value) for value in found[:_NAMED])
    return f"values of this one episode must be placeholders or left out, but the answer has {named}"


def _found(answer: BaseModel, abstraction: Abstraction) -> list[tuple[str, str]]:
    return [(text, value) for text in _texts(answer.model_dump()) for value in abstraction.found(text)]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
