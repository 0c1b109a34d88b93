"""A tiny deterministic text environment for the tests: take the right key, open the box.

Importing this file registers it as ``skill_gym_tests/Toy-v0`` (step limit 8).
"""

import json
from hashlib import sha256
from typing import Any, ClassVar

import gymnasium as gym

from skill_gym.text_env import Outcome, TextEnv
from skill_gym.trajectory import Task

TOY_ID = "skill_gym_tests/Toy-v0"
TOY_STEPS = 8
TOY_TYPES = ("open_box", "look_in_box")
COLOURS = ("red", "blue", "green", "white", "black", "brown")
SPLITS = ("train", "validation", "test")


class ToyEnv(TextEnv):
    """Hall with three keys, cellar with a box that takes one of them.

    Type ``open_box``: take the key of the box's colour, go to the cellar, open the box (3 commands).
    Type ``look_in_box``: the same, then look into the box (4 commands). Opening the box without its key
    jams the lock: the episode ends as failed.

    Args:
        split: One of ``SPLITS``; ids of different splits differ.
        size: Number of tasks.
        expert: "planner" adds ``info["expert_command"]``.
    """

    metadata: ClassVar[dict[str, Any]] = {
        "render_modes": ["ansi"],
        "render_fps": 1,
        "reply_tags": ("action",),
        "role": "You are a visitor of a small house.",
        "instructions": "Commands: take KEY, drop KEY, go to PLACE, open BOX, look in BOX, look.",
    }

    def __init__(
        self,
        split: str = "train",
        *,
        size: int = 12,
        expert: str | None = None,
        render_mode: str | None = None,
    ) -> None:
        super().__init__(render_mode=render_mode)
        if split not in SPLITS:
            raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {split!r}")
        self.split = split
        self.expert = expert
        source = sha256(json.dumps(["toy", split]).encode()).hexdigest()[:8]
        self.tasks = tuple(self._make_task(index, source) for index in range(size))
        self._room = "hall"
        self._held = ""
        self._state = "closed"

    def _make_task(self, index: int, source: str) -> Task:
        kind = TOY_TYPES[index % 2]
        colour = COLOURS[(index + SPLITS.index(self.split)) % len(COLOURS)]
        verb = "open" if kind == "open_box" else "look in"
        name = f"{self.split}/{kind}-{index}"
        goal = f"{verb} the {colour} box."
        return Task(name, f"{TOY_ID}:{source}:{name}", TOY_ID, self.split, kind, goal)

    @property
    def _colour(self) -> str:
        if self.task is None:
            raise RuntimeError("call reset() first")
        return self.task.goal.removesuffix(" box.").rsplit(" ", 1)[1]

    def begin(self, task: Task) -> Outcome:
        self.task = task
        self._room, self._held, self._state = "hall", "", "closed"
        keys = ", ".join(f"a {colour} key" for colour in self._keys())
        return Outcome(f"You are in the hall. On the table you see {keys}.\n\nYour task is to: {task.goal}")

    def _keys(self) -> tuple[str, ...]:
        start = COLOURS.index(self._colour)
        return tuple(sorted(COLOURS[(start + step) % len(COLOURS)] for step in range(3)))

    def advance(self, command: str) -> Outcome:
        if command.strip() not in self.admissible_commands():
            return self._outcome("Nothing happens.")
        verb, _, rest = command.strip().partition(" ")
        if verb == "take":
            self._held = rest.removesuffix(" key")
            return self._outcome(f"You take the {rest}.")
        if verb == "drop":
            self._held = ""
            return self._outcome(f"You drop the {rest}.")
        if verb == "go":
            self._room = rest.removeprefix("to ")
            text = (
                "You are in the cellar. There is a box." if self._room == "cellar" else "You are in the hall."
            )
            return self._outcome(text)
        if verb == "open":
            if self._held != self._colour:
                self._state = "jammed"
                return self._outcome("The lock jams. The box will never open.", lost=True)
            self._state = "open"
            return self._outcome("The box opens. There is a coin in it.")
        if command.startswith("look in"):
            self._state = "seen"
            return self._outcome("You look into the box and see a coin.")
        return self._outcome(f"You are in the {self._room}. You hold {self._held or 'no'} key.")

    def _outcome(self, text: str, *, lost: bool = False) -> Outcome:
        return Outcome(text, float(self.won), self.won or lost)

    def admissible_commands(self) -> tuple[str, ...]:
        commands = ["look"]
        if self._room == "hall":
            commands.append("go to cellar")
            commands += (
                [f"drop {self._held} key"] if self._held else [f"take {key} key" for key in self._keys()]
            )
        else:
            commands.append("go to hall")
            if self._state == "closed":
                commands.append(f"open {self._colour} box")
            if self._state == "open":
                commands.append(f"look in {self._colour} box")
        return tuple(sorted(commands))

    @property
    def won(self) -> bool:
        if self.task is None:
            return False
        return self._state == ("open" if self.task.task_type == "open_box" else "seen")

    def expert_command(self) -> str:
        """The next command of the shortest solution."""
        if self._state == "open":
            return f"look in {self._colour} box" if self._room == "cellar" else "go to cellar"
        if self._held != self._colour:
            if self._room == "cellar":
                return "go to hall"
            return f"drop {self._held} key" if self._held else f"take {self._colour} key"
        return f"open {self._colour} box" if self._room == "cellar" else "go to cellar"

    def find_task(self, task_id: str) -> Task:
        for task in self.tasks:
            if task.id == task_id:
                return task
        raise ValueError(f"no task {task_id!r} in split {self.split}; the first one is {self.tasks[0].id}")

    def _info(self, outcome: Outcome) -> dict[str, Any]:
        expert = {"expert_command": self.expert_command()} if self.expert else {}
        return {**super()._info(outcome), **expert}


if TOY_ID not in gym.registry:
    gym.register(TOY_ID, entry_point="toy_env:ToyEnv", max_episode_steps=TOY_STEPS)
