"""Claim: the native ALFWorld engine is a thousand times faster than the original and needs little memory."""

import gc
import random
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium as gym

from skill_gym.alfworld.games import ENV_ID, open_games
from skill_gym.alfworld.reference import ReferenceGame, reference_installed
from skill_gym.alfworld.shelf import SHELF
from skill_gym.benchmarks.alfworld_data import games_folder
from skill_gym.benchmarks.claim import Bound, Claim, Figure, options, shown, table
from skill_gym.benchmarks.process import in_new_process, memory_mb

CLAIM = (
    "against the original engine, a step takes at most 1/1,000 of the time, a reset to a new game 1/200 and "
    "to a loaded one 1/5,000; 128 environments of 128 games stay under 300 MB"
)
BOUNDS = (
    Bound("step_us", "<=", 85),
    Bound("reset_us", "<=", 11_000),
    Bound("reset_again_us", "<=", 440),
    Bound("rss_mb_128", "<=", 300),
    Bound("step_ratio", ">=", 1000),
    Bound("reset_ratio", ">=", 200),
    Bound("reset_again_ratio", ">=", 5000),
    Bound("identical", ">=", 1),
)
SPLIT = "train"


class Timing(NamedTuple):
    """Seconds that each thing took, and what was played.

    Attributes:
        resets: Resets to games not loaded before.
        again: Resets to the same games, loaded.
        steps: Steps, with the admissible commands at hand.
        played: Per game the texts and commands, to be compared.
    """

    resets: list[float]
    again: list[float]
    steps: list[float]
    played: list[list[tuple[str, tuple[str, ...]]]]


def time_native(env: gym.Env[str, str], ids: Sequence[str], steps: int) -> tuple[Timing, list[list[str]]]:
    """Plays random admissible commands on the native engine; also gives the commands, game by game."""
    timing = Timing([], [], [], [])
    scripts: list[list[str]] = []
    for number, task_id in enumerate(ids):
        dice = random.Random(number)
        script: list[str] = []
        start = time.perf_counter()
        text, info = env.reset(options={"task": task_id})
        timing.resets.append(time.perf_counter() - start)
        start = time.perf_counter()
        text, info = env.reset(options={"task": task_id})
        timing.again.append(time.perf_counter() - start)
        seen: list[tuple[str, tuple[str, ...]]] = [(text, info["admissible_commands"])]
        over = False
        while len(script) < steps and not over:
            script.append(dice.choice(info["admissible_commands"]))
            start = time.perf_counter()
            text, _, over, _, info = env.step(script[-1])
            timing.steps.append(time.perf_counter() - start)
            seen.append((text, info["admissible_commands"]))
        timing.played.append(seen)
        scripts.append(script)
    return timing, scripts


def time_original(folder: Path, ids: Sequence[str], scripts: Sequence[Sequence[str]]) -> Timing:
    """Plays the same commands on the original engine; its reset loads the game each time."""
    timing = Timing([], [], [], [])
    source = open_games(folder, SPLIT)
    for task_id, script in zip(ids, scripts, strict=True):
        with ReferenceGame(source.game(task_id)) as game:
            start = time.perf_counter()
            seen = [game.reset()]
            timing.resets.append(time.perf_counter() - start)
            for command in script:
                start = time.perf_counter()
                answer = game.step(command)
                timing.steps.append(time.perf_counter() - start)
                seen.append((answer.feedback, answer.admissible))
            timing.played.append(seen)
    return timing


def measure_memory(folder: Path, environments: int = 128) -> tuple[float, float]:
    """Present and highest resident memory in MB of a new process that plays as many games at once."""
    now, peak = in_new_process("skill_gym.benchmarks.alfworld_speed", "hold", str(folder), environments)
    return now, peak


def hold(folder: str, environments: int) -> tuple[float, float]:
    """Plays 20 steps in each of many environments; gives resident memory, present and highest, in MB."""
    import skill_gym  # noqa: F401 - registers

    envs = [gym.make(ENV_ID, split=SPLIT, data=folder) for _ in range(environments)]
    tasks = envs[0].unwrapped.tasks  # type: ignore[attr-defined]
    stride = max(1, len(tasks) // environments)
    dice = random.Random(0)
    infos: list[dict[str, Any]] = []
    for number, env in enumerate(envs):
        infos.append(env.reset(options={"task": tasks[number * stride % len(tasks)].id})[1])
    for _ in range(20):
        for number, env in enumerate(envs):
            if not infos[number]["won"]:
                infos[number] = env.step(dice.choice(infos[number]["admissible_commands"]))[4]
    gc.collect()
    return memory_mb("VmRSS"), memory_mb("VmHWM")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and gives the exit code."""
    parser = options(__doc__)
    parser.add_argument("--data", metavar="DIR", help="folder of packs or tree of official games")
    parser.add_argument("--no-original", action="store_true", help="leave the original engine out")
    given = parser.parse_args(arguments)
    many, few, steps = (60, 5, 25) if given.quick else (300, 20, 50)
    figures: dict[str, Figure] = {}
    with games_folder(given.data, split=SPLIT) as (folder, words):
        print(f"Games: {words}")
        env = gym.make(ENV_ID, split=SPLIT, data=folder)
        tasks = env.unwrapped.tasks  # type: ignore[attr-defined]
        ids = [tasks[number * len(tasks) // many].id for number in range(many)]
        SHELF.clear()
        native, scripts = time_native(env, ids, steps)
        figures["step_us"] = _median_us(native.steps)
        figures["reset_us"] = _median_us(native.resets)
        figures["reset_again_us"] = _median_us(native.again)
        figures["rss_mb_128"], figures["rss_peak_mb_128"] = measure_memory(folder)
        if given.no_original or not reference_installed():
            why = "" if given.no_original else ": it is not installed (pip install 'skill-gym[alfworld]')"
            print(f"The original engine is not compared{why}.")
        else:
            compared = ids[:: many // few][:few]
            SHELF.clear()
            ours, scripts = time_native(env, compared, steps)
            theirs = time_original(folder, compared, scripts)
            figures |= {
                "step_ratio": _median_us(theirs.steps) / _median_us(ours.steps),
                "reset_ratio": _median_us(theirs.resets) / _median_us(ours.resets),
                "reset_again_ratio": _median_us(theirs.resets) / _median_us(ours.again),
                "identical": ours.played == theirs.played,
            }
            print(
                f"Side by side, medians of {len(compared)} games and {len(ours.steps)} steps, microseconds:\n"
            )
            print(
                table(
                    ["", "native", "original"],
                    [
                        ["step", shown(_median_us(ours.steps)), shown(_median_us(theirs.steps))],
                        ["reset, new game", shown(_median_us(ours.resets)), shown(_median_us(theirs.resets))],
                        ["reset, loaded", shown(_median_us(ours.again)), shown(_median_us(theirs.resets))],
                    ],
                )
            )
    return Claim(CLAIM, figures, BOUNDS, ("alfworld", "textworld")).finish(given.json)


def _median_us(seconds: Sequence[float]) -> float:
    return statistics.median(seconds) * 1e6


if __name__ == "__main__":
    raise SystemExit(main())
