"""Scores of an answer: exact match, F1 and sub-EM by Search-R1's normalisation."""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

from skill_gym.search.questions import Question

Measure = Literal["em", "f1", "sub_em"]

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_PARTS = re.compile(r"[,;]|\band\b", re.IGNORECASE)
_CLOSED = frozenset({"yes", "no", "noanswer"})


class Scores(NamedTuple):
    """How good an answer is, each in [0, 1].

    Attributes:
        em: Exact match.
        f1: Overlap in words, or in items where all answers have to be named.
        sub_em: Whether an accepted answer stands anywhere in it.
    """

    em: float
    f1: float
    sub_em: float


NO_ANSWER = Scores(0.0, 0.0, 0.0)
"""Scores of an episode without an answer."""


def score(prediction: str, question: Question, *, unicode_norm: bool = False) -> Scores:
    """All scores of an answer to a question."""
    answers, unordered = question.answers, question.answer_type == "set"
    if unordered:
        return Scores(
            float(set_f1(prediction, answers, unicode_norm=unicode_norm) == 1.0),
            set_f1(prediction, answers, unicode_norm=unicode_norm),
            min((sub_em(prediction, (one,), unicode_norm=unicode_norm) for one in answers), default=0.0),
        )
    return Scores(
        exact_match(prediction, answers, unicode_norm=unicode_norm),
        f1(prediction, answers, unicode_norm=unicode_norm),
        sub_em(prediction, answers, unicode_norm=unicode_norm),
    )


def normalise(text: str, *, unicode_norm: bool = False) -> str:
    """Lower case, no ASCII punctuation, no articles, single spaces: in this order (Search-R1, as in SQuAD).

    Args:
        text: Any text.
        unicode_norm: Folds compatible characters (NFKC) and drops all punctuation of Unicode as well, which
            the published rules do not.
    """
    text = text.lower()
    if unicode_norm:
        text = unicodedata.normalize("NFKC", text).lower()
        text = "".join(letter for letter in text if not unicodedata.category(letter).startswith("P"))
    text = text.translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", text).split())


def exact_match(prediction: str, answers: Sequence[str], *, unicode_norm: bool = False) -> float:
    """1 if the prediction equals an accepted answer after normalisation; what is empty equals nothing."""
    said = normalise(prediction, unicode_norm=unicode_norm)
    return float(bool(said) and said in _wanted(answers, unicode_norm))


def sub_em(prediction: str, answers: Sequence[str], *, unicode_norm: bool = False) -> float:
    """1 if an accepted answer is part of the prediction, as a string, after normalisation."""
    said = normalise(prediction, unicode_norm=unicode_norm)
    return float(any(wanted in said for wanted in _wanted(answers, unicode_norm)))


def f1(prediction: str, answers: Sequence[str], *, unicode_norm: bool = False) -> float:
    """Harmonic mean of precision and recall in words (with their counts), best over the accepted answers.

    As in HotpotQA's evaluation, yes, no and noanswer are right or wrong as a whole.
    """
    said = normalise(prediction, unicode_norm=unicode_norm)
    return max((_overlap(said, wanted) for wanted in _wanted(answers, unicode_norm)), default=0.0)


def set_f1(prediction: str, answers: Sequence[str], *, unicode_norm: bool = False) -> float:
    """F1 in items, where all of the answers have to be named.

    Both sides are split at commas, semicolons and the word "and"; an item counts when it is equal.
    """
    said, wanted = _items((prediction,), unicode_norm), _items(answers, unicode_norm)
    return _harmonic(len(said & wanted), len(said), len(wanted))


def _wanted(answers: Sequence[str], unicode_norm: bool) -> list[str]:
    normalised = (normalise(answer, unicode_norm=unicode_norm) for answer in answers)
    return [answer for answer in normalised if answer]


def _items(texts: Sequence[str], unicode_norm: bool) -> set[str]:
    parts = (part for text in texts for part in _PARTS.split(text))
    return {item for part in parts if (item := normalise(part, unicode_norm=unicode_norm))}


def _overlap(said: str, wanted: str) -> float:
    if said != wanted and (said in _CLOSED or wanted in _CLOSED):
        return 0.0
    one, other = said.split(), wanted.split()
    return _harmonic((Counter(one) & Counter(other)).total(), len(one), len(other))


def _harmonic(common: int, said: int, wanted: int) -> float:
    # 2PR / (P + R), written without the divisions that would round.
    return 2 * common / (said + wanted) if common else 0.0
