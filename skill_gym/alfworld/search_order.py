"""Where to look first: plausible places, and what somebody said about the habits of this household."""

from dataclasses import dataclass, field

from skill_gym.alfworld.habit_sentences import HabitNotes, say_place, say_second, with_article
from skill_gym.alfworld.habits import HOUSEHOLD
from skill_gym.alfworld.household import CAN_CONTAIN, OPENABLE

USUAL_COUNTS = {"Cabinet": 8, "Drawer": 5, "StoveBurner": 4, "Shelf": 3, "CounterTop": 2, "SideTable": 2}
"""About how many of a kind a room has, where it is not one: the more, the less one is worth a visit."""

ACCEPTS = {name.lower(): frozenset(thing.lower() for thing in things) for name, things in CAN_CONTAIN.items()}
"""Lower-case kind of receptacle to the kinds of object that can be put there."""

_LIKE_THE_FIRST, _STATED, _USUAL, _EMPTY, _UNLIKE_THE_FIRST, _HOPELESS = range(6)


def search_order(object_kind: str) -> dict[str, float]:
    """How much a visit to each kind of receptacle promises when looking for a kind of object.

    The same for every room, so that the order can be learnt from the commands alone.

    Args:
        object_kind: Lower-case kind, e.g. ``soapbar``; an unknown kind is looked for anywhere.

    Returns:
        Lower-case kinds of receptacle to the promise of a visit.
    """
    usual = next((places for name, places in HOUSEHOLD.places.items() if name.lower() == object_kind), {})
    promise = {}
    for place in CAN_CONTAIN:
        # Not a usual place, but a thing may be there if it can be put there.
        weight = usual.get(place, 0.5 if object_kind in ACCEPTS[place.lower()] else 0.0)
        promise[place.lower()] = weight / USUAL_COUNTS.get(place, 1) / (2 if place in OPENABLE else 1)
    return promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One search for an object: which kinds of receptacle come first, and in which words it is told why.

    Stated places come first, in the order they were stated, then the usual ones, then those that are usually
    empty, at last those where such a thing cannot be put. When looking for the second of two, the kind where
    the first lay comes before all that or after the empty ones, if something is said about it.

    Attributes:
        object: Kind of the object.
        notes: What is said about the household's habits.
        barred: Kind of receptacle where it cannot be, "" for none.
        first: Kind of receptacle where the first of two lay; "" when looking for the first, or the only one.
    """

    object: str
    notes: HabitNotes
    barred: str = ""
    first: str = ""
    _promise: dict[str, float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_promise", {**search_order(self.object), self.barred: 0.0})

    def key(self, receptacle_kind: str) -> tuple[int, float]:
        """Sorts kinds of receptacle, the most promising first."""
        rank = self._rank(receptacle_kind)
        if rank == _STATED:
            return rank, self.notes.places[self.object].index(receptacle_kind)
        return rank, -self._promise.get(receptacle_kind, 0.0)

    def reason(self, receptacle_kind: str) -> str:
        """Why this kind is searched now: a note, that the notes failed, or "" where there is none."""
        rank = self._rank(receptacle_kind)
        second = self.notes.second if self.first else None
        if (second == "same" and rank == _LIKE_THE_FIRST) or (second == "other" and rank < _UNLIKE_THE_FIRST):
            return say_second(second)
        stated = self.notes.places.get(self.object)
        if stated and rank == _STATED:
            return say_place(self.object, stated)
        return f"A{with_article(self.object)[1:]} is elsewhere." if stated or second else ""

    def _rank(self, receptacle_kind: str) -> int:
        if receptacle_kind == self.first and self.notes.second:
            return _LIKE_THE_FIRST if self.notes.second == "same" else _UNLIKE_THE_FIRST
        if receptacle_kind != self.barred and receptacle_kind in self.notes.places.get(self.object, ()):
            return _STATED
        if not self._promise.get(receptacle_kind):
            return _HOPELESS
        return _EMPTY if receptacle_kind in self.notes.empty else _USUAL
