"""Texts that stand in other texts in base64 or hexadecimal."""

import base64
import binascii
import re
from collections.abc import Iterator

_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}={0,2}")
_PAIR = r"[0-9a-fA-F]{2}[\s:]?"
_HEX = re.compile(rf"(?={3 * _PAIR})(?:{_PAIR}){{12,}}")
"""The first three are looked for by themselves, which is quicker where there are none."""


def decoded(text: str) -> Iterator[str]:
    """What can be read in a text when its base64 and hexadecimal parts are undone."""
    for match in _BASE64.finditer(text):
        code = match[0].rstrip("=").translate(str.maketrans("-_", "+/"))
        try:
            data = base64.b64decode(code + "=" * (-len(code) % 4))
        except binascii.Error:
            continue
        if said := _readable(data):
            yield said
    for match in _HEX.finditer(text):
        digits = re.sub(r"[\s:]", "", match[0])
        if said := _readable(bytes.fromhex(digits[: len(digits) // 2 * 2])):
            yield said


def _readable(data: bytes) -> str:
    """The bytes as text; "" when they are none."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() and any(letter.isalpha() for letter in text) else ""
