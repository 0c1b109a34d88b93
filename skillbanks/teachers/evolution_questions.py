"""The questions of one round of evolution: how much room each has, how they are asked, what got no answer."""

import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from pydantic import BaseModel

from skill_gym.skillbanks.teacher import Lost, TeacherError
from skill_gym.skillbanks.teachers.asking import Asker, Question
from skill_gym.skillbanks.teachers.distil_questions import MOST_ANSWER_TOKENS, careful_tokens
from skill_gym.skillbanks.teachers.evolution_answer import Cited
from skill_gym.skillbanks.teachers.evolution_words import system

Answer = TypeVar("Answer", bound=BaseModel)

_MENDING = 300
"""Tokens of the message that sends an answer back, and of the frame that a chat template puts around all."""


class EvolutionQuestions:
    """Asks about one environment, and keeps account of the parts that got no answer.

    Args:
        asker: Asks the model.
        env_id: The environment.
        answer_tokens: Longest answer; a sixth of the context if None, at most ``MOST_ANSWER_TOKENS``.
        count_tokens: Number of tokens of a text, better too many than too few.

    Attributes:
        lost: Parts without an answer.
    """

    def __init__(
        self,
        asker: Asker,
        env_id: str,
        *,
        answer_tokens: int | None = None,
        count_tokens: Callable[[str], int] | None = None,
    ) -> None:
        self._asker, self._system = asker, system(env_id)
        self.answer_tokens = answer_tokens or min(MOST_ANSWER_TOKENS, max(1, self.context_tokens // 6))
        self.count_tokens = count_tokens or careful_tokens
        self.lost: list[Lost] = []

    @property
    def teacher(self) -> str:
        """Name of who answers."""
        return self._asker.name

    @property
    def context_tokens(self) -> int:
        """Longest question with its answer."""
        return self._asker.model.context_tokens

    def size(self, material: Sequence[Cited]) -> int:
        """Tokens of the material."""
        return sum(self.count_tokens(one.text) + 1 for one in material)

    def room(self, frame: str, form: type[BaseModel]) -> int:
        """Tokens that are left for material, when a wrong answer may be sent back with all before it.

        Args:
            frame: The question without its material.
            form: Of its answer, which stands in the prompt where an endpoint has no structured output.
        """
        schema = json.dumps(form.model_json_schema(), separators=(",", ":"))
        fixed = sum(map(self.count_tokens, (self._system, frame, schema)))
        return self.context_tokens - fixed - 2 * self.answer_tokens - _MENDING

    def ask(
        self, purpose: str, text: str, form: type[Answer], check: Callable[[Answer], str] | None = None
    ) -> Answer:
        """Asks one question.

        Raises:
            TeacherError: There is no valid answer.
        """
        return self._asker.ask(self._question(purpose, text, form, check))

    def ask_all(self, purpose: str, asked: Sequence[tuple[str, type[Answer]]]) -> list[Answer | TeacherError]:
        """Asks several questions at once; one without an answer gives its error, in its place."""
        return self._asker.ask_all([self._question(purpose, text, form, None) for text, form in asked])

    def lose(self, purpose: str, error: TeacherError, evidence: Sequence[str]) -> None:
        """Notes a part without an answer, and the ids of what stood in it."""
        reason = str(error).removeprefix(f"{error.fault}: ")
        self.lost.append(Lost(purpose, error.fault, reason, tuple(evidence)))

    def none_left(self, wanted: str) -> TeacherError:
        """The error for when nothing is left to go on with: the first loss, or too small a context."""
        if self.lost:
            first = self.lost[0]
            return TeacherError(first.fault, f"no part was answered; {first.purpose}: {first.reason}")
        return TeacherError(
            "too long",
            f"a context of {self.context_tokens} tokens has no room for {wanted} beside the question and two "
            f"answers of {self.answer_tokens} tokens; lower answer_tokens, or ask a model with a larger one",
        )

    def _question(
        self, purpose: str, text: str, form: type[Answer], check: Callable[[Answer], str] | None
    ) -> Question[Answer]:
        return Question(
            purpose=purpose,
            system=self._system,
            text=text,
            answer=form,
            max_tokens=self.answer_tokens,
            check=check,
        )
