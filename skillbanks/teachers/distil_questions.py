"""The questions of one distillation: how much room each has, how they are asked, what got no answer."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic

from skill_gym.skillbanks.teacher import Lost, TeacherError
from skill_gym.skillbanks.teachers.asking import Asker, Question
from skill_gym.skillbanks.teachers.distil_forms import AnyEntry, Entries
from skill_gym.skillbanks.teachers.distil_words import system

MOST_ANSWER_TOKENS = 16_384
"""Room for an answer with hidden thoughts before it; many models say no more than this at once."""

_ENTRY_TOKENS = 100
"""What an entry of an answer takes about."""

_MENDING = 300
"""Tokens of the message that sends an answer back, and of the frame that a chat template puts around all."""


@dataclass(frozen=True, slots=True)
class Part(Generic[AnyEntry]):
    """One question and what it rests on.

    Attributes:
        purpose: What it is for.
        text: The question.
        form: Of its answer.
        evidence: Ids of the episodes behind it.
    """

    purpose: str
    text: str
    form: type[Entries[AnyEntry]]
    evidence: tuple[str, ...] = ()


class Questions:
    """Asks parts, and keeps account of those that got no answer.

    Args:
        asker: Asks the model.
        env_id: The environment that all questions are about.
        answer_tokens: Longest answer; a sixth of the context if None, at most ``MOST_ANSWER_TOKENS``.
        strict: Whether the first part without an answer ends it all.
        count_tokens: Number of tokens of a text, better too many than too few.
    """

    def __init__(
        self,
        asker: Asker,
        env_id: str,
        *,
        answer_tokens: int | None = None,
        strict: bool = False,
        count_tokens: Callable[[str], int] | None = None,
    ) -> None:
        self._asker, self._strict = asker, strict
        self.answer_tokens = answer_tokens or min(MOST_ANSWER_TOKENS, max(1, self.context_tokens // 6))
        self.count_tokens = count_tokens or careful_tokens
        self.lost: list[Lost] = []
        self._system = system(env_id)

    @property
    def teacher(self) -> str:
        """Name of who answers."""
        return self._asker.name

    @property
    def context_tokens(self) -> int:
        """Longest question with its answer."""
        return self._asker.model.context_tokens

    @property
    def most_entries(self) -> int:
        """How many entries one answer has room for."""
        return max(1, self.answer_tokens // _ENTRY_TOKENS)

    def room(self, frame: str, form: type[Entries[AnyEntry]]) -> int:
        """Tokens that are left for material in a question.

        A wrong answer is sent back with the whole conversation before it, so that there must be room for two.
        The schema counts, since it stands in the prompt where an endpoint has no structured output.

        Args:
            frame: The question without its material.
            form: Of its answer.
        """
        schema = json.dumps(form.model_json_schema(), separators=(",", ":"))
        fixed = sum(map(self.count_tokens, (self._system, frame, schema)))
        return self.context_tokens - fixed - 2 * self.answer_tokens - _MENDING

    def too_small(self, wanted: str) -> TeacherError:
        """The error for a context in which not even the least has room."""
        return TeacherError(
            "too long",
            f"a context of {self.context_tokens} tokens has no room for {wanted} beside the question "
            f"and two answers of {self.answer_tokens} tokens; lower answer_tokens, or ask a model with "
            f"a larger one",
        )

    def ask(self, parts: Sequence[Part[AnyEntry]]) -> list[list[AnyEntry] | TeacherError]:
        """The entries of each part's answer, or why there are none, in the order of the parts."""
        answers = self._asker.ask_all(
            [
                Question(
                    purpose=part.purpose,
                    system=self._system,
                    text=part.text,
                    answer=part.form,
                    max_tokens=self.answer_tokens,
                )
                for part in parts
            ]
        )
        return [answer if isinstance(answer, TeacherError) else answer.entries for answer in answers]

    def lose(self, part: Part[AnyEntry], error: TeacherError, then: str = "") -> None:
        """Notes a part without an answer.

        Args:
            part: The part.
            error: Why.
            then: What was done instead.

        Raises:
            TeacherError: The same, when the distillation is strict.
        """
        if self._strict:
            raise error
        reason = str(error).removeprefix(f"{error.fault}: ")
        lost = Lost(part.purpose, error.fault, reason, part.evidence)
        self.lost.append(replace(lost, reason=f"{reason}; {then}") if then else lost)


def careful_tokens(text: str) -> int:
    """An estimate that errs on the safe side for prose: one token for every three bytes of UTF-8."""
    return math.ceil(len(text.encode("utf-8", "replace")) / 3)


def packed(sizes: Sequence[int], room: int, most: int) -> list[range]:
    """Consecutive packs of things that fit into a room each, at most so many to a pack.

    Args:
        sizes: What each takes; a thing larger than the room gets a pack of its own.
        room: Of a pack.
        most: Number of things in a pack, at least 1.
    """
    packs: list[range] = []
    start, used = 0, 0
    for place, size in enumerate(sizes):
        if place > start and (used + size > room or place - start >= most):
            packs.append(range(start, place))
            start, used = place, 0
        used += size
    return [*packs, range(start, len(sizes))] if sizes else []
