"""ALFWorld as a Gymnasium environment: household tasks in text, on official or generated games."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

from skill_gym.alfworld.experts import EXPERTS, Expert, make_expert
from skill_gym.alfworld.explorer import Explorer
from skill_gym.alfworld.games import SPLITS, Game, GameError, GameSource, long_task_types, near, open_games
from skill_gym.alfworld.shelf import SHELF
from skill_gym.alfworld.world import World
from skill_gym.text_env import FreeText, Outcome, Player, TextEnv
from skill_gym.trajectory import Task

Goals = Literal["template", "human"]
MAX_STEPS = 50
"""Step limit of the original, set by registration as a ``TimeLimit``."""


class ALFWorldEnv(TextEnv):
    """Household tasks in text (Shridhar et al. 2021), the same as the original engine's, in plain Python.

    The reward is 1 with the command that fulfils the goal, which ends the episode, else 0.

    Args:
        split: ``generated`` (endless games for training), ``generated_validation``, ``generated_test`` or an
            official one: ``train``, ``valid_seen``, ``valid_unseen``, ``valid_train``.
        task_types: Only these, in long names or as place, look, clean, heat, cool, two; None for all six.
        data: For official splits: a folder of packs or a tree of ``alfworld-download``; None reads the
            environment variable ``ALFWORLD_DATA``.
        expert: Adds ``info["expert_command"]`` (None when the game is won or nothing can win any more):
            ``walkthrough`` (the stored solution while it is followed, then the planner), ``planner`` (knows
            the whole world) or ``explorer`` (knows only what it has read).
        size: Number of games of a generated split.
        generator: Settings of the generator, see ``GeneratorConfig``.
        world: Number of a world (``worlds.WORLDS``) whose habits all its generated games share: where things
            usually lie. Nothing in a game tells them. None for ordinary households.
        goals: ``template`` states the task as the original does; ``human`` in a person's words.
        render_mode: None or ``ansi``.

    Raises:
        ValueError: An argument is not one of its choices, or the games cannot be read (``GameError``).

    Example:
        >>> import gymnasium as gym
        >>> import skill_gym
        >>> env = gym.make("skill_gym/ALFWorld-v0")
        >>> observation, info = env.reset(seed=0)
        >>> observation, reward, terminated, truncated, info = env.step(info["admissible_commands"][0])
    """

    metadata: ClassVar[dict[str, Any]] = {  # type: ignore[misc]
        "render_modes": ["ansi"],
        "render_fps": 1,
        "reply_tags": ("action",),
        "experts": ("explorer", "planner", "walkthrough"),
        "role": "You are a household robot. You act in a text world to complete one task.",
        "instructions": (
            "Commands, with names and numbers as you read them: go to X; open X; close X; examine X; "
            "take O from X; move O to X; use O (turns a lamp on); clean O with sinkbasin N; "
            "heat O with microwave N; cool O with fridge N; slice O with K; look; inventory.\n"
            "You carry one object at a time and reach only what is where you are. "
            "Open closed things before you take from them or move something into them. "
            "'Nothing happens.' means that the command was impossible."
        ),
    }

    def __init__(
        self,
        split: str = "generated",
        *,
        task_types: Sequence[str] | None = None,
        data: str | Path | None = None,
        expert: str | None = None,
        size: int = 1000,
        generator: Mapping[str, Any] | None = None,
        world: int | None = None,
        goals: Goals = "template",
        render_mode: str | None = None,
    ) -> None:
        super().__init__(render_mode=render_mode)
        if expert is not None and expert not in EXPERTS:
            raise ValueError(f"expert must be None or one of {', '.join(EXPERTS)}, got {expert!r}")
        if goals not in get_args(Goals):
            raise ValueError(f"goals must be one of {', '.join(get_args(Goals))}, got {goals!r}")
        self.split, self.goals, self.expert = split, goals, expert
        settings = dict(generator or {})
        if world is not None:
            if split in SPLITS:
                raise ValueError(f"only generated games have a world, {split!r} are not; leave world= out")
            settings["world"] = world
        self._source = _open(split, task_types, data, size, settings)
        self.tasks = self._source.tasks
        self.action_space = FreeText(samples=("look", "inventory", "help", ""))
        self._game: Game | None = None
        self._world: World | None = None
        self._expert: Expert | None = None
        self._goal: str | None = None

    @classmethod
    def player(cls, first_observation: str, advice: str = "") -> Player:
        """An ``Explorer``, which takes the habits that the advice states."""
        return Explorer(first_observation, advice)

    def __getstate__(self) -> dict[str, Any]:
        # The source is rebuilt from its arguments; a pickle of all task names would be half a megabyte.
        return {name: value for name, value in self.__dict__.items() if name != "tasks"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.tasks = self._source.tasks

    @property
    def game(self) -> Game:
        """The game being played (without its problem text)."""
        if self._game is None:
            raise RuntimeError("no game is being played; call reset() first")
        return self._game

    @property
    def world(self) -> World:
        """The state of the game being played; copy it before changing it."""
        if self._world is None:
            raise RuntimeError("no game is being played; call reset() first")
        return self._world

    @property
    def won(self) -> bool:
        """Whether the goal holds now."""
        return self.world.won

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Starts an episode, see ``TextEnv.reset``."""
        observation, info = super().reset(seed=seed, options=options)
        if self._goal is not None and self.task is not None:
            self.task = replace(self.task, goal=self._goal)
        return observation, info

    def begin(self, task: Task) -> Outcome:
        """Starts a game."""
        self._game, layout = SHELF.take(self._source, task.id)
        self._world = World(layout)
        sentence = self._game.sentence
        if self.goals == "human":
            if not self._game.task_descs:
                raise GameError(f"game {task.id} has no human goal; make the env with goals='template'")
            # The original, too, puts its own full stop after whatever the annotator wrote.
            sentence = self._goal = f"{self.np_random.choice(self._game.task_descs)}."
        observation = self._world.opening(sentence)
        info: dict[str, Any] = {} if self._goal is None else {"goal": self._goal}
        if self.expert is not None:
            self._expert = make_expert(self.expert, self._game, self._world, observation)
            info["expert_command"] = self._expert.command()
        return Outcome(observation, info=info)

    def advance(self, command: str) -> Outcome:
        """Carries out one command."""
        world = self.world
        feedback = world.step(command)
        won = world.won
        info: dict[str, Any] = {}
        if self._expert is not None:
            self._expert.observe(command, feedback)
            info["expert_command"] = None if won else self._expert.command()
        return Outcome(feedback, float(won), won, info=info)

    def admissible_commands(self) -> tuple[str, ...]:
        """The commands that do something now, in the original's order."""
        return self.world.admissible()

    def find_task(self, task_id: str) -> Task:
        """The task of that id.

        Raises:
            ValueError: No such task in this split, or it is filtered out; the message names near ones.
        """
        task = self._source.find(task_id)
        if task is not None:
            return task
        known = [task.id for task in self.tasks[:5000]]
        raise ValueError(
            f"no task {task_id!r} in split {self.split!r}; near ones are {near(str(task_id), known)}"
        )


def _open(
    split: str,
    task_types: Sequence[str] | None,
    data: str | Path | None,
    size: int,
    generator: Mapping[str, Any],
) -> GameSource:
    if split in SPLITS:
        return open_games(data, split, task_types)
    from skill_gym.alfworld.generator import GENERATED_SPLITS, GeneratedGames, GeneratorConfig

    if split in GENERATED_SPLITS:
        if data is not None:
            raise ValueError(f"split {split!r} is generated and reads no data; leave data= out")
        try:
            config = GeneratorConfig(**generator)
        except TypeError as error:
            raise ValueError(f"generator: {error}; its settings are those of GeneratorConfig") from error
        return GeneratedGames(split, size=size, task_types=long_task_types(task_types), config=config)
    raise ValueError(f"unknown split {split!r}; there are {', '.join((*GENERATED_SPLITS, *SPLITS))}")
