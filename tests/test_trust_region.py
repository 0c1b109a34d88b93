"""The trust region: an update after which canaries do worse is undone, others seldom are."""

import math
import random

import pytest

from skill_gym.skillbanks.trust_region import (
    TrustRegion,
    TrustRegionConfig,
    canaries_needed,
    canary_tasks,
    compare_canaries,
)
from skill_gym.trajectory import Task

TASKS = [Task(f"t{n}", f"env:x:t{n}", "env", "train", "heat" if n % 4 else "cool", "") for n in range(40)]


def verdict(change: float, seed: int, *, most: int = 300) -> tuple[str, int]:
    rng, region = random.Random(seed), TrustRegion()
    while region.verdict == "undecided" and region.pairs < most:
        region.observe(rng.random() < 0.5, rng.random() < 0.5 + change)
    return region.verdict, region.pairs


def test_harmless_updates_are_seldom_undone():
    runs = 200
    undone = sum(verdict(0.0, seed)[0] == "rollback" for seed in range(runs))
    assert undone <= 0.05 * runs + 3 * math.sqrt(runs * 0.05 * 0.95)


def test_harmful_updates_are_undone_about_as_fast_as_theory_hopes():
    found = [verdict(-0.3, seed) for seed in range(100)]
    assert sum(name == "rollback" for name, _ in found) >= 90
    least = canaries_needed(0.5, TrustRegionConfig(max_fall=0.3))
    assert sum(number for _, number in found) / 100 <= 1.8 * least


def test_good_updates_are_kept_early():
    found = [verdict(0.2, seed) for seed in range(50)]
    assert all(name == "keep" for name, _ in found)
    assert sum(number for _, number in found) / 50 < 60


def test_canaries_before_and_after():
    names = [f"t{n}" for n in range(20)]
    same = compare_canaries(dict.fromkeys(names, 1.0), dict.fromkeys(reversed(names), 1.0))
    assert (same.verdict, same.mean_change) == ("keep", 0.0)
    worse = compare_canaries(dict.fromkeys(names, 1.0), dict.fromkeys(names, 0.0))
    assert (worse.verdict, worse.mean_change) == ("rollback", -1.0)
    assert worse.e_value >= 20
    with pytest.raises(ValueError, match="under one only"):
        compare_canaries({"a": 1.0}, {"b": 1.0})


def test_canaries_come_from_all_types_in_turn():
    chosen = canary_tasks(TASKS, 10, seed=3)
    assert [task.task_type for task in chosen] == ["cool", "heat"] * 5
    assert chosen == canary_tasks(TASKS, 10, seed=3) != canary_tasks(TASKS, 10, seed=4)
    assert canary_tasks(TASKS, 5, seed=3) == chosen[:5]
    assert len({task.id for task in canary_tasks(TASKS, 40)}) == 40
    with pytest.raises(ValueError, match="from 1 to the 40"):
        canary_tasks(TASKS, 41)


@pytest.mark.parametrize(
    ("settings", "message"), [({"alpha": 1}, "alpha"), ({"tolerance": 0.3}, "tolerance")]
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        TrustRegionConfig(**settings)
