"""A short answer to any question from the evidence: a string of the wanted kind near the question's words."""

import re
from collections.abc import Sequence

from skill_gym.search.shown_passages import ShownPassage

_STOP = frozenset(
    re.findall(
        r"\w+",
        "a an the of in on at to for from by with as and or is are was were be been do does did has have had "
        "which what who whom whose when where why how that this these those it its he she his her their they "
        "both also than then same between into about",
    )
)
_AUXILIARIES = frozenset(
    re.findall(r"\w+", "is are was were do does did has have had can could will would should")
)
_CAPITAL = r"(?:[A-Z][\w'.&-]*[\w]|[A-Z])"
_NAME = re.compile(rf"{_CAPITAL}(?:(?: (?:of|the|de|la|van|von|&|du|da|di|for))* {_CAPITAL})*")
_SENTENCE = re.compile(r"(?<=[a-z0-9)\"”]{2}[.!?]) +(?=[A-Z\"“])")
_YEAR = re.compile(r"\b1\d\d\d\b|\b20\d\d\b")
_DATE = re.compile(r"\b(?:\d{1,2} )?[A-Z][a-z]+ (?:\d{1,2}, )?(?:1\d\d\d|20\d\d)\b|\b(?:1\d\d\d|20\d\d)\b")
_NUMBER = re.compile(r"\b\d[\d,.]*\d\b|\b\d\b")
_LESS = re.compile(r"\b(?:first|earlier|older|oldest|smaller|fewer|less|shorter|before)\b", re.IGNORECASE)
_MORE = re.compile(r"\b(?:later|younger|larger|bigger|more|longer|newer|after|last)\b", re.IGNORECASE)


def content_words(text: str) -> list[str]:
    """The words that say something, lower-case, in their order, each once."""
    words = [word.lower() for word in re.findall(r"\w[\w'-]*", text)]
    return list(dict.fromkeys(word for word in words if word not in _STOP))


def names(text: str) -> list[str]:
    """Spans of capitalised words, each once, without a question word or an article at the beginning."""
    found: dict[str, None] = {}
    for span in _NAME.findall(text):
        words = span.split()
        while words and words[0].lower() in _STOP | _AUXILIARIES:
            words = words[1:]
        if words:
            found.setdefault(" ".join(words))
    return list(found)


def answer_from(question: str, passages: Sequence[ShownPassage]) -> str:
    """What the evidence says, as well as a script can tell.

    A question that is answered by yes or no gets one of them, a choice between two names one of the two, any
    other one a year, a number or a name out of a sentence with many words of the question.

    Args:
        question: The text.
        passages: All that was read, best first.

    Returns:
        "unknown" when nothing was read.
    """
    first = question.split(maxsplit=1)[0].lower() if question.split() else ""
    choice = re.findall(rf"({_NAME.pattern}),? or (?:the |a |an )?({_NAME.pattern})", question)
    if choice:
        return _chosen(question, choice[-1], passages)
    if first in _AUXILIARIES:
        return _yes_or_no(question, passages)
    kind = _kind(question)
    wanted = set(content_words(question))
    rare = {word.lower() for name in names(question) for word in name.split()}
    best, best_worth = "", 0.0
    for place, passage in enumerate(passages):
        for sentence in _SENTENCE.split(passage.text):
            there = set(content_words(f"{passage.title} {sentence}")) & wanted
            worth = len(there) + len(there & rare) + 1 / (1 + place)
            for found in _candidates(kind, sentence, passage.title):
                # What the question says itself is not what it asks for.
                if worth > best_worth and not set(content_words(found)) & wanted:
                    best, best_worth = found, worth
    return best or (passages[0].title if passages else "unknown")


def _kind(question: str) -> str:
    lower = question.lower()
    if re.search(r"\bwh(?:at|ich) (?:\w+ )?year\b", lower):
        return "year"
    if re.search(r"\bwhen\b|\bwhat (?:\w+ )?date\b", lower):
        return "date"
    if re.search(r"\bhow (?:many|much|long|old|far|tall|large|big)\b|\bpopulation\b", lower):
        return "number"
    return "person" if re.search(r"\bwhom?\b|\bwhose\b", lower) else "name"


def _candidates(kind: str, sentence: str, title: str) -> list[str]:
    if kind == "year":
        return _YEAR.findall(sentence)
    if kind == "date":
        return _DATE.findall(sentence)
    if kind == "number":
        return _NUMBER.findall(sentence)
    spans = [title, *names(sentence)]
    return [span for span in spans if " " in span] if kind == "person" else spans


def _about(name: str, passages: Sequence[ShownPassage]) -> str:
    """What was read on a name: the passage of that title, else those that mention it."""
    titled = [passage.text for passage in passages if name.lower() in passage.title.lower()]
    return " ".join(titled[:1] or [passage.text for passage in passages if name in passage.text])


def _chosen(question: str, pair: tuple[str, str], passages: Sequence[ShownPassage]) -> str:
    """The one of two names with the smaller or larger number, else the one that is told in its words."""
    one, other = (_clean(name) for name in pair)
    texts = [_about(name, passages) for name in (one, other)]
    numbers = [
        _NUMBER.findall(text)[:1] if not _YEAR.search(text) else _YEAR.findall(text)[:1] for text in texts
    ]
    if all(numbers) and (_LESS.search(question) or _MORE.search(question)):
        left, right = (float(found[0].replace(",", "") or 0) for found in numbers)
        less = _LESS.search(question) is not None
        return one if (left < right) == less else other
    wanted = set(content_words(question))
    left, right = (len(wanted & set(content_words(text))) for text in texts)
    return one if left >= right else other


def _yes_or_no(question: str, passages: Sequence[ShownPassage]) -> str:
    """Yes, when what is said of the names stands in what was read on each of them."""
    titles = " ".join(passage.title.lower() for passage in passages)
    # A word such as Danish is no name but what is said.
    asked = [name for name in names(question) if name.lower() in titles]
    said = set(content_words(question)) - {word for name in asked for word in content_words(name)}
    told = [len(said & set(content_words(_about(name, passages)))) for name in asked]
    return "yes" if told and min(told) >= max(1, len(said) // 3) else "no"


def _clean(name: str) -> str:
    return (names(name) or [name])[0]
