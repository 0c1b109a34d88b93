"""Reads passages from files: Search-R1's rows, titles with texts, records that bring their contexts."""

import gzip
import hashlib
import html
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Self

from skill_gym.search.parquet import read_rows
from skill_gym.search.passage_store import CORPUS_FILE, split_contents
from skill_gym.search.passages import CorpusError, Passage

_EXPECTED = (
    'give {"id", "contents"}, {"title", "text"}, or records of HotpotQA ("context") or MuSiQue ("paragraphs")'
)


def passage_id(title: str, text: str) -> str:
    """The id of a passage that comes without one: 16 hex digits of the SHA-256 of its title and text."""
    return hashlib.sha256(f"{title}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def context_passages(record: Mapping[str, Any]) -> list[Passage]:
    """The passages that a record of HotpotQA or MuSiQue brings, in its order.

    Titles lose their HTML entities; sentences are joined as they are; ids are those of ``passage_id``; a
    paragraph without text is no passage.

    Raises:
        CorpusError: The record has no contexts, or they are of another form.
    """
    try:
        pairs = list(_context_pairs(record))
    except (KeyError, TypeError, ValueError) as error:
        raise CorpusError(f"contexts of another form ({error!r}); {_EXPECTED}") from error
    found = []
    for title, text in pairs:
        title = _one_line(html.unescape(title))
        if text.strip():
            found.append(Passage(passage_id(title, text), title, text))
    return found


class CorpusReader(Iterator[Passage]):
    """The passages of files, one after the other; those of contexts pooled, each once, by ascending id.

    Args:
        paths: ``.json``, ``.jsonl`` (both may be an array or lines, and end in ``.gz``), ``.parquet``, or a
            folder with a ``corpus.jsonl``.

    Attributes:
        where: File and place of the passage that came last, for messages.
    """

    def __init__(self, *paths: str | Path) -> None:
        self.where = ""
        self._pool: dict[str, Passage] = {}
        self._passages = self._read([Path(path).expanduser() for path in paths])

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Passage:
        return next(self._passages)

    def _read(self, paths: Iterable[Path]) -> Iterator[Passage]:
        for path in paths:
            for place, row in rows(path / CORPUS_FILE if path.is_dir() else path):
                self.where = f"{path}, {place}"
                try:
                    if "context" in row or "paragraphs" in row:
                        self._pool.update((passage.id, passage) for passage in context_passages(row))
                    else:
                        yield _passage(row)
                except CorpusError as error:
                    raise CorpusError(f"{self.where}: {error}") from error
        for name in sorted(self._pool):
            self.where = f"the contexts' passage {name}"
            yield self._pool[name]


def read_corpus(*paths: str | Path) -> CorpusReader:
    """The passages of files (see ``CorpusReader``).

    Raises:
        CorpusError: While reading: a file cannot be read, or a row has no text or is of another form.
    """
    return CorpusReader(*paths)


def rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a file, each with its place ("line 3", "row 3").

    Raises:
        CorpusError: The file cannot be read, or has no rows of JSON.
    """
    try:
        if path.suffix == ".parquet":
            for number, row in enumerate(read_rows(path), 1):
                yield f"row {number}", row
            return
        with _opened(path) as file:
            yield from _json_rows(file, path)
    except CorpusError:
        raise
    except (OSError, EOFError, ValueError) as error:
        raise CorpusError(f"cannot read {path}: {error}") from error


def _json_rows(file: IO[str], path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    array = False
    for number, text in enumerate(file, 1):
        blank = not text.strip()
        if blank:
            continue
        array = text.lstrip().startswith("[")
        if array:
            break
        yield f"line {number}", _object(text, path, f"line {number}")
    if array:
        try:
            members = json.loads(text + file.read())
        except (ValueError, RecursionError) as error:
            raise CorpusError(f"{path} begins like a JSON array and is none: {error}") from error
        for number, row in enumerate(members, 1):
            if not isinstance(row, dict):
                raise CorpusError(f"{path}, row {number}: expected an object, got {type(row).__name__}")
            yield f"row {number}", row


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig")
    return path.open(encoding="utf-8-sig")


def _object(text: str, path: Path, place: str) -> dict[str, Any]:
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CorpusError(f"{path}, {place}: no JSON ({error}); {_EXPECTED}, one object a line") from error
    if not isinstance(row, dict):
        raise CorpusError(f"{path}, {place}: expected an object, got {type(row).__name__}; {_EXPECTED}")
    return row


def _passage(row: Mapping[str, Any]) -> Passage:
    if isinstance(contents := row.get("contents"), str):
        title, text = split_contents(contents)
    elif isinstance(row.get("text"), str):
        text = row["text"]
        given = row.get("title") or ""
        if not isinstance(given, str):
            raise CorpusError(f"the title must be a text, got {type(given).__name__}")
        title = given
    else:
        raise CorpusError(f"no text in a row with {', '.join(map(repr, row)) or 'nothing'}; {_EXPECTED}")
    title = _one_line(title)
    if len(title) >= 2 and title[0] == title[-1] == '"':
        title = title[1:-1]
    if not text.strip():
        raise CorpusError(f"the passage {title!r} has no text; give one or leave the row out")
    name = row.get("id", row.get("_id"))
    return Passage(passage_id(title, text) if name is None else str(name), title, text)


def _one_line(title: str) -> str:
    return " ".join(title.split()) if "\n" in title or "\r" in title else title


def _context_pairs(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "paragraphs" in record:
        for paragraph in record["paragraphs"]:
            yield paragraph["title"], paragraph["paragraph_text"]
        return
    context = record["context"]
    # The Hub has HotpotQA's columns side by side.
    pairs = (
        zip(context["title"], context["sentences"], strict=True) if isinstance(context, Mapping) else context
    )
    for title, sentences in pairs:
        yield title, "".join(sentences)
