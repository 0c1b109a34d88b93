"""The tables of the rollout claim, and their figures."""

from collections.abc import Iterable, Mapping
from statistics import fmean

import numpy as np

from skill_gym.benchmarks.claim import Figure, shown, table
from skill_gym.benchmarks.latency_engine import LATENCIES, LATENCY
from skill_gym.benchmarks.rollout_engine import Compared, Timed
from skill_gym.benchmarks.rollout_level import Level

LIMITS = ("steps alone", "tokens alone")
"""Latencies that no engine has: they bound what real ones can gain."""


def tell_levels(levels: Mapping[int, Level], equal: Level) -> dict[str, Figure]:
    """Prints the simulated engine's tables and gives their figures.

    Args:
        levels: By success in percent.
        equal: The player of 70% with replies of one length.
    """
    named = {f"{success}%": level for success, level in levels.items()}
    named["70%, equal replies"] = equal
    print("Turns of the episodes, and the ceiling: the longest one of a batch over the mean episode:\n")
    head = ["player", "success", "mean", "p50", "p90", "longest", "batch's longest", "ceiling"]
    print(table(head, [[name, *map(shown, _lengths(level))] for name, level in named.items()]))
    print(f"\nWhat was generated, and virtual seconds by {LATENCY}:\n")
    head = ["player", "driver", "replies", "tokens", "for ended episodes", "prompt tokens", "busy slots", "s"]
    print(table(head, [row for name, level in named.items() for row in _costs(name, level)]))
    print(
        "\nLock-step's time over ours, queue / iterations, and over the ceiling, by what an engine costs:\n"
    )
    head = ["engine", *named, *(f"of ceiling, {name}" for name in named)]
    print(table(head, [[latency, *_pairs(named.values(), latency)] for latency in LATENCIES]))
    print()
    real = [latency for latency in LATENCIES if latency not in LIMITS]
    middle = levels[70]
    queue_ratio, quota_ratio = middle.ratios(LATENCY)
    figures: dict[str, Figure] = {
        "wall_ratio": queue_ratio,
        "iteration_wall_ratio": quota_ratio,
        "ceiling_ratio": middle.ceiling,
        "share_of_ceiling": min(min(level.shares(each)) for level in levels.values() for each in real),
        "share_of_ceiling_equal_replies": min(min(equal.shares(each)) for each in real),
        "occupancy": min(level.queue.occupancy for level in named.values()),
        "iteration_occupancy": min(level.quota.occupancy for level in named.values()),
        "lock_step_occupancy": middle.lock_step.occupancy,
        "wasted_tokens": sum(level.queue.wasted + level.quota.wasted for level in named.values()),
        "lock_step_wasted_tokens": sum(level.lock_step.wasted for level in named.values()),
        "step_ratio": middle.lock_step.asked / middle.queue.asked,
        "token_ratio": middle.lock_step.work.tokens / middle.queue.work.tokens,
        "same_episodes": min(level.same for level in named.values()),
        "group_age": middle.quota.mean_age,
        "oldest_group": max(max(level.quota.ages) for level in named.values()),
    }
    for success, level in levels.items():
        ratios = level.ratios(LATENCY)
        figures |= {
            f"success_{success}": level.success,
            f"ceiling_ratio_{success}": level.ceiling,
            f"wall_ratio_{success}": ratios[0],
            f"iteration_wall_ratio_{success}": ratios[1],
        }
    return figures


def _lengths(level: Level) -> list[Figure]:
    turns = level.turns
    return [
        level.success,
        fmean(turns),
        *(float(np.percentile(turns, part)) for part in (50, 90)),
        max(turns),
        fmean(level.lock_step.longest),
        level.ceiling,
    ]


def _costs(name: str, level: Level) -> list[list[str]]:
    drives = (
        ("lock-step", level.lock_step, level.lock_step.asked),
        ("queue", level.queue, level.queue.asked),
        (f"iterations, {level.quota.trained} trained", level.quota, None),
    )
    return [
        [
            name if drive is level.lock_step else "",
            driver,
            shown(asked),
            shown(drive.work.tokens),
            shown(drive.wasted),
            shown(drive.work.prefill),
            shown(drive.occupancy),
            shown(LATENCIES[LATENCY].seconds(drive.work)),
        ]
        for driver, drive, asked in drives
    ]


def _pairs(levels: Iterable[Level], latency: str) -> list[str]:
    levels = list(levels)
    pairs = [level.ratios(latency) for level in levels] + [level.shares(latency) for level in levels]
    return [f"{queue:.2f} / {quota:.2f}" for queue, quota in pairs]


def tell_engine(found: Compared) -> dict[str, Figure]:
    """Prints the real engine's table and gives its figures."""
    ours, theirs = found.queue, found.lock_step
    turns = [one.turns for one in ours.drive.results.values()]
    solved = fmean(one.solved for one in ours.drive.results.values())
    middle, name = np.percentile(turns, 50), found.sampler
    print(f"\nFor real, {len(turns)} simple errands by the bundled policy with {name}: {solved:.0%} solved,")
    print(f"{fmean(turns):.1f} turns on average, {middle:g} at the median, {max(turns)} at most:\n")
    head = ["driver", "replies", "tokens", "for ended episodes", "steps", "busy slots", "wall s", "CPU s"]
    print(table(head, [_timed("lock-step", theirs), _timed("queue", ours)]))
    print()
    # Judged by steps of the engine: its seconds, told beside them, are those of whatever else runs here.
    steps = theirs.drive.work.steps / ours.drive.work.steps
    ceiling = fmean(theirs.drive.longest) / fmean(turns)
    return {
        "engine": found.sampler,
        "engine_wall_ratio": theirs.wall / ours.wall,
        "engine_cpu_ratio": theirs.cpu / ours.cpu,
        "engine_step_ratio": steps,
        "engine_ceiling_ratio": ceiling,
        "engine_share_of_ceiling": steps / ceiling,
        "engine_token_ratio": theirs.drive.work.tokens / ours.drive.work.tokens,
        "engine_occupancy": ours.drive.occupancy,
        "engine_wasted_tokens": ours.drive.wasted,
        "engine_same_episodes": found.same,
    }


def _timed(name: str, one: Timed) -> list[str]:
    drive = one.drive
    counts = (drive.asked, drive.work.tokens, drive.wasted, drive.work.steps, drive.occupancy)
    return [name, *map(shown, (*counts, one.wall, one.cpu))]
