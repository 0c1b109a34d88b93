"""HTML by construction: whatever is not markup already is escaped, and what cannot be seen is shown."""

import unicodedata
from collections.abc import Iterable
from html import escape
from typing import TypeAlias
from urllib.parse import urlencode

VOID = frozenset({"input", "link", "meta", "br", "hr", "rect", "line", "circle", "path"})
"""Elements without content, those of SVG that we use included."""

_SPACES = frozenset("\n\t\r")
_JOINERS = frozenset("\u200c\u200d")


class Markup(str):
    """Text that is HTML already; only ``tag``, ``join`` and ``visible`` make it of texts."""

    __slots__ = ()


Content: TypeAlias = "str | Iterable[Content] | None"


def join(*parts: Content) -> Markup:
    """Parts one after the other: markup as it is, texts escaped, None left out, lists joined likewise."""
    done = []
    for part in parts:
        if part is None:
            continue
        if isinstance(part, Markup):
            done.append(str(part))
        elif isinstance(part, str):
            done.append(escape(part))
        else:
            done.append(str(join(*part)))
    return Markup("".join(done))


def tag(element: str, /, *content: Content, **attributes: str | int | float | bool | None) -> Markup:
    """An element.

    Args:
        element: Its name.
        *content: As for ``join``.
        **attributes: A trailing ``_`` is dropped and others become ``-`` (``class_``, ``aria_label``); True
            is an attribute without a value, False and None are none. Values are escaped.
    """
    shown = ""
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        shown += " " + key.rstrip("_").replace("_", "-")
        if value is not True:
            shown += f'="{escape(str(value))}"'
    if element in VOID:
        return Markup(f"<{element}{shown}/>")  # SVG needs the slash, HTML allows it
    return Markup(f"<{element}{shown}>{join(*content)}</{element}>")


def link(path: str, /, **query: object) -> str:
    """An address with a query; values of None or "" are left out."""
    given = [(key, str(value)) for key, value in query.items() if value not in (None, "")]
    return f"{path}?{urlencode(given, errors='replace')}" if given else path


def visible(text: str) -> Markup:
    """A skill's text, with what a reader would not see (control, bidi and zero-width characters) as a mark.

    Joiners between other letters or emoji belong to their writing and stay.
    """
    if text.isascii() and text.isprintable():
        return Markup(escape(text))
    parts: list[Content] = []
    for place, character in enumerate(text):
        around = text[max(0, place - 1) : place + 2]
        if _is_hidden(character) and not (character in _JOINERS and not any(map(_is_plain, around))):
            parts.append(_mark(character))
        else:
            parts.append(character)
    return join(parts)


def plain(text: str) -> str:
    """A text for where no marks can stand (titles of windows): what cannot be seen is a replacement sign."""
    return "".join("\ufffd" if _is_hidden(character) else character for character in text)


def _mark(character: str) -> Markup:
    name = unicodedata.name(character, "control character").capitalize()
    return tag("span", f"U+{ord(character):04X}", class_="hidden-character", title=name)


def _is_hidden(character: str) -> bool:
    if character in _SPACES:
        return False
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _is_plain(character: str) -> bool:
    return character.isascii()
