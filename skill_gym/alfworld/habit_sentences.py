"""The sentences that state a household's habits, written and read."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from skill_gym.alfworld.household import CAN_CONTAIN, OPENABLE, PICKUPABLE, TOGGLEABLE

Second = Literal["same", "other"]

_INSIDE = frozenset(
    name.lower() for name in (*OPENABLE, "SinkBasin", "BathtubBasin", "GarbageCan", "LaundryHamper")
)
_SECOND: Mapping[Second, str] = {
    "same": "The second of two is usually in the same kind of place as the first.",
    "other": "The second of two is usually in another kind of place than the first.",
}


@dataclass(frozen=True, slots=True)
class HabitNotes:
    """What a text says about a household's habits; kinds are lower case, as in ALFWorld's own text.

    Attributes:
        places: Object kind to the receptacle kinds where it usually lies, in the order they were named.
        empty: Receptacle kinds that are usually empty.
        second: Whether the second of two lies in the same kind of place as the first; None if untold.
    """

    places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    empty: frozenset[str] = frozenset()
    second: Second | None = None


def with_article(kind: str) -> str:
    """``a mug``, ``an egg``."""
    return f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind}"


def where(receptacle: str) -> str:
    """``in`` or ``on``, by the kind of a receptacle or of a numbered one (``cabinet``, ``cabinet 3``)."""
    return "in" if receptacle.split(" ")[0] in _INSIDE else "on"


def say_place(object_kind: str, receptacle_kinds: Sequence[str]) -> str:
    """The habit of a kind of object, likeliest place first.

    Raises:
        ValueError: No place is named.

    Example:
        >>> say_place("alarmclock", ["drawer", "desk", "shelf"])
        'An alarmclock is usually in a drawer, on a desk or on a shelf.'
    """
    if not receptacle_kinds:
        raise ValueError(f"receptacle_kinds must name at least one place for {object_kind!r}, got none")
    named = [f"{where(kind)} {with_article(kind)}" for kind in receptacle_kinds]
    listed = " or ".join(part for part in (", ".join(named[:-1]), named[-1]) if part)
    return f"{_capital(with_article(object_kind))} is usually {listed}."


def say_empty(receptacle_kind: str) -> str:
    """That a kind of receptacle is not worth a visit."""
    return f"{_capital(with_article(receptacle_kind))} is usually empty."


def say_second(where_it_is: Second) -> str:
    """Where the second of two lies, seen from the first."""
    return _SECOND[where_it_is]


def read_habits(text: str) -> HabitNotes:
    """Reads the statements about habits out of any text, such as a whole prompt.

    Read are this module's own sentences, the same in plural, with other prepositions, with kinds in several
    words ("Soap bottles are often found in cabinets"), and "Look for a mug first at a desk or shelf".
    Denials, unknown kinds and everything else are passed over. Of two statements about one kind of object,
    or about the second of two, the upper one counts.
    """
    places: dict[str, tuple[str, ...]] = {}
    empty: set[str] = set()
    second: Second | None = None
    for sentence in _STOPS.split(text.lower()):
        if _DENIED.search(sentence):
            continue
        if stated := _USUALLY_AT.search(sentence) or _FIRST_AT.search(sentence):
            kinds = _listed(sentence[stated.end() :])
            for thing in _kinds(_OBJECT, sentence[: stated.end()]) if kinds else ():
                places.setdefault(thing, kinds)
        elif stated := _USUALLY_EMPTY.search(sentence):
            empty.update(_kinds(_RECEPTACLE, sentence[: stated.start()]))
        if second is None and (stated := _USUALLY_SECOND.search(sentence)):
            second = "same" if stated["where"] == "same" else "other"
    return HabitNotes(places, frozenset(empty), second)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _forms(names: Iterable[str]) -> re.Pattern[str]:
    """Finds kinds in running text: in one word or several, singular or plural."""
    patterns = []
    # Longer names first, so that a butter knife is no knife.
    for name in sorted(names, key=len, reverse=True):
        words = "[ -]?".join(re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+", name)).lower()
        if words.endswith(("f", "fe")):
            words = f"{words.rstrip('fe')}(?:fe?|ves)"
        patterns.append(f"(?P<{name.lower()}>{words}(?:e?s)?)")
    return re.compile(rf"\b(?:{'|'.join(patterns)})\b")


def _kinds(pattern: re.Pattern[str], text: str) -> list[str]:
    return [str(match.lastgroup) for match in pattern.finditer(text)]


def _listed(text: str) -> tuple[str, ...]:
    """The receptacle kinds of the list that the text begins with."""
    kinds: list[str] = []
    end = 0
    for match in _RECEPTACLE.finditer(text):
        if not _BETWEEN.fullmatch(text[end : match.start()]):
            break
        kinds.append(str(match.lastgroup))
        end = match.end()
    return tuple(dict.fromkeys(kinds))


_OBJECT = _forms({*PICKUPABLE, *TOGGLEABLE})
_RECEPTACLE = _forms(CAN_CONTAIN)
_STOPS = re.compile(r"[.:;!?\n]+")
_DENIED = re.compile(r"\b(?:not|no|never|rarely|seldom|hardly|unlikely)\b|n't\b")
_USUALLY = r"\b(?:usually|mostly|often|typically|generally|normally|commonly)"
_AT = r"(?:in|on|at|inside|near)\b"
_USUALLY_AT = re.compile(rf"{_USUALLY}\s+(?:(?:found|kept|stored|seen|lies?|stands?)\s+)?{_AT}")
_FIRST_AT = re.compile(rf"\b(?:look|search)\s+for\s+(?:\w+\s+){{1,4}}first\s+{_AT}")
_USUALLY_EMPTY = re.compile(rf"{_USUALLY}\s+empty\b")
_USUALLY_SECOND = re.compile(rf"\bsecond\b.*{_USUALLY}.*\b(?P<where>same|other|another|different)\b")
_BETWEEN = re.compile(rf"(?:[\s,/]|\b(?:or|and|then|an?|the|some)\b|\b{_AT})*")
