"""Finds answers to a benchmark in skills: ids, goals and gold answers of its tasks."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from skill_gym.skillbanks.finding import Hit, error, warning
from skill_gym.skillbanks.plain_text import plain
from skill_gym.trajectory import Task

_WORDS = re.compile(r"[^\W_]+")
_SEED = 4
"""Words by whose hash a goal is looked up; a goal with fewer words is too general to be told."""
_IDS = re.compile(
    r"\btrial_t\d{6,}\w*|\b[a-z]+(?:_[a-z]+)+-\w+-\w+-\w+-\d+\b|\bskill_gym/\w+-v\d+:[\w.-]+:\S+"
    r"|\bb0(?=[0-9a-z]*\d)[0-9a-z]{8}\b"
)
"""Ids of ALFWorld's games, this suite's task keys, and Amazon's product numbers (WebShop)."""
_MEND = "say what holds for all tasks of its kind, without this task's own"


def find_task_ids(text: str) -> Iterator[Hit]:
    """Ids of tasks and products by their form, whatever the benchmark's tasks are."""
    if match := _IDS.search(text.casefold()):
        yield error("benchmark answer", match[0], f"{_MEND} ids")


class BenchmarkAnswers:
    """Looks for what certain tasks ask and want to hear.

    The time for a text does not depend on the number of tasks.

    Args:
        tasks: Tasks whose ids, keys and goals must not stand in a skill. Goals of less than four words and
            ids of less than eight characters (such as WebShop's numbers) are too general to count.
        answers: Task id -> what is right, such as Search's gold answers. An answer beside half of the goal's
            words is an error; alone it is a warning, from three words up.
    """

    def __init__(
        self, tasks: Iterable[Task] = (), *, answers: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self._ids: set[str] = set()
        self._goals: dict[tuple[str, ...], list[tuple[str, ...]]] = defaultdict(list)
        self._answers: dict[tuple[str, ...], list[frozenset[str]]] = defaultdict(list)
        self._longest = 0
        known = set()
        for task in tasks:
            self._ids.update(
                name.casefold()
                for name in (task.id, task.key, *task.id.split("/"))
                if len(name) >= 8 and any(letter.isdigit() for letter in name)
            )
            words = _words(task.goal)
            if words not in known and len(words) >= _SEED:
                known.add(words)
                self._goals[words[:_SEED]].append(words)
            for answer in (answers or {}).get(task.id, ()):
                said = _words(answer)
                if said:
                    self._longest = max(self._longest, len(said))
                    content = frozenset(word for word in words if len(word) > 3) - set(said)
                    self._answers[said].append(content)

    def __call__(self, text: str) -> Iterator[Hit]:
        """What the text tells of the tasks."""
        yield from self._told_ids(text)
        words = _words(text)
        for start in range(len(words) - _SEED + 1):
            for goal in self._goals.get(words[start : start + _SEED], ()):
                if words[start : start + len(goal)] == goal:
                    yield error("benchmark answer", " ".join(goal), f"{_MEND} goal")
                    return
        yield from self._told_answers(words)

    def _told_ids(self, text: str) -> Iterator[Hit]:
        if not self._ids:
            return
        for token in re.findall(r"[^\s,;()\[\]'\"`]{8,}", text.casefold()):
            token = token.rstrip(".:!?")
            if told := self._ids.intersection((token, *token.split("/"))):
                yield error("benchmark answer", min(told), f"{_MEND} id")
                return

    def _told_answers(self, words: tuple[str, ...]) -> Iterator[Hit]:
        if not self._answers:
            return
        spoken = frozenset(words)
        alone: tuple[str, ...] = ()
        for start in range(len(words)):
            for length in range(1, self._longest + 1):
                said = words[start : start + length]
                for content in self._answers.get(said, ()) if len(said) == length else ():
                    if content and len(content & spoken) * 2 >= len(content):
                        yield error("benchmark answer", " ".join(said), f"{_MEND} answer")
                        return
                    if length >= 3:
                        alone = said
        if alone:
            yield warning("benchmark answer", " ".join(alone), "make sure that it is no answer to a task")


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORDS.findall(plain(text)))
