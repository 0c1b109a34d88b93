"""A scripted searcher that knows only what it has read: it finds one fact after the other, then answers."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from skill_gym.search.evidence_answer import answer_from
from skill_gym.search.inquiry import next_query
from skill_gym.search.passage_reader import FactReader
from skill_gym.search.question_parser import (
    Asked,
    Compared,
    Condition,
    Described,
    Named,
    Thing,
    Wanted,
    read_wanted,
)
from skill_gym.search.shown_passages import read_passages

TURNS = 4
"""Turns of an episode where the advice does not tell them, as the environment's default has it."""

_TOLD_TURNS = re.compile(r"You have (\d+) turns?(;| to search and one more to answer)")
_QUESTION = re.compile(r"(?:.*\n)*?Question: (.*)", re.IGNORECASE)
_SEARCH = re.compile(r"\s*<search>(.*)</search>\s*", re.IGNORECASE | re.DOTALL)


class _Step(NamedTuple):
    command: str
    thought: str


class Seeker:
    """Plays from the text alone, also after others played for it.

    A question with the wordings of generated worlds is taken apart. Each turn looks for the first fact that
    is still unknown: the query holds the head's name and the words of the relation. Where the turns do not
    suffice for one fact at a time, the query names the heads of several. Facts are read from the passages of
    their heads; what comes by the way is not searched for again. Any other question is searched with its own
    words, then with names that the evidence leads to, and answered with a string of the wanted kind. The same
    texts always give the same commands and the same thoughts.

    Args:
        first_observation: Text of the reset, in any layout, with the question.
        advice: Any text; the number of turns is read from it, as the environment's instructions tell it.

    Attributes:
        question: What is asked.
        wanted: The question taken apart, None when its wording is not known.
        thought: Why the last command was chosen, in sentences of a fixed form; "" before the first. It tells
            what was found with the last query and what is looked for next, by the names that the query holds.

    Raises:
        ValueError: The observation holds no question.
    """

    def __init__(self, first_observation: str, advice: str = "") -> None:
        found = _QUESTION.match(first_observation.strip())
        self.question = " ".join((found[1] if found else first_observation).split())
        if not self.question:
            raise ValueError("the observation holds no question; pass the text of the reset")
        self.wanted = read_wanted(self.question)
        self.thought = ""
        self._reader = FactReader()
        self._asked: list[str] = []
        self._turn = 0
        self._turns = _told_turns(advice) or max(TURNS, 1 + _depth(self.wanted))
        self._told: set[str] = set()

    def observe(self, command: str, observation: str) -> None:
        """Takes down what a command led to, whoever chose it.

        Args:
            command: The command as it was played.
            observation: The environment's text.
        """
        self._turn += 1
        if found := _SEARCH.fullmatch(command):
            self._asked.append(found[1].strip())
        self._reader.read(read_passages(observation))

    def command(self, commands: Sequence[str]) -> str:
        """The next command.

        Args:
            commands: The commands that are admissible now.

        Returns:
            ``<search>...</search>`` or ``<answer>...</answer>``; "" when there are none.
        """
        if not commands:
            self.thought = "Lost."
            return ""
        may_search = self._left > 0 and any("<search>" in command for command in commands)
        step = self._seek(may_search) if self.wanted is None else self._decide(self.wanted, may_search)
        command, self.thought = step
        return command

    @property
    def _left(self) -> int:
        """Searches that are left; the last turn is for the answer."""
        return self._turns - self._turn - 1

    def _seek(self, may_search: bool) -> _Step:
        """Any question: its words and what they lead to."""
        passages = self._reader.passages
        query = next_query(self.question, passages, self._asked) if may_search else ""
        if query:
            return _search(query, f"{self.question} Search for {query}.")
        answer = answer_from(self.question, passages)
        return _answer(answer, f"{self.question} The passages lead to {answer}.")

    def _decide(self, wanted: Wanted, may_search: bool) -> _Step:
        news = self._news(wanted)
        answer, reason = self._answer(wanted)
        if answer:
            return _answer(answer, " ".join([*news, *reason]))
        query, sought = self._query(wanted) if may_search else ("", "")
        if query:
            missed = ["That was not found."] if self._asked and not news else []
            return _search(query, " ".join([*news, *missed, sought]))
        guess = self._guess(wanted)
        return _answer(guess, " ".join([*news, f"Nothing else is known. {guess} is a guess."]))

    def _value(self, thing: Thing) -> Named | str | None:
        if isinstance(thing, Named):
            return thing
        head = self._value(thing.head)
        return self._reader.value(thing.relation, head) if isinstance(head, Named) else None

    def _open(self, thing: Thing) -> Iterator[Asked]:
        """What is still to be found for a thing, the next one first."""
        if isinstance(thing, Asked) and self._value(thing) is None:
            yield from self._open(thing.head)
            yield thing

    def _ready(self, thing: Asked) -> Asked | None:
        """The thing with its head by name; None while that is unknown."""
        head = self._value(thing.head)
        return Asked(thing.relation, head, thing.template) if isinstance(head, Named) else None

    def _query(self, wanted: Wanted) -> tuple[str, str]:
        """A query that was not made yet, and what it is for."""
        lines = [list(self._open(thing)) for thing in _things(wanted)]
        ready = [asked for line in lines if line and (asked := self._ready(line[0]))]
        if not ready and isinstance(wanted, Described):
            return self._describe(wanted)
        to_find = sum(len(line) for line in lines) + isinstance(wanted, Described)
        together = ready if to_find > self._left else ready[:1]
        for form in (_fully, _by_name, _by_wording):
            query = " ".join(form(asked) for asked in together)
            if query not in self._asked:
                return query, " ".join(_sought(asked) for asked in together)
        return "", ""

    def _describe(self, wanted: Described) -> tuple[str, str]:
        """Both conditions, then one of them, in a query."""
        conditions = self._known(wanted)
        for chosen in (conditions, conditions[:1], conditions[1:]):
            query = " ".join(f"{_bare(one.value)} {one.relation.words}" for one in chosen)
            if query not in self._asked:
                return query, f"Search for {Described(tuple(chosen))}."
        return "", ""

    def _known(self, wanted: Described) -> tuple[Condition, ...]:
        """The conditions with their values by name, as far as known."""
        values = [
            one.value if isinstance(one.value, str) else self._value(one.value) for one in wanted.conditions
        ]
        return tuple(
            Condition(one.relation, one.value if value is None else value)
            for one, value in zip(wanted.conditions, values, strict=True)
        )

    def _answer(self, wanted: Wanted) -> tuple[str, list[str]]:
        """The answer, and why beside the news; an empty text while something is unknown."""
        if isinstance(wanted, Asked):
            value = self._value(wanted)
            return "" if value is None else _bare(value), []
        if isinstance(wanted, Described):
            conditions = self._known(wanted)
            for person, holding in self._reader.fitting(conditions):
                if holding == len(conditions):
                    return person.name, [f"{person} {' and '.join(str(one) for one in conditions)}."]
            return "", []
        one, other = self._value(wanted.one), self._value(wanted.other)
        heads = self._value(wanted.one.head), self._value(wanted.other.head)
        if one is None or other is None or None in heads:
            return "", []
        pairs = [f"{one} of {heads[0]}", f"{other} of {heads[1]}"]
        if wanted.larger is None:
            same = "" if one == other else "not "
            return "no" if same else "yes", [f"{pairs[0]} is {same}the same as {pairs[1]}."]
        place = int((int(str(one)) > int(str(other))) != wanted.larger)
        size = "larger" if wanted.larger else "smaller"
        return _bare(heads[place]), [f"{pairs[place]} is {size} than {pairs[1 - place]}."]

    def _guess(self, wanted: Wanted) -> str:
        """Something of the right kind."""
        if isinstance(wanted, Described):
            fitting = max(self._reader.fitting(self._known(wanted)), key=lambda pair: pair[1], default=None)
            if fitting is not None:
                return fitting[0].name
        if isinstance(wanted, Compared):
            if wanted.larger is None:
                return "no"
            heads = [self._value(asked.head) for asked in (wanted.one, wanted.other)]
            known = [_bare(head) for head in heads if head is not None]
            answer = answer_from(self.question, self._reader.passages)
            return answer if answer in known or not known else known[0]
        return answer_from(self.question, self._reader.passages)

    def _news(self, wanted: Wanted) -> list[str]:
        """A sentence for each fact that was learnt since the last command."""
        sentences = []
        for thing in _things(wanted):
            for asked in _chain(thing):
                ready, value = self._ready(asked), self._value(asked)
                if ready is not None and value is not None and str(ready) not in self._told:
                    self._told.add(str(ready))
                    sentences.append(_fact(ready, value))
        return sentences


