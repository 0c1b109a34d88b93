"""Claim: a habit that a skill states is worth steps in its own world, and nothing or less in another."""

import argparse
import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from skill_gym.agents.config import load_config
from skill_gym.agents.policy import Policy, Sampling
from skill_gym.agents.sections import TrainConfig
from skill_gym.alfworld.worlds import true_habits
from skill_gym.benchmarks import suite
from skill_gym.benchmarks.claim import Bound, Claim, Figure, options, table
from skill_gym.benchmarks.evaluate import evaluate
from skill_gym.benchmarks.evaluation import Evaluation
from skill_gym.benchmarks.laptop import (
    EXPERIENCE_SPLIT,
    LAPTOP_GAMES,
    MAX_STEPS,
    SETTINGS,
    TEST_SPLIT,
    held_out_worlds,
)
from skill_gym.benchmarks.players import open_player, token_counter
from skill_gym.benchmarks.pooling import pool, pooled_difference, student
from skill_gym.benchmarks.progress import EpisodeBar
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.distillation import distil
from skill_gym.skillbanks.habit_practice import habit_bank
from skill_gym.skillbanks.rule_teacher import RuleTeacher
from skill_gym.trajectory import Trajectory

ARMS = {
    "none": "no skills",
    "right": "the world's true habits",
    "other": "the true habits of another world",
    "found": "habits found in the world's own episodes",
    "shuffled": "the same banks, dealt to other worlds",
}

ENOUGH = 2000
"""Games from which on another world's skills must be shown to give nothing, and not only less."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and gives the exit code."""
    given = _parser().parse_args(arguments)
    explorer = given.policy == "explorer"
    worlds = held_out_worlds(given.worlds or (25 if explorer else 20 if not given.quick else 5))
    games = given.games or ((20 if given.quick else 80) if explorer else 16)
    limit = given.max_steps or (10 if explorer else MAX_STEPS)
    config = load_config(None, SETTINGS)
    policy = open_player(given.policy, backend=given.backend, seed=given.seed, slots=config.sampler.slots)
    stage = _Stage(policy, config, given.seed)
    banks = _banks(stage, worlds, given.episodes if explorer or given.found else 0)
    results: dict[str, dict[str, Evaluation]] = {arm: {} for arm in banks}
    with EpisodeBar(len(banks) * len(worlds) * games, "playing") as bar:
        for world in worlds:
            for arm, dealt in banks.items():
                results[arm][str(world)] = stage.play(
                    TEST_SPLIT, world, games, limit, bank=dealt[world], on_played=bar.played
                )
    figures: dict[str, Figure] = {"worlds": len(worlds), "games": len(worlds) * games, "max_steps": limit}
    figures |= _compare(results, limit)
    if given.data:
        figures |= _official(stage, given.data)
    # A few hundred games cannot tell nothing from two games in a hundred; that it is less than the right
    # skills give they can.
    small = len(worlds) * games < ENOUGH
    bounds = [Bound("right_gain_low", ">=", 0)]
    bounds.append(Bound("other_gain_high", "<=", float(figures["right_gain_low"] or 0) if small else 0.02))
    if "found" in banks:
        bounds.append(Bound("found_gain_low", ">=", 0))
        bounds.append(
            Bound("shuffled_gain_high", "<=", float(figures["found_gain_low"] or 0) if small else 0.02)
        )
    text = (
        f"{given.policy} solves more held-out games with skills that state its world's habits than without "
        "skills, and no more with another world's"
    )
    return Claim(text, figures, bounds).finish(given.json)


class _Stage:
    """Where one player plays the laptop's games."""

    def __init__(self, policy: Policy, config: TrainConfig, seed: int) -> None:
        self._policy, self._config, self._seed = policy, config, seed

    def play(
        self,
        split: str,
        world: int | None,
        games: int,
        max_steps: int,
        *,
        bank: SkillBank,
        on_played: Any = None,
        **env: Any,
    ) -> Evaluation:
        """The split's first games, each once; in a world by the laptop's generator."""
        config = self._config
        if world is not None:
            env |= {"world": world, "size": games, "generator": dict(LAPTOP_GAMES)}
        make_env = partial(
            suite.make,
            config.env.id,
            bank=bank,
            layout=config.env.layout,
            think=config.env.think,
            max_tokens=config.bank.max_tokens,
            count_tokens=token_counter(self._policy),
            policy_name=self._policy.name,
            max_episode_steps=max_steps,
            split=split,
            **env,
        )
        sampling = Sampling(
            temperature=config.validation.temperature, max_new_tokens=config.sampler.max_new_tokens
        )
        return evaluate(
            make_env,
            self._policy,
            slots=config.sampler.slots,
            sampling=sampling,
            seed=self._seed,
            on_played=on_played,
        )


