"""The command ``skill-gym cold-start``: its options, and progress while it trains."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple

from skill_gym.benchmarks.env_options import key_values
from skill_gym.registration import SUITE, check_arguments
from skill_gym.skillbanks.habit_practice import HabitPractice
from skill_gym.skillbanks.practice import Practice

if TYPE_CHECKING:
    from skill_gym.agents.demonstrations import DemonstrationConfig
    from skill_gym.agents.sft_folder import SftFolder
    from skill_gym.agents.tiny_policy import TinyPolicyConfig


class Recipe(NamedTuple):
    """What an environment's cold start does unless it is told otherwise.

    Attributes:
        practice: What differs between episodes.
        generator: Settings of the generator, where tasks are generated.
        size: Tasks of one generated environment, None for as many as are wanted.
        in_a_row: Episodes in a row that share what is drawn for the generator.
        noise: Chance that the player is disturbed, None for the usual one.
        policy: Size of the small policy, where not the usual one.
        options: Arguments of the environment, where tasks are generated.
        word_games: Tasks that give the tokenizer its words at least.
    """

    practice: Practice = Practice()
    generator: Mapping[str, Any] = {}
    size: int | None = None
    in_a_row: int = 1
    noise: float | None = None
    policy: Mapping[str, float] = {}
    options: Mapping[str, Any] = {}
    word_games: int = 0


RECIPES: Mapping[str, Recipe] = {
    "skill_gym/ALFWorld-v0": Recipe(HabitPractice()),
    # Twenty shops of the usual size: in one large shop a page of results looks different. An episode has 15
    # steps, of which mistakes take too many if there are more. Names and words are many and pages long.
    "skill_gym/WebShop-v0": Recipe(
        generator={"seed": [0, 19]},
        size=1000,
        noise=0.05,
        policy={"vocab_size": 4096, "phrases": 64, "context_length": 8192},
    ),
    # One passage, and questions of one or two facts, keep an episode short. The vocabulary has the syllables
    # of names, which are few, not the names, which are thousands. In many worlds no fact is known by heart.
    "skill_gym/Search-v0": Recipe(
        practice=Practice(none=0.9),
        generator={"seed": [0, 999]},
        size=20,
        in_a_row=20,
        noise=0.03,
        policy={
            "vocab_size": 1500,
            "phrases": 512,
            "hidden_size": 128,
            "intermediate_size": 384,
            "layers": 4,
            "heads": 4,
            "context_length": 2048,
            "initializer_range": 0.06,
        },
        options={"topk": 1, "generator": {"scale": 0.5, "kinds": ["lookup", "chain"], "hops": [1, 2]}},
    ),
}
"""By id; any other environment has the plain recipe."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Adds the options; left out ones keep the recipe of the bundled policy."""
    command.description = (
        "The environment's scripted player plays; a policy learns to say what it said, from scratch (the "
        "small policy) or starting from a model. With --data it learns from the files of skill-gym export "
        "instead. A run that was cut off goes on when the same command is given again. How the bundled "
        "policy was made stands in the README.md beside it."
    )
    command.add_argument(
        "--data", metavar="FOLDER", help="learn from exported examples; what is played does not matter then"
    )
    command.add_argument("--data-format", metavar="NAME", help="which of its files; the fullest if left out")
    add_playing(command)
    command.add_argument(
        "--out", default="runs/cold-start", help="run folder; the policy lands in OUT/policy"
    )
    command.add_argument(
        "--model", default="scratch", help="scratch, tiny, smollm2, a folder, or a Hugging Face id"
    )
    command.add_argument(
        "--read-weight", type=float, metavar="X", help="weight of what the world answers, 1 for a reply"
    )
    command.add_argument("--passes", type=int, metavar="N", help="times through the demonstrations")
    command.add_argument("--minutes", type=float, help="stop training after so long (depends on the machine)")
    command.add_argument(
        "--lr", type=float, help="highest learning rate; about 2e-5 for a model that can speak"
    )
    command.add_argument("--batch-tokens", type=int, metavar="N", help="tokens of one optimiser step")
    command.add_argument("--bf16", action="store_true", help="for GPUs, and CPUs with AVX512-BF16 or AMX")
    command.add_argument("--threads", type=int, default=1, help="of torch; more only on an idle machine")
    command.add_argument("--seed", type=int, default=0)