def _told_turns(advice: str) -> int:
    told = _TOLD_TURNS.search(advice)
    return 0 if told is None else int(told[1]) + (told[2] != ";")


def _things(wanted: Wanted) -> tuple[Thing, ...]:
    """What has to be found out, in the question's order."""
    if isinstance(wanted, Asked):
        return (wanted,)
    if isinstance(wanted, Compared):
        return wanted.one, wanted.other
    return tuple(one.value for one in wanted.conditions if not isinstance(one.value, str))


def _chain(thing: Thing) -> list[Asked]:
    """The facts that a thing needs, the first one first."""
    return [*_chain(thing.head), thing] if isinstance(thing, Asked) else []


def _depth(wanted: Wanted | None) -> int:
    """Searches one after the other that a question needs at least."""
    if wanted is None:
        return 0
    return max((len(_chain(thing)) for thing in _things(wanted)), default=0) + isinstance(wanted, Described)


def _bare(value: Thing | str | None) -> str:
    return value.name if isinstance(value, Named) else str(value)


def _sought(asked: Asked) -> str:
    """``Search for the mayor of Velmora.``, or the question ``Who is the mayor of Velmora?``"""
    return str(asked) if _is_question(asked) else f"Search for {asked}."


def _fact(asked: Asked, value: Named | str) -> str:
    """``The mayor of Velmora is Lorin Vask.``, or ``Who is the mayor of Velmora? Lorin Vask.``"""
    said = str(asked)
    return f"{said} {value}." if _is_question(asked) else f"{said[:1].upper()}{said[1:]} is {value}."


def _is_question(asked: Asked) -> bool:
    return asked.template.endswith("?")


def _fully(asked: Asked) -> str:
    """The head's name and the relation's words."""
    occupation = (
        f" {asked.head.occupation}" if isinstance(asked.head, Named) and asked.head.occupation else ""
    )
    return f"{_bare(asked.head)}{occupation} {asked.relation.words}"


def _by_name(asked: Asked) -> str:
    return _bare(asked.head)


def _by_wording(asked: Asked) -> str:
    return str(asked)


def _search(query: str, thought: str) -> _Step:
    return _Step(f"<search>{query}</search>", thought)


def _answer(text: str, thought: str) -> _Step:
    return _Step(f"<answer>{text}</answer>", thought)
