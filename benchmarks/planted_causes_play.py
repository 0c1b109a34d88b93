"""Plays an episode with and without a fault: where the fault alone makes it fail, a cause is planted."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, NamedTuple, cast

import gymnasium as gym

from skill_gym.agents.replies import reply
from skill_gym.dice import Dice
from skill_gym.text_env import Player, TextEnv
from skill_gym.trajectory import Trajectory
from skill_gym.wrappers import RecordTrajectory, TaggedAction, TaskPrompt

NOISE = (0.0, 0.08, 0.16)
"""Shares of turns with a harmless command of somebody else's choice; one is drawn for each episode."""
TRIES = 60
"""Tasks tried for each planted cause that is wanted."""
_FROM_THE_START = 0.35
_WITHOUT_COMMAND = (
    "I will go on with what I was about to do.",
    "<action></action>",
    "",
    "<think>Where was I? I should think about this again, from the beginning.",
    "Next: {command}",
    "`{command}`",
)

Verdict = Literal["planted", "no place for it", "control failed", "solved all the same", "did not happen"]


@dataclass(slots=True)
class Scene:
    """An episode under way, as a fault sees it: what the player reads, and what is true.

    Attributes:
        env: The environment itself, whose state tells the truth.
        player: Who plays; a fault may put another one in its place.
        observation: The last text.
        commands: The admissible commands.
        said: All commands so far, the noise included.
    """

    env: Any
    player: Any
    observation: str
    commands: tuple[str, ...]
    said: list[str]

    @property
    def step(self) -> int:
        """Turns taken."""
        return len(self.said)


class Fault:
    """What goes wrong in an episode; this one does nothing.

    Args:
        dice: Its strength and its choices; equal dice make equal faults.

    Attributes:
        onset: Turn from which it may do something.
        acted: Number of commands that it has changed.
    """

    def __init__(self, dice: Dice) -> None:
        self.dice = dice
        self.onset = 0
        self.acted = 0

    def furnish(self, scene: Scene) -> bool:
        """Edits the environment, for the control run as well; False where there is no place for the fault."""
        return True

    def refuses(self, command: str) -> bool:
        """Whether the environment does not carry a command out, in the run with the fault."""
        return False

    def say(self, scene: Scene) -> str:
        """The command; "" for a reply that holds none."""
        return cast(str, scene.player.command(scene.commands))

    def noise_allowed(self, command: str) -> bool:
        """Whether a noise command does not undo the fault."""
        return True

    def told(self, command: str) -> str:
        """The command that the player believes to have given."""
        return command

    def watch(self, scene: Scene) -> None:
        """Looks at the world after each turn."""

    def happened(self, scene: Scene) -> bool:
        """Whether the world's own state shows at the end that the fault took place."""
        return self.acted > 0


@dataclass(frozen=True, slots=True)
class Plant:
    """A cause that is planted.

    Attributes:
        name: What goes wrong, in this benchmark's words.
        make: Makes the fault.
        causes: What the teacher may call it.
    """

    name: str
    make: Callable[[Dice], Fault]
    causes: tuple[StrEnum, ...]


class _Refusing(gym.Wrapper[str, str, str, str]):
    """Commands of the environment that a fault refuses do nothing."""

    fault: Fault = Fault(Dice("none"))

    def step(self, action: str) -> tuple[str, Any, bool, bool, dict[str, Any]]:
        return self.env.step("" if self.fault.refuses(action) else action)


