"""Where kinds of things usually lie: a hierarchical model of rooms of which only a part was looked into."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skill_gym.skillbanks.episode_facts import kind
from skill_gym.skillbanks.habit_evidence import RoomSeen

Curve = NDArray[np.float64]

SHARES: Curve = (np.arange(40) + 0.5) / 40
"""Grid of the share of a kind of thing that lies in its main kind of place, in (0, 1)."""

_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of thing in one room in which it was seen.

    Attributes:
        key: Key of the room's task.
        there: Kind of place -> how many the room has, without those where the thing cannot be.
        looked: Kind of place -> how many of them were looked into.
        seen: Kind of place -> how many of the things were seen there.
        known: Whether the thing was known to be in the room before it was seen, as the goal names it.
        weight: What one sighting counts; the two that a goal asks for are no independent witnesses.
    """

    key: str
    there: Mapping[str, int]
    looked: Mapping[str, int]
    seen: Mapping[str, int]
    known: bool
    weight: float

    def log_likelihood(self, main: str, base: Mapping[str, float]) -> Curve:
        """Of the sightings by the share of the main place, up to what is the same for all main places.

        Args:
            main: Kind of place; where the room has none the things lie anywhere.
            base: Kind of place -> how much lies in one in general.
        """
        weights = {place: count * base[place] for place, count in self.there.items()}
        rest = sum(weight for place, weight in weights.items() if place != main)
        share = SHARES
        if main not in weights or not rest:
            share, rest = np.zeros_like(SHARES), sum(weights.values())
        total = sum(self.seen.values())
        log: Curve = np.zeros_like(SHARES)
        cover: Curve = np.zeros_like(SHARES)
        for place, weight in weights.items():
            chance = share if share is SHARES and place == main else (1 - share) * (weight / rest)
            if seen := self.seen.get(place, 0):
                log += seen * np.log(chance)
            cover += chance * (self.looked.get(place, 0) / self.there[place])
        if not self.known:
            log -= total * np.log(cover)
        return log * self.weight


