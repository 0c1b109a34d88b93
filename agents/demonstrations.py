"""A scripted player plays through the real wrappers; its won episodes are what a policy learns from."""

import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import gymnasium as gym

import skill_gym
from skill_gym.agents.demonstration_play import Demonstration, play_demonstration
from skill_gym.registration import step_limit
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.practice import Practice
from skill_gym.text_env import TextEnv
from skill_gym.wrappers import SkillAugmentedEnv, TaggedAction, TaskPrompt

logger = logging.getLogger(__name__)

CHUNK = 500
"""Tasks that a worker plays at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemonstrationConfig:
    """What is played.

    Attributes:
        env: Id of the environment; it must have a scripted player (``TextEnv.player``).
        options: Arguments of the environment, such as ``data`` or ``observation``.
        split: What is played for training.
        held_out_split: What is played for the accuracy figures.
        episodes: Number of episodes of ``split``; each plays a task of its own while there is no ``size``.
        first_game: Episodes to pass over, so that a second training sees new ones.
        held_out: Number of episodes of ``held_out_split``.
        size: Tasks that an environment has; after the last one the first is played again, in whatever
            environment is drawn for it. None for as many as are wanted.
        practice: Which skills are shown how often, and what else differs between episodes.
        bank: Starter bank that lessons come from: its name, or the path of a bank file; None for the
            environment's own.
        max_tokens: Budget of the skill block, in the policy's tokens.
        noise: Chance, in each turn, that mistakes begin: commands of somebody else, one or a few in a row.
            They are read but not learnt, so that the policy learns to go on after its own (as DAgger does).
        max_steps: Longest episode, None for the environment's own limit; only won ones are used.
        generator: Settings of the generator of tasks. A setting with a list of two numbers is drawn between
            them for each task, as a whole number where both are; lists that are no ranges belong into
            ``options["generator"]``.
        in_a_row: Episodes, one after the other, that share what is drawn for ``generator``; more than 1 saves
            time where what the generator makes serves many tasks.
        workers: Processes that play; their number changes nothing in what is played.
        seed: Of skills shown, arguments drawn and noise.
    """

    env: str
    options: Mapping[str, Any] = field(default_factory=dict)
    split: str = "generated"
    held_out_split: str = "generated_validation"
    episodes: int = 40000
    first_game: int = 0
    held_out: int = 60
    size: int | None = None
    practice: Practice = field(default_factory=Practice)
    bank: str | None = None
    max_tokens: int = 250
    noise: float = 0.1
    max_steps: int | None = None
    generator: Mapping[str, Any] = field(default_factory=dict)
    in_a_row: int = 1
    workers: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.episodes < 1 or self.held_out < 1:
            raise ValueError(f"need at least one task of each split, got {self.episodes} and {self.held_out}")
        if self.first_game < 0:
            raise ValueError(f"first_game must be at least 0, got {self.first_game}")
        if not 0 <= self.noise < 1:
            raise ValueError(f"noise must be in [0, 1), got {self.noise}")
        if self.size is not None and self.size < 1:
            raise ValueError(f"size must be at least 1, got {self.size}; pass None for as many as wanted")
        for name in ("workers", "in_a_row"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for setting, value in self.generator.items():
            if _is_range(value) and (len(value) != 2 or value[0] > value[1]):
                raise ValueError(f"{setting} must be a number, or a range as [low, high], got {value}")


def demonstrations(
    config: DemonstrationConfig,
    *,
    held_out: bool = False,
    count_tokens: Callable[[str], int] | None = None,
    max_tokens: int | None = None,
) -> Iterator[Demonstration]:
    """Plays tasks and gives the episodes that were won, in order of the tasks.

    Args:
        config: What is played.
        held_out: Plays the held-out split instead of the training tasks.
        count_tokens: The policy's tokenizer, for the budget of the skill block.
        max_tokens: Another budget than the config's; the tokenizer's training sees every skill whole.

    Raises:
        gymnasium.error.Error: No such environment.
        NotImplementedError: The environment has no scripted player.
        ValueError: The split has fewer tasks, or the environment refuses its arguments.
    """
    split = config.held_out_split if held_out else config.split
    first, tasks = (0, config.held_out) if held_out else (config.first_game, config.episodes)
    starter = load_bank(config)
    lost = 0
    for number in range(first, first + tasks):
        # One stream an episode: adding tasks does not change those before.
        rng = random.Random(f"{config.seed}:{split}:{number}")
        episode = _episode(config, split, number, starter, rng, count_tokens, max_tokens or config.max_tokens)
        if episode is None:
            lost += 1
        else:
            yield episode
    logger.debug("%s: %d of %d tasks won by the scripted player", split, tasks - lost, tasks)


def in_chunks(config: DemonstrationConfig) -> list[DemonstrationConfig]:
    """The same tasks in several configs, so that processes can share them."""
    return [
        replace(config, first_game=start, episodes=min(CHUNK, config.first_game + config.episodes - start))
        for start in range(config.first_game, config.first_game + config.episodes, CHUNK)
    ]


def load_bank(config: DemonstrationConfig) -> SkillBank:
    """The bank that lessons come from."""
    if config.bank is not None and config.bank.endswith(".json"):
        return SkillBank.load(config.bank)
    return SkillBank.starter(config.bank or config.env)


def _episode(
    config: DemonstrationConfig,
    split: str,
    number: int,
    starter: SkillBank,
    rng: random.Random,
    count_tokens: Callable[[str], int] | None,
    max_tokens: int,
) -> Demonstration | None:
    """One task, in an environment and with the skills that were drawn for it."""
    drawn = config.practice.options(split, rng)
    draw = rng
    if config.in_a_row > 1:
        draw = random.Random(f"{config.seed}:{split}:settings:{number // config.in_a_row}")
    settings = {
        name: _between(value, draw) if _is_range(value) else value for name, value in config.generator.items()
    }
    generator = {"generator": {**config.options.get("generator", {}), **settings}} if settings else {}
    skill_gym.register_suite()
    made = gym.make(
        config.env,
        disable_env_checker=True,
        **({} if config.max_steps is None else step_limit(config.env, config.max_steps)),
        **{"split": split, "size": config.size or number + 1, **config.options, **drawn, **generator},
    )
    env: TextEnv = made.unwrapped  # type: ignore[assignment]
    place = number % (config.size or number + 1)
    if place >= len(env.tasks):
        raise ValueError(
            f"split {split!r} of {config.env} has {len(env.tasks)} tasks, wanted is number {place}; "
            f"set size={len(env.tasks)}, so that they are played again and again"
        )
    task = env.tasks[place]
    shown = SkillAugmentedEnv(
        TaskPrompt(TaggedAction(made), layout="transcript", think=True),
        config.practice.retriever(task, drawn, starter, rng),
        max_tokens=max_tokens,
        count_tokens=count_tokens,
    )
    return play_demonstration(shown, env, task.id, config.practice, rng, config.noise)


def _is_range(value: Any) -> bool:
    """Whether a setting is a list of numbers."""
    return isinstance(value, list | tuple) and all(isinstance(one, int | float) for one in value)


def _between(ends: Sequence[float], rng: random.Random) -> float:
    """A number of a range; a whole one where both ends are."""
    low, high = ends
    return (
        rng.randint(low, high) if isinstance(low, int) and isinstance(high, int) else rng.uniform(low, high)
    )