def add_playing(command: argparse.ArgumentParser) -> None:
    """Adds the options of what the scripted player plays, and of the small policy that may learn it."""
    command.add_argument(
        "--env", default="skill_gym/ALFWorld-v0", metavar="ID", help=f"environment: {', '.join(SUITE)}"
    )
    command.add_argument("--split", help="tasks for training; generated if left out")
    command.add_argument("--held-out-split", metavar="SPLIT", help="generated_validation if left out")
    command.add_argument("--episodes", type=int, metavar="N", help="demonstrations")
    command.add_argument("--held-out", type=int, metavar="N", help="tasks for the accuracy figures")
    command.add_argument("--size", type=int, metavar="N", help="tasks of one environment, played repeatedly")
    command.add_argument("--bank", help="whose lessons are shown: a starter bank or a file; the env's own")
    command.add_argument("--first-game", type=int, default=0, metavar="N", help="training tasks to pass over")
    command.add_argument("--noise", type=float, help="chance in each turn that the player is disturbed")
    for name, text, example in (
        ("generator", "settings of generated tasks", "room_scale=0.5, or room_scale=[0.3,1] to draw between"),
        ("env-options", "further arguments of the environment", "observation=text_rich"),
        ("policy-size", "size of the small policy", "context_length=8192 vocab_size=4096"),
    ):
        command.add_argument(
            f"--{name}", nargs="+", metavar="KEY=VALUE", default=(), help=f"{text}, e.g. {example}"
        )
    for name, text in (
        ("room-scale", "ALFWorld: factor on the size of the games' rooms"),
        ("object-scale", "ALFWorld: factor on the number of objects"),
        ("habit-strength", "ALFWorld: share of the objects that lie where their world keeps them"),
    ):
        command.add_argument(
            f"--{name}", type=float, nargs="+", metavar="X", help=f"{text}; two numbers: drawn between them"
        )
    command.add_argument("--workers", type=int, metavar="N", help="processes that play the demonstrations")


def _given(options: argparse.Namespace, names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(options, name)) is not None}


def policy_size(options: argparse.Namespace) -> "TinyPolicyConfig":
    """The size of the small policy: the recipe's, and what ``--policy-size`` changes."""
    from skill_gym.agents.tiny_policy import TinyPolicyConfig

    recipe = RECIPES.get(options.env, Recipe())
    settings = {**recipe.policy, **key_values(options.policy_size, "--policy-size", "layers=4")}
    names = [one.name for one in fields(TinyPolicyConfig)]
    unknown = [name for name in settings if name not in names]
    if unknown:
        raise ValueError(f"unknown --policy-size {unknown[0]!r}; the settings are {', '.join(names)}")
    return TinyPolicyConfig(**settings)


def played(options: argparse.Namespace) -> "DemonstrationConfig":
    """What the scripted player plays: the environment's recipe, and what the options change."""
    from skill_gym.agents.demonstrations import DemonstrationConfig

    env_options = key_values(options.env_options, "--env-options", "data=shop")
    check_arguments(options.env, env_options)
    recipe = RECIPES.get(options.env, Recipe())
    scales = {
        name: value[0] if len(value) == 1 else value
        for name in ("room_scale", "object_scale", "habit_strength")
        if (value := getattr(options, name)) is not None
    }
    generator = scales | key_values(options.generator, "--generator", "room_scale=0.5")
    size, noise = options.size, options.noise
    if options.split is None:
        size = size or recipe.size
        generator = {**recipe.generator, **generator}
        env_options = {**recipe.options, **env_options}
    names = ("split", "held_out_split", "episodes", "held_out", "first_game", "bank", "workers")
    given = _given(options, names)
    noise = recipe.noise if noise is None else noise
    if noise is not None:
        given["noise"] = noise
    return DemonstrationConfig(
        env=options.env,
        practice=recipe.practice,
        options=env_options,
        generator=generator,
        in_a_row=recipe.in_a_row,
        size=size,
        **given,
    )


def run(options: argparse.Namespace) -> int:
    """Runs the command."""
    from skill_gym.agents.cold_start import ColdStartConfig, cold_start
    from skill_gym.agents.imitation import ImitationConfig
    from skill_gym.agents.sft_folder import SftFolder

    data = None if options.data is None else SftFolder.open(options.data)
    if data is not None:
        options.env = data.manifest["env"]
    learning = ("lr", "passes", "minutes", "batch_tokens", "read_weight")
    config = ColdStartConfig(
        demonstrations=played(options) if options.data is None else None,
        data=options.data,
        data_format=options.data_format,
        held_out=None if options.data is None else options.held_out,
        imitation=ImitationConfig(bf16=options.bf16, **_given(options, learning)),
        policy=policy_size(options),
        word_games=RECIPES.get(options.env, Recipe()).word_games,
        out=options.out,
        model=options.model,
        threads=options.threads,
        seed=options.seed,
    )

    def show(row: Mapping[str, float]) -> None:
        print("  ".join(f"{name} {value:.4g}" for name, value in row.items()), file=sys.stderr)

    begin = "playing demonstrations" if options.data is None else f"reading {options.data}"
    print(f"{begin}, then training; every line is one row of metrics.jsonl", file=sys.stderr)
    folder = cold_start(config, progress=show)
    print(f"policy: {folder}\ntry it: {evaluation(options.env, str(folder), data)}")
    return 0


def evaluation(env: str, policy: str, data: "SftFolder | None") -> str:
    """The command that evaluates a policy by prompts such as it learnt from (the player's, without data)."""
    layout, think = "transcript", True
    if data is not None:
        layout = data.manifest["layout"]
        think = "<think>" in next(data.episodes("train")).replies[0]
    form = f" --layout {layout}{' --think' if think else ''}"
    return f"skill-gym evaluate --env {env} --policy {policy}{form} --split generated_test --limit 100"