class Stage:
    """An environment with the wrappers of training, in which faults are played.

    Args:
        env_id: Which one.
        noise: Draws a harmless command in a scene, "" for none.
        **arguments: For ``gym.make``.
    """

    def __init__(self, env_id: str, noise: Callable[[Scene, Dice], str], **arguments: Any) -> None:
        self._noise = noise
        self._refusing = _Refusing(gym.make(env_id, **arguments))
        self._env = RecordTrajectory(TaskPrompt(TaggedAction(self._refusing)), policy_name="faulty")
        self.env = cast(TextEnv, self._env.unwrapped)

    def play(self, task: str, fault: Fault, seed: str, *, control: bool) -> tuple[Trajectory, Scene] | None:
        """Plays a task to its end; None where the fault has no place in it.

        Args:
            task: Its id.
            fault: What goes wrong, in the control run only what it edits in the world.
            seed: Of the noise, the same for the control.
            control: Whether the player is left alone.
        """
        _, info = self._env.reset(options={"task": task})
        self._refusing.fault = Fault(Dice(seed)) if control else fault
        first = info["observation"]
        player: Player = self.env.player(first, self.env.metadata["instructions"])
        scene = Scene(self.env, player, first, tuple(info["admissible_commands"]), [])
        if not fault.furnish(scene):
            return None
        rate = Dice(f"{seed} rate").pick(NOISE)
        over = False
        while not over:
            dice = Dice(f"{seed} {scene.step}")
            command = self._noise(scene, dice) if dice.chance(rate) else ""
            own = not command or not (control or fault.noise_allowed(command))
            if own:
                command = player.command(scene.commands) if control else fault.say(scene)
            said = reply("Let me see.", command) if command else self._prose(scene, dice)
            _, _, terminated, truncated, info = self._env.step(said)
            over = terminated or truncated
            scene.said.append(command)
            scene.observation, scene.commands = info["observation"], tuple(info["admissible_commands"])
            told = fault.told(command) if own and not control else command
            scene.player.observe(told, scene.observation)
            if not control:
                fault.watch(scene)
        return info["trajectory"], scene

    def _prose(self, scene: Scene, dice: Dice) -> str:
        command = re.sub(r"</?\w+>", "", scene.said[-1] if scene.said else "look around")
        return dice.pick(_WITHOUT_COMMAND).format(command=command)


class Pair(NamedTuple):
    """What became of a fault on a task.

    Attributes:
        verdict: ``planted`` where the control run solves the task and the run with the fault does not.
        trajectory: Of the run with the fault, where it was played.
    """

    verdict: Verdict
    trajectory: Trajectory | None = None


def play_pair(stage: Stage, task: str, make: Callable[[Dice], Fault], seed: str) -> Pair:
    """Plays a task without and with the fault, all else equal."""
    played = stage.play(task, make(Dice(seed)), seed, control=True)
    if played is None:
        return Pair("no place for it")
    control = played[0]
    if not control.solved:
        return Pair("control failed")
    fault = make(Dice(seed))
    dice = Dice(f"{seed} onset")
    fault.onset = 0 if dice.chance(_FROM_THE_START) else dice.below(len(control.turns))
    played = stage.play(task, fault, seed, control=False)
    if played is None:
        return Pair("no place for it")
    trajectory, scene = played
    if trajectory.solved:
        return Pair("solved all the same", trajectory)
    if trajectory.ended == "broken" or not fault.happened(scene):
        return Pair("did not happen", trajectory)
    return Pair("planted", trajectory)


def planted(stage: Stage, plant: Plant, count: int, seed: int) -> Iterator[Pair]:
    """Tries drawn tasks until a cause was planted so many times.

    Args:
        stage: Where it is played.
        plant: What is planted.
        count: How many times; fewer come where ``TRIES`` tasks for each do not suffice.
        seed: Of tasks, faults and noise.

    Yields:
        All attempts, those that do not count as well.
    """
    tasks: Sequence[Any] = stage.env.tasks
    dice = Dice(f"{seed} {plant.name} tasks")
    found = 0
    for attempt in range(TRIES * count):
        if found == count:
            return
        task = tasks[dice.below(len(tasks))]
        pair = play_pair(stage, task.id, plant.make, f"{seed} {plant.name} {attempt}")
        found += pair.verdict == "planted"
        yield pair
