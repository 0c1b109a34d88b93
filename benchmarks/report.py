"""The report of a laptop experiment: Markdown that tells a newcomer what was done and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any

from skill_gym.benchmarks.evaluation import Evaluation
from skill_gym.benchmarks.intervals import PairedDifference
from skill_gym.benchmarks.laptop import VARIANTS, LaptopSize, Variant
from skill_gym.benchmarks.markdown import markdown_table
from skill_gym.benchmarks.plots import draw_by_type, draw_curves, draw_success
from skill_gym.benchmarks.pooling import OverRuns, pool, pooled_difference
from skill_gym.benchmarks.report_bank import habits_found, other_entries
from skill_gym.benchmarks.report_episodes import telling_episodes
from skill_gym.benchmarks.run_result import Arm, RunResult, phase_title

ARMS: Mapping[Arm, str] = {
    "frozen": "the policy as it comes; no skills in its prompt",
    "frozen with skills": "the same weights; the prompt shows the skills distilled from its own episodes",
    "trained with skills": "after GRPO with skills, the bank evolving along; shown the bank it ended with",
    "trained without skills": "the weights after GRPO; no skills in the prompt",
}
WORLDS_TOLD = 3
"""Worlds whose habits are listed one by one."""

COMPARISONS: Sequence[tuple[str, Arm, Arm]] = (
    ("what skills alone do (no weight changes)", "frozen", "frozen with skills"),
    ("what GRPO and the evolving bank add", "frozen with skills", "trained with skills"),
    ("both together", "frozen", "trained with skills"),
    ("what skills do for the trained policy", "trained without skills", "trained with skills"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaptopStory:
    """What a report tells.

    Attributes:
        title: Headline.
        size: How much was played in each run.
        runs: Variant -> its runs; there is ``full`` at least.
        machine: Name -> value, e.g. processor, versions, sampler.
        command: What to type for the same again.
        notes: Sentences for the reader: what limits the figures.
    """

    title: str
    size: LaptopSize
    runs: Mapping[Variant, Sequence[RunResult]]
    machine: Mapping[str, str]
    command: str
    notes: Sequence[str] = field(default=())

    @property
    def full(self) -> Sequence[RunResult]:
        """The runs of the whole method."""
        return self.runs["full"]


def write_report(folder: Path, story: LaptopStory) -> Path:
    """Writes ``report.md`` and its plots; returns the report's path."""
    folder.mkdir(parents=True, exist_ok=True)
    arms = {arm: pool(by_run(story.full, arm)) for arm in ARMS}
    episodes = telling_episodes(story.full)
    sections = [
        f"# {story.title}",
        headline(story.full),
        "## What was done",
        _what(story),
        "## What came of it",
        _arms(arms),
        _comparisons(story.full),
        "\n".join(f"- {note}" for note in story.notes),
        *_plots(folder, story, arms),
        "## Ablations" if len(story.runs) > 1 else "",
        _ablations(story) if len(story.runs) > 1 else "",
        "## Habits found, beside the true ones",
        *[habits_found(run, whole=number < WORLDS_TOLD) for number, run in enumerate(one_each(story.full))],
        "## What else the bank says",
        other_entries(story.full[0]),
        "## Training",
        *[_training(run, alone=len(story.full) == 1) for run in story.full],
        "## Success by task type",
        *[f"{arm.capitalize()}:\n\n{evaluation.table()}" for arm, evaluation in arms.items()],
        "## Episodes" if episodes else "",
        *episodes,
        "## Time and tokens",
        _costs(story),
        "## Machine",
        markdown_table(("what", "value"), list(story.machine.items())),
        f"The same again: `{story.command}`",
    ]
    path = folder / "report.md"
    path.write_text("\n\n".join(part for part in sections if part) + "\n", encoding="utf-8")
    return path


def headline(runs: Sequence[RunResult]) -> str:
    """The result in a few sentences."""
    arms = {arm: pool(by_run(runs, arm)).success() for arm in ARMS}
    alone, over = pooled_difference(by_run(runs, "frozen"), by_run(runs, "frozen with skills"))
    both, both_over = pooled_difference(by_run(runs, "frozen"), by_run(runs, "trained with skills"))
    return (
        f"On {alone.trials} held-out games the frozen policy solved **{arms['frozen'].value:.1%}**. "
        f"With skills distilled from its own episodes it solved **{arms['frozen with skills'].value:.1%}**: "
        f"a difference of {alone}. {verdict(alone, over)}\n"
        f"After GRPO with skills it solved **{arms['trained with skills'].value:.1%}**: a difference of "
        f"{both} to the beginning. {verdict(both, both_over)}\n"
        "(Differences are paired; brackets hold 95% intervals.)"
    )


