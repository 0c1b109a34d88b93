"""Asks any endpoint that speaks OpenAI's chat completions, many requests at a time."""

import logging
from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from skill_gym.agents.policy import Completion, PolicyError, Request
from skill_gym.skillbanks.teacher import TeacherError
from skill_gym.skillbanks.teachers.chat import ChatMessage, ChatRequest
from skill_gym.skillbanks.teachers.ledger import Ledger
from skill_gym.skillbanks.teachers.metered import Metered
from skill_gym.skillbanks.teachers.openai_chat import OpenAIChat
from skill_gym.skillbanks.teachers.retries import Retrying, RetryRule

logger = logging.getLogger(__name__)

PURPOSE = "play"
"""Under which the ledger counts."""


class OpenAIPolicy:
    """Plays through an endpoint; completions carry text only, no tokens.

    A request that fails after all retries comes back with ``finish_reason="error"`` and the reason as
    text, so that one bad answer costs one episode. Keys are never logged, shown or stored in a completion.

    Args:
        model: The endpoint's name of the model.
        base_url: Address of the endpoint, e.g. ``http://127.0.0.1:8000/v1``; None is OpenAI's own.
        api_key_variable: Environment variable that holds the key. Endpoints with a ``base_url`` may do
            without one.
        concurrency: Most requests under way at once, at least 1.
        timeout: Seconds for one try.
        max_retries: Further tries after a failure that may pass (see ``RetryRule`` for the waits).
        options: Further fields of each request, e.g. ``{"reasoning_effort": "low"}``.
        ledger: Counts what is paid and bounds it: a request beyond its budget is an error. None counts in
            memory, unbounded.
        name: Goes into the trajectories; None takes the model's name.

    Attributes:
        ledger: What was paid so far.

    Raises:
        PolicyError: The package ``openai`` is not installed, or there is no key.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        *,
        api_key_variable: str = "OPENAI_API_KEY",
        concurrency: int = 8,
        timeout: float = 120.0,
        max_retries: int = 2,
        options: dict[str, Any] | None = None,
        ledger: Ledger | None = None,
        name: str | None = None,
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, got {concurrency}")
        try:
            self._chat = OpenAIChat(
                model, base_url, api_key_variable=api_key_variable, timeout=timeout, options=options
            )
        except TeacherError as error:
            raise PolicyError(str(error)) from error
        self.name = name or model
        self.model = model
        self.ledger = ledger or Ledger()
        self.ledger.check_price(model)
        self._asked = Retrying(Metered(self._chat, self.ledger), RetryRule(tries=max_retries + 1))
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="openai-policy")
        self._under_way: dict[Future[Completion], str] = {}

    @property
    def prompt_tokens(self) -> int:
        """Tokens read so far, those of earlier runs in the ledger included."""
        return self.ledger.total.prompt_tokens

    @property
    def reply_tokens(self) -> int:
        """Tokens said so far, hidden thoughts included."""
        return self.ledger.total.reply_tokens

    def submit(self, request: Request) -> None:
        """Sends a request as soon as a connection is free."""
        self._under_way[self._threads.submit(self._ask, request)] = request.ticket

    def poll(self) -> list[Completion]:
        """Waits up to a second for an answer and returns all that are there."""
        if not self._under_way:
            return []
        done, _ = wait(self._under_way, timeout=1.0, return_when=FIRST_COMPLETED)
        # In order of submission, so that a log reads the same each time.
        ready = [future for future in self._under_way if future in done]
        for future in ready:
            del self._under_way[future]
        return [future.result() for future in ready]

    def abort(self, tickets: Collection[str]) -> None:
        """Takes back requests that are not sent yet and forgets the answers to the others."""
        for future, ticket in list(self._under_way.items()):
            if ticket in tickets:
                future.cancel()
                del self._under_way[future]

    def close(self) -> None:
        """Takes back what is not sent yet and closes the connections."""
        self._under_way.clear()
        self._asked.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._chat.close()

    def _ask(self, request: Request) -> Completion:
        sampling = request.sampling
        try:
            reply = self._asked.complete(
                ChatRequest(
                    messages=tuple(
                        ChatMessage(message["role"], message["content"]) for message in request.messages
                    ),
                    max_tokens=sampling.max_new_tokens,
                    temperature=sampling.temperature,
                    top_p=sampling.top_p,
                    seed=sampling.seed,
                    purpose=PURPOSE,
                )
            )
        except TeacherError as error:
            logger.debug("request %s failed: %s", request.ticket, error)
            return Completion(request.ticket, (), (), (), str(error), "error")
        text, stopped = _cut_after(reply.text, sampling.stop)
        length = reply.finish_reason == "length" and not stopped
        return Completion(request.ticket, (), (), (), text, "length" if length else "stop")


def _cut_after(text: str, stop: Collection[str]) -> tuple[str, bool]:
    """Ends a text after the first stop text; endpoints would leave the stop text out."""
    ends = [text.index(each) + len(each) for each in stop if each in text]
    return (text[: min(ends)], True) if ends else (text, False)
