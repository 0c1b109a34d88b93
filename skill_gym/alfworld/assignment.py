"""What a generated game asks for: drawn before its room, so that listing games costs next to nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from skill_gym.alfworld.goal_sentence import SENTENCES, write_sentence
from skill_gym.alfworld.household import CAN_CONTAIN, CLEANABLE, COOLABLE, HEATABLE, PICKUPABLE, TOGGLEABLE
from skill_gym.alfworld.rooms import ROOMS, Room
from skill_gym.dice import Dice

PROCESSORS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "pick_clean_then_place_in_recep": ("clean", "SinkBasin", CLEANABLE),
    "pick_heat_then_place_in_recep": ("heat", "Microwave", HEATABLE),
    "pick_cool_then_place_in_recep": ("cool", "Fridge", COOLABLE),
}
"""Task type to verb, the receptacle type that does it, and the object types that it works on."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """The task of one generated game.

    Attributes:
        task_type: One of the six.
        room: Name of the room.
        plan: Number of the floor plan.
        object_type: Type of the object to bring or to look at.
        target_type: Type of the receptacle to bring it to, or of the lamp.
        sentence: The goal with its final stop.
    """

    task_type: str
    room: str
    plan: int
    object_type: str
    target_type: str
    sentence: str

    @property
    def folder(self) -> str:
        """Name of the task's folder, in the form of the official ids."""
        return f"{self.task_type}-{self.object_type}-None-{self.target_type}-{self.plan}"


def task_types_of(rooms: Sequence[str] | None) -> tuple[str, ...]:
    """The task types that occur in any of the rooms, None for all rooms."""
    allowed = [room for name, room in ROOMS.items() if rooms is None or name in rooms]
    return tuple(task_type for task_type in SENTENCES if any(task_type in room.tasks for room in allowed))


def draw_assignment(task_type: str, seed: int, rooms: Sequence[str] | None = None) -> Assignment:
    """Draws the task of one game.

    Args:
        task_type: One of the six.
        seed: Seed of the game.
        rooms: Names of the allowed rooms, None for all.

    Raises:
        ValueError: Unknown task type, or no allowed room has such a task.
    """
    if task_type not in SENTENCES:
        raise ValueError(f"unknown task type {task_type!r}; the task types are {', '.join(SENTENCES)}")
    dice = Dice(f"assignment {task_type} {seed}")
    able = [room for name, room in ROOMS.items() if rooms is None or name in rooms if task_type in room.tasks]
    if not able:
        fit = ", ".join(name for name, room in ROOMS.items() if task_type in room.tasks)
        raise ValueError(f"no allowed room has a {task_type} task: rooms={rooms!r}; add one of {fit}")
    room = able[dice.weighted([room.tasks[task_type] for room in able])]
    pairs, weights = _pairs(task_type, room.name)
    object_type, target_type = pairs[dice.weighted(weights)]
    sentence = write_sentence(task_type, dice.below(2), object_type, target_type)
    return Assignment(task_type, room.name, dice.between(*room.plans), object_type, target_type, sentence)


@cache
def _pairs(task_type: str, room_name: str) -> tuple[tuple[tuple[str, str], ...], tuple[float, ...]]:
    """Object and target types that make sense together, with weights: common things are asked for more."""
    room = ROOMS[room_name]
    pairs = _lamps(room) if task_type == "look_at_obj_in_light" else _deliveries(task_type, room)
    return tuple(pairs), tuple(pairs.values())


def _lamps(room: Room) -> dict[tuple[str, str], float]:
    return {
        (name, lamp): room.objects[name].chance * room.objects[lamp].chance
        for name in room.objects
        for lamp in TOGGLEABLE
        if name in PICKUPABLE and lamp in room.objects and _can_be_put_down(name, room)
    }


def _deliveries(task_type: str, room: Room) -> dict[tuple[str, str], float]:
    _, processor, works_on = PROCESSORS.get(task_type, ("", "", PICKUPABLE))
    return {
        (name, target): room.objects[name].chance * room.receptacles[target].chance
        for name in room.objects
        for target in room.receptacles
        if name in works_on and name in CAN_CONTAIN[target] and target != processor
    }


def _can_be_put_down(name: str, room: Room) -> bool:
    return any(name in CAN_CONTAIN[receptacle] for receptacle in room.receptacles)