def by_run(runs: Sequence[RunResult], arm: Arm) -> dict[str, Evaluation]:
    """The evaluations of an arm by run; runs that lack it are left out."""
    return {f"{run.world}/{run.seed}": run.arms[arm] for run in runs if arm in run.arms}


def one_each(runs: Sequence[RunResult]) -> list[RunResult]:
    """The first run of each world."""
    return list({run.world: run for run in reversed(runs)}.values())[::-1]


def verdict(games: PairedDifference, runs: OverRuns) -> str:
    """What a difference shows, in a sentence."""
    better = "better" if games.value > 0 else "worse"
    if games.low <= 0 <= games.high:
        if not games.value:
            return "No difference seen."
        # The interval is not symmetric; what has to shrink is the side towards zero.
        reach = games.value - games.low if games.value > 0 else games.high - games.value
        needed = ceil(games.trials * (reach / games.value) ** 2 / 10 + 1) * 10
        return f"Not shown: the interval includes zero. About {needed:,} games would settle so small a one."
    if runs.runs > 1 and runs.low <= 0 <= runs.high:
        return f"These runs got {better}; whether others would, {runs.runs} runs do not show."
    return f"{better.capitalize()}: the interval excludes zero."


def _what(story: LaptopStory) -> str:
    worlds = list(dict.fromkeys(run.world for run in story.full))
    seeds = list(dict.fromkeys(run.seed for run in story.full))
    size = story.size
    return (
        "A household robot gets tasks such as *put a clean mug in a cabinet* in rooms that it has not seen. "
        "All rooms of one *world* share habits: where which things usually lie, which containers are usually "
        "empty. Nobody tells the robot; its own episodes can. A *skill* is one such piece of experience in "
        "a sentence, and the *skill bank* shows those that fit the task at the top of the prompt.\n\n"
        f"This is {_these('world', worlds)} with {_these('seed', seeds)}; the policy's cold start knew none "
        "of these worlds. In each it first played "
        f"{size.collect} games without skills, from which the bank was distilled; then came "
        f"{size.iterations} iterations of GRPO ({size.tasks} tasks with {size.group} episodes each), and "
        f"every {size.validate_every} of them {size.validation} further games, from which the bank evolved. "
        f"What is reported is success on {size.games} other games of the same world (split "
        "`generated_test`), which neither training nor the bank has seen. The same games are played in "
        "every row, so that differences are paired."
    )


def _these(noun: str, values: Sequence[int]) -> str:
    named = ", ".join(map(str, values))
    return f"{noun}{'s' if len(values) > 1 else ''} {named}"


def _arms(arms: Mapping[Arm, Evaluation]) -> str:
    rows = []
    for arm, evaluation in arms.items():
        count = len(evaluation.results)
        steps = sum(result.steps for result in evaluation.results) / count
        prompt = sum(result.prompt_tokens for result in evaluation.results) / count
        rows.append((f"**{arm}**", ARMS[arm], str(evaluation.success()), f"{steps:.1f}", f"{prompt:,.0f}"))
    head = ("", "what it is", "games solved [95% interval]", "steps", "prompt tokens an episode")
    return markdown_table(head, rows)


def _comparisons(runs: Sequence[RunResult]) -> str:
    rows = []
    for title, first, second in COMPARISONS:
        games, over = pooled_difference(by_run(runs, first), by_run(runs, second))
        counts = f"{games.gained} gained, {games.lost} lost"
        rows.append((title, f"{first} → {second}", f"**{games}**", counts, over, verdict(games, over)))
    head = ("question", "from → to", "difference over games [95%]", "games", "over runs", "verdict")
    return "Differences on the same games:\n\n" + markdown_table(head, rows)


