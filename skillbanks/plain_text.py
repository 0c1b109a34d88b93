"""Reads a text as a model may read it: what is invisible, look-alike, spelt out or in leet is undone."""

import re
import unicodedata
from functools import lru_cache

_LOOKALIKES = str.maketrans(
    # Cyrillic, Greek, Armenian and Latin letters that are drawn like a letter of a-z (Unicode, TR 39).
    "авекмнорстухіјѕһԁԛԝѵьгпαβγειικνοπρστυχωηɑɡıłøđħƅʋоᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ",
    "abekmhopctyxijshdqwvbrnabyeiikvonpotuxwnagilodhbuoabcdefghijklmnoprstuvwyz",
)
_LEET = dict(zip("0134578@$!|€", "oieastbasiie", strict=True))
_LEET_SIGN = re.compile(r"[0134578@$!|€]")
_LEET_WORD = re.compile(r"[^\W\d_][0134578@$!|€]|[0134578@$!|€][^\W\d_]")
_SPELT = re.compile(r"(?<![^\W_])(?:[^\W\d_][\W_]{1,3}){3,}[^\W\d_](?![^\W_])")
_BROKEN = re.compile(r"[-.*_~'\"/\\|](?<=[^\W\d_].)[-.*_~'\"/\\|]?(?=[^\W\d_])")
_FOREIGN = re.compile(r"[^\x00-\x7f]")
"""What may be invisible or an accent; most texts have little of it."""

_GAP = re.compile(r"[\W_]+")


def is_invisible(character: str) -> bool:
    """Whether a character shows nothing by itself: format characters and variation selectors."""
    return (
        unicodedata.category(character) == "Cf"
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
        or character in "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
    )


def plain(text: str) -> str:
    """The text in one form (NFKC), in lower case, without invisible characters and without accents."""
    if text.isascii():
        return text.casefold()
    shown = _FOREIGN.sub(lambda found: _shown(found[0]), text)
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", shown).casefold())
    return _FOREIGN.sub(lambda found: _without_accent(found[0]), apart)


@lru_cache(maxsize=10_000)
def _shown(character: str) -> str:
    """What a model reads at a character."""
    # Tag characters (U+E0020 to U+E007E) mirror ASCII: a model may read them, a person sees nothing.
    if "\U000e0020" <= character <= "\U000e007e":
        return chr(ord(character) - 0xE0000)
    return "" if is_invisible(character) else character


@lru_cache(maxsize=10_000)
def _without_accent(character: str) -> str:
    return "" if unicodedata.category(character) == "Mn" else character


def latin(text: str) -> str:
    """A plain text with the letters of other scripts that look like a-z replaced by those."""
    return _FOREIGN.sub(lambda found: found[0].translate(_LOOKALIKES), text)


def readings(text: str) -> tuple[str, ...]:
    """All ways in which a text may be meant, each once, the plain one first.

    After the plain text come, where they differ: look-alike letters as Latin, leet as letters, and words that
    were spelt out (``i g n o r e``) or broken up (``ig-nore``) joined. Patterns should allow for no space
    between words, since a spelt-out sentence has lost them.
    """
    found = dict.fromkeys(spellings(text))
    for reading in tuple(found):
        joined = _SPELT.sub(lambda run: _GAP.sub("", run[0]), reading)
        joined = _BROKEN.sub("", joined)
        found.setdefault(joined)
    return tuple(found)


def spellings(text: str) -> tuple[str, ...]:
    """The readings without those in which words were joined: enough where only letters count."""
    first = plain(text)
    found = dict.fromkeys((first, latin(first)))
    for reading in tuple(found):
        if _LEET_WORD.search(reading):
            found.setdefault(_LEET_SIGN.sub(lambda sign: _LEET[sign[0]], reading))
    return tuple(found)
