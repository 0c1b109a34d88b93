"""Finds habits in the rooms that were seen: usual places, empty places, where the second of two is."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from skill_gym.alfworld.habit_sentences import HabitNotes, Second, say_empty, say_place, say_second, where
from skill_gym.skillbanks.episode_facts import kind
from skill_gym.skillbanks.habit_evidence import RoomSeen
from skill_gym.skillbanks.habit_model import SHARES, Curve, PlaceModel

MIN_WITNESSES = 2
"""A habit that was met in fewer rooms is an anecdote, however unlikely it is by chance."""

_DOUBTED = 0.5


@dataclass(frozen=True, slots=True)
class Habit:
    """A habit that the rooms show.

    Attributes:
        about: What it is about: ``place``, ``empty`` or ``second``.
        subject: Kind of thing, kind of place, or "" for the second of two.
        sentence: The habit in the words of ``habit_sentences``.
        certainty: Probability that it holds more often than not; of several places the least certain one's.
        evidence: What was seen, with counts.
        keys: Keys of the tasks whose rooms tell of it, for and against.
        weight: How often it was met; the more, the more it matters.
    """

    about: str
    subject: str
    sentence: str
    certainty: float
    evidence: str
    keys: tuple[str, ...]
    weight: int


def find_habits(
    rooms: Mapping[str, RoomSeen],
    *,
    certainty: float = 0.9,
    most_places: int = 3,
    stated: HabitNotes | None = None,
) -> list[Habit]:
    """The habits that the rooms show, those met most often first.

    Args:
        rooms: Task key -> its room.
        certainty: A habit is one when it holds more often than not with at least this probability.
        most_places: How many kinds of places are told of one kind of thing.
        stated: Habits that were said before. They stay until they are more likely wrong than right, so that
            one odd room does not make a bank take back what it said.
    """
    stated = stated or HabitNotes()
    found = [
        *_places(rooms, certainty, most_places, stated.places),
        *_empty(rooms, certainty, stated.empty),
        *_second(rooms, certainty, stated.second),
    ]
    return sorted(found, key=lambda habit: (-habit.weight, habit.about, habit.subject))


def _places(
    rooms: Mapping[str, RoomSeen], certainty: float, most: int, stated: Mapping[str, tuple[str, ...]]
) -> list[Habit]:
    model = PlaceModel(rooms)
    useful = frozenset[str]().union(*(room.useful for room in rooms.values()))
    found = []
    for thing in model.things:
        chosen = _Chosen(model, thing, certainty, stated.get(thing, ()))
        # Where no list of commands tells what can be taken, everything is told about.
        if (not useful or thing in useful) and chosen.extend(most):
            found.append(chosen.habit())
    return found


@dataclass(slots=True)
class _Chosen:
    """The usual places of one kind of thing: the first holds where a room has it, the next in other rooms."""

    model: PlaceModel
    thing: str
    certainty: float
    stated: Sequence[str]
    places: list[str] = field(default_factory=list)
    certainties: list[float] = field(default_factory=list)

    def extend(self, most: int) -> bool:
        while len(self.places) < most:
            sure = {place: self.sure(place) for place in self.model.candidates(self.thing, self.places)}
            sure = {
                place: value
                for place, value in sure.items()
                if value >= (_DOUBTED if place in self.stated else self.certainty)
            }
            if not sure:
                break
            best = max(sure, key=lambda place: sure[place])
            self.places.append(best)
            self.certainties.append(sure[best])
        if set(self.places) == set(self.stated):
            # The order matters in rooms that have both; it is not worth a new version.
            self.places = list(self.stated)
        return bool(self.places)

    def sure(self, place: str) -> float:
        cases = self.model.cases(self.thing, self.places, place)
        there = sum(case.seen[place] for case in cases)
        witnesses = sum(case.seen[place] > 0 for case in cases)
        # However little was looked into, "usually" is not said against the majority of what was seen.
        if witnesses < MIN_WITNESSES or 2 * there <= sum(sum(case.seen.values()) for case in cases):
            return 0.0
        return self.model.certainty(self.thing, place, self.places)

    def habit(self) -> Habit:
        parts, keys, weight = [], dict[str, None](), 0
        for number, place in enumerate(self.places):
            cases = self.model.cases(self.thing, self.places[:number], place)
            there = sum(case.seen[place] for case in cases)
            every = sum(sum(case.seen.values()) for case in cases)
            other = " other" if number else ""
            parts.append(f"{there} of {every} {where(place)} a {place}, {len(cases)}{other} rooms with one")
            keys.update(dict.fromkeys(case.key for case in cases))
            weight += there
        sure = min(self.certainties)
        return Habit(
            "place",
            self.thing,
            say_place(self.thing, self.places),
            sure,
            f"{self.thing}: {'; '.join(parts)}; certainty {sure:.2f}",
            tuple(keys),
            weight,
        )


def _empty(rooms: Mapping[str, RoomSeen], certainty: float, stated: frozenset[str]) -> list[Habit]:
    empty: Counter[str] = Counter()
    looks: Counter[str] = Counter()
    keys: dict[str, dict[str, None]] = {}
    for key, room in rooms.items():
        for place, things in room.looked.items():
            looks[kind(place)] += 1
            empty[kind(place)] += not things
            keys.setdefault(kind(place), {})[key] = None
    found = []
    for name in sorted(looks):
        sure = _more_often_than_not(empty[name], looks[name] - empty[name])
        if len(keys[name]) >= MIN_WITNESSES and sure >= (_DOUBTED if name in stated else certainty):
            told = f"{name}: {empty[name]} of {looks[name]} looked into were empty; certainty {sure:.2f}"
            found.append(Habit("empty", name, say_empty(name), sure, told, tuple(keys[name]), empty[name]))
    return found


def _second(rooms: Mapping[str, RoomSeen], certainty: float, stated: Second | None) -> list[Habit]:
    log: Curve = np.zeros_like(SHARES)
    same: dict[str, bool | None] = {}
    for key, room in rooms.items():
        if not room.pair:
            continue
        found = [
            kind(place) for place, things in room.looked.items() for _ in range(things.count(room.wanted))
        ]
        # One that lay at the goal already says nothing: such a task is half done on purpose.
        if not found or room.target in found:
            continue
        same[key] = found[1] == found[0] if len(found) > 1 else None
        if len(found) > 1:
            log += np.log(SHARES if same[key] else 1 - SHARES)
        else:
            # Not found, so it is in what was not looked into: of the same kind, or of the others.
            left = [kind(place) == found[0] for place in room.unseen if kind(place) != room.target]
            every = [*left, *(kind(place) == found[0] for place in room.looked if kind(place) != room.target)]
            log += np.log(
                SHARES * sum(left) / max(1, sum(every))
                + (1 - SHARES) * (len(left) - sum(left)) / max(1, len(every) - sum(every))
                + 1e-9
            )
    is_same = _majority(log)
    there: Second = "same" if is_same > 0.5 else "other"
    sure = max(is_same, 1 - is_same)
    pairs = [value for value in same.values() if value is not None]
    right = sum(value == (there == "same") for value in pairs)
    if right < MIN_WITNESSES or sure < (_DOUBTED if stated == there else certainty):
        return []
    words = "the same kind of place as" if there == "same" else "another kind of place than"
    evidence = f"{right} of {len(pairs)} seconds in {words} the first; certainty {sure:.2f}"
    return [Habit("second", "", say_second(there), sure, evidence, tuple(same), right)]


def _more_often_than_not(yes: int, no: int) -> float:
    """P(rate > 1/2) after these counts, all rates being equally likely before."""
    return _majority(yes * np.log(SHARES) + no * np.log(1 - SHARES))


def _majority(log: Curve) -> float:
    posterior = np.exp(log - log.max())
    return float(posterior[SHARES > 0.5].sum() / posterior.sum())
