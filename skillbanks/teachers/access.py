"""Where an endpoint is and what opens it: addresses and keys from the environment; keys stay out of texts."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from skill_gym.skillbanks.teacher import TeacherError

AZURE_API_VERSION = "2025-01-01-preview"
"""SkillRL's, for when neither ``AZURE_OPENAI_API_VERSION`` nor ``OPENAI_API_VERSION`` is set."""

SHORTEST_SECRET = 8
"""Characters; a shorter key is a stand-in such as ``EMPTY``, and hiding it would mangle answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Arguments of a client.

    Attributes:
        arguments: By the client's names; never shown.
        secrets: What must not turn up in any text.
    """

    arguments: Mapping[str, Any] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    def hide(self, text: str) -> str:
        """The text without the secrets."""
        for secret in self.secrets:
            if len(secret) >= SHORTEST_SECRET:
                text = text.replace(secret, "***")
        return text


def openai_access(base_url: str | None, key_variable: str | None) -> Access:
    """Of OpenAI, or of the server at an address, which may do without a key.

    Args:
        base_url: None is OpenAI's own, or the one in ``OPENAI_BASE_URL``.
        key_variable: Environment variable of the key; None is ``OPENAI_API_KEY``.

    Raises:
        TeacherError: ``unavailable``: there is no key.
        ValueError: The address is none.
    """
    if base_url is not None:
        _check(base_url, "the endpoint's address")
    variable = key_variable or "OPENAI_API_KEY"
    key = os.environ.get(variable, "")
    if not key and base_url is None:
        raise TeacherError(
            "unavailable",
            f"no API key: set the environment variable {variable}, or give the address of a server that "
            "needs none (base_url; on the command line --base-url or --teacher-url)",
        )
    secrets = (key,) if key else ()
    return Access(arguments={"base_url": base_url, "api_key": key or "none"}, secrets=secrets)


def azure_access(base_url: str | None, key_variable: str | None) -> Access:
    """Of Azure OpenAI, by SkillRL's variables and the client's own.

    ``AZURE_OPENAI_ENDPOINT``, ``AZURE_OPENAI_API_KEY`` (or a token in ``AZURE_OPENAI_AD_TOKEN``, which comes
    first) and ``AZURE_OPENAI_API_VERSION`` (or ``OPENAI_API_VERSION``).

    Args:
        base_url: Address of the resource; None takes the environment's.
        key_variable: Environment variable of the key; None is ``AZURE_OPENAI_API_KEY``.

    Raises:
        TeacherError: ``unavailable``: there is no address or no key.
        ValueError: The address is none.
    """
    address = base_url or os.environ.get("AZURE_OPENAI_ENDPOINT", "")
    if not address:
        raise TeacherError(
            "unavailable",
            "no address: set the environment variable AZURE_OPENAI_ENDPOINT to the resource's, e.g. "
            "https://NAME.openai.azure.com",
        )
    _check(address, "Azure's address (AZURE_OPENAI_ENDPOINT)")
    versions = (os.environ.get(name) for name in ("AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION"))
    version = next((each for each in versions if each), AZURE_API_VERSION)
    token = os.environ.get("AZURE_OPENAI_AD_TOKEN", "") if key_variable is None else ""
    variable = key_variable or "AZURE_OPENAI_API_KEY"
    key = "" if token else os.environ.get(variable, "")
    if not token and not key:
        raise TeacherError("unavailable", f"no API key: set the environment variable {variable}")
    opens = {"azure_ad_token": token} if token else {"api_key": key}
    return Access(
        arguments={"azure_endpoint": address, "api_version": version, **opens}, secrets=(token or key,)
    )


def _check(address: str, what: str) -> None:
    # Said here once; the client would find it out at each request, as a connection that failed.
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or (parts.port or 1) < 1:
        # An address may hold a password: it is not repeated.
        raise ValueError(f"{what}: expected one such as http://127.0.0.1:8000/v1, got something else")
