"""One line of a learning experiment: an algorithm, with skills or without, and its runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from skill_gym.benchmarks.evaluation import Evaluation
from skill_gym.benchmarks.intervals import PairedDifference
from skill_gym.benchmarks.laptop import LaptopSize, Variant
from skill_gym.benchmarks.pooling import OverRuns, pooled_difference
from skill_gym.benchmarks.report import by_run, first_arm, last_arm
from skill_gym.benchmarks.run_result import RunResult
from skill_gym.benchmarks.success_curves import CurvePoint, success_curve

WAYS: Mapping[Variant, str] = {"full": "skills", "no-skills": "alone"}
"""Variants that are compared, and their names in figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningLine:
    """What came of one algorithm, with skills or without.

    Attributes:
        algorithm: One of ``ALGORITHMS``.
        variant: ``full`` or ``no-skills``.
        size: How much each run played.
        runs: At least one.
    """

    algorithm: str
    variant: Variant
    size: LaptopSize
    runs: Sequence[RunResult]

    @property
    def name(self) -> str:
        """Its name in figures, such as ``grpo_skills``."""
        return f"{self.algorithm}_{WAYS[self.variant]}"

    @property
    def label(self) -> str:
        """Its name for the reader."""
        return f"{self.algorithm}, {'with' if self.variant == 'full' else 'without'} skills"

    @property
    def before(self) -> dict[str, Evaluation]:
        """Success on held-out games before the training, by run; with skills, those distilled before it."""
        return by_run(self.runs, first_arm(self.variant))

    @property
    def after(self) -> dict[str, Evaluation]:
        """Success on the same games after it; with skills, those that it ended with."""
        return by_run(self.runs, last_arm(self.variant))

    def gain(self) -> tuple[PairedDifference, OverRuns]:
        """What the training added, over games and over runs."""
        return pooled_difference(self.before, self.after)

    def training_curve(self) -> list[CurvePoint]:
        """Success of training episodes by iteration; each iteration draws other games."""
        return success_curve([run.metrics for run in self.runs], "success", games=self.size.tasks)

    def validation_curve(self) -> list[CurvePoint]:
        """Success of validation episodes; each validation plays other games."""
        metrics = [run.metrics for run in self.runs]
        return success_curve(metrics, "validation/success", games=self.size.validation)

    @property
    def training_minutes(self) -> float:
        """Wall-clock minutes of a training, validations included; the mean of the runs."""
        return mean(run.phases[f"train-{self.variant}"][0] for run in self.runs) / 60

    @property
    def minutes(self) -> float:
        """The same with all that comes before and after, shared phases included."""
        return mean(sum(seconds for seconds, _ in run.phases.values()) for run in self.runs) / 60
