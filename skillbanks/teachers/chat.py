"""What is said to a model and what it says: the seam between teachers and the endpoints that they ask."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """A conversation that wants its next message.

    Attributes:
        messages: What was said so far.
        schema: JSON schema that the answer has to keep to; None for free text.
        schema_name: Name of the schema, letters and underscores.
        max_tokens: Longest answer, in tokens.
        temperature: 0 is greedy.
        top_p: Nucleus, in (0, 1].
        seed: Of the sampling, where the endpoint has one.
        purpose: What it is for, e.g. ``general skills``; for the ledger and for logs, no part of the request.
    """

    messages: tuple[ChatMessage, ...]
    schema: Mapping[str, Any] | None = None
    schema_name: str = "answer"
    max_tokens: int = 4096
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = 0
    purpose: str = ""

    def key(self, model: str) -> str:
        """Equal for requests that ask the same of the same model: 64 hex digits."""
        asked = {
            "model": model,
            "messages": [[message.role, message.content] for message in self.messages],
            "schema": self.schema,
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "seed": self.seed,
            **({} if self.top_p == 1.0 else {"top_p": self.top_p}),
        }
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatReply:
    """What a model said.

    Attributes:
        text: The message.
        prompt_tokens: Tokens read, as the endpoint counts them.
        reply_tokens: Tokens said, hidden thoughts included.
        finish_reason: ``length`` when it was cut off at ``max_tokens``.
        model: The endpoint's name of who answered.
        cached: Whether the answer was kept from an earlier request and cost nothing.
    """

    text: str
    prompt_tokens: int = 0
    reply_tokens: int = 0
    finish_reason: Literal["stop", "length"] = "stop"
    model: str = ""
    cached: bool = False


class ChatModel(Protocol):
    """Answers conversations; called from several threads at once."""

    @property
    def name(self) -> str:
        """Which model it is, for provenance and for the keys of kept answers."""
        ...

    @property
    def context_tokens(self) -> int:
        """Longest request with its answer, in tokens."""
        ...

    def complete(self, request: ChatRequest) -> ChatReply:
        """Says the next message.

        Raises:
            TeacherError: There is none: ``unavailable`` after all retries, ``refused``, ``over budget``.
        """
        ...


@runtime_checkable
class KeepsAnswers(Protocol):
    """A chat model that answers a question from what it was answered before."""

    def forget(self, request: ChatRequest) -> None:
        """Lets go of an answer that turned out to be of no use, so that the question is asked anew."""
        ...
