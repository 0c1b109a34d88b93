"""Small ALFWorld episodes with one planted fault each, written by hand in the game's words."""

from collections.abc import Sequence

from skill_gym.skillbanks.goals import CLEAN, COOL, HEAT, LOOK, PLACE, TWO
from skill_gym.trajectory import Ended, Task, Trajectory, Turn

ROOM = (
    "You are in the middle of a room. Looking quickly around you, you see "
    "a cabinet 1, a countertop 1, a fridge 1, a microwave 1, a shelf 1, a shelf 2, and a sinkbasin 1."
)

Exchange = tuple[str, str]

COUNTER = (
    "go to countertop 1",
    "You arrive at countertop 1. On the countertop 1, you see a mug 1, and a egg 1.",
)
SHELF = ("go to shelf 1", "You arrive at shelf 1. On the shelf 1, you see nothing.")
SINK = ("go to sinkbasin 1", "You arrive at sinkbasin 1. On the sinkbasin 1, you see nothing.")
FRIDGE = ("go to fridge 1", "You arrive at fridge 1. The fridge 1 is closed.")
MICROWAVE = ("go to microwave 1", "You arrive at microwave 1. The microwave 1 is closed.")
CABINET = ("go to cabinet 1", "You arrive at cabinet 1. The cabinet 1 is closed.")
TAKE = ("take mug 1 from countertop 1", "You pick up the mug 1 from the countertop 1.")
TAKE_EGG = ("take egg 1 from countertop 1", "You pick up the egg 1 from the countertop 1.")
PUT = ("move mug 1 to shelf 1", "You move the mug 1 to the shelf 1.")
FAIL = ("take mug 1 from fridge 1", "Nothing happens.")


def episode(
    goal: str,
    task_type: str,
    exchanges: Sequence[Exchange],
    *,
    number: int = 0,
    ended: Ended = "truncated",
    split: str = "valid_seen",
) -> Trajectory:
    """An episode from its commands and their answers."""
    name = f"{split}/{task_type}-{goal.replace(' ', '-')}/{number}"
    task = Task(name, f"skill_gym/ALFWorld-v0:test:{name}", "skill_gym/ALFWorld-v0", split, task_type, goal)
    shown = f"-= Welcome to TextWorld, ALFRED! =-\n\n{ROOM}\n\nYour task is to: {goal}"
    turns = []
    for command, answer in exchanges:
        done = ended == "solved" and len(turns) + 1 == len(exchanges)
        turns.append(Turn(shown, shown, command, command, answer != "Nothing happens.", float(done)))
        shown = answer
    return Trajectory(
        task,
        tuple(turns),
        ended,
        boundary="env" if ended == "broken" else None,
        meta={"final_observation": shown},
    )


FAULTS: dict[str, tuple[str, str, list[Exchange]]] = {
    "missing transformation": ("put a hot mug in shelf.", HEAT, [COUNTER, TAKE, SHELF, PUT]),
    "object put in the wrong place": (
        "put a mug in shelf.",
        PLACE,
        [COUNTER, TAKE, SINK, ("move mug 1 to sinkbasin 1", "You move the mug 1 to the sinkbasin 1.")],
    ),
    "two objects in two different places": (
        "put two mug in shelf.",
        TWO,
        [
            (
                "go to countertop 1",
                "You arrive at countertop 1. On the countertop 1, you see a mug 2, and a mug 1.",
            ),
            TAKE,
            SHELF,
            PUT,
            ("take mug 2 from countertop 1", "You pick up the mug 2 from the countertop 1."),
            ("move mug 2 to shelf 2", "You move the mug 2 to the shelf 2."),
        ],
    ),
    "stopped after one of two objects": ("put two mug in shelf.", TWO, [COUNTER, TAKE, SHELF, PUT]),
    "lamp not used": ("look at mug under the desklamp.", LOOK, [COUNTER, TAKE, SHELF]),
    "lamp used without the object in hand": (
        "examine the mug with the desklamp.",
        LOOK,
        [
            ("go to shelf 2", "You arrive at shelf 2. On the shelf 2, you see a desklamp 1."),
            ("use desklamp 1", "You turn on the desklamp 1."),
            COUNTER,
        ],
    ),
    "object held but not delivered": (
        "put a clean mug in shelf.",
        CLEAN,
        [
            COUNTER,
            TAKE,
            SINK,
            ("clean mug 1 with sinkbasin 1", "You clean the mug 1 using the sinkbasin 1."),
            FRIDGE,
        ],
    ),
    "goal object seen but not taken": ("put a mug in shelf.", PLACE, [COUNTER, SHELF, SINK]),
    "wrong object taken": ("put a mug in shelf.", PLACE, [COUNTER, TAKE_EGG, SHELF]),
    "closed containers never opened": ("put a cool plate in shelf.", COOL, [COUNTER, FRIDGE, CABINET]),
    "places never visited": ("put a cool plate in shelf.", COOL, [COUNTER, SHELF]),
    "impossible commands": ("put a mug in shelf.", PLACE, [FAIL, FAIL, FAIL]),
    "replies without a readable command": (
        "put a mug in shelf.",
        PLACE,
        [("", "Nothing happens."), ("", "Nothing happens."), COUNTER],
    ),
    "loop": ("put a mug in shelf.", PLACE, [COUNTER, SHELF, COUNTER, SHELF, COUNTER, SHELF]),
}
"""Cause -> goal, task type and the exchanges of an episode that shows it."""


def planted(cause: str, *, number: int = 0, split: str = "valid_seen") -> Trajectory:
    """A failed episode with this cause."""
    goal, task_type, exchanges = FAULTS[cause]
    return episode(goal, task_type, exchanges, number=number, split=split)


def solved(task_type: str = PLACE, *, number: int = 0, goal: str = "put a mug in shelf.") -> Trajectory:
    """A solved episode."""
    return episode(goal, task_type, [COUNTER, TAKE, SHELF, PUT], number=number, ended="solved")