def _plots(folder: Path, story: LaptopStory, arms: Mapping[Arm, Evaluation]) -> list[str]:
    named = {str(arm): evaluation for arm, evaluation in arms.items()}
    draw_success(folder / "success.png", named, "Games solved")
    draw_by_type(folder / "success_by_task_type.png", named)
    written = [("Games solved", "success"), ("Success by task type", "success_by_task_type")]
    curves = {str(name): [run.metrics for run in runs] for name, runs in story.runs.items()}
    lines = (
        ("success", "Success of training episodes", "success"),
        ("validation/success", "Success of validation episodes", "success"),
        ("bank/size", "Growth of the skill bank", "entries"),
    )
    for key, title, label in lines:
        name = title.lower().replace(" ", "_")
        if draw_curves(folder / f"{name}.png", curves, key, title=title, ylabel=label):
            written.append((title, name))
    if len(story.runs) > 1:
        final = {name: pool(by_run(runs, last_arm(name))) for name, runs in story.runs.items()}
        draw_success(folder / "ablations.png", {str(name): one for name, one in final.items()}, "After GRPO")
        written.append(("Ablations", "ablations"))
    return [f"![{title}]({name}.png)" for title, name in written]


def last_arm(variant: Variant) -> Arm:
    """What a variant is judged by after its training."""
    return "trained without skills" if variant == "no-skills" else "trained with skills"


def _ablations(story: LaptopStory) -> str:
    rows = []
    labels = [(run.world, run.seed) for run in story.full]
    for name, runs in story.runs.items():
        # Of a half-finished experiment only what both sides have played.
        shared = [run for run in runs if (run.world, run.seed) in labels]
        played = {(run.world, run.seed) for run in shared}
        full = [run for run in story.full if (run.world, run.seed) in played]
        before, after = by_run(shared, first_arm(name)), by_run(shared, last_arm(name))
        minus_before, minus_after, over = "", "", ""
        if name != "full":
            minus_before = str(pooled_difference(by_run(full, first_arm("full")), before)[0])
            games, runs_too = pooled_difference(by_run(full, last_arm("full")), after)
            minus_after, over = str(games), str(runs_too)
        gain = str(pooled_difference(before, after)[0])
        rates = pool(before).success(), pool(after).success()
        rows.append(
            (f"**{name}**", VARIANTS[name], rates[0], minus_before, rates[1], gain, minus_after, over)
        )
    head = (
        "variant",
        "what it is",
        "before GRPO",
        "minus full",
        "after GRPO",
        "after minus before",
        "after, minus full",
        "the same over runs",
    )
    return markdown_table(head, rows)


def first_arm(variant: Variant) -> Arm:
    """What a variant shows before its training."""
    return "frozen" if variant == "no-skills" else "frozen with skills"


def _training(run: RunResult, *, alone: bool) -> str:
    columns = {
        "iteration": "iteration",
        "success": "success",
        "validation/success": "validation",
        "episode/length": "steps",
        "episode/invalid_share": "invalid",
        "loss/kl": "KL",
        "loss/entropy": "entropy",
        "bank/size": "bank",
        "time/iteration": "seconds",
    }
    shown = {key: label for key, label in columns.items() if any(key in row for row in run.metrics)}
    rows = [[_number(row.get(key)) for key in shown] for row in run.metrics]
    title = "" if alone else f"World {run.world}, seed {run.seed}:\n\n"
    return title + markdown_table(tuple(shown.values()), rows)


def _costs(story: LaptopStory) -> str:
    seconds: dict[str, float] = {}
    tokens: dict[str, int] = {}
    counted: set[tuple[int, int, str]] = set()
    for run in (run for runs in story.runs.values() for run in runs):
        for name, (spent, said) in run.phases.items():
            # Variants share phases, which were done once.
            if (run.world, run.seed, name) not in counted:
                counted.add((run.world, run.seed, name))
                seconds[name] = seconds.get(name, 0.0) + spent
                tokens[name] = tokens.get(name, 0) + said
    rows = [(phase_title(name), name, f"{seconds[name]:.0f}", f"{tokens[name]:,}") for name in seconds]
    rows.append(("**all**", "", f"{sum(seconds.values()):.0f}", f"{sum(tokens.values()):,}"))
    text = "Tokens said are those that the policy sampled; of trainings, in training episodes alone."
    return f"{text}\n\n{markdown_table(('phase', 'file', 'seconds', 'tokens said'), rows)}"


def _number(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
