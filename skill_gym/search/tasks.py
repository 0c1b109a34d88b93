"""The tasks of a split: questions in a fixed order, made into records when they are asked for."""

import difflib
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, Self, get_args, overload

from skill_gym.search.questions import QueryType, Question, task_id
from skill_gym.trajectory import Task

ENV_ID = "skill_gym/Search-v0"
QUERY_TYPES: tuple[str, ...] = get_args(QueryType)


class SearchTasks(Sequence[Task]):
    """Tasks in the questions' order; environments of a process share the questions.

    A task's id is ``<data source>/<question id>``. Its key tells the generator's world or, for questions of a
    file, a hash of the question and its answers, so that one question has one key in whatever file it stands.

    Args:
        questions: All of the split's.
        split: Name that the tasks bear.
        source: Of the keys; None hashes each question.
        task_types: Only these query types; None for all.
        sources: Only these data sources; None for all.

    Raises:
        ValueError: Unknown task types or data sources, or no question is left.
    """

    def __init__(
        self,
        questions: Sequence[Question],
        split: str,
        *,
        source: str | None = None,
        task_types: Sequence[str] | None = None,
        sources: Sequence[str] | None = None,
    ) -> None:
        self.questions = questions
        self.split = split
        self._source = source
        types = _names("task_types", task_types)
        for name in types or ():
            if name not in QUERY_TYPES:
                raise ValueError(f"unknown task type {name!r}; there are {', '.join(QUERY_TYPES)}")
        wanted = _names("sources", sources)
        places: Sequence[int] = range(len(questions))
        if wanted is not None:
            there = sorted({question.data_source for question in questions})
            for name in wanted:
                if name not in there:
                    raise ValueError(f"unknown data source {name!r}; there are {', '.join(there)}")
            places = [place for place in places if questions[place].data_source in wanted]
        if types is not None:
            places = [place for place in places if query_type(questions[place]) in types]
        if not places:
            raise ValueError(
                f"split {split!r} has no question of these types and sources; "
                "ask for others, or for all of them with None"
            )
        self._places = places
        self._by_id: dict[str, int] | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Task: ...
    @overload
    def __getitem__(self, index: slice) -> list[Task]: ...
    def __getitem__(self, index: int | slice) -> Task | list[Task]:
        if isinstance(index, slice):
            return [self._task(place) for place in self._places[index]]
        return self._task(self._places[index])

    def question(self, task_id: str) -> Question:
        """The question of a task.

        Raises:
            KeyError: It is not among these.
        """
        return self.questions[self._index()[task_id]]

    def find(self, task_id: object) -> Task | None:
        """The task of that id; None when it is not among these."""
        place = self._index().get(task_id) if isinstance(task_id, str) else None
        return None if place is None else self._task(place)

    def near(self, task_id: object) -> str:
        """Up to three ids like a wrong one, for an error message."""
        known = list(self._index())
        return ", ".join(difflib.get_close_matches(str(task_id), known[:10_000], 3, 0.5) or known[:3])

    def _index(self) -> dict[str, int]:
        if self._by_id is None:
            self._by_id = {task_id(self.questions[place]): place for place in self._places}
        return self._by_id

    def _task(self, place: int) -> Task:
        question = self.questions[place]
        name = task_id(question)
        source = self._source or _hash(question)
        kind = query_type(question)
        return Task(name, f"{ENV_ID}:{source}:{name}", ENV_ID, self.split, kind, question.question)


def query_type(question: Question) -> str:
    """The task type: what the data say, else what the text of the question tells."""
    if question.query_type is not None:
        return question.query_type
    from skill_gym.search.task_types import task_type

    return task_type(question.question)


def _hash(question: Question) -> str:
    text = "\n".join((question.question, *sorted(question.answers)))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _names(name: str, given: Sequence[str] | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    if not isinstance(given, Iterable):
        raise ValueError(f"{name} must be None or a list of names, got {given!r}")
    names = (given,) if isinstance(given, str) else tuple(given)
    if not names:
        raise ValueError(f"{name} is empty; name at least one, or pass None for all")
    return names
