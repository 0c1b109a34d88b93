"""What episodes tell of a household: the rooms, what was looked into, and what lay there at first."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from skill_gym.skillbanks.episode_facts import EpisodeFacts, kind, read_episode
from skill_gym.skillbanks.goals import PLACE, TWO
from skill_gym.trajectory import Trajectory

MEMORY = "rooms_seen"
"""Key of a bank's metadata under which a teacher keeps the rooms that it has read about."""

_USEFUL = re.compile(r"take ([a-z]+) \d+ from |use ([a-z]+) \d+$")
_NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class RoomSeen:
    """The room of one task as it was before anybody changed it, as far as it was seen.

    Attributes:
        split: Split of the task.
        wanted: Kind of object that the goal names, "" where the goal could not be read.
        target: Kind of place where the wanted object cannot lie at the start (the task would be done, or half
            done on purpose); "" where the task does not say so.
        pair: Whether the goal asks for two.
        looked: Place -> kinds of what lay there at the first look, one entry for each object, in the order of
            the looks.
        unseen: Places that nobody looked into.
        useful: Kinds that could be taken or used; the rest is furniture, which no goal asks for.
    """

    split: str
    wanted: str = ""
    target: str = ""
    pair: bool = False
    looked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()
    useful: frozenset[str] = frozenset()

    def merged(self, other: "RoomSeen") -> "RoomSeen":
        """The same room after two episodes of its task."""
        looked = {**other.looked, **self.looked}
        looked = {place: looked[place] for place in (*self.looked, *other.looked)}
        return RoomSeen(
            self.split,
            self.wanted,
            self.target,
            self.pair,
            looked,
            tuple(place for place in self.unseen if place not in looked),
            self.useful | other.useful,
        )

    def to_row(self) -> dict[str, Any]:
        """JSON-able, short and readable."""
        row: dict[str, Any] = {"split": self.split}
        if self.wanted:
            row["wanted"] = self.wanted
        if self.target:
            row["target"] = self.target
        if self.pair:
            row["pair"] = True
        row["looked"] = "; ".join(
            f"{place}: {', '.join(things) or _NOTHING}" for place, things in self.looked.items()
        )
        row["unseen"] = "; ".join(self.unseen)
        row["useful"] = ", ".join(sorted(self.useful))
        return row

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "RoomSeen":
        """Reads what ``to_row`` wrote; what is missing is empty."""
        looked = {}
        for entry in _list(row.get("looked", ""), "; "):
            place, _, things = entry.partition(": ")
            looked[place] = () if things == _NOTHING else tuple(_list(things, ", "))
        return cls(
            str(row.get("split", "")),
            str(row.get("wanted", "")),
            str(row.get("target", "")),
            bool(row.get("pair", False)),
            looked,
            tuple(_list(row.get("unseen", ""), "; ")),
            frozenset(_list(row.get("useful", ""), ", ")),
        )


def read_rooms(trajectories: Iterable[Trajectory]) -> dict[str, RoomSeen]:
    """The rooms of the episodes by task key, each room once; broken episodes count as far as they went."""
    rooms: dict[str, RoomSeen] = {}
    for trajectory in trajectories:
        room = _room(trajectory, read_episode(trajectory))
        if room.looked:
            merge_rooms(rooms, {trajectory.task.key: room})
    return rooms


def merge_rooms(rooms: dict[str, RoomSeen], more: Mapping[str, RoomSeen]) -> None:
    """Adds rooms in place; a room that is known already only grows by the places that are new."""
    for key, room in more.items():
        rooms[key] = rooms[key].merged(room) if key in rooms else room


def recall_rooms(metadata: Mapping[str, Any]) -> dict[str, RoomSeen]:
    """The rooms that a bank's metadata keeps; none where somebody else wrote something else there."""
    rows = metadata.get(MEMORY, {})
    if not isinstance(rows, Mapping):
        return {}
    return {str(key): RoomSeen.from_row(row) for key, row in rows.items() if isinstance(row, Mapping)}


def _room(trajectory: Trajectory, facts: EpisodeFacts) -> RoomSeen:
    looked: dict[str, list[str]] = {place: [] for place in facts.looked}
    for thing, place in facts.sightings.items():
        if place in looked:
            looked[place].append(kind(thing))
    useful = {kind(thing) for thing in facts.taken}
    for turn in trajectory.turns:
        for command in turn.admissible:
            if match := _USEFUL.match(command):
                useful.add(match[1] or match[2])
    goal, known = facts.goal, facts.goal.source == "template"
    return RoomSeen(
        split=trajectory.task.split,
        wanted=goal.object if known else "",
        target=goal.target if known and goal.task_type in (PLACE, TWO) else "",
        pair=known and goal.task_type == TWO,
        looked={place: tuple(things) for place, things in looked.items()},
        unseen=tuple(place for place in facts.places if place not in looked),
        useful=frozenset(useful),
    )


def _list(text: object, separator: str) -> list[str]:
    return [part for part in str(text).split(separator) if part]
