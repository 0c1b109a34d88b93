"""What happened in an ALFWorld episode, read from its recorded text alone."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from skill_gym.skillbanks.goals import Goal, read_goal
from skill_gym.trajectory import Trajectory

_THING = re.compile(r"\ba ([a-z]+ \d+)")
_CONTENTS = re.compile(
    r"(?:On the (?P<on>[a-z]+ \d+)|The (?P<in>[a-z]+ \d+) is open\. In it), you see (?P<list>[^.]*)\."
)
_CLOSED = re.compile(r"The ([a-z]+ \d+) is closed\.")
_ARRIVED = re.compile(r"You arrive at ([a-z]+ \d+)\.")
_OPENED = re.compile(r"You open the ([a-z]+ \d+)\.")
_TAKEN = re.compile(r"You pick up the ([a-z]+ \d+) from the ([a-z]+ \d+)\.")
_MOVED = re.compile(r"You move the ([a-z]+ \d+) to the ([a-z]+ \d+)\.")
_CHANGED = re.compile(r"You (clean|heat|cool) the ([a-z]+ \d+) using the ([a-z]+ \d+)\.")
_LIT = re.compile(r"You turn on the ([a-z]+ \d+)\.")
_NOTHING = "Nothing happens."


def kind(name: str) -> str:
    """The kind of a numbered thing: ``mug 2`` is a ``mug``."""
    return name.rsplit(" ", 1)[0]


@dataclass(frozen=True, slots=True)
class Move:
    """An object put down: which, where, and what had been done to it (``clean``, ``heat``, ``cool``)."""

    object: str
    place: str
    changes: frozenset[str]


@dataclass(frozen=True, slots=True)
class EpisodeFacts:
    """An episode as its text tells it; names are the game's, with their numbers.

    Attributes:
        goal: What was asked for; object and target are "" unless the goal is one of the game's own sentences.
        steps: Number of commands.
        places: All receptacles that the first observation names.
        visits: Place -> how often the agent arrived there.
        closed: Places that were last seen closed and never opened.
        looked: Places whose contents were seen, in the order of the first looks.
        sightings: Object -> the place where it was first seen.
        taken: Objects in the order in which they were first taken.
        held: The object in hand at the end, "" for none.
        held_changes: What had been done to it.
        moves: What was put down, in order.
        resting: Objects put down and not taken up again -> their last move.
        lit: Lamps turned on -> the object held at that time, "" for none.
        refused: Command -> how often it was answered with nothing happening or could not be read ("").
        repeats: Number of commands whose answer had been seen before, word for word, since the last change.
    """

    goal: Goal
    steps: int
    places: tuple[str, ...]
    visits: Mapping[str, int]
    closed: tuple[str, ...]
    looked: tuple[str, ...]
    sightings: Mapping[str, str]
    taken: tuple[str, ...]
    held: str
    held_changes: frozenset[str]
    moves: tuple[Move, ...]
    resting: Mapping[str, Move]
    lit: Mapping[str, str]
    refused: Mapping[str, int]
    repeats: int

    @property
    def unvisited(self) -> tuple[str, ...]:
        """Places that the agent never went to."""
        return tuple(place for place in self.places if place not in self.visits)

    def seen(self, wanted: str) -> dict[str, str]:
        """The objects of a kind that were seen -> where first."""
        return {name: place for name, place in self.sightings.items() if kind(name) == wanted}


def read_episode(trajectory: Trajectory) -> EpisodeFacts:
    """Reads the facts from the observations and commands; nothing is played again."""
    turns = trajectory.turns
    first = turns[0].observation if turns else str(trajectory.meta.get("final_observation", ""))
    room = first.split("Your task is to:")[0]
    places = tuple(_THING.findall(room))
    visits: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    closed: dict[str, None] = {}
    looked: dict[str, None] = {}
    sightings: dict[str, str] = {}
    changes: dict[str, frozenset[str]] = {}
    taken: dict[str, None] = {}
    moves: list[Move] = []
    resting: dict[str, Move] = {}
    lit: dict[str, str] = {}
    answers: set[tuple[str, str]] = set()
    held, repeats = "", 0
    for command, feedback in exchanges(trajectory):
        # A reply without a command is a cause of its own, and nothing that was said twice.
        if command:
            repeats += (command, feedback) in answers
            answers.add((command, feedback))
        if not command or feedback.strip() == _NOTHING:
            refused[command] += 1
            continue
        visits.update(_ARRIVED.findall(feedback))
        closed.update(dict.fromkeys(_CLOSED.findall(feedback)))
        for place in _OPENED.findall(feedback):
            closed.pop(place, None)
        for contents in _CONTENTS.finditer(feedback):
            place = contents["on"] or contents["in"]
            closed.pop(place, None)
            looked[place] = None
            for thing in _THING.findall(contents["list"]):
                sightings.setdefault(thing, place)
        if match := _TAKEN.search(feedback):
            held = match[1]
            taken[held] = None
            resting.pop(held, None)
            sightings.setdefault(held, match[2])
        elif match := _MOVED.search(feedback):
            move = Move(match[1], match[2], changes.get(match[1], frozenset()))
            moves.append(move)
            resting[move.object] = move
            held = ""
        elif match := _CHANGED.search(feedback):
            # Heat and cold undo each other; clean stays.
            undone = {"heat": {"cool"}, "cool": {"heat"}}.get(match[1], set())
            changes[match[2]] = changes.get(match[2], frozenset()) - undone | {match[1]}
        elif match := _LIT.search(feedback):
            lit[match[1]] = held
        else:
            continue
        # Something changed: looking again is no repetition.
        answers.clear()
    return EpisodeFacts(
        goal=_goal(trajectory, first),
        steps=len(turns),
        places=places,
        visits=visits,
        closed=tuple(closed),
        looked=tuple(looked),
        sightings=sightings,
        taken=tuple(taken),
        held=held,
        held_changes=changes.get(held, frozenset()),
        moves=tuple(moves),
        resting=resting,
        lit=lit,
        refused=refused,
        repeats=repeats,
    )


def exchanges(trajectory: Trajectory) -> Iterator[tuple[str, str]]:
    """Each command with the text that answered it."""
    # The answer to a command is the next turn's observation.
    final = str(trajectory.meta.get("final_observation", ""))
    answers = [*(turn.observation for turn in trajectory.turns[1:]), final]
    # An episode without turns has no answer to anything.
    for turn, answer in zip(trajectory.turns, answers, strict=False):
        yield turn.command.strip(), answer


def _goal(trajectory: Trajectory, first: str) -> Goal:
    told = first.partition("Your task is to:")[2].strip()
    goals = [read_goal(text) for text in (trajectory.task.goal, told) if text]
    return next((goal for goal in goals if goal.source == "template"), goals[0] if goals else read_goal(""))