def _banks(stage: _Stage, worlds: Sequence[int], episodes: int) -> dict[str, dict[int, SkillBank]]:
    """Arm -> world -> bank; without episodes nothing is found."""
    others = [*worlds[1:], worlds[0]] if len(worlds) > 1 else [worlds[0] + 1]
    right = {world: habit_bank(true_habits(world)) for world in worlds}
    banks = {
        "none": dict.fromkeys(worlds, SkillBank.empty()),
        "right": right,
        "other": {world: habit_bank(true_habits(other)) for world, other in zip(worlds, others, strict=True)},
    }
    if episodes:
        found = {}
        with EpisodeBar(len(worlds) * episodes, "collecting") as bar:
            for world in worlds:
                seen: list[Trajectory] = []

                def keep(played: Any, seen: list[Trajectory] = seen) -> None:
                    seen.append(played.trajectory)
                    bar.played(played)

                empty = SkillBank.empty()
                stage.play(EXPERIENCE_SPLIT, world, episodes, MAX_STEPS, bank=empty, on_played=keep)
                found[world] = distil(empty, seen, RuleTeacher()).bank
        banks["found"] = found
        if len(worlds) > 1:
            banks["shuffled"] = {world: found[other] for world, other in zip(worlds, others, strict=True)}
    return banks


def _compare(results: Mapping[str, Mapping[str, Evaluation]], limit: int) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    rows = []
    for arm, by_world in results.items():
        whole = pool(by_world)
        steps = [_mean_steps(by_world[world]) - _mean_steps(results["none"][world]) for world in by_world]
        games, over_worlds = pooled_difference(results["none"], by_world)
        saved = student(steps)
        rate = whole.success()
        figures |= {f"{arm}_success": rate.value, f"{arm}_steps": _mean_steps(whole)}
        row = [ARMS[arm], str(rate), f"{_mean_steps(whole):.2f}", "", "", ""]
        if arm != "none":
            figures |= {
                f"{arm}_gain": games.value,
                f"{arm}_gain_low": games.low,
                f"{arm}_gain_high": games.high,
            }
            row[3:] = [
                str(games),
                str(over_worlds),
                f"{saved.value:+.2f} [{saved.low:+.2f}, {saved.high:+.2f}]",
            ]
        rows.append(row)
    print(f"\nSuccess within {limit} steps; differences to no skills are paired, with 95% intervals.\n")
    head = ["skills shown", "success", "steps", "difference over games", "over worlds", "steps, over worlds"]
    print(table(head, rows))
    if "shuffled" in results:
        control, _ = pooled_difference(results["shuffled"], results["found"])
        figures |= {"found_over_shuffled": control.value, "found_over_shuffled_low": control.low}
    return figures


def _official(stage: _Stage, data: str) -> dict[str, Figure]:
    with EpisodeBar(140, "valid_seen") as bar:
        played = stage.play(
            "valid_seen", None, 0, 50, bank=SkillBank.empty(), on_played=bar.played, data=data
        )
    rate = played.success()
    print(f"\nvalid_seen, official games, 50 steps, no skills: {rate}")
    return {"valid_seen": rate.value, "valid_seen_low": rate.low, "valid_seen_high": rate.high}


def _mean_steps(evaluation: Evaluation) -> float:
    return sum(result.steps for result in evaluation.results) / len(evaluation.results)


def _parser() -> argparse.ArgumentParser:
    parser = options(__doc__)
    parser.add_argument("--policy", default="explorer", help="explorer, or a model such as tiny")
    parser.add_argument("--backend", choices=("auto", "vllm", "transformers"), default="auto")
    parser.add_argument("--worlds", type=int, help="held-out worlds; 25, or 20 for a model")
    parser.add_argument("--games", type=int, help="games of each world; 80, or 16 for a model")
    parser.add_argument("--max-steps", type=int, help=f"step limit; 10, or {MAX_STEPS} for a model")
    parser.add_argument("--episodes", type=int, default=60, help="episodes that habits are found in")
    parser.add_argument("--found", action="store_true", help="find habits with a model, too")
    parser.add_argument(
        "--data", default=os.environ.get("ALFWORLD_DATA"), metavar="DIR", help="official games for valid_seen"
    )
    parser.add_argument("--seed", type=int, default=0)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