class PlaceModel:
    """Where kinds of things lie in the rooms of a household.

    In a room a kind of thing has one main kind of place: each single thing lies there with a probability, its
    share, and otherwise anywhere else, in proportion to how much lies at such places in general. A room that
    lacks this kind of place has another main one. Shares differ from thing to thing; how they are spread is
    learnt from the rooms themselves (empirical Bayes by EM, from a flat start), so that in a tidy household
    few sightings are enough and in an untidy one nothing is ever sure.

    What was not looked into is allowed for. A thing that happened to be seen counts by how likely this
    sighting is among all that the same looks could have shown (the likelihood is conditional on its being
    seen), so neither the order of a search nor its early end favours a place. What the goal names was in the
    room for certain; finding one counts as it is, as nobody chose among several.

    Args:
        rooms: Task key -> its room.
    """

    def __init__(self, rooms: Mapping[str, RoomSeen]) -> None:
        self._base = _usual_contents(rooms.values())
        self._cases: dict[str, list[Case]] = defaultdict(list)
        for key, room in rooms.items():
            for thing in dict.fromkeys(thing for things in room.looked.values() for thing in things):
                if case := _case(thing, key, room):
                    self._cases[thing].append(case)
        self._logs: dict[tuple[str, int, str], Curve] = {}
        self._sums: dict[tuple[str, str, tuple[str, ...]], dict[str, Curve]] = {}
        self._spread = self._learn_spread()

    @property
    def things(self) -> tuple[str, ...]:
        """Kinds of things that were seen, sorted."""
        return tuple(sorted(self._cases))

    def cases(self, thing: str, but: Sequence[str] = (), place: str | None = None) -> list[Case]:
        """The rooms in which the thing was seen.

        Args:
            thing: Kind of thing.
            but: Kinds of place that the rooms must not have.
            place: A kind of place that the rooms must have.
        """
        return [
            case
            for case in self._cases.get(thing, ())
            if (place is None or case.there.get(place)) and not any(case.there.get(name) for name in but)
        ]

    def candidates(self, thing: str, but: Sequence[str] = ()) -> tuple[str, ...]:
        """Kinds of place where the thing was seen in rooms that have none of the others, sorted."""
        return tuple(sorted({place for case in self.cases(thing, but) for place in case.seen}))

    def certainty(self, thing: str, place: str, but: Sequence[str] = ()) -> float:
        """Probability that more than half of the things lie there, in rooms that have such a place.

        Args:
            thing: Kind of thing.
            place: Kind of place.
            but: Leave out rooms that have one of these kinds.
        """
        posterior = self._posterior(thing, place, tuple(but), self._spread)
        return float(posterior[SHARES > 0.5].sum())

    def _learn_spread(self) -> Curve:
        flat = np.full_like(SHARES, 1 / len(SHARES))
        spread = flat
        for _ in range(_ROUNDS):
            # One flat vote beside those of the things keeps every share possible.
            votes = flat.copy()
            for thing in self._cases:
                but: tuple[str, ...] = ()
                while best := self._best(thing, but, spread):
                    place, posterior = best
                    votes += posterior / posterior.sum()
                    but = (*but, place)
            spread = votes / votes.sum()
        return spread

    def _best(self, thing: str, but: tuple[str, ...], spread: Curve) -> tuple[str, Curve] | None:
        found = {place: self._posterior(thing, place, but, spread) for place in self.candidates(thing, but)}
        return max(found.items(), key=lambda item: float(item[1].sum()), default=None)

    def _posterior(self, thing: str, place: str, but: tuple[str, ...], spread: Curve) -> Curve:
        """P(it is the main place, and its share) over ``SHARES``; the rest to 1 is for other main places."""
        if (thing, place, but) not in self._sums:
            self._sums[thing, place, but] = self._log_likelihoods(thing, place, but)
        logs = self._sums[thing, place, but]
        if place not in logs:
            return np.zeros_like(SHARES)
        top = max(float(log.max()) for log in logs.values())
        weights = {name: spread * np.exp(log - top) for name, log in logs.items()}
        posterior: Curve = weights[place] / sum(float(weight.sum()) for weight in weights.values())
        return posterior

    def _log_likelihoods(self, thing: str, place: str, but: tuple[str, ...]) -> dict[str, Curve]:
        """For every kind of place of the rooms in question, as the main one."""
        cases = self.cases(thing, but, place)
        logs: dict[str, Curve] = {}
        for main in sorted({name for case in cases for name in case.there}):
            logs[main] = np.zeros_like(SHARES)
            for case in cases:
                key = (thing, id(case), main)
                if key not in self._logs:
                    self._logs[key] = case.log_likelihood(main, self._base)
                logs[main] += self._logs[key]
        return logs


def _usual_contents(rooms: Iterable[RoomSeen]) -> dict[str, float]:
    """Kind of place -> how many things lie in one; kinds hardly looked into are near the mean of all."""
    looks: Counter[str] = Counter()
    things: Counter[str] = Counter()
    every: set[str] = set()
    for room in rooms:
        every.update(kind(place) for place in (*room.looked, *room.unseen))
        for place, contents in room.looked.items():
            looks[kind(place)] += 1
            things[kind(place)] += len(contents)
    mean = max(things.total(), 1) / max(looks.total(), 1)
    return {place: (things[place] + mean) / (looks[place] + 1) for place in every}


def _case(thing: str, key: str, room: RoomSeen) -> Case | None:
    wanted = thing == room.wanted
    there = Counter(kind(place) for place in (*room.looked, *room.unseen))
    looked = Counter(kind(place) for place in room.looked)
    seen = Counter[str]()
    for place, contents in room.looked.items():
        if count := contents.count(thing):
            seen[kind(place)] += count
    if wanted and room.target:
        for counts in (there, looked, seen):
            counts.pop(room.target, None)
    if not seen:
        return None
    paired = wanted and room.pair
    return Case(key, there, looked, seen, wanted and not paired, 1 / seen.total() if paired else 1.0)
