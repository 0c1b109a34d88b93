"""Opens a chat model by its name, with everything that stands around it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from skill_gym.skillbanks.teachers.answer_cache import AnswerCache
from skill_gym.skillbanks.teachers.around import Around
from skill_gym.skillbanks.teachers.chat import ChatModel, ChatReply, ChatRequest, KeepsAnswers
from skill_gym.skillbanks.teachers.kept_answers import KeptAnswers
from skill_gym.skillbanks.teachers.ledger import Ledger
from skill_gym.skillbanks.teachers.metered import Metered
from skill_gym.skillbanks.teachers.openai_chat import OpenAIChat
from skill_gym.skillbanks.teachers.recording import Recorder, Replay
from skill_gym.skillbanks.teachers.retries import Retrying, RetryRule

FORMS = "openai:MODEL (OpenAI, or a compatible server with base_url), azure:DEPLOYMENT or replay:FILE"


class OpenChatModel(Around):
    """A chat model that is open, with its ledger; a context manager that closes what it holds.

    Attributes:
        ledger: What it has cost.
    """

    def __init__(self, model: ChatModel, ledger: Ledger, closing: tuple[Callable[[], None], ...]) -> None:
        super().__init__(model)
        self.ledger = ledger
        self._closing = closing

    def complete(self, request: ChatRequest) -> ChatReply:
        """Says the next message.

        Raises:
            TeacherError: There is none.
        """
        return self.model.complete(request)

    def forget(self, request: ChatRequest) -> None:
        """Lets go of a kept answer."""
        if isinstance(self.model, KeepsAnswers):
            self.model.forget(request)

    def close(self) -> None:
        """Closes connections and files; not the ledger, which may be others', too."""
        for close in self._closing:
            close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *of_error: object) -> None:
        self.close()


def open_chat_model(
    name: str,
    *,
    base_url: str | None = None,
    ledger: Ledger | None = None,
    cache: str | Path | None = None,
    record: str | Path | None = None,
    retry: RetryRule | None = None,
    timeout: float = 300.0,
    context_tokens: int = 128_000,
    options: Mapping[str, Any] | None = None,
    api_key_variable: str | None = None,
) -> OpenChatModel:
    """The chat model of that name.

    A request passes, from outside in: recording, kept answers, retries, ledger. So a kept answer costs
    nothing, each single try is in the ledger, and the recording holds what was said.

    Args:
        name: ``openai:MODEL``, ``azure:DEPLOYMENT`` or ``replay:FILE``.
        base_url: Address of an OpenAI-compatible server, or of the Azure resource.
        ledger: Counts and bounds the cost; may be shared by several models. None counts in memory, unbounded.
        cache: File of kept answers; None keeps none.
        record: File to record to; None records nothing.
        retry: How often and how long a request is tried.
        timeout: Seconds for one try.
        context_tokens: Longest request with its answer; a recording knows its own.
        options: Further fields of each request, e.g. ``{"reasoning_effort": "low"}``.
        api_key_variable: Environment variable that holds the key; None takes the usual one.

    Raises:
        TeacherError: ``unavailable`` when a package, a key or an address is missing.
        ValueError: No such kind of model, or a file is of another kind.
        OSError: A file cannot be read or written.
    """
    kind, _, what = name.partition(":")
    if kind not in ("openai", "azure", "replay") or not what:
        raise ValueError(f"unknown model {name!r}; expected {FORMS}")
    ledger = ledger or Ledger()
    closing: list[Callable[[], None]] = []
    model: ChatModel
    try:
        if kind == "replay":
            model = Replay(what)
        else:
            endpoint = OpenAIChat(
                what,
                base_url,
                azure=kind == "azure",
                timeout=timeout,
                context_tokens=context_tokens,
                options=options,
                api_key_variable=api_key_variable,
            )
            closing.append(endpoint.close)
            ledger.check_price(endpoint.name)
            tried = Retrying(Metered(endpoint, ledger), retry)
            closing.append(tried.close)
            model = tried
            if cache is not None:
                kept = AnswerCache(cache)
                closing.append(kept.close)
                variant = json.dumps(dict(options), sort_keys=True) if options else ""
                model = KeptAnswers(
                    model,
                    kept,
                    variant=variant,
                    on_kept=lambda request: ledger.count_kept(endpoint.name, request.purpose),
                )
        if record is not None:
            recorder = Recorder(model, record)
            closing.append(recorder.close)
            model = recorder
    except BaseException:
        for close in closing:
            close()
        raise
    return OpenChatModel(model, ledger, tuple(reversed(closing)))
