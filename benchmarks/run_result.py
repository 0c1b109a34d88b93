"""What came of one run of the laptop experiment, and what its phases are called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from skill_gym.benchmarks.evaluation import Evaluation
from skill_gym.benchmarks.laptop import Variant
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.trajectory import Trajectory

Arm = Literal["frozen", "frozen with skills", "trained with skills", "trained without skills"]


def phase_title(name: str) -> str:
    """What a phase does, for the reader of a report.

    Args:
        name: Of the phase's file: ``<weights>-<what is shown or done>``, or ``train-<variant>``.
    """
    start, _, what = name.partition("-")
    if start == "train":
        return f"train by GRPO ({what})"
    if start == "trained":
        variant, _, shown = what.rpartition("-")
        return f"evaluate the trained policy ({variant}) {'without' if shown == 'none' else 'with'} its bank"
    policy = {"cold": "the frozen policy", "random": "the random policy"}[start]
    titles = {
        "none": f"evaluate {policy} without skills",
        "collect": f"collect episodes of {policy}",
        "bank": f"distil a bank from the episodes of {policy}",
        "raw-bank": f"keep the solved episodes of {policy}",
        "skills": f"evaluate {policy} with its bank",
        "flat": f"evaluate {policy} with its bank as a flat list",
        "raw": f"evaluate {policy} with its solved episodes",
    }
    return titles[what]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What came of one variant in one world with one seed.

    Attributes:
        variant: What was taken away.
        world: Which world.
        seed: Which seed.
        arms: Evaluations on the same test games; a variant without skills has none with them.
        metrics: The training's lines of ``metrics.jsonl``.
        first_bank: Distilled before the training.
        last_bank: As the training left it.
        collected: The episodes that the first bank was distilled from; None without skills.
        phases: Name -> (seconds, tokens said), in order, those shared with other variants included.
        samples: Arm -> its first episodes, by task id.
    """

    variant: Variant
    world: int
    seed: int
    arms: Mapping[Arm, Evaluation]
    metrics: Sequence[Mapping[str, Any]]
    first_bank: SkillBank
    last_bank: SkillBank
    collected: Evaluation | None
    phases: Mapping[str, tuple[float, int]]
    samples: Mapping[Arm, Mapping[str, Trajectory]] = field(default_factory=dict)
