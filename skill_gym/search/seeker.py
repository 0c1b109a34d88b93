"""A scripted searcher that knows only what it has read: it finds one fact after the other, then answers."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from skill_gym.search.evidence_answer import answer_from
from skill_gym.search.findings import Findings, bare, depth
from skill_gym.search.inquiry import next_query
from skill_gym.search.passage_reader import FactReader
from skill_gym.search.question_parser import Asked, Condition, Described, Named, read_wanted
from skill_gym.search.shown_passages import read_passages

TURNS = 4
"""Turns of an episode where the advice does not tell them, as the environment's default has it."""

LONGEST = 2000
"""Characters of a question that are read; nobody asks longer ones in earnest."""

_TOLD_TURNS = re.compile(r"You have (\d+) turns?(;| to search and one more to answer)")
_QUESTION = re.compile(r"^Question: (.*)", re.MULTILINE | re.DOTALL)
_SEARCH = re.compile(r"\s*<search>(.*)</search>\s*", re.IGNORECASE | re.DOTALL)


class _Step(NamedTuple):
    command: str
    thought: str


class Seeker:
    """Plays from the text alone, also after others played for it.

    A question with the wordings of generated worlds is taken apart. Each turn looks for the first fact that
    is still unknown: the query holds the head's name and the words of the relation. Where the turns do not
    suffice for one fact at a time, the query names the heads of two. Facts are read from the passages of
    their heads; what comes by the way is not searched for again. Any other question is searched with its own
    words, then with names that the evidence leads to, and answered with a string of the wanted kind. The same
    texts always give the same commands and the same thoughts.

    Args:
        first_observation: Text of the reset, in any layout, with the question.
        advice: Any text; the number of turns is read from it, as the environment's instructions tell it.

    Attributes:
        question: What is asked.
        thought: Why the last command was chosen, in sentences of a fixed form; "" before the first. It tells
            what was found with the last query and what is looked for next, by the names that the query holds.

    Raises:
        ValueError: The observation holds no question.
    """

    def __init__(self, first_observation: str, advice: str = "") -> None:
        found = _QUESTION.search(first_observation)
        self.question = " ".join((found[1] if found else first_observation).split())[:LONGEST]
        if not self.question:
            raise ValueError("the observation holds no question; pass the text of the reset")
        self.thought = ""
        self._reader = FactReader()
        wanted = read_wanted(self.question)
        self._findings = None if wanted is None else Findings(wanted, self._reader)
        self._asked: list[str] = []
        self._news: list[str] = []
        self._turn = 0
        self._turns = _told_turns(advice) or max(TURNS, 0 if wanted is None else 1 + depth(wanted))

    @property
    def understood(self) -> bool:
        """Whether the question has a wording of generated worlds."""
        return self._findings is not None

    def observe(self, command: str, observation: str) -> None:
        """Takes down what a command led to, whoever chose it.

        Args:
            command: The command as it was played.
            observation: The environment's text.
        """
        self._turn += 1
        if found := _SEARCH.fullmatch(command):
            self._asked.append(found[1].strip())
        before = self._facts()
        self._reader.read(read_passages(observation))
        self._news = [fact for fact in self._facts() if fact not in before]

    def command(self, commands: Sequence[str]) -> str:
        """The next command.

        Args:
            commands: The commands that are admissible now.

        Returns:
            ``<search>...</search>`` or ``<answer>...</answer>``; "" when there are none.
        """
        may_search = self._left > 0 and any("<search>" in command for command in commands)
        if not commands:
            step = _Step("", "Lost.")
        elif self._findings is None:
            step = self._inquire(may_search)
        else:
            step = self._find(self._findings, may_search)
        command, self.thought = step
        return command

    @property
    def _left(self) -> int:
        """Searches that are left; the last turn is for the answer."""
        return self._turns - self._turn - 1

    def _facts(self) -> list[str]:
        return [] if self._findings is None else [_told(*fact) for fact in self._findings.facts]

    def _inquire(self, may_search: bool) -> _Step:
        """Any question: its words and what they lead to."""
        passages = self._reader.passages
        query = next_query(self.question, passages, self._asked) if may_search else ""
        if query:
            return _search(query, f"Search for {query}.")
        answer = answer_from(self.question, passages)
        return _answer(answer, f"The passages lead to {answer}.")

    def _find(self, findings: Findings, may_search: bool) -> _Step:
        """A question that was taken apart: the next fact, or the answer."""
        answer, reason = findings.answer
        if answer:
            return _answer(answer, *self._news, reason)
        query, sought = self._query(findings) if may_search else ("", "")
        if query:
            missed = "That was not found." if self._asked and not self._news else ""
            return _search(query, *self._news, missed, sought)
        guess, possible = answer_from(self.question, self._reader.passages), findings.possible
        if possible and guess not in possible:
            guess = possible[0]
        return _answer(guess, *self._news, f"Nothing else is known. {guess} is a guess.")

    def _query(self, findings: Findings) -> tuple[str, str]:
        """A query that was not made yet, and what it is for."""
        lines = findings.open
        if not lines:
            return self._describe(findings.conditions)
        to_find = sum(len(line) for line in lines) + bool(findings.conditions)
        if to_find > self._left:
            # The ends of a comparison lie side by side, so that one query may find both as well.
            longest = max(len(line) for line in lines)
            lines = [line for line in lines if len(line) == longest]
        else:
            lines = lines[:1]
        together = [asked for line in lines if (asked := findings.named(line[0]))]
        heads = [_head_words(asked) for asked in together]
        words = [word for asked in together for word in asked.relation.words.split()]
        for query in (_once([*heads, *words]), _once(heads), " ".join(str(asked) for asked in together)):
            if query not in self._asked:
                return query, " ".join(_sought(asked) for asked in together)
        return "", ""

    def _describe(self, conditions: Sequence[Condition]) -> tuple[str, str]:
        """Both conditions in a query, then each alone."""
        for chosen in (conditions, conditions[:1], conditions[1:]):
            words = [word for one in chosen for word in one.relation.words.split()]
            query = _once([*(bare(one.value) for one in chosen), *words])
            if query not in self._asked:
                return query, f"Search for {Described(tuple(chosen))}."
        return "", ""


def _told_turns(advice: str) -> int:
    told = _TOLD_TURNS.search(advice)
    return 0 if told is None else int(told[1]) + (told[2] != ";")


def _sought(asked: Asked) -> str:
    """``Search for the mayor of Velmora.``, or the question ``Who is the mayor of Velmora?``"""
    return str(asked) if _is_question(asked) else f"Search for {asked}."


def _told(asked: Asked, value: Named | str) -> str:
    """``The mayor of Velmora is Lorin Vask.``, or ``Who is the mayor of Velmora? Lorin Vask.``"""
    said = str(asked)
    return f"{said} {value}." if _is_question(asked) else f"{said[:1].upper()}{said[1:]} is {value}."


def _is_question(asked: Asked) -> bool:
    return asked.template.endswith("?")


def _head_words(asked: Asked) -> str:
    """The head's name, with what tells it from a namesake."""
    occupation = asked.head.occupation if isinstance(asked.head, Named) else ""
    return f"{occupation} {bare(asked.head)}".strip()


def _once(words: Sequence[str]) -> str:
    return " ".join(dict.fromkeys(words))


def _search(query: str, *sentences: str) -> _Step:
    return _Step(f"<search>{query}</search>", " ".join(filter(None, sentences)))


def _answer(text: str, *sentences: str) -> _Step:
    return _Step(f"<answer>{text}</answer>", " ".join(filter(None, sentences)))
