"""The command ``skill-gym cold-start``: its options, and progress while it trains."""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Adds the options; left out ones keep the recipe of the bundled policy."""
    command.description = (
        "The explorer plays generated games; a policy learns to say what it said, from scratch (the small "
        "policy) or starting from a model. A run that was cut off goes on when the same command is given "
        "again. How the bundled policy was made stands in the README.md beside it."
    )
    command.add_argument(
        "--out", default="runs/cold-start", help="run folder; the policy lands in OUT/policy"
    )
    command.add_argument(
        "--model", default="scratch", help="scratch, tiny, smollm2, a folder, or a Hugging Face id"
    )
    command.add_argument("--episodes", type=int, metavar="N", help="demonstration games")
    command.add_argument("--held-out", type=int, metavar="N", help="games for the accuracy figures")
    command.add_argument("--passes", type=int, metavar="N", help="times through the demonstrations")
    command.add_argument("--minutes", type=float, help="stop training after so long (depends on the machine)")
    command.add_argument(
        "--lr", type=float, help="highest learning rate; about 2e-5 for a model that can speak"
    )
    command.add_argument("--batch-tokens", type=int, metavar="N", help="tokens of one optimiser step")
    command.add_argument("--first-game", type=int, default=0, metavar="N", help="training games to pass over")
    command.add_argument("--noise", type=float, help="chance in each turn that the explorer is disturbed")
    for name, text in (
        ("room-scale", "factor on the size of the games' rooms"),
        ("object-scale", "factor on the number of objects"),
        ("habit-strength", "share of the objects that lie where their world keeps them"),
    ):
        command.add_argument(
            f"--{name}", type=float, nargs="+", metavar="X", help=f"{text}; two numbers: drawn between them"
        )
    command.add_argument("--workers", type=int, metavar="N", help="processes that play the demonstrations")
    command.add_argument("--bf16", action="store_true", help="for GPUs, and CPUs with AVX512-BF16 or AMX")
    command.add_argument("--threads", type=int, default=1, help="of torch; more only on an idle machine")
    command.add_argument("--seed", type=int, default=0)


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def run(options: argparse.Namespace) -> int:
    """Runs the command."""
    from skill_gym.agents.cold_start import ColdStartConfig, cold_start

    config = ColdStartConfig(out=options.out, model=options.model, threads=options.threads, seed=options.seed)
    learning = {"lr": options.lr, "passes": options.passes, "minutes": options.minutes}
    learning["batch_tokens"] = options.batch_tokens
    scales = {
        name: value[0] if len(value) == 1 else value
        for name in ("room_scale", "object_scale", "habit_strength")
        if (value := getattr(options, name)) is not None
    }
    names = ("episodes", "held_out", "first_game", "noise", "workers")
    playing = {name: getattr(options, name) for name in names}
    config = replace(
        config,
        demonstrations=replace(config.demonstrations, generator=scales, **_given(playing)),
        imitation=replace(config.imitation, bf16=options.bf16, **_given(learning)),
    )

    def show(row: Mapping[str, float]) -> None:
        print("  ".join(f"{name} {value:.4g}" for name, value in row.items()), file=sys.stderr)

    print("playing demonstrations, then training; every line is one row of metrics.jsonl", file=sys.stderr)
    folder = cold_start(config, progress=show)
    print(
        f"policy: {folder}\ntry it: skill-gym evaluate --policy {folder} --split generated_test --limit 100"
    )
    return 0
