"""Asks OpenAI, Azure OpenAI or any server that speaks OpenAI's chat completions: one request, one answer."""

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from skill_gym.skillbanks.teacher import TeacherError
from skill_gym.skillbanks.teachers.access import azure_access, openai_access
from skill_gym.skillbanks.teachers.chat import ChatReply, ChatRequest
from skill_gym.skillbanks.teachers.chat_completion import read_completion
from skill_gym.skillbanks.teachers.dialect import Dialect
from skill_gym.skillbanks.teachers.endpoint_error import EndpointError
from skill_gym.skillbanks.teachers.failed_try import FailedTry

_CONNECT_S = 10.0
_ERROR_BYTES = 65_536


class OpenAIChat:
    """A chat model behind an endpoint. It tries once: retries, budget and kept answers stand around it.

    What the endpoint does not take is asked for in another way within the same try, see ``Dialect``. Keys
    are never logged, and stand in no answer and no error.

    Args:
        model: The endpoint's name of the model, or Azure's of the deployment.
        base_url: Address of the endpoint, e.g. ``http://127.0.0.1:8000/v1``; None is OpenAI's own, or Azure's
            in ``AZURE_OPENAI_ENDPOINT``.
        azure: Whether it is Azure OpenAI.
        api_key_variable: Environment variable that holds the key; None takes ``OPENAI_API_KEY``, or Azure's
            (see ``azure_access``). Endpoints with a ``base_url`` may do without one.
        context_tokens: Longest request with its answer that the model takes, in tokens.
        timeout: Seconds for one try, from sending to the last byte.
        max_answer_bytes: An answer that grows beyond this is stopped while it is read.
        options: Further fields of each request, e.g. ``{"reasoning_effort": "low"}``.

    Attributes:
        dialect: What the endpoint takes.

    Raises:
        TeacherError: ``unavailable`` when the package ``openai``, a key or an address is missing.
        ValueError: A figure is out of range, or the address is none.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        *,
        azure: bool = False,
        api_key_variable: str | None = None,
        context_tokens: int = 128_000,
        timeout: float = 300.0,
        max_answer_bytes: int = 4_000_000,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        for name, value in (
            ("context_tokens", context_tokens),
            ("timeout", timeout),
            ("max_answer_bytes", max_answer_bytes),
        ):
            if not value > 0:
                raise ValueError(f"{name} must be above 0, got {value}")
        try:
            import openai
        except ImportError as error:
            raise TeacherError(
                "unavailable", "asking a model needs the package openai: pip install 'skill-gym[teachers]'"
            ) from error
        self.name = model
        self.context_tokens = context_tokens
        self._timeout = timeout
        self._max_answer_bytes = max_answer_bytes
        # OpenAI's newer models refuse max_tokens; other servers often know nothing else.
        own = azure or (base_url is None and not os.environ.get("OPENAI_BASE_URL"))
        self.dialect = Dialect(model, "max_completion_tokens" if own else "max_tokens", options or {})
        self._access = (azure_access if azure else openai_access)(base_url, api_key_variable)
        self._failure: type[Exception] = openai.OpenAIError
        self._client = (openai.AzureOpenAI if azure else openai.OpenAI)(
            **self._access.arguments,
            timeout=openai.Timeout(timeout, connect=min(timeout, _CONNECT_S)),
            max_retries=0,
            http_client=openai.DefaultHttpxClient(event_hooks={"response": [self._stop_at_errors]}),
        )

    def complete(self, request: ChatRequest) -> ChatReply:
        """Asks once.

        Raises:
            FailedTry: There is no answer; it says whether another try may help, and what this one cost.
        """
        form = self.dialect.form(request)
        while True:
            fields = self.dialect.fields(request, form)
            try:
                body = self._post(fields)
            except EndpointError as error:
                if self.dialect.concede(fields, error):
                    continue
                weaker = self.dialect.weaker(request, form, error)
                if weaker is None:
                    raise error.failed() from None
                form = weaker
                continue
            self.dialect.remember(request, form)
            return self._read(body)

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _post(self, fields: Mapping[str, Any]) -> bytes:
        """The body of the answer.

        Raises:
            EndpointError: The endpoint refuses the request.
            FailedTry: No whole answer came.
        """
        started = time.monotonic()
        further = {name: value for name, value in fields.items() if name != "messages"}
        try:
            with self._client.chat.completions.with_streaming_response.create(
                model=self.name, messages=fields["messages"], extra_body=further
            ) as response:
                return self._collect(response.iter_bytes(), started)
        except self._failure as error:
            cause = error.__cause__ or error
            # Older clients wrap what the hook raises.
            if isinstance(cause, EndpointError):
                raise cause from None
            told = self._access.hide(f"{type(error).__name__}, {type(cause).__name__}: {cause}")
            # Without a connection nothing was sent, and nothing is paid.
            unsent = type(cause).__name__ in ("ConnectError", "ConnectTimeout")
            if unsent:
                told = f"no connection to the endpoint ({told}); check its address, and whether it runs"
            spent = (0, 0) if unsent else None
            raise FailedTry("unavailable", told, passing=True, spent=spent) from None

    def _collect(self, chunks: Iterable[bytes], started: float) -> bytes:
        body = bytearray()
        try:
            for chunk in chunks:
                body += chunk
                if len(body) > self._max_answer_bytes:
                    told = (
                        f"the endpoint's answer is longer than {self._max_answer_bytes:,} bytes; not read on"
                    )
                    raise FailedTry("invalid answer", told, passing=True, spent=None)
                # The client's own limit is for each piece, and a slow drip keeps within it for ever.
                if time.monotonic() - started > self._timeout:
                    told = f"the answer was not whole after {self._timeout:g} s"
                    raise FailedTry("unavailable", told, passing=True, spent=None)
        except FailedTry:
            raise
        # The transport's own errors: whose package they come from differs with the client's version.
        except Exception as error:  # noqa: BLE001
            told = f"the connection was cut in the middle of the answer ({type(error).__name__})"
            raise FailedTry("unavailable", told, passing=True, spent=None) from None
        return bytes(body)

    def _stop_at_errors(self, response: Any) -> None:
        """Reads the beginning of a refusal; the client would read all of it, however long."""
        if response.status_code < 400:
            return
        body = b""
        started = time.monotonic()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > _ERROR_BYTES or time.monotonic() - started > self._timeout:
                break
        said = EndpointError.read(response.status_code, response.headers, body)
        raise replace(said, message=self._access.hide(said.message))

    def _read(self, body: bytes) -> ChatReply:
        try:
            answer = json.loads(body)
        # Deep nesting ends in a RecursionError.
        except (ValueError, RecursionError) as error:
            shown = self._access.hide(body[:200].decode("utf-8", "replace"))
            told = f"the endpoint's answer is no JSON ({error}): {shown!r}"
            raise FailedTry("invalid answer", told, passing=True, spent=None) from None
        try:
            reply = read_completion(answer, self.name)
        except FailedTry as error:
            message = self._access.hide(str(error)).removeprefix(f"{error.fault}: ")
            raise FailedTry(
                error.fault, message, passing=error.passing, wait=error.wait, spent=error.spent
            ) from None
        return replace(reply, text=self._access.hide(reply.text), model=self._access.hide(reply.model))
