"""Asks a model questions whose answers have a form: schema, check, one chance to mend."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from skill_gym.skillbanks.rendering import about_tokens
from skill_gym.skillbanks.teacher import TeacherError
from skill_gym.skillbanks.teachers.answer_form import in_words
from skill_gym.skillbanks.teachers.chat import ChatMessage, ChatModel, ChatReply, ChatRequest, KeepsAnswers

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question(Generic[Answer]):
    """One thing that a model is asked.

    Attributes:
        purpose: What it is for, e.g. ``general skills``.
        system: Who the model is to be, and what its answer must keep to.
        text: The question with its material.
        answer: The form of the answer.
        max_tokens: Longest answer.
        temperature: 0 is greedy.
        check: Says what is wrong with an answer that fits the form, beyond what the form can say; "" for
            nothing.
    """

    purpose: str
    system: str
    text: str
    answer: type[Answer]
    max_tokens: int = 4096
    temperature: float = 0.0
    check: Callable[[Answer], str] | None = None


class Asker:
    """Asks questions, several at a time, and gives valid answers or typed errors.

    An answer that does not fit its form, or fails its check, is sent back once with what is wrong with it.
    When the second one is wrong, too, a model that keeps answers forgets both: a later run asks anew.

    Args:
        model: Who answers.
        concurrency: Most questions under way at once, at least 1.
        on_answered: Called after each question with its purpose, in the asking thread.
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        concurrency: int = 4,
        on_answered: Callable[[str], None] | None = None,
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, got {concurrency}")
        self.model = model
        self.concurrency = concurrency
        self.on_answered = on_answered

    @property
    def name(self) -> str:
        """The model's."""
        return self.model.name

    def ask(self, question: Question[Answer]) -> Answer:
        """Asks one question.

        Raises:
            TeacherError: ``too long``, before anything is sent; ``invalid answer`` when the mended one is
                invalid, too; or the model's own faults.
        """
        messages = (ChatMessage("system", question.system), ChatMessage("user", question.text))
        first = _request(question, messages)
        reply = self._complete(first)
        try:
            return self._read(question, reply)
        except TeacherError as error:
            if error.fault != "invalid answer":
                raise
            logger.info("%s: %s; asked again", question.purpose, error)
            wrong = str(error)
        again = (
            *messages,
            ChatMessage("assistant", reply.text[:_SHOWN]),
            # Endpoints exist that take a schema and do not keep to it: this time it is said in words, too.
            ChatMessage("user", f"{wrong}\nAnswer again. {in_words(question.answer.model_json_schema())}"),
        )
        second = _request(question, again)
        try:
            return self._read(question, self._complete(second))
        except TeacherError as error:
            if error.fault == "invalid answer" and isinstance(self.model, KeepsAnswers):
                self.model.forget(first)
                self.model.forget(second)
            raise

    def ask_all(self, questions: Sequence[Question[Answer]]) -> list[Answer | TeacherError]:
        """Asks many questions at once; a question without an answer gives its error, in its place."""
        if not questions:
            return []

        def one(question: Question[Answer]) -> Answer | TeacherError:
            try:
                return self.ask(question)
            except TeacherError as error:
                return error
            finally:
                if self.on_answered is not None:
                    self.on_answered(question.purpose)

        threads = ThreadPoolExecutor(min(self.concurrency, len(questions)), "asker")
        try:
            return list(threads.map(one, questions))
        finally:
            # Whoever interrupts does not want to wait for what is under way.
            threads.shutdown(wait=False, cancel_futures=True)

    def _complete(self, request: ChatRequest) -> ChatReply:
        about = sum(about_tokens(message.content) for message in request.messages)
        if about + request.max_tokens > self.model.context_tokens:
            raise TeacherError(
                "too long",
                f"{request.purpose}: about {about:,} tokens and {request.max_tokens:,} for the answer do not "
                f"fit the {self.model.context_tokens:,} of {self.name}; show it less at a time, or ask for a "
                "shorter answer",
            )
        return self.model.complete(request)

    def _read(self, question: Question[Answer], reply: ChatReply) -> Answer:
        try:
            answer = question.answer.model_validate_json(_json(reply.text))
        except ValidationError as error:
            cut = " (it was cut off)" if reply.finish_reason == "length" else ""
            raise TeacherError("invalid answer", f"{question.purpose}{cut}: {_told(error)}") from error
        if question.check is not None and (wrong := question.check(answer)):
            raise TeacherError("invalid answer", f"{question.purpose}: {wrong}")
        return answer


def _request(question: Question[Answer], messages: tuple[ChatMessage, ...]) -> ChatRequest:
    return ChatRequest(
        messages=messages,
        schema=question.answer.model_json_schema(),
        schema_name=question.answer.__name__,
        max_tokens=question.max_tokens,
        temperature=question.temperature,
        purpose=question.purpose,
    )


_SHOWN = 20_000
"""Characters of a wrong answer that are sent back."""

_TOLD = 8
"""Faults of an answer that are named."""


def _json(text: str) -> str:
    """The JSON object in a reply: models like to put it into a fence, or thoughts before it."""
    text = text.rpartition("</think>")[2]
    start, end = text.find("{"), text.rfind("}")
    return text[start : end + 1] if 0 <= start < end else text


def _told(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_input=False)
    named = [f"{'.'.join(map(str, fault['loc'])) or 'answer'}: {fault['msg']}" for fault in faults[:_TOLD]]
    more = f" and {len(faults) - _TOLD} more" if len(faults) > _TOLD else ""
    return "; ".join(named) + more
