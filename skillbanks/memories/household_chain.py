"""Which steps of a solved ALFWorld episode made its success possible."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from skill_gym.skillbanks.diagnosis import CHANGES
from skill_gym.skillbanks.episode_facts import exchanges, kind
from skill_gym.skillbanks.goals import LOOK, TWO
from skill_gym.skillbanks.memories.household_words import tell_links
from skill_gym.skillbanks.memories.link import ChainError, Link
from skill_gym.trajectory import Trajectory

_ACT = re.compile(
    r"(?P<verb>go to|open|close|use|take|move|clean|heat|cool|slice) (?P<thing>[a-z]+ \d+)"
    r"(?: (?:from|to|with) (?P<place>[a-z]+ \d+))?"
)
_NOTHING = "Nothing happens."


class Act(NamedTuple):
    """A command that did something.

    Attributes:
        turn: Of the episode, from 0.
        verb: ``go to``, ``open``, ``close``, ``use``, ``take``, ``move``, ``clean``, ``heat``, ``cool`` or
            ``slice``.
        thing: What it is done to, with its number.
        place: From where, to where or with what; "" where the verb has none.
        arrival: The place that the agent had last gone to; "" in the middle of the room.
    """

    turn: int
    verb: str
    thing: str
    place: str
    arrival: str

    @property
    def container(self) -> str:
        """What has to be open for it, if it can be closed at all."""
        return self.place if self.verb in ("take", "move") else ""


def household_chain(trajectory: Trajectory) -> tuple[Link, ...]:
    """The chain of a solved episode; replayed alone, its commands solve the task again.

    Walks back from the last step: what has to lie, or be held, or be changed for it, and so on; then which
    containers had to be open, and which ways had to be gone.

    Raises:
        ChainError: The text does not show what solved the task.
    """
    acts = _acts(trajectory)
    goal = _goal_acts(trajectory, acts)
    kept = {act.turn: act for act in goal}
    _hold(kept, acts)
    _without_detours(kept)
    _free_hands(kept, acts)
    for act in list(kept.values()):
        if opening := _opening(acts, act):
            kept[opening.turn] = opening
    return tell_links(_with_ways(kept, acts, trajectory), goal)


def _acts(trajectory: Trajectory) -> list[Act]:
    acts = []
    arrival = ""
    for index, (command, feedback) in enumerate(exchanges(trajectory)):
        match = _ACT.fullmatch(command)
        if match is None or not feedback.strip() or feedback.strip() == _NOTHING:
            continue
        if match["verb"] == "go to":
            arrival = match["thing"]
        acts.append(Act(index, match["verb"], match["thing"], match["place"] or "", arrival))
    return acts


def _goal_acts(trajectory: Trajectory, acts: Sequence[Act]) -> list[Act]:
    """The acts that the goal itself asks for."""
    task_type = trajectory.task.task_type
    if task_type == LOOK:
        lit = [act for act in acts if act.verb == "use"]
        held = _last(acts, "take", None, len(trajectory.turns))
        if not lit or held is None:
            raise ChainError("solved without a lamp turned on and an object in hand; the record is not whole")
        return [lit[-1], held]
    if acts and acts[-1].verb == CHANGES.get(task_type):
        # What lay in two places at once, as on two burners, is still in the other one when it is taken.
        return [acts[-1]]
    moves = [act for act in acts if act.verb == "move"]
    if not moves:
        raise ChainError("solved without anything put down; the record is not whole")
    delivered = [moves[-1]]
    if task_type == TWO:
        lying = {act.thing: act for act in acts if act.verb in ("take", "move")}
        others = [
            act
            for act in lying.values()
            if act.verb == "move"
            and act.place == moves[-1].place
            and act.thing != moves[-1].thing
            and kind(act.thing) == kind(moves[-1].thing)
        ]
        delivered += sorted(others, reverse=True)[:1]
    wanted = [CHANGES[task_type]] if task_type in CHANGES else []
    if "slice" in trajectory.task.goal.casefold():
        wanted.append("slice")
    changes = [_last(acts, verb, act.thing, act.turn) for act in delivered for verb in wanted]
    if None in changes:
        raise ChainError(f"solved without '{' and '.join(wanted)}'; the record is not whole")
    return [*delivered, *(act for act in changes if act is not None)]


def _hold(kept: dict[int, Act], acts: Sequence[Act]) -> None:
    """Adds how what is used came into the hand, and how it came to where it was taken from."""
    open_ends = list(kept.values())
    while open_ends:
        act = open_ends.pop()
        needed: Act | None = None
        if act.verb in ("move", "clean", "heat", "cool", "slice"):
            held = act.place if act.verb == "slice" else act.thing
            needed = _last(acts, "take", held, act.turn)
        elif act.verb == "take":
            needed = _last(acts, "move", act.thing, act.turn)
        if needed is not None and needed.turn not in kept:
            kept[needed.turn] = needed
            open_ends.append(needed)


def _without_detours(kept: dict[int, Act]) -> None:
    """Leaves out that something was put down and taken up again while nothing else was in hand."""
    handled = [act for act in sorted(kept.values()) if act.verb in ("take", "move")]
    place = 0
    while place + 1 < len(handled):
        first, second = handled[place : place + 2]
        if (first.verb, second.verb) == ("move", "take") and first.thing == second.thing:
            del kept[first.turn], kept[second.turn], handled[place : place + 2]
            place = max(0, place - 1)
        else:
            place += 1


def _free_hands(kept: dict[int, Act], acts: Sequence[Act]) -> None:
    """Adds how the hand became free again for what is taken up later: of a knife, say."""
    held: Act | None = None
    for act in sorted(kept.values()):
        if act.verb == "take":
            if held is not None:
                laid = _last(acts, "move", held.thing, act.turn)
                if laid is None:
                    raise ChainError(f"{act.thing} taken with {held.thing} in hand; the record is not whole")
                kept[laid.turn] = laid
            held = act
        elif act.verb == "move":
            held = None


def _opening(acts: Sequence[Act], act: Act) -> Act | None:
    """The step that opened what an act needs open; None for surfaces and for what was open from the start."""
    doors = [
        other
        for other in acts
        if other.verb in ("open", "close") and other.thing == act.container and other.turn < act.turn
    ]
    return doors[-1] if doors and doors[0].verb == "open" else None


def _with_ways(kept: dict[int, Act], acts: Sequence[Act], trajectory: Trajectory) -> list[Act]:
    """The kept acts in order, each behind the way to where it is done."""
    ways = [act for act in acts if act.verb == "go to"]
    done: list[Act] = []
    at, since = "", -1
    # Winning may take being there once more: the end counts as an act.
    final = Act(len(trajectory.turns), "", "", "", acts[-1].arrival)
    for act in [*sorted(kept.values()), final]:
        if act.arrival != at and not _beside(trajectory, since, act.arrival):
            done.append([way for way in ways if since < way.turn < act.turn and way.thing == act.arrival][-1])
        if act is not final:
            done.append(act)
        at, since = act.arrival, act.turn
    return done


def _beside(trajectory: Trajectory, index: int, place: str) -> bool:
    """Whether a place is where the agent stood at a turn: nobody can go to where he is."""
    if index < 0:
        return not place
    admissible = trajectory.turns[index].admissible
    return bool(admissible) and f"go to {place}" not in admissible


def _last(acts: Sequence[Act], verb: str, thing: str | None, before: int) -> Act | None:
    found = [act for act in acts if act.verb == verb and thing in (None, act.thing) and act.turn < before]
    return found[-1] if found else None
