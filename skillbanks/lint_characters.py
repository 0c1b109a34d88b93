"""Finds what a person cannot read: hidden characters, letters of mixed scripts, blobs, endless words."""

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterator

from skill_gym.skillbanks.finding import Hit, error, warning
from skill_gym.skillbanks.plain_text import latin

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|[\ud800-\udfff]|[\ufdd0-\ufdef\ufffe\uffff]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_TAGS = re.compile("(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0000-\U000e007f]")
_SMUGGLED = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{2,}|[\U000e0100-\U000e01ef]")
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0]"
)
_STACKED = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u20d0-\u20ff]{4,}")
_WORD = re.compile(r"[^\W\d_]{2,}")
_BLOB = re.compile(
    r"[A-Za-z0-9+/]{40,}={0,2}|[A-Za-z0-9_-]{60,}={0,2}|(?:[0-9a-fA-F]{2}[\s:]?){32,}|(?:\\x[0-9a-f]{2}){8,}"
)
_ENDLESS = re.compile(r"[!-~]{61,}")
_MEND = "write it in characters that a reader sees"


def find_unreadable(text: str) -> Iterator[Hit]:
    """Characters and strings that hide something; other scripts and emoji are fine.

    Joiners count only between Latin letters, where they have no use; mixed scripts only where a letter looks
    like a Latin one inside of a Latin word.
    """
    yield from _blobs(text)
    if text.isascii():
        if match := _CONTROL.search(text):
            yield error("unreadable", _around(text, match), _MEND)
        return
    for pattern in (_CONTROL, _BIDI, _TAGS, _SMUGGLED, _STACKED):
        if match := pattern.search(text):
            yield error("unreadable", _around(text, match), _MEND)
            return
    for match in _HIDDEN.finditer(text):
        before, after = text[: match.start()][-1:], text[match.end() :][:1]
        if _is_latin(before) and _is_latin(after):
            yield error("unreadable", _around(text, match), _MEND)
            return
    if match := re.search("[\ue000-\uf8ff\ufffd\U000f0000-\U0010fffd]", text):
        yield warning("unreadable", _around(text, match), "replace the character, which has no meaning")
    for match in _WORD.finditer(text):
        if not match[0].isascii() and _is_mixed(match[0]):
            yield error(
                "mixed scripts", match[0].encode("unicode_escape").decode(), "write the word in one script"
            )
            return


def _blobs(text: str) -> Iterator[Hit]:
    for match in _BLOB.finditer(text):
        if _is_blob(match[0]):
            yield error("blob", match[0], "remove it; a skill is plain text")
            return
    if endless := _ENDLESS.search(text):
        yield warning("endless word", endless[0], "break it into words, or remove it")


def _is_blob(text: str) -> bool:
    letters = re.sub(r"[\s:]", "", text)
    if len(set(letters)) < 8:
        return False
    parts = re.split(r"[-_]", letters)
    if len(max(parts, key=len)) < 25 and all(part.isalpha() or part.isdigit() for part in parts if part):
        return False  # words in a row, such as a task's id
    if any(letter.isdigit() for letter in letters) and any(letter.isalpha() for letter in letters):
        return True
    try:  # letters only: a blob when it stands for text
        base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return any(letter.isupper() for letter in letters[1:]) and any(letter.islower() for letter in letters)
    return True


def _is_latin(character: str) -> bool:
    return bool(character) and character.isalpha() and "LATIN" in unicodedata.name(character, "")


def _is_mixed(word: str) -> bool:
    """Whether a word has both letters a-z and letters of other scripts that look like them."""
    has_latin = any(letter.isascii() for letter in word)
    foreign = [letter for letter in word.casefold() if not letter.isascii()]
    twins = [
        letter
        for letter in foreign
        if latin(letter).isascii() and "LATIN" not in unicodedata.name(letter, "")
    ]
    return has_latin and bool(twins)


def _around(text: str, match: re.Match[str]) -> str:
    return text[max(0, match.start() - 15) : match.end() + 15]
