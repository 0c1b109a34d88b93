"""What happened in an episode of Search, read from its recorded text alone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from skill_gym.search.reward import normalise
from skill_gym.search.session import read_command
from skill_gym.search.shown_passages import ShownPassage, read_passages
from skill_gym.search.task_types import TASK_TYPES, task_type
from skill_gym.skillbanks.episode_facts import exchanges
from skill_gym.trajectory import Trajectory

_NAME = re.compile(r"[A-Z][\w'-]*\.?(?: (?:of |the )*[A-Z0-9][\w'-]*\.?)*")
_CHOICE = re.compile(r"(?:[,:]|\bbetween\b)\s*(?P<left>[^,:]+?),?\s+or\s+(?P<right>[^,:]+)$")
_OPENINGS = re.compile(
    r"who|whom|whose|which|what|where|when|why|how|in|on|at|of|to|from|is|are|was|were|do|does|did|has|have|had|"
    r"can|between",
    re.IGNORECASE,
)
"""Words with a capital at the beginning of a question that are no names."""
_PAIR = re.compile(
    r"(?:are|were|is|was|do|does|did|have|has|had|can)\b(?: both)? (?P<left>.+?) (?:and|or) (?P<right>.+)",
    re.IGNORECASE,
)


class Lookup(NamedTuple):
    """A search that was carried out.

    Attributes:
        query: As it was sent.
        shown: The passages that it showed.
        new: Whether one of them had not been shown before.
    """

    query: str
    shown: tuple[ShownPassage, ...]
    new: bool


@dataclass(frozen=True, slots=True)
class SearchFacts:
    """An episode as its text tells it.

    Attributes:
        question: What was asked.
        task_type: The environment's type of it, or what its words tell.
        lookups: The searches that were carried out, in order.
        late: Query of the last turn, which comes to nothing; "" if it was no search.
        answer: What was answered, None without an answer.
        unreadable: Turns without a command.
        steps: Number of turns.
        measures: Scores of the answer (``em``, ``f1``, ``sub_em``) as far as they were recorded.
    """

    question: str
    task_type: str
    lookups: tuple[Lookup, ...]
    late: str
    answer: str | None
    unreadable: int
    steps: int
    measures: Mapping[str, float]

    @property
    def queries(self) -> tuple[str, ...]:
        """All queries that were carried out."""
        return tuple(lookup.query for lookup in self.lookups)

    @property
    def shown(self) -> tuple[ShownPassage, ...]:
        """All passages that were shown, in order, some of them more than once."""
        return tuple(passage for lookup in self.lookups for passage in lookup.shown)


def is_search(trajectory: Trajectory) -> bool:
    """Whether an episode was played in Search."""
    return trajectory.task.env_id.rpartition("/")[2].startswith("Search")


def read_search(trajectory: Trajectory) -> SearchFacts:
    """Reads the facts from observations and commands, in any layout; nothing is played again."""
    lookups: list[Lookup] = []
    seen: set[ShownPassage] = set()
    answer, late, unreadable = None, "", 0
    for number, (command, after) in enumerate(exchanges(trajectory), 1):
        kind, text = read_command(command)
        text = " ".join(text.split())
        if kind == "answer":
            answer = text
        elif kind == "none":
            unreadable += 1
        elif number == len(trajectory.turns) and "<information>" not in after:
            late = text
        else:
            shown = tuple(read_passages(after))
            lookups.append(Lookup(text, shown, not set(shown) <= seen))
            seen |= set(shown)
    given = trajectory.meta.get("measures")
    measures = given if isinstance(given, Mapping) else {}
    task = trajectory.task
    return SearchFacts(
        question=task.goal,
        task_type=task.task_type if task.task_type in TASK_TYPES else task_type(task.goal),
        lookups=tuple(lookups),
        late=late,
        answer=answer,
        unreadable=unreadable,
        steps=len(trajectory.turns),
        measures={name: value for name, value in measures.items() if isinstance(value, int | float)},
    )


def words(text: str) -> list[str]:
    """The words of a text as answers are compared: lower case, no punctuation, no articles."""
    return normalise(text).split()


def names(text: str) -> list[str]:
    """Names in a text, as far as capitals tell: ``Velmora Bridge mayor`` has ``Velmora Bridge``."""
    return _NAME.findall(text)


def given_names(question: str) -> list[str]:
    """The names that a question holds; the word it begins with is none."""
    return [name for name in names(question) if not _OPENINGS.fullmatch(name)]


def sides(question: str) -> tuple[str, str] | None:
    """The two sides of a comparison, as the question writes them; None where it cannot be told."""
    text = question.strip(" ?.")
    found = _CHOICE.search(text) or _PAIR.match(text)
    return None if found is None else (found["left"].strip(), found["right"].strip())
