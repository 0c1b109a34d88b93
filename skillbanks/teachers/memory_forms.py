"""The forms of a model's answers about an episode, and what makes one wrong beyond its form."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from skill_gym.skillbanks.lint_injection import find_injections
from skill_gym.trajectory import Trajectory

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


def wrong_in_success(answer: SolvedMemory, trajectory: Trajectory) -> str:
    """What is wrong with an answer about a solved episode; "" for nothing."""
    return _wrong_steps(answer, trajectory) or wrong_in_failure(answer)


def wrong_in_failure(answer: BaseModel) -> str:
    """What is wrong with an answer about any episode; "" for nothing."""
    for text in texts_of(answer):
        for hit in find_injections(text):
            return (
                f"{hit.excerpt!r} reads like an order to whoever reads the memory; say what happened instead"
            )
    return ""


def texts_of(value: object) -> Iterator[str]:
    """All texts in an answer, or in a part of one."""
    if isinstance(value, BaseModel):
        value = value.model_dump()
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts_of(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts_of(part)


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
