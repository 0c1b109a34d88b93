"""Where kinds of things usually lie: a hierarchical model of rooms of which only a part was looked into."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skill_gym.skillbanks.episode_facts import kind
from skill_gym.skillbanks.habit_evidence import RoomSeen

Curve = NDArray[np.float64]

SHARES: Curve = (np.arange(20) + 0.5) / 20
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


@dataclass(frozen=True, slots=True)
class _Witnesses:
    """All rooms in which one kind of thing was seen.

    Attributes:
        cases: The rooms.
        kinds: Kinds of place that any of them has, sorted.
        there: Whether a room has a kind, shape [case, kind].
        logs: Log-likelihood of a room's sightings when that kind is the main place, by its share, up to what
            is the same for all main places, shape [case, kind, share].
    """

    cases: tuple[Case, ...]
    kinds: tuple[str, ...]
    there: NDArray[np.bool_]
    logs: Curve

    @classmethod
    def of(cls, cases: Sequence[Case], base: Mapping[str, float]) -> "_Witnesses":
        """Works out the likelihoods.

        Args:
            cases: The rooms.
            base: Kind of place -> how much lies in one in general.
        """
        kinds = tuple(sorted({name for case in cases for name in case.there}))
        return cls(
            tuple(cases),
            kinds,
            np.array([[name in case.there for name in kinds] for case in cases], dtype=np.bool_),
            np.array([_log_likelihood(case, kinds, base) for case in cases]),
        )

    def rows(self, but: Sequence[str], place: str | None = None) -> NDArray[np.bool_]:
        """Which rooms have none of some kinds of place, and have another; shape [case]."""
        chosen = np.ones(len(self.cases), dtype=np.bool_)
        for name in but:
            if name in self.kinds:
                chosen &= ~self.there[:, self.kinds.index(name)]
        if place is not None:
            chosen &= self.there[:, self.kinds.index(place)] if place in self.kinds else False
        return chosen


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
        base = _usual_contents(rooms.values())
        cases: dict[str, list[Case]] = defaultdict(list)
        for key, room in rooms.items():
            for thing in dict.fromkeys(thing for things in room.looked.values() for thing in things):
                if case := _case(thing, key, room):
                    cases[thing].append(case)
        self._witnesses = {thing: _Witnesses.of(cases[thing], base) for thing in sorted(cases)}
        self._sums: dict[tuple[str, str, tuple[str, ...]], tuple[int, Curve]] = {}
        self._candidates: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}
        self._spread = self._learn_spread()

    @property
    def things(self) -> tuple[str, ...]:
        """Kinds of things that were seen, sorted."""
        return tuple(self._witnesses)

    def cases(self, thing: str, but: Sequence[str] = (), place: str | None = None) -> list[Case]:
        """The rooms in which the thing was seen.

        Args:
            thing: Kind of thing.
            but: Kinds of place that the rooms must not have.
            place: A kind of place that the rooms must have.
        """
        witnesses = self._witnesses[thing]
        return [witnesses.cases[index] for index in np.flatnonzero(witnesses.rows(but, place))]

    def candidates(self, thing: str, but: Sequence[str] = ()) -> tuple[str, ...]:
        """Kinds of place where the thing was seen in rooms that have none of the others, sorted."""
        key = (thing, tuple(but))
        if key not in self._candidates:
            seen = {place for case in self.cases(thing, but) for place in case.seen}
            self._candidates[key] = tuple(sorted(seen))
        return self._candidates[key]

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
            for thing in self._witnesses:
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
        key = (thing, place, but)
        if key not in self._sums:
            witnesses = self._witnesses[thing]
            rows = witnesses.rows(but, place)
            columns = np.asarray(witnesses.there[rows].any(axis=0))
            if not columns.any():
                return np.zeros_like(SHARES)
            number = int(columns[: witnesses.kinds.index(place)].sum())
            log = witnesses.logs[rows][:, columns].sum(axis=0)
            self._sums[key] = (number, np.exp(log - log.max()))
        number, likelihood = self._sums[key]
        posterior: Curve = spread * likelihood[number] / (likelihood @ spread).sum()
        return posterior


def _log_likelihood(case: Case, kinds: Sequence[str], base: Mapping[str, float]) -> Curve:
    """Shape [kind, share]; in a room without the main place the thing lies anywhere."""
    number = np.array([case.there.get(name, 0) for name in kinds])
    there = number > 0
    weight = number * np.array([base[name] for name in kinds])
    seen = np.array([case.seen.get(name, 0) for name in kinds])
    looked = np.array([case.looked.get(name, 0) for name in kinds]) / np.maximum(number, 1)
    total, every = seen.sum(), weight.sum()
    log_weight = np.where(there, np.log(np.where(there, weight, 1)), 0)
    anywhere = seen @ log_weight - total * np.log(every)
    cover_anywhere = weight @ looked / every
    # Alone in its room a place tells nothing: the thing had to be there.
    main = there & (every - weight > 1e-9)
    rest = np.where(main, every - weight, 1)[:, None]
    ahead, behind = SHARES[None, :], 1 - SHARES[None, :]
    log = seen[:, None] * np.log(ahead) + (total - seen)[:, None] * (np.log(behind) - np.log(rest))
    log += (seen @ log_weight - seen * log_weight)[:, None]
    if not case.known:
        cover = ahead * looked[:, None] + behind * (weight @ looked - weight * looked)[:, None] / rest
        log -= total * np.log(np.maximum(cover, 1e-12))
        anywhere -= total * np.log(cover_anywhere)
    return np.where(main[:, None], log, anywhere) * case.weight


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
