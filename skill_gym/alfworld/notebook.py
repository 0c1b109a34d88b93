"""What a player of ALFWorld knows from the text alone: where things are, what is open, what is held."""

import re
from collections.abc import Iterable

_SEEN = re.compile(
    r"(?:On the (?P<on>\w+ \d+)|The (?P<opened>\w+ \d+) is open\. In it), you see (?P<list>[^.]*)\."
)
_ARRIVED = re.compile(r"You arrive at (\w+ \d+)\.")
_TOOK = re.compile(r"You pick up the (\w+ \d+) from the (\w+ \d+)\.")
_MOVED = re.compile(r"You move the (\w+ \d+) to the (\w+ \d+)\.")
_CHANGED = re.compile(r"You (clean|heat|cool) the (\w+ \d+) using the \w+ \d+\.")
_SWITCHED = re.compile(r"You turn on the (\w+ \d+)\.")
_CARRIED = re.compile(r"You are carrying: a (\w+ \d+)\.")
_ITEM = re.compile(r"a (\w+ \d+)")
_MIDDLE = re.compile(r"looking quickly around you, you see (?P<list>[^.]*)\.", re.IGNORECASE)
_OPPOSITE = {"heat": "cool", "cool": "heat"}


def kind(name: str) -> str:
    """``cabinet`` of ``cabinet 6``."""
    return name.rpartition(" ")[0]


def by_number(names: Iterable[str]) -> list[str]:
    """Names sorted by kind, then by ascending number."""
    return sorted(names, key=lambda name: (kind(name), int(name.rpartition(" ")[2])))


class Notebook:
    """Keeps up with the text of one episode.

    Args:
        first_observation: Text of the reset.

    Attributes:
        receptacles: Names of the known receptacles.
        contents: Objects last seen in each receptacle; a receptacle that was never looked into is missing.
        held: Name of the object in hand, None for empty hands.
        states: What was done to each object: subset of ``clean``, ``heat``, ``cool``.
        switched_on: Lamps that were switched on.
    """

    def __init__(self, first_observation: str) -> None:
        self.receptacles: set[str] = set()
        self.contents: dict[str, list[str]] = {}
        self.held: str | None = None
        self.states: dict[str, set[str]] = {}
        self.switched_on: set[str] = set()
        around = _MIDDLE.search(first_observation)
        if around:
            self.receptacles.update(_ITEM.findall(around["list"]))

    def read(self, feedback: str) -> None:
        """Takes down what a feedback says."""
        self.receptacles.update(_ARRIVED.findall(feedback))
        for seen in _SEEN.finditer(feedback):
            self.contents[seen["on"] or seen["opened"]] = _ITEM.findall(seen["list"])
        if match := _TOOK.search(feedback):
            self.held = match[1]
            if match[1] in self.contents.get(match[2], ()):
                self.contents[match[2]].remove(match[1])
        elif match := _MOVED.search(feedback):
            self.held = None
            self.contents.setdefault(match[2], []).append(match[1])
        elif match := _CHANGED.search(feedback):
            states = self.states.setdefault(match[2], set())
            states.add(match[1])
            states.discard(_OPPOSITE.get(match[1], ""))
        elif match := _SWITCHED.search(feedback):
            self.switched_on.add(match[1])
        elif match := _CARRIED.search(feedback):
            self.held = match[1]
        elif feedback == "You are not carrying anything.":
            self.held = None

    def learn_receptacles(self, admissible: Iterable[str]) -> None:
        """Adds the receptacles that can be gone to; needed when a game starts at one and lists none."""
        self.receptacles.update(command[6:] for command in admissible if command.startswith("go to "))

    def places_of(self, object_kind: str) -> list[tuple[str, str]]:
        """Pairs of object and receptacle for every known object of a kind."""
        return [
            (thing, receptacle)
            for receptacle, things in self.contents.items()
            for thing in things
            if kind(thing) == object_kind
        ]
