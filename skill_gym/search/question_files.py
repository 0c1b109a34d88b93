"""Finds and reads questions: files and folders of Parquet, JSON or JSON lines, and data sets of the Hub."""

import logging
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from skill_gym.search.corpus_formats import rows
from skill_gym.search.passages import CorpusError
from skill_gym.search.question_records import SPLIT_NAMES, QuestionError, read_record
from skill_gym.search.questions import Question, task_id

HUB = "hf:"
"""Stands before the name of a data set of the Hub."""
ENDINGS = (".parquet", ".jsonl", ".json", ".jsonl.gz", ".json.gz")
SPLITS = ("train", "validation", "test")
NO_QUESTIONS = ("corpus.jsonl", "meta.json")

_LOG = logging.getLogger(__name__)


def open_questions(data: str, split: str) -> tuple[Question, ...]:
    """The questions of a split, in the order of the data; files that have not changed are read once.

    Args:
        data: A file; a folder with ``<split>.parquet``, ``.jsonl`` or ``.json`` (for ``all``, every file of
            questions in it); or ``hf:owner/name``, see ``hub_rows``.
        split: ``train``, ``validation`` (``dev`` and ``val`` mean the same), ``test`` or ``all``. Of a single
            file those rows are left out that say that they belong to another split, unless the file bears the
            split's name.

    Raises:
        QuestionError: Nothing there, a record of another form, an id twice, or no question left.
    """
    return _read(data, split, stamps(data, split))


def question_rows(data: str, split: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """All rows of the files of a split, each with its place for messages.

    Raises:
        QuestionError: Nothing there, or a file cannot be read.
    """
    if data.startswith(HUB):
        from skill_gym.search.hub import hub_rows

        for number, row in enumerate(hub_rows(data.removeprefix(HUB), split), 1):
            yield f"{data}, row {number}", row
        return
    for path in files_of(data, split):
        try:
            yield from ((f"{path}, {place}", row) for place, row in rows(path))
        except CorpusError as error:
            raise QuestionError(str(error)) from error


def files_of(data: str, split: str) -> list[Path]:
    """The files that hold a split's questions.

    Raises:
        QuestionError: There are none; the message tells what was looked for.
    """
    place = Path(data).expanduser()
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise QuestionError(f"no questions at {place}; give a file, a folder, or {HUB}owner/name")
    there = {path.name: path for path in sorted(place.iterdir()) if path.name.endswith(ENDINGS)}
    by_split = {name: _first(there, name) for name in SPLITS}
    if split == "all":
        named = [path for path in by_split.values() if path is not None]
        found = named or [path for name, path in there.items() if name not in NO_QUESTIONS]
    else:
        path = by_split[split]
        found = [] if path is None else [path]
    if not found:
        raise QuestionError(
            f"no questions for split {split!r} in {place}; expected {split}.parquet, .jsonl or .json, "
            f"there is {', '.join(there) or 'no such file'}"
        )
    return found


@lru_cache(maxsize=8)
def _read(data: str, split: str, unchanged: tuple[Any, ...]) -> tuple[Question, ...]:
    questions: dict[str, Question] = {}
    others: Counter[str] = Counter()
    unanswerable: list[str] = []
    by_rows = split != "all" and Path(data).expanduser().is_file() and not _names(Path(data).name, split)
    for position, (place, row) in enumerate(question_rows(data, split)):
        try:
            question = read_record(row, position)
        except QuestionError as error:
            raise QuestionError(f"{place}: {error}") from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise QuestionError(f"{place}: a record of another form ({error!r})") from error
        if question is None:
            unanswerable.append(place)
            continue
        if by_rows and question.split not in ("", split):
            others[question.split] += 1
            continue
        name = task_id(question)
        if name in questions:
            raise QuestionError(f"{place}: the id {question.id!r} is there twice in {question.data_source!r}")
        questions[name] = question
    if unanswerable:
        _LOG.warning(
            "%d questions were left out: no accepted answer is left after normalisation, first %s",
            len(unanswerable), unanswerable[0],
        )  # fmt: skip
    if not questions:
        there = ", ".join(f"{count} of {name!r}" for name, count in sorted(others.items()))
        raise QuestionError(
            f"no question of split {split!r} in {data}; there are {there or 'none that can be scored'}"
        )
    return tuple(questions.values())


def _first(there: dict[str, Path], split: str) -> Path | None:
    return next((path for name, path in there.items() if _names(name, split)), None)


def _names(file: str, split: str) -> bool:
    stem = file.partition(".")[0]
    return SPLIT_NAMES.get(stem, stem) == split


def stamps(data: str, split: str) -> tuple[tuple[str, int, int], ...]:
    """Path, time of change and size of each file of a split; none for the Hub.

    Raises:
        QuestionError: There are no files.
    """
    paths = [] if data.startswith(HUB) else [path.resolve() for path in files_of(data, split)]
    return tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in paths)
