"""Claim: in failed episodes the teacher without a model names the cause that was planted in them."""

import json
import logging
from collections import Counter
from collections.abc import Sequence
from math import ceil
from pathlib import Path

from skill_gym.benchmarks.claim import Claim, Figure, options, table
from skill_gym.benchmarks.planted_causes_play import Stage, Verdict, planted
from skill_gym.benchmarks.planted_causes_scores import Diagnosed, confusion, diagnosed, figures, plant_table
from skill_gym.benchmarks.planted_causes_table import GROUNDS, Ground
from skill_gym.skillbanks.rule_teacher import RuleTeacher
from skill_gym.skillbanks.teacher import Teacher

CLAIM = (
    "of failed episodes, each solved without the fault that was planted in its player or its environment, "
    "RuleTeacher names the planted cause in at least 90% in each environment, and not by naming everything"
)
EPISODES, QUICK = 500, 100
"""Episodes of each environment, and those of ``--quick``; rounded up to equally many of each cause."""
SPLITS = ("generated", "generated_validation", "generated_test")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and gives the exit code."""
    parser = options(__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of tasks, faults and noise")
    parser.add_argument("--split", choices=SPLITS, default="generated_test", help="tasks that are played")
    parser.add_argument(
        "--episodes", type=int, help=f"failed episodes of each environment; {EPISODES} when left out"
    )
    parser.add_argument("--env", nargs="+", choices=tuple(GROUNDS), default=list(GROUNDS), help="only these")
    parser.add_argument("--confusion", metavar="OUT", help="write all that was named to this file")
    given = parser.parse_args(arguments)
    if given.episodes is not None and given.episodes < 1:
        parser.error(f"--episodes must be at least 1, got {given.episodes}")
    wanted = given.episodes or (QUICK if given.quick else EPISODES)
    measured: dict[str, Figure] = {}
    bounds = []
    named: dict[str, dict[str, dict[str, int]]] = {}
    teacher = RuleTeacher(habits=False)
    for name in given.env:
        episodes, verdicts = measure(teacher, GROUNDS[name], wanted, split=given.split, seed=given.seed)
        print(f"{name}: {len(episodes)} failed episodes, {sum(verdicts.values())} attempts")
        print(table(["attempt", "count"], [[verdict, str(count)] for verdict, count in verdicts.items()]))
        print()
        print(plant_table(episodes))
        print()
        named[name] = confusion(episodes)
        own, limits = figures(name, episodes, wanted)
        measured |= own
        bounds += limits
    if given.confusion is not None:
        Path(given.confusion).write_text(json.dumps(named, indent=1) + "\n", encoding="utf-8")
    return Claim(CLAIM, measured, bounds).finish(given.json)


def measure(
    teacher: Teacher, ground: Ground, wanted: int, *, split: str, seed: int
) -> tuple[list[Diagnosed], Counter[Verdict]]:
    """Plants equally many of each cause and asks the teacher about each failed episode alone.

    Args:
        teacher: Who is asked.
        ground: Environment and causes.
        wanted: Failed episodes in all, rounded up.
        split: Whose tasks are played.
        seed: Of tasks, faults and noise.
    """
    stage = Stage(ground.env_id, ground.noise, split=split)
    each = ceil(wanted / len(ground.plants))
    episodes: list[Diagnosed] = []
    verdicts: Counter[Verdict] = Counter()
    for plant in ground.plants:
        for pair in planted(stage, plant, each, seed):
            verdicts[pair.verdict] += 1
            if pair.verdict == "planted" and pair.trajectory is not None:
                episodes.append(diagnosed(teacher, plant, pair.trajectory))
    return episodes, verdicts


if __name__ == "__main__":
    # The faults make the environments' players do what nobody does; that is no news here.
    logging.getLogger("skill_gym").setLevel(logging.ERROR)
    raise SystemExit(main())
