"""The format reward of Search-R1 (v0.3): every search and the answer need a thought of their own."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Self

from skill_gym.search.observation import TAGS
from skill_gym.search.reward import sub_em

_SPLIT = re.compile(rf"(</?(?:{'|'.join(TAGS)})>)")
# (state, tag) -> next state; text is allowed inside of the tags only.
_MOVES = {
    ("start", "<think>"): "in_think",
    ("information", "<think>"): "in_think",
    ("in_think", "</think>"): "after_think",
    ("after_think", "<search>"): "in_search",
    ("in_search", "</search>"): "after_search",
    ("after_search", "<information>"): "in_information",
    ("in_information", "</information>"): "information",
    ("after_think", "<answer>"): "in_answer",
    ("in_answer", "</answer>"): "end",
}


class FormatScores(NamedTuple):
    """What the format is worth, each in [0, 1].

    Attributes:
        structure: A valid format without a right answer; lost by an invalid one with a right answer.
        final: A wrong answer in an invalid format.
        retrieval: In addition to ``structure``, when an accepted answer was in the evidence.
    """

    structure: float
    final: float
    retrieval: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Checks three numbers.

        Raises:
            ValueError: Not three numbers, or a reward could leave [0, 1].
        """
        given = tuple(values) if isinstance(values, Sequence) else ()
        numbers = [float(value) for value in given if isinstance(value, int | float) and 0 <= value <= 1]
        if len(given) != 3 or len(numbers) != 3 or numbers[0] + numbers[2] > 1:
            raise ValueError(
                "reward_format must be three numbers from 0 to 1 (structure, final, retrieval) with "
                f"structure + retrieval at most 1, such as (0.2, 0.1, 0), got {values!r}"
            )
        return cls(*numbers)


def format_reward(
    correct: bool | None,
    turns: Iterable[tuple[str, str]],
    passages: Sequence[str],
    answers: Sequence[str],
    scores: FormatScores,
) -> float:
    """The reward of an episode.

    Args:
        correct: Whether the answer is right, None without an answer.
        turns: Reply and evidence of each turn; the evidence is taken for well-formed whatever stands in it.
        passages: Contents of the passages that were shown.
        answers: Accepted answers.
        scores: What the format is worth.
    """
    text = "".join(reply + ("<information></information>" if evidence else "") for reply, evidence in turns)
    valid = valid_format(text)
    if correct:
        return 1.0 if valid else 1.0 - scores.structure
    if valid:
        found = any(sub_em(passage, answers) for passage in passages)
        return scores.structure + scores.retrieval * found
    return 0.0 if correct is None else scores.final


def valid_format(text: str) -> bool:
    """Whether a transcript from the first reply on has the form thought, search, evidence, ..., answer."""
    if any(text.count(f"<{tag}>") != text.count(f"</{tag}>") for tag in TAGS):
        return False
    state = "start"
    for part in _SPLIT.split(text):
        if not part.strip():
            continue
        if _SPLIT.fullmatch(part):
            moved = _MOVES.get((state, part))
            if moved is None:
                return False
            state = moved
        elif not state.startswith("in_"):
            return False
    return state == "end"
