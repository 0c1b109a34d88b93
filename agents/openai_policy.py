"""Asks any endpoint that speaks OpenAI's chat completions, many requests at a time."""

import logging
import os
from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import Any

from skill_gym.agents.policy import Completion, PolicyError, Request

logger = logging.getLogger(__name__)


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
        max_retries: Further tries after a failure that may pass (timeouts, 408, 409, 429, 5xx).
        options: Further fields of each request, e.g. ``{"reasoning_effort": "low"}``.
        name: Goes into the trajectories; None takes the model's name.

    Attributes:
        prompt_tokens: Tokens read so far, as the endpoint counts them; 0 where it does not say.
        reply_tokens: Tokens said so far, hidden thoughts included.

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
        name: str | None = None,
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, got {concurrency}")
        try:
            import openai
        except ImportError as error:
            raise PolicyError(
                "OpenAIPolicy needs the package openai: pip install 'skill-gym[teachers]'"
            ) from error
        key = os.environ.get(api_key_variable, "")
        if not key and base_url is None:
            raise PolicyError(
                f"no API key: set the environment variable {api_key_variable}, or pass base_url= for an "
                "endpoint that needs none"
            )
        self.name = name or model
        self.model = model
        self._key = key
        self._options = dict(options or {})
        # OpenAI's newer models refuse max_tokens; other endpoints often know nothing else.
        self._length_field = "max_completion_tokens" if base_url is None else "max_tokens"
        self._client = openai.OpenAI(
            api_key=key or "none", base_url=base_url, timeout=timeout, max_retries=max_retries
        )
        self._failure: type[Exception] = openai.OpenAIError
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="openai-policy")
        self._under_way: dict[Future[Completion], str] = {}
        self._counting = Lock()
        self.prompt_tokens = 0
        self.reply_tokens = 0

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
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _ask(self, request: Request) -> Completion:
        sampling = request.sampling
        fields: dict[str, Any] = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            self._length_field: sampling.max_new_tokens,
            **({} if sampling.seed is None else {"seed": sampling.seed}),
            **self._options,
        }
        try:
            answer = self._client.chat.completions.create(
                model=self.model,
                messages=[dict(message) for message in request.messages],
                **fields,
            )
        except self._failure as error:
            return self._failed(request, f"{type(error).__name__}: {error}")
        if answer.usage is not None:
            with self._counting:
                self.prompt_tokens += answer.usage.prompt_tokens or 0
                self.reply_tokens += answer.usage.completion_tokens or 0
        if not answer.choices or answer.choices[0].message.content is None:
            return self._failed(request, "the endpoint's answer holds no text")
        choice = answer.choices[0]
        text, stopped = _cut_after(choice.message.content, sampling.stop)
        length = choice.finish_reason == "length" and not stopped
        return Completion(request.ticket, (), (), (), text, "length" if length else "stop")

    def _failed(self, request: Request, reason: str) -> Completion:
        if self._key:
            reason = reason.replace(self._key, "***")
        logger.debug("request %s failed: %s", request.ticket, reason)
        return Completion(request.ticket, (), (), (), reason, "error")


def _cut_after(text: str, stop: Collection[str]) -> tuple[str, bool]:
    """Ends a text after the first stop text; endpoints would leave the stop text out."""
    ends = [text.index(each) + len(each) for each in stop if each in text]
    return (text[: min(ends)], True) if ends else (text, False)
