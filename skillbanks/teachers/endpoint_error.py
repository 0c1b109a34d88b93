"""Reads what an endpoint says when it refuses a request: whose fault it is, and whether it passes."""

import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from skill_gym.skillbanks.teachers.failed_try import FailedTry

PASSING = frozenset({408, 409, 425, 429})
"""Statuses below 500 after which the same request may succeed."""

_SHOWN = 500

_DECLINES = ("unsupported", "not support", "unrecogni", "unknown", "extra", "not permitted", "not allowed")


# Not frozen: the interpreter's context managers write the traceback of what passes through them.
@dataclass(eq=False)
class EndpointError(Exception):
    """An answer of status 400 or above.

    Attributes:
        status: The HTTP status.
        message: What the endpoint says, at most 500 characters.
        code: OpenAI's name of the error, e.g. ``context_length_exceeded``; "" when there is none.
        parameter: The field of the request that is blamed; "" when none is named.
        wait: Seconds until a new try, as the endpoint asks; None when it does not.
    """

    status: int
    message: str
    code: str = ""
    parameter: str = ""
    wait: float | None = None

    @classmethod
    def read(cls, status: int, headers: Mapping[str, str], body: bytes) -> "EndpointError":
        """From the parts of an HTTP answer; the body may be anything."""
        text = body.decode("utf-8", "replace").strip()
        try:
            said = json.loads(text)
        except ValueError:
            said = None
        # OpenAI nests the error, older vLLM servers do not, and proxies answer in HTML.
        inner = said.get("error", said) if isinstance(said, dict) else {}
        fields: Mapping[str, Any] = inner if isinstance(inner, dict) else {"message": inner}
        message = str(fields.get("message") or fields.get("detail") or text or "no reason given")
        return cls(
            status,
            " ".join(message.split())[:_SHOWN],
            str(fields.get("code") or ""),
            str(fields.get("param") or ""),
            wait_asked(headers),
        )

    def declines(self, field: str) -> bool:
        """Whether the endpoint does not take a field of the request at all, or no value but its own."""
        if self.status not in (400, 422) or self.too_long:
            return False
        named = self.parameter == field if self.parameter else re.search(rf"\b{field}\b", self.message)
        said = f"{self.code} {self.message}".lower()
        return bool(named) and any(word in said for word in _DECLINES)

    @property
    def about_form(self) -> bool:
        """Whether it may be the structured output that the endpoint refuses; many do not say."""
        return self.status in (400, 422, 501) and not self.too_long and not self.filtered

    @property
    def too_long(self) -> bool:
        """Whether the request is longer than the model's context."""
        said = self.message.lower()
        return self.status == 413 or (
            self.status in (400, 422)
            and (
                self.code == "context_length_exceeded"
                or "context length" in said
                or "context window" in said
                or "max_model_len" in said
            )
        )

    @property
    def filtered(self) -> bool:
        """Whether a content filter stopped the prompt."""
        return self.status == 400 and self.code in ("content_filter", "content_policy_violation")

    def failed(self) -> FailedTry:
        """The error as the teachers' own."""
        told = f"the endpoint answered {self.status}: {self.message}"
        if self.too_long:
            return FailedTry("too long", f"{told}; show the model less, or tell its true context")
        if self.filtered:
            return FailedTry("refused", f"a content filter stopped the prompt: {self.message}")
        if self.code == "insufficient_quota":
            return FailedTry("unavailable", f"{told}; the account has no quota left, waiting does not help")
        if self.status in (401, 403):
            return FailedTry("unavailable", f"{told}; check the key in the environment and what it may use")
        if self.status == 404:
            return FailedTry("unavailable", f"{told}; check the model's name and the endpoint's address")
        passing = self.status in PASSING or self.status >= 500
        return FailedTry("unavailable", told, passing=passing, wait=self.wait)


def wait_asked(headers: Mapping[str, str], *, now: float | None = None) -> float | None:
    """Seconds that ``Retry-After`` asks for (a number or an HTTP date, RFC 9110 section 10.2.3).

    Args:
        headers: Of the answer, with names in any case.
        now: Seconds since 1970; None takes the clock.

    Returns:
        At least 0; None when nothing is asked, or nothing that can be read.
    """
    named = {name.lower(): value for name, value in headers.items()}
    # OpenAI and Azure add a finer header of their own.
    for name, scale in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        try:
            seconds = float(named.get(name, "")) * scale
        except ValueError:
            continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    try:
        date = parsedate_to_datetime(named.get("retry-after", ""))
    except ValueError:
        return None
    return max(0.0, date.timestamp() - (time.time() if now is None else now))
