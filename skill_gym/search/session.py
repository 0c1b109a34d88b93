"""One question being played: turns, searches, and the score of the answer."""

import re
import time
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from skill_gym.search import observation as texts
from skill_gym.search.format_reward import FormatScores, format_reward
from skill_gym.search.observation import ObservationFormat
from skill_gym.search.passages import PassageIndex, RetrievalError
from skill_gym.search.questions import Question
from skill_gym.search.reward import NO_ANSWER, Measure, Scores, score

ActionType = Literal["", "search", "answer", "none"]

SEARCH, ANSWER = "<search><your query></search>", "<answer><your answer></answer>"
"""The admissible commands, with the slot that the player fills."""

_COMMAND = re.compile(r"\s*<(search|answer)>(.*)</\1>\s*", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How questions are played and scored; the arguments of ``SearchEnv`` of the same names.

    Attributes:
        topk: Most passages for each query.
        max_turns: Most turns.
        final_answer_turn: One more, in which only an answer counts.
        observation: Layout of what is shown.
        max_chars: Most characters of passages in an observation.
        invalid_hint: Whether a reminder follows what is no action.
        reward: What an answer earns.
        reward_format: Scores of the format reward, None without it.
        unicode_norm: Whether all of Unicode's punctuation is ignored in comparisons.
        on_error: ``end`` or ``raise``.
    """

    topk: int
    max_turns: int
    final_answer_turn: bool
    observation: ObservationFormat
    max_chars: int | None
    invalid_hint: bool
    reward: Measure
    reward_format: FormatScores | None
    unicode_norm: bool
    on_error: str

    @property
    def turns(self) -> int:
        """Most turns, the one in which only an answer counts included."""
        return self.max_turns + self.final_answer_turn


class Command(NamedTuple):
    """A command as read; ``none`` with an empty text when it is no action."""

    kind: ActionType
    text: str


class Step(NamedTuple):
    """What a command led to.

    Attributes:
        observation: What is shown.
        reward: In [0, 1].
        info: Facts about the step.
        answered: The question was answered.
    """

    observation: str
    reward: float
    info: dict[str, Any]
    answered: bool = False


class Session:
    """A question with the turns taken so far.

    Args:
        question: What is asked.
        rules: How it is played.
        index: What is searched.

    Attributes:
        turn: Turns taken.
        scores: Of the answer, None before the end.
        search_seconds: Time spent on searches; no part of ``info``, which is equal in equal episodes.
    """

    def __init__(self, question: Question, rules: Rules, index: PassageIndex) -> None:
        self.question = question
        self.rules = rules
        self.turn = 0
        self.scores: Scores | None = None
        self.search_seconds = 0.0
        self._index = index
        self._asked: set[str] = set()
        self._transcript: list[tuple[str, str]] = []
        self._found: list[str] = []

    @property
    def first_observation(self) -> str:
        """What a reset shows."""
        return texts.first_observation(self.question.question, self.rules.observation)

    @property
    def won(self) -> bool:
        """Whether the answer is an exact match."""
        return self.scores is not None and self.scores.em == 1.0

    @property
    def over(self) -> bool:
        """Whether no turn is left."""
        return self.scores is not None

    @property
    def last(self) -> bool:
        """Whether the next turn is the last one."""
        return self.turn + 1 >= self.rules.turns

    def admissible(self) -> tuple[str, ...]:
        """Both commands; in the turn that only an answer is for, the answer alone."""
        if self.over:
            return ()
        return (ANSWER,) if self.last and self.rules.final_answer_turn else (SEARCH, ANSWER)

    def facts(self, **own: Any) -> dict[str, Any]:
        """The facts of a step, with those of its own."""
        return {
            "turn": self.turn,
            "max_turns": self.rules.turns,
            "data_source": self.question.data_source,
            "action_type": "",
            "query": "",
            "doc_ids": (),
            "scores": (),
            "tool_called": False,
            "repeated_query": False,
            "unused_action": False,
            "shortened": (),
            "retrieval_error": None,
        } | own

    def do(self, command: str, reply: str) -> Step:
        """Carries out a command, if a turn is left for it.

        Args:
            command: ``<search>...</search>`` or ``<answer>...</answer>``; anything else does nothing.
            reply: What the agent said, whole; for the format reward.

        Raises:
            RetrievalError: No passages could be retrieved, and the rules say ``raise``; nothing has changed.
        """
        kind, text = read_command(command)
        last, facts, shown = self.last, self.facts(action_type=kind), ""
        if kind == "search":
            try:
                shown = self._search(text, facts, last=last)
            except RetrievalError as error:
                if self.rules.on_error == "raise":
                    raise
                return self._broken(facts, str(error) or type(error).__name__)
        elif kind == "none" and self.rules.invalid_hint and not last:
            shown = texts.reminder(self.rules.observation)
        # What is no action is answered outside of the tags, which no valid format has.
        self._transcript.append(
            (reply + texts.REMINDER, "") if kind == "none" else (reply, shown if kind == "search" else "")
        )
        self.turn += 1
        facts["turn"] = self.turn
        if kind != "answer" and not last:
            if self.last and self.rules.final_answer_turn and self.rules.observation == "plain":
                shown = f"{shown}\n\n{texts.LAST_TURN}".strip()
            return Step(shown, 0.0, facts)
        reward = self._score(text if kind == "answer" else None)
        if kind == "answer" and self.rules.observation == "plain":
            shown = texts.CORRECT if self.won else texts.WRONG
        return Step(shown, reward, facts | self._measures(), answered=kind == "answer")

    def _search(self, text: str, facts: dict[str, Any], *, last: bool) -> str:
        """The evidence for a query, "" in the last turn; the facts are filled in."""
        query = " ".join(text.split())
        facts |= {"query": query, "repeated_query": query.casefold() in self._asked, "unused_action": last}
        if last:
            return ""
        facts["tool_called"] = True
        started = time.perf_counter()
        try:
            (hits,) = self._index.search([query], self.rules.topk)
        finally:
            self.search_seconds += time.perf_counter() - started
        self._asked.add(query.casefold())
        found = texts.evidence(hits, self.rules.observation, self.rules.max_chars)
        self._found += [hit.passage.contents for hit in found.shown]
        facts["doc_ids"] = tuple(hit.passage.id for hit in found.shown)
        facts["scores"] = tuple(float(hit.score) for hit in found.shown)
        facts["shortened"] = found.shortened
        return found.text

    def _broken(self, facts: dict[str, Any], error: str) -> Step:
        self.turn += 1
        self.scores = NO_ANSWER
        facts |= {"turn": self.turn, "retrieval_error": error, "broken": error, **self._measures()}
        shown = texts.RETRIEVER_FAILED if self.rules.observation == "plain" else ""
        return Step(shown, 0.0, facts)

    def _score(self, answer: str | None) -> float:
        rules, question = self.rules, self.question
        self.scores = (
            NO_ANSWER if answer is None else score(answer, question, unicode_norm=rules.unicode_norm)
        )
        if rules.reward_format is None:
            return float(getattr(self.scores, rules.reward))
        correct = None if answer is None else self.won
        return format_reward(correct, self._transcript, self._found, question.answers, rules.reward_format)

    def _measures(self) -> dict[str, float]:
        return {} if self.scores is None else self.scores._asdict()


def read_command(command: str) -> Command:
    """What a command asks for; an empty query or answer is none."""
    found = _COMMAND.fullmatch(command)
    if found is None or not found[2].strip():
        return Command("none", "")
    return Command("search" if found[1].lower() == "search" else "answer", found[2].strip())
