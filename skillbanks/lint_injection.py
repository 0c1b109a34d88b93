"""Finds texts that speak to the model against its task: injected instructions, role tags, code."""

import codecs
import re
from collections.abc import Iterator

from skill_gym.skillbanks.finding import Hit, error
from skill_gym.skillbanks.injection_patterns import CHAT_TEMPLATE, INJECTIONS, ROLE_LABEL, SQUEEZED, Injection
from skill_gym.skillbanks.plain_text import latin, plain, readings

_MEND = "say what to do in the task, and nothing about instructions, prompts or reviewers"
_NEGATED = re.compile(
    r"(?:\bnot|\b(?:do|does|did|should|must|need|would|could|is|are|was|were|ca|wo)n['’]?t|\bnever|\bavoid"
    r"|\bwithout|\bcannot)[\W_]*$"
)
_NO_LETTERS = re.compile(r"[^a-z]+")


def find_injections(text: str) -> Iterator[Hit]:
    """Injected instructions, in any reading of the text (see ``readings``); one hit for each kind.

    The kinds are: ``override`` (drop your instructions, in several languages), ``sabotage`` (drop the task),
    ``reveal`` (tell the prompt or a key), ``exfiltrate``, ``persona`` (you are now ...), ``authority`` (a
    message from above), ``secrecy``, ``review`` (speaks to who judges skills), ``code`` (shell, scripts, SQL,
    templates), ``chat template`` (tokens and tags of roles) and ``role label``.
    """
    seen: set[str] = set()
    for reading in readings(text):
        for injection in INJECTIONS:
            if injection.kind not in seen and (place := _find(injection, reading)):
                seen.add(injection.kind)
                yield error(f"injection: {injection.kind}", place, _MEND)
    reading = latin(plain(text))
    letters = _NO_LETTERS.sub("", reading)
    if "override" not in seen:
        for hidden in (letters, letters[::-1], codecs.encode(letters, "rot13")):
            if match := SQUEEZED.search(hidden):
                yield error("injection: override", match[0], _MEND)
                break
    if match := CHAT_TEMPLATE.search(reading):
        yield error("injection: chat template", match[0], "remove it; a skill is plain text")
    if match := ROLE_LABEL.search(reading):
        yield error("injection: role label", match[0].strip(), "remove the label; a skill has one speaker")


def _find(injection: Injection, reading: str) -> str:
    if not injection.hint.search(reading):
        return ""
    for pattern in injection.patterns:
        match = pattern.search(reading)
        while match is not None:
            before = reading[max(0, match.start() - 16) : match.start()]
            if not (injection.negatable and _NEGATED.search(before)):
                return match[0]
            # A negated phrase may run on into one that is meant.
            match = pattern.search(reading, match.start() + 1)
    return ""
