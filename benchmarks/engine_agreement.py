"""Claim: in a whole GRPO iteration vLLM and the trainer find the same log-probabilities of what was said."""

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

from skill_gym.agents.config import load_config
from skill_gym.agents.metrics import read_metrics
from skill_gym.agents.models import resolve_model
from skill_gym.agents.trainer import Trainer
from skill_gym.agents.vllm_policy import VLLMPolicy
from skill_gym.benchmarks.claim import Bound, Claim, Figure, options, table
from skill_gym.benchmarks.engine import PACKAGES

Precision = Literal["fp32", "bf16"]

SETTINGS = (
    "env.layout=transcript",
    "grpo.mini_batch_size=4",
    "grpo.micro_batch_tokens=4096",
    "validation.every=0",
    "run.iterations=1",
    "run.keep_last=1",
)
"""Two optimiser steps, with the reference model and everything else that is on by default."""

SHOWN: Mapping[str, str] = {
    "mismatch_mean": "learner/mismatch_mean",
    "mismatch_max": "learner/mismatch_max",
    "reply_tokens": "learner/reply_tokens",
    "ratio_max": "learner/ratio_max",
    "kl": "loss/kl",
    "grad_norm": "learner/grad_norm",
    "token_reuse": "learner/token_reuse",
    "cache_hits": "rollout/cache_hits",
    "invalid_share": "episode/invalid_share",
    "rollout_s": "time/rollout",
    "update_s": "time/update",
    "sync_s": "time/sync",
}
"""Figure -> the run's metric. The mismatch is in nats a token, before the first optimiser step."""

FP32_LIMIT = 1e-4
"""Largest difference of a token's log-probability in fp32, in nats; what ``VLLMPolicy`` promises on a CPU."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and gives the exit code."""
    given = _parser().parse_args(arguments)
    measured = {precision: iteration(given, precision) for precision in given.precisions}
    figures: dict[str, Figure] = {
        f"{precision}_{name}": value for precision, found in measured.items() for name, value in found.items()
    }
    rows = [
        [name, *(f"{found[name]:.3g}" for found in measured.values())]
        for name in next(iter(measured.values()))
    ]
    print(table([f"one iteration of {_model(given)}", *measured], rows))
    text = (
        "what vLLM says a reply token's log-probability is, the trainer finds, too: in fp32 within "
        f"{FP32_LIMIT:g} for every token of a GRPO iteration"
    )
    return Claim(text, figures, [Bound("fp32_mismatch_max", "<=", FP32_LIMIT)], PACKAGES).finish(given.json)


def iteration(given: argparse.Namespace, precision: Precision) -> dict[str, float]:
    """One iteration of GRPO with engine and trainer in a precision; masters are fp32 in both.

    Returns:
        ``SHOWN``, and the seconds that engine and trainer took to start.

    Raises:
        PolicyError: vLLM is not installed or does not start.
    """
    began = perf_counter()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "run"
        config = load_config(None, [*SETTINGS, *_settings(given, precision, folder), *given.settings])
        policy = VLLMPolicy(
            resolve_model(config.model.path),
            dtype="float32" if precision == "fp32" else "bfloat16",
            max_model_len=config.sampler.context_length,
            max_concurrent=config.sampler.slots,
            seed=config.run.seed,
            name=config.model.path,
        )
        try:
            with Trainer(config, policy=policy) as trainer:
                start = perf_counter() - began
                trainer.train()
        finally:
            policy.close()
        metrics: dict[str, Any] = read_metrics(folder / "metrics.jsonl")[-1]
    return {**{name: float(metrics[key]) for name, key in SHOWN.items()}, "start_s": start}


def _settings(given: argparse.Namespace, precision: Precision, folder: Path) -> list[str]:
    games = ["env.split=generated"]
    if given.data is not None:
        games = [f"env.data={given.data}", "env.split=train"]
    return [
        *games,
        f"env.max_steps={given.steps}",
        f"model.path={_model(given)}",
        f"grpo.bf16={str(precision == 'bf16').lower()}",
        f"rollout.tasks_per_iteration={given.tasks}",
        f"rollout.group_size={given.group}",
        f"sampler.max_new_tokens={given.new_tokens}",
        f"sampler.slots={given.tasks * given.group}",
        "sampler.context_length=4096",
        f"run.folder={folder}",
    ]


def _model(given: argparse.Namespace) -> str:
    return given.model or ("tiny" if given.quick else "smollm2")


def _parser() -> argparse.ArgumentParser:
    parser = options(__doc__)
    parser.add_argument("--model", help="smollm2, or tiny with --quick; a folder, or a Hugging Face id")
    parser.add_argument("--data", metavar="FOLDER", help="official ALFWorld games, else generated ones")
    parser.add_argument("--tasks", type=int, default=2, help="groups")
    parser.add_argument("--group", type=int, default=4, help="episodes of a group")
    parser.add_argument("--steps", type=int, default=6, help="turns of an episode")
    parser.add_argument("--new-tokens", type=int, default=32, help="longest reply")
    parser.add_argument(
        "--precisions", nargs="+", choices=("fp32", "bf16"), default=["fp32", "bf16"], help="what to run in"
    )
    parser.add_argument(
        "--set", dest="settings", nargs="+", default=(), metavar="KEY=VALUE", help="as for skill-gym train"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
