"""Asks OpenAI, Azure OpenAI or any server that speaks OpenAI's chat completions: one request, one answer."""

import json
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from skill_gym.skillbanks.teacher import TeacherError
from skill_gym.skillbanks.teachers.answer_form import FORMS, Form, in_words, response_format
from skill_gym.skillbanks.teachers.chat import ChatReply, ChatRequest
from skill_gym.skillbanks.teachers.endpoint_error import EndpointError
from skill_gym.skillbanks.teachers.failed_try import FailedTry

logger = logging.getLogger(__name__)

AZURE_API_VERSION = "2025-01-01-preview"
"""SkillRL's, for when neither ``AZURE_OPENAI_API_VERSION`` nor ``OPENAI_API_VERSION`` is set."""


class OpenAIChat:
    """A chat model behind an endpoint. It tries once: retries, budget and kept answers stand around it.

    What an endpoint does not take is learned from its own words and remembered, with a warning:
    ``max_completion_tokens`` for ``max_tokens`` or the reverse, no ``temperature``, no ``seed``. A schema
    that it refuses is asked for in the next weaker form (see ``FORMS``). ``concessions`` counts both.

    Args:
        model: The endpoint's name of the model, or Azure's of the deployment.
        base_url: Address of the endpoint, e.g. ``http://127.0.0.1:8000/v1``; None is OpenAI's own, or Azure's
            in ``AZURE_OPENAI_ENDPOINT``.
        azure: Whether it is Azure OpenAI. Its key is in ``AZURE_OPENAI_API_KEY`` (or a token in
            ``AZURE_OPENAI_AD_TOKEN``), its version in ``AZURE_OPENAI_API_VERSION``: SkillRL's names.
        api_key_variable: Environment variable that holds the key; None takes ``OPENAI_API_KEY``, or Azure's.
            Endpoints with a ``base_url`` may do without one.
        context_tokens: Longest request with its answer that the model takes, in tokens.
        timeout: Seconds for one try, from sending to the last byte.
        max_answer_bytes: An answer that grows beyond this is stopped while it is read.
        options: Further fields of each request, e.g. ``{"reasoning_effort": "low"}``.

    Raises:
        TeacherError: ``unavailable`` when the package ``openai``, a key or an address is missing.
        ValueError: A figure is out of range.
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
        for field, value in (
            ("context_tokens", context_tokens),
            ("timeout", timeout),
            ("max_answer_bytes", max_answer_bytes),
        ):
            if not value > 0:
                raise ValueError(f"{field} must be above 0, got {value}")
        try:
            import openai
        except ImportError as error:
            raise TeacherError(
                "unavailable", "asking a model needs the package openai: pip install 'skill-gym[teachers]'"
            ) from error
        self.model = model
        self.context_tokens = context_tokens
        self.concessions: Counter[str] = Counter()
        self._timeout = timeout
        self._max_answer_bytes = max_answer_bytes
        self._options = dict(options or {})
        self._secrets: tuple[str, ...] = ()
        self._lock = threading.Lock()
        self._forms: dict[str, Form] = {}
        # OpenAI's newer models refuse max_tokens; other servers often know nothing else.
        own = base_url is None and not os.environ.get("OPENAI_BASE_URL")
        self._length_field = "max_completion_tokens" if azure or own else "max_tokens"
        self._left_out: set[str] = set()
        self._failure: type[Exception] = openai.OpenAIError
        http = openai.DefaultHttpxClient(event_hooks={"response": [self._stop_at_errors]})
        # One read must not wait longer than the whole try; retries are not the client's business.
        settings: dict[str, Any] = {"timeout": timeout, "max_retries": 0, "http_client": http}
        if azure:
            self._client = openai.AzureOpenAI(**settings, **self._azure(base_url, api_key_variable))
        else:
            key = self._key(api_key_variable or "OPENAI_API_KEY", needed=base_url is None)
            self._client = openai.OpenAI(**settings, base_url=base_url, api_key=key or "none")

    @property
    def name(self) -> str:
        """The model's, as the endpoint calls it."""
        return self.model

    def complete(self, request: ChatRequest) -> ChatReply:
        """Asks once.

        Raises:
            FailedTry: There is no answer; it says whether another try may help, and what this one cost.
        """
        form = self._form_for(request)
        while True:
            try:
                body = self._post(self._fields(request, form))
            except EndpointError as error:
                if self._concede(error):
                    continue
                weaker = self._weaker(form, request)
                if weaker is None or not error.about_form:
                    raise self._hidden(error.failed()) from None
                logger.warning(
                    "%s refuses the answer's form %r for %s (%s); asked as %r",
                    self.name,
                    form,
                    request.schema_name,
                    self._hide(error.message),
                    weaker,
                )
                form = weaker
                continue
            self._remember(request, form)
            return self._reply(body)

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    # What is sent.

    def _fields(self, request: ChatRequest, form: Form) -> dict[str, Any]:
        messages = [{"role": message.role, "content": message.content} for message in request.messages]
        fields: dict[str, Any] = {
            "temperature": request.temperature,
            "seed": request.seed,
            "top_p": None if request.top_p == 1.0 else request.top_p,
        }
        if request.schema is not None:
            if form in ("object", "words"):
                messages[-1]["content"] += f"\n\n{in_words(request.schema)}"
            fields["response_format"] = response_format(form, request.schema, request.schema_name)
        with self._lock:
            kept = {k: v for k, v in fields.items() if v is not None and k not in self._left_out}
            return {
                "messages": messages,
                self._length_field: request.max_tokens,
                **kept,
                **self._options,
            }

    def _concede(self, error: EndpointError) -> bool:
        """Gives up a field that the endpoint blames; whether there was one."""
        other = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
        with self._lock:
            field = self._length_field
            # Each is given up once, so that two refusals do not turn in a circle.
            if error.blames(field) and other[field] not in self._left_out and not error.too_long:
                self._left_out.add(field)
                self._length_field = other[field]
                told = f"{self._length_field} for {field}"
            else:
                blamed = (each for each in ("temperature", "seed", "top_p") if error.blames(each))
                field = next((each for each in blamed if each not in self._left_out), "")
                if not field:
                    return False
                self._left_out.add(field)
                told = f"no {field}"
            self.concessions[told] += 1
        logger.warning("%s wants %s: %s", self.name, told, self._hide(error.message))
        return True

    def _form_for(self, request: ChatRequest) -> Form:
        with self._lock:
            return self._forms.get(_form_key(request), FORMS[0])

    def _weaker(self, form: Form, request: ChatRequest) -> Form | None:
        place = FORMS.index(form) + 1
        return FORMS[place] if request.schema is not None and place < len(FORMS) else None

    def _remember(self, request: ChatRequest, form: Form) -> None:
        if request.schema is None:
            return
        with self._lock:
            # Kept only after a success: a request that is bad for another reason must not weaken the rest.
            self._forms[_form_key(request)] = form
            if form != FORMS[0]:
                self.concessions[f"form {form}"] += 1

    # What comes back.

    def _post(self, fields: dict[str, Any]) -> Any:
        """The decoded answer.

        Raises:
            EndpointError: The endpoint refuses the request.
            FailedTry: No whole answer came.
        """
        started = time.monotonic()
        messages = fields.pop("messages")
        try:
            with self._client.chat.completions.with_streaming_response.create(
                model=self.model, messages=messages, extra_body=fields
            ) as response:
                body = self._read(response.iter_bytes(65_536), started)
        except self._failure as error:
            # Older clients wrap what a hook raises.
            if isinstance(error.__cause__, EndpointError):
                raise error.__cause__ from None
            cause = error.__cause__ or error
            told = self._hide(f"{type(error).__name__}, {type(cause).__name__}: {cause}")
            # Not even a connection: nothing was sent, nothing was paid.
            unsent = "Connect" in type(cause).__name__
            raise FailedTry("unavailable", told, passing=True, spent=(0, 0) if unsent else None) from None
        try:
            return json.loads(body)
        except ValueError as error:
            shown = self._hide(body[:200].decode("utf-8", "replace"))
            raise FailedTry(
                "invalid answer",
                f"the endpoint's answer is no JSON ({error}): {shown!r}",
                passing=True,
                spent=None,
            ) from None

    def _read(self, chunks: Iterable[bytes], started: float) -> bytes:
        body = bytearray()
        try:
            for chunk in chunks:
                body += chunk
                if len(body) > self._max_answer_bytes:
                    raise FailedTry(
                        "invalid answer",
                        f"the endpoint's answer is longer than {self._max_answer_bytes:,} bytes; reading it "
                        "was stopped",
                        passing=True,
                        spent=None,
                    )
                if time.monotonic() - started > self._timeout:
                    raise FailedTry(
                        "unavailable",
                        f"the answer was not whole after {self._timeout:g} s",
                        passing=True,
                        spent=None,
                    )
        except FailedTry:
            raise
        # The transport's own errors: whose package they come from differs with the client's version.
        except Exception as error:  # noqa: BLE001
            raise FailedTry(
                "unavailable",
                f"the connection was cut in the middle of the answer ({type(error).__name__})",
                passing=True,
                spent=None,
            ) from None
        return bytes(body)

    def _stop_at_errors(self, response: Any) -> None:
        """Reads the beginning of a refusal; the client would read all of it, however long."""
        if response.status_code < 400:
            return
        body = b""
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > 65_536:
                break
        raise EndpointError.read(response.status_code, response.headers, body)

    def _reply(self, body: Any) -> ChatReply:
        answer = body if isinstance(body, dict) else {}
        spent = _usage(answer.get("usage"))
        choices = answer.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        message = choice.get("message") if isinstance(choice, dict) else None
        if not isinstance(choice, dict) or not isinstance(message, dict):
            raise FailedTry(
                "invalid answer", "the endpoint's answer holds no choices", passing=True, spent=spent
            )
        reason = choice.get("finish_reason")
        if reason == "content_filter":
            raise FailedTry("refused", "a content filter stopped the answer", spent=spent)
        if message.get("refusal"):
            shown = self._hide(str(message["refusal"]))[:300]
            raise FailedTry("refused", f"the model refuses: {shown}", spent=spent)
        text = message.get("content")
        if not isinstance(text, str) or not text.strip():
            # A model that thinks may have used up its tokens before it said a word; more tries cost the same.
            used_up = reason == "length"
            why = "; it used up max_tokens before it said anything" if used_up else ""
            raise FailedTry(
                "invalid answer",
                f"the endpoint's answer holds no text{why}",
                passing=not used_up,
                spent=spent,
            )
        prompt_tokens, reply_tokens = spent or (0, 0)
        return ChatReply(
            text=self._hide(text),
            prompt_tokens=prompt_tokens,
            reply_tokens=reply_tokens,
            finish_reason="length" if reason == "length" else "stop",
            model=self._hide(str(answer.get("model") or self.model)),
        )

    # What stays secret.

    def _key(self, variable: str, *, needed: bool) -> str:
        key = os.environ.get(variable, "")
        if needed and not key:
            raise TeacherError(
                "unavailable",
                f"no API key: set the environment variable {variable}, or name an endpoint that needs none "
                "with base_url=",
            )
        self._secrets = (*self._secrets, key) if key else self._secrets
        return key

    def _azure(self, base_url: str | None, variable: str | None) -> dict[str, Any]:
        endpoint = base_url or os.environ.get("AZURE_OPENAI_ENDPOINT", "")
        if not endpoint:
            raise TeacherError(
                "unavailable",
                "no address: set the environment variable AZURE_OPENAI_ENDPOINT to the resource's, e.g. "
                "https://NAME.openai.azure.com",
            )
        version = os.environ.get("AZURE_OPENAI_API_VERSION") or os.environ.get("OPENAI_API_VERSION")
        token = self._key("AZURE_OPENAI_AD_TOKEN", needed=False) if variable is None else ""
        key = "" if token else self._key(variable or "AZURE_OPENAI_API_KEY", needed=True)
        return {
            "azure_endpoint": endpoint,
            "api_version": version or AZURE_API_VERSION,
            **({"azure_ad_token": token} if token else {"api_key": key}),
        }

    def _hide(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def _hidden(self, error: FailedTry) -> FailedTry:
        message = self._hide(str(error)).removeprefix(f"{error.fault}: ")
        return FailedTry(error.fault, message, passing=error.passing, wait=error.wait, spent=error.spent)


def _form_key(request: ChatRequest) -> str:
    return json.dumps(request.schema, sort_keys=True)


def _usage(usage: Any) -> tuple[int, int] | None:
    """Prompt and reply tokens as the endpoint counts them, None when it does not."""
    told = usage if isinstance(usage, dict) else {}
    counts = [told.get("prompt_tokens"), told.get("completion_tokens")]
    if not all(isinstance(count, int) and count >= 0 for count in counts):
        return None
    return int(counts[0]), int(counts[1])
