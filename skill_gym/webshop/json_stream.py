"""Reads a JSON file of any size one element at a time, and says where it is broken."""

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, cast

from skill_gym.webshop.product import ShopError

CHUNK = 1 << 20
"""Characters read at a time."""
LONGEST = 1 << 26
"""An element of more characters is taken for broken JSON."""

_BLANK = re.compile(r"[ \t\n\r]*")
_NEAR_END = 16
"""An error this near to the end of what was read may only mean that the rest is missing."""


def array_items(path: Path) -> Iterator[Any]:
    """The elements of the array that the file (plain or gzip) holds, in order.

    Raises:
        ShopError: The file is missing, cut off, not JSON, or holds no array.
    """
    with _open(path) as window:
        window.expect("[", "a list of records")
        while window.mark() != "]":
            yield window.value()
            window.separator("]")
        window.finish()


def object_members(path: Path) -> Iterator[tuple[str, Any]]:
    """The members of the object that the file (plain or gzip) holds, in order; raises as ``array_items``."""
    with _open(path) as window:
        window.expect("{", "an object")
        while window.mark() != "}":
            name = window.value()
            window.expect(":", "a name and a colon")
            yield str(name), window.value()
            window.separator("}")
        window.finish()


class _Window:
    """The part of the text that is being decoded."""

    def __init__(self, file: TextIO, path: Path) -> None:
        self._file, self._path = file, path
        self._text, self._at, self._dropped, self._ended = "", 0, 0, False
        self._decode = json.JSONDecoder().raw_decode

    def mark(self) -> str:
        """The next character that is not blank; it is not consumed."""
        while True:
            blank = _BLANK.match(self._text, self._at)
            self._at = blank.end() if blank else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                raise self._cut_off()
            self._more()

    def expect(self, wanted: str, what: str) -> None:
        """Consumes one character, which must be this one."""
        if self.mark() != wanted:
            raise self._broken(f"expected {what}", self._at)
        self._at += 1

    def separator(self, closing: str) -> None:
        """Consumes a comma, unless the closing bracket stands there."""
        if self.mark() == ",":
            self._at += 1
            if self.mark() == closing:
                raise self._broken("a comma before the closing bracket", self._at)
        elif self.mark() != closing:
            raise self._broken("expected a comma", self._at)

    def value(self) -> Any:
        """Decodes the next value, reading on until it is whole."""
        self.mark()
        while True:
            try:
                value, end = self._decode(self._text, self._at)
                # A number that touches the end of what was read may go on behind it.
                if end < len(self._text) or self._ended:
                    self._at = end
                    return value
            except json.JSONDecodeError as error:
                inside = error.pos < len(self._text) - _NEAR_END
                if inside and not error.msg.startswith("Unterminated"):
                    raise self._broken(error.msg, error.pos) from error
                if self._ended:
                    raise self._cut_off() from error
            except RecursionError as error:
                raise self._broken("nested too deeply", self._at) from error
            if len(self._text) - self._at > LONGEST:
                raise self._broken(f"an element of more than {LONGEST:,} characters", self._at)
            self._more()

    def finish(self) -> None:
        """Consumes the closing bracket; nothing but blanks may follow."""
        self._at += 1
        while not self._ended:
            self._more()
            if self._text.strip():
                raise self._broken("more text after the end", 0)
            self._at = len(self._text)

    def _more(self) -> None:
        rest = self._text[self._at :]
        piece = self._file.read(max(CHUNK, len(rest)))
        self._ended = not piece
        self._dropped += self._at
        self._text, self._at = rest + piece, 0

    def _broken(self, why: str, at: int) -> ShopError:
        near = self._text[max(at - 20, 0) : at + 20]
        return ShopError(
            f"{self._path} is not the JSON that it should be: {why} at character {self._dropped + at:,}, "
            f"near {near!r}; download the file again"
        )

    def _cut_off(self) -> ShopError:
        length = self._dropped + len(self._text)
        return ShopError(f"{self._path} is cut off after {length:,} characters; download the file again")


@contextmanager
def _open(path: Path) -> Iterator[_Window]:
    try:
        with path.open("rb") as head:
            packed = head.read(2) == b"\x1f\x8b"
        opener = gzip.open if packed else open
        with opener(path, "rt", encoding="utf-8-sig") as file:
            yield _Window(cast(TextIO, file), path)
    except (EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError) as error:
        raise ShopError(f"{path} is damaged ({error}); download the file again") from error
    except OSError as error:
        raise ShopError(f"cannot read {path}: {error.strerror or error}") from error
