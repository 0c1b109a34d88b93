"""What kind of answer a question asks for, by its first words, and whether an answer is of that kind."""

import re
from collections.abc import Mapping, Sequence

from skill_gym.skillbanks.search_facts import words

_YES_NO = re.compile(r"(?:are|were|is|was|do|does|did|have|has|had|can)\b(?!.*\bor\b)", re.IGNORECASE)
_YEAR = re.compile(r"(?:in )?(?:what|which) year\b", re.IGNORECASE)
_NUMBER = re.compile(r"(?:in )?(?:how (?:many|long|large|big|tall|high|old|far)\b)", re.IGNORECASE)
_MEASURE = re.compile(
    r"what (?:is|was) the (?:length|population|height|area|number|age|size|year)\b", re.IGNORECASE
)
_TRADE = re.compile(
    r"what (?:is|was) the (?:occupation|profession|trade|job)\b|what .*\bfor a living\b", re.IGNORECASE
)
_PERSON = re.compile(r"(?:who|whom|which person)\b", re.IGNORECASE)
_IDENTITY = re.compile(r"who (?:is|was|are|were)\b", re.IGNORECASE)
"""Asks who somebody is, for which a description may do."""
_THING = re.compile(r"(?:\w+ )?which (\w+)\b", re.IGNORECASE)
_DIGITS = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|no|none)\b",
    re.IGNORECASE,
)
_LATEST_YEAR = 2100

_KINDS: Mapping[str, str] = {
    **dict.fromkeys(("river", "stream", "creek", "canal", "water", "brook"), "river"),
    **dict.fromkeys(("school", "academy", "college", "university", "institute", "gymnasium"), "school"),
    **dict.fromkeys(
        ("company", "corporation", "inc", "ltd", "partners", "works", "trading", "workshops", "brothers"),
        "company",
    ),
    **dict.fromkeys(("prize", "award", "medal", "trophy"), "prize"),
    **dict.fromkeys(("county", "province", "region", "district", "state"), "region"),
    **dict.fromkeys(("town", "city", "village"), "town"),
}
"""Last word of a name, or the noun behind ``which`` -> the kind of thing; other words tell nothing."""


def wrong_kind(question: str, answer: str, texts: Sequence[str] = ()) -> str:
    """What was expected instead of an answer, "" if it may be of the kind asked for.

    Args:
        question: The text.
        answer: As it was given.
        texts: What was read; it tells whether a word is a name.
    """
    told = words(answer)
    closed = told in (["yes"], ["no"])
    if _YES_NO.match(question):
        return "" if closed else "yes or no expected"
    if closed:
        return "no yes-or-no question"
    number = bool(_DIGITS.search(" ".join(told)))
    if _YEAR.match(question):
        years = [int(word) for word in told if word.isdigit()]
        if not number or (years and min(years) > _LATEST_YEAR):
            return "a year expected"
    if _NUMBER.match(question) or _MEASURE.match(question):
        return "" if number else "a number expected"
    if _TRADE.match(question):
        return "an occupation expected" if _is_name(answer) or all(map(str.isdigit, told)) else ""
    if _PERSON.match(question) and not _IDENTITY.match(question) and _is_common(answer, texts):
        return "a name expected"
    return _wrong_name(question, told)


def _is_common(answer: str, texts: Sequence[str]) -> bool:
    """Whether the texts have the answer, and never with a capital."""
    said = re.escape(answer.strip(" .").lower())
    found = [match[0] for text in texts for match in re.finditer(rf"\b{said}\b", text, re.IGNORECASE) if said]
    return bool(found) and all(text.islower() for text in found)


def _wrong_name(question: str, told: list[str]) -> str:
    person, thing = _PERSON.match(question), _THING.match(question)
    noun = words(thing[1])[0] if thing and words(thing[1]) else ""
    if (person or (noun in _KINDS)) and told and all(word.isdigit() for word in told):
        return "a name expected"
    kind = _KINDS.get(told[-1], "") if len(told) > 1 else ""
    if kind and person and " or " not in question:
        return f"a person expected, not a {kind}"
    wanted = _KINDS.get(noun, "")
    return f"a {wanted} expected, not a {kind}" if kind and wanted and kind != wanted else ""


def _is_name(answer: str) -> bool:
    return len(answer.split()) > 1 and all(word[:1].isupper() for word in answer.split())
