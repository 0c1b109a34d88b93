"""Curves of planted lives: regret and success over the cycles, episodes of trials beside theory."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from skill_gym.benchmarks.planted_candidates import GOOD
from skill_gym.benchmarks.planted_figures import theory
from skill_gym.benchmarks.planted_life import LifeConfig
from skill_gym.benchmarks.planted_run import RULES, Outcome

NAMES = {
    "ours": "trials",
    "oracle": "oracle",
    "append": "append everything (released rule)",
    "average": "moving average",
    "none": "no skills",
}


def draw_planted(path: Path, outcomes: Sequence[Outcome], config: LifeConfig) -> None:
    """Draws three plots into one PNG.

    Args:
        path: Of the PNG.
        outcomes: Of all stages; cycles are summed over them.
        config: What they were played with.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(15, 4.2), layout="constrained")
    FigureCanvasAgg(drawing)
    success, regret, trials = drawing.subplots(1, 3)
    _draw_rules(success, regret, outcomes, config)
    _draw_trials(trials, outcomes, config)
    for axes in (success, regret, trials):
        axes.grid(alpha=0.3)
        axes.set_axisbelow(True)
        axes.legend(fontsize=8)
    drawing.savefig(path, dpi=110)


def _draw_rules(success: Any, regret: Any, outcomes: Sequence[Outcome], config: LifeConfig) -> None:
    cycles = range(config.cycles)
    episodes = [sum(outcome.episodes[cycle] for outcome in outcomes) for cycle in cycles]
    wins = {
        rule: [sum(outcome.successes[rule][cycle] for outcome in outcomes) for cycle in cycles]
        for rule in RULES
    }
    for number, rule in enumerate(RULES):
        rates = [won / played for won, played in zip(wins[rule], episodes, strict=True)]
        success.plot(cycles, rates, label=NAMES[rule], color=f"C{number}")
        if rule != "oracle":
            lost, total = [], 0
            for best, won in zip(wins["oracle"], wins[rule], strict=True):
                total += best - won
                lost.append(total)
            regret.plot(cycles, lost, label=NAMES[rule], color=f"C{number}")
    for axes in (success, regret):
        axes.axvline(config.change, color="grey", linestyle=":", label="the stages change")
        axes.set_xlabel("cycle")
    success.set(ylabel="success", ylim=(0, 1), title="Success of all episodes, arms included")
    regret.set(ylabel="successes lost to the oracle", title="Regret")
    regret.set_yscale("symlog", linthresh=100)
    regret.set_ylim(bottom=0)


def _draw_trials(axes: Any, outcomes: Sequence[Outcome], config: LifeConfig) -> None:
    points: dict[str, list[tuple[float, float]]] = {}
    bounds: dict[str, list[tuple[float, float]]] = {}
    for outcome in outcomes:
        admitted = sum(course.fate == "admitted" for course in outcome.courses.values())
        level = config.trial.alpha * max(1, admitted) / max(1, len(outcome.candidates))
        for one in outcome.candidates:
            name = one.skill.id
            course, truth, label = outcome.courses[name], outcome.truths[name], outcome.labels[name]
            if course.trial_episodes and label in (*GOOD, "harmful", "useless"):
                kind = "helpful" if label in GOOD else str(label)
                points.setdefault(kind, []).append((truth.effect, course.trial_episodes))
                bounds.setdefault(kind, []).append((truth.effect, theory(truth, label, config.trial, level)))
    for number, kind in enumerate(sorted(points)):
        axes.scatter(*zip(*points[kind], strict=True), s=9, color=f"C{number}", label=kind)
        axes.scatter(*zip(*bounds[kind], strict=True), s=12, color=f"C{number}", marker="_", alpha=0.6)
    axes.set(xlabel="true effect on success", ylabel="episodes of the trial", title="Trials; dashes: theory")
    axes.set_yscale("log")
