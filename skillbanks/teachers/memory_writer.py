"""Writes memory records with a model: one question an episode, its answer checked against the episode."""

from dataclasses import replace
from functools import partial
from typing import TypeVar

from pydantic import BaseModel

from skill_gym.skillbanks.memories.abstraction import Abstraction, abstraction_of
from skill_gym.skillbanks.memories.identity import extra_of
from skill_gym.skillbanks.memories.record import MemoryMistake, MemoryRecord, MemoryStep
from skill_gym.skillbanks.memories.writer import environment_of
from skill_gym.skillbanks.rendering import about_tokens
from skill_gym.skillbanks.teacher import TeacherError
from skill_gym.skillbanks.teachers.asking import Asker, Question
from skill_gym.skillbanks.teachers.episode_text import tell
from skill_gym.skillbanks.teachers.memory_forms import (
    FailedMemory,
    SolvedMemory,
    texts_of,
    wrong_in_failure,
    wrong_in_success,
)
from skill_gym.skillbanks.teachers.memory_words import SYSTEM, failed_text, solved_text
from skill_gym.trajectory import Trajectory

ANSWER_TOKENS = 3000
"""Longest answer; a quarter of the context where that is short."""

LEAST_EPISODE = 200
"""Tokens of an episode below which nothing is to be learnt from its text."""

_NAMED = 8
"""Values of an answer that are named when it is asked for again."""


Form = TypeVar("Form", bound=BaseModel)


class ModelWriter:
    """Makes records by asking a model.

    A step that is none of the episode's makes an answer invalid. An answer with values of the episode's world
    is asked for once more, without them; those that are still there are replaced by placeholders and counted
    in the record's ``extra["replaced_values"]``.

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

    @property
    def _answer_tokens(self) -> int:
        return min(ANSWER_TOKENS, self.asker.model.context_tokens // 4)

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
        question = Question(
            purpose="memory of a success",
            system=SYSTEM,
            text=solved_text(trajectory, self._told(trajectory, solved_text(trajectory, ""))),
            answer=SolvedMemory,
            max_tokens=self._answer_tokens,
            check=partial(wrong_in_success, trajectory=trajectory),
        )
        answer = self._ask(question, abstraction)
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
        question = Question(
            purpose="memory of a failure",
            system=SYSTEM,
            text=failed_text(trajectory, self._told(trajectory, failed_text(trajectory, ""))),
            answer=FailedMemory,
            max_tokens=self._answer_tokens,
            check=wrong_in_failure,
        )
        answer = self._ask(question, abstraction)
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

    def _ask(self, question: Question[Form], abstraction: Abstraction) -> Form:
        answer = self.asker.ask(question)
        values = list(dict.fromkeys(value for _, value in _found(answer, abstraction)))
        if not values:
            return answer
        named = ", ".join(repr(value) for value in values[:_NAMED])
        text = f"{question.text}\n\nWrite placeholders or kinds in the place of: {named}, and the like."
        try:
            return self.asker.ask(replace(question, text=text))
        except TeacherError as error:
            if error.fault != "invalid answer":
                raise
            # The first answer is right but for its values, and those can be replaced.
            return answer

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
        room = min(self.max_episode_tokens, self.asker.model.context_tokens - taken - 2 * self._answer_tokens)
        if room < LEAST_EPISODE:
            raise TeacherError(
                "too long",
                f"a context of {self.asker.model.context_tokens} tokens leaves {room} for an episode, at "
                f"least {LEAST_EPISODE} are needed; use a model with a longer one",
            )
        return tell(trajectory, max_tokens=room)


def _found(answer: BaseModel, abstraction: Abstraction) -> list[tuple[str, str]]:
    return [(text, value) for text in texts_of(answer) for value in abstraction.found(text)]
