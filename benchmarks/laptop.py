"""The laptop experiment's settings, in one place: what is played, how much of it, and how it is learnt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from skill_gym.agents.config import load_config
from skill_gym.agents.sampler import Backend
from skill_gym.agents.sections import TrainConfig
from skill_gym.alfworld.worlds import WORLDS

LAPTOP_GAMES: Mapping[str, float] = MappingProxyType(
    {"room_scale": 0.6, "object_scale": 0.35, "habit_strength": 0.9}
)
"""Settings of the games' generator: rooms smaller and barer than the official ones."""

MAX_STEPS = 20
"""Turns of an episode."""

TRAIN_SPLIT, EXPERIENCE_SPLIT, TEST_SPLIT = "generated", "generated_validation", "generated_test"
"""Inside a world GRPO plays the first, collection and evolution read the second, success is of the third."""

SETTINGS = (
    "model.path=tiny",
    f"env.split={TRAIN_SPLIT}",
    f"env.max_steps={MAX_STEPS}",
    "env.layout=transcript",
    "env.think=true",
    "bank.path=empty",
    "bank.max_tokens=250",
    "sampler.max_new_tokens=64",
    "sampler.slots=64",
    "grpo.lr=3e-4",
    "grpo.kl_coef=0",
    "grpo.entropy_coef=0",
    "grpo.mini_batch_size=32",
    f"validation.split={EXPERIENCE_SPLIT}",
    "validation.temperature=1.0",
    "evolution.update_threshold=1.0",
    "run.keep_last=1",
)
"""What differs from the defaults of ``skill-gym train``: a small policy in small rooms, short replies."""

Variant = Literal["full", "no-evolution", "no-hierarchy", "raw-trajectories", "no-cold-start", "no-skills"]
VARIANTS: Mapping[Variant, str] = MappingProxyType(
    {
        "full": "skills with hierarchy, distilled before training and evolving in it",
        "no-evolution": "the bank stays as it was distilled",
        "no-hierarchy": "the bank is one flat list: no task types, no keywords, only the token budget",
        "raw-trajectories": "solved episodes themselves instead of skills, under the same token budget",
        "no-cold-start": "the policy starts from random weights",
        "no-skills": "GRPO alone: no bank is ever shown",
    }
)
"""The method and what is taken away from it, as in the paper's ablations."""

VARIANT_SETTINGS: Mapping[Variant, tuple[str, ...]] = MappingProxyType(
    {
        "full": ("evolution.enable_dynamic_update=true",),
        "no-evolution": ("evolution.enable_dynamic_update=false",),
        "no-hierarchy": ("evolution.enable_dynamic_update=true", "bank.hierarchy=false"),
        "raw-trajectories": ("evolution.enable_dynamic_update=true",),
        "no-cold-start": ("evolution.enable_dynamic_update=true",),
        "no-skills": ("evolution.enable_dynamic_update=false",),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaptopSize:
    """How much is played in one world with one seed.

    Attributes:
        games: Games of the test split in each evaluation.
        collect: Episodes that the first bank is distilled from.
        iterations: GRPO iterations.
        tasks: Groups of an iteration.
        group: Episodes of a group.
        validate_every: Iterations between validations, which evolution reads.
        validation: Episodes of a validation; each validation plays other games.
        settings: Further settings as for ``skill-gym train``; they win.
    """

    games: int
    collect: int
    iterations: int
    tasks: int = 8
    group: int = 8
    validate_every: int = 2
    validation: int = 48
    settings: Sequence[str] = field(default=())

    def __post_init__(self) -> None:
        for name in ("games", "collect", "iterations", "tasks", "group", "validate_every", "validation"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        object.__setattr__(self, "settings", tuple(self.settings))


DEMO = LaptopSize(games=100, collect=60, iterations=5)
"""Five to six minutes on two cores with vLLM."""

FULL = LaptopSize(
    games=150, collect=120, iterations=20, validate_every=4, settings=("validation.before_training=true",)
)
"""About twelve minutes for each world, seed and variant on two cores with vLLM."""


def held_out_worlds(count: int) -> list[int]:
    """The first worlds of the test range; no policy that we bundle was trained in one of them.

    Raises:
        ValueError: Fewer than one, or more than there are.
    """
    worlds = WORLDS["test"]
    if not 1 <= count <= len(worlds):
        raise ValueError(f"the number of worlds must be from 1 to {len(worlds)}, got {count}")
    return list(worlds[:count])


def laptop_config(
    size: LaptopSize,
    *,
    world: int,
    seed: int,
    folder: Path,
    variant: Variant = "full",
    backend: Backend = "auto",
) -> TrainConfig:
    """The settings of one training, which its evaluations share.

    Args:
        size: How much is played.
        world: Which world.
        seed: Of everything that is drawn.
        folder: The training's run folder.
        variant: What is taken away.
        backend: Who samples.

    Raises:
        ConfigError: A setting is unknown or out of range.
        ValueError: No such variant.
    """
    if variant not in get_args(Variant):
        raise ValueError(f"variant must be one of {', '.join(get_args(Variant))}, got {variant!r}")
    generator = ", ".join(f"{name}: {value}" for name, value in LAPTOP_GAMES.items())
    # Validations come after the games that the first bank was distilled from.
    played = size.collect + (size.iterations // size.validate_every + 1) * size.validation
    listed = max(1000, size.games, played, size.iterations * size.tasks)
    return load_config(
        None,
        [
            *SETTINGS,
            f"env.options={{world: {world}, size: {listed}, generator: {{{generator}}}}}",
            f"rollout.tasks_per_iteration={size.tasks}",
            f"rollout.group_size={size.group}",
            f"validation.every={size.validate_every}",
            f"validation.tasks={size.validation}",
            f"validation.first={size.collect}",
            "validation.fresh=true",
            f"sampler.backend={backend}",
            f"run.folder={folder}",
            f"run.name={variant}",
            f"run.seed={seed}",
            f"run.iterations={size.iterations}",
            f"run.checkpoint_every={size.validate_every}",
            *VARIANT_SETTINGS[variant],
            *size.settings,
        ],
    )


def described(size: LaptopSize) -> dict[str, Any]:
    """The size as JSON has it, to tell one run from another."""
    return {name: getattr(size, name) for name in size.__slots__} | {"settings": list(size.settings)}
