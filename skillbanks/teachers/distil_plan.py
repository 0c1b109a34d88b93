"""What a distillation would ask and cost, found out by one with answers of the usual length and no model."""

import json
import math
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from skill_gym.skillbanks.teacher import TeacherError, TeacherRequest
from skill_gym.skillbanks.teachers.asking import Asker
from skill_gym.skillbanks.teachers.chat import ChatReply, ChatRequest
from skill_gym.skillbanks.teachers.distil_questions import careful_tokens
from skill_gym.skillbanks.teachers.distilling import DistillationConfig, Distiller


@dataclass(frozen=True, slots=True)
class DistillationPlan:
    """What it takes.

    Attributes:
        questions: Purpose -> number of questions. Those about episodes are exact; how many merge lessons
            depends on what the model finds to say.
        prompt_tokens: Tokens of all questions, with their schemas; rather too many than too few.
        reply_tokens: Tokens of all answers of the usual length, without hidden thoughts.
        largest: Tokens of the largest question with room for its answer, on the safe side.
    """

    questions: Mapping[str, int] = field(default_factory=dict)
    prompt_tokens: int = 0
    reply_tokens: int = 0
    largest: int = 0

    @property
    def count(self) -> int:
        """All questions."""
        return sum(self.questions.values())


def plan(
    request: TeacherRequest, config: DistillationConfig | None = None, *, context_tokens: int
) -> DistillationPlan:
    """Plans the distillation of a request.

    Raises:
        TeacherError: ``too long``: the context has no room for it.
    """
    model = _Usual(context_tokens)
    answer = Distiller(Asker(model, concurrency=1), config).answer(request)
    if answer.lost:
        raise TeacherError(answer.lost[0].fault, answer.lost[0].reason)
    return DistillationPlan(dict(model.questions), model.prompt_tokens, model.reply_tokens, model.largest)


class _Usual:
    """Fills every form: as many entries as are allowed, each as long as a model's usually is."""

    name = "plan"

    def __init__(self, context_tokens: int) -> None:
        self.context_tokens = context_tokens
        self.questions: Counter[str] = Counter()
        self.prompt_tokens = self.reply_tokens = self.largest = 0
        self._word = count()
        self._lock = threading.Lock()

    def complete(self, request: ChatRequest) -> ChatReply:
        """Answers, and counts."""
        schema: Mapping[str, Any] = request.schema or {}
        with self._lock:
            text = json.dumps(self._filled(schema, schema))
            asked = "".join(message.content for message in request.messages)
            read = asked + json.dumps(schema, separators=(",", ":"))
            prompt_tokens, reply_tokens = _usual_tokens(read), _usual_tokens(text)
            self.questions[request.purpose] += 1
            self.prompt_tokens += prompt_tokens
            self.reply_tokens += reply_tokens
            self.largest = max(self.largest, careful_tokens(read) + request.max_tokens)
        return ChatReply(text=text, prompt_tokens=prompt_tokens, reply_tokens=reply_tokens, model=self.name)

    def _filled(self, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
        """An instance of a schema of ours: objects, lists and texts."""
        if "$ref" in schema:
            return self._filled(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
        if schema["type"] == "object":
            return {name: self._filled(part, root) for name, part in schema["properties"].items()}
        if schema["type"] == "array":
            names = schema["items"].get("enum")
            if names:
                first = next(self._word)
                return [names[(first + place) % len(names)] for place in range(min(2, len(names)))]
            return [self._filled(schema["items"], root) for _ in range(schema["maxItems"])]
        if "const" in schema or "enum" in schema:
            return schema.get("const") or schema["enum"][0]
        # No two alike, as in good answers.
        words = f"word {next(self._word)} " * _WORDS
        return words[: min(_USUAL_CHARS, schema["maxLength"])].strip()


def _usual_tokens(text: str) -> int:
    """For the bill: most tokenizers take more than four bytes of English for a token."""
    return math.ceil(len(text.encode("utf-8", "replace")) / 4)


_USUAL_CHARS = 140
"""Of a sentence in an answer."""

_WORDS = 30
