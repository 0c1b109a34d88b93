"""The report of a run: Markdown with tables, and plots beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skill_gym.benchmarks.evaluation import Evaluation, paired_difference
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import Mistake
from skill_gym.trajectory import Trajectory


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStory:
    """What a report tells.

    Attributes:
        title: Headline.
        machine: Name -> value, e.g. processor, versions, sampler.
        before: Evaluation of the policy before training.
        after: The same tasks after it.
        others: Further evaluations on the same tasks, by name.
        metrics: One flat mapping an iteration, as in ``metrics.jsonl``; keys ``iteration``,
            ``success``, ``validation/success``, ``validation/success/<type>``, ``bank/size``.
        first_bank: The bank before the run.
        last_bank: The bank after it.
        seconds: Phase -> seconds, in the order of the phases.
        episodes: Titles and episodes to print whole.
        notes: Sentences for the reader: what limits the figures.
    """

    title: str
    machine: Mapping[str, str]
    before: Evaluation
    after: Evaluation
    metrics: Sequence[Mapping[str, Any]]
    first_bank: SkillBank
    last_bank: SkillBank
    seconds: Mapping[str, float]
    others: Mapping[str, Evaluation] = field(default_factory=dict)
    episodes: Sequence[tuple[str, Trajectory]] = ()
    notes: Sequence[str] = ()


def write_report(folder: str | Path, story: RunStory) -> Path:
    """Writes ``report.md`` and its plots; returns the report's path."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    plots = draw_plots(folder, story)
    sections = [
        f"# {story.title}",
        _headline(story),
        "\n".join(f"- {note}" for note in story.notes),
        "## Success by task type",
        f"Before training (bank {story.before.bank_version or 'none'}):\n\n{story.before.table()}",
        f"After training (bank {story.after.bank_version or 'none'}):\n\n{story.after.table()}",
        _differences(story),
        "## Training",
        _iterations(story.metrics),
        "\n\n".join(f"![{title}]({path.name})" for title, path in plots),
        "## What the bank learnt",
        _bank(story.first_bank, story.last_bank),
        "## Time",
        _table(("phase", "seconds"), [(name, f"{value:.0f}") for name, value in story.seconds.items()]),
        "## Machine",
        _table(("what", "value"), list(story.machine.items())),
    ]
    if story.episodes:
        sections.append("## Episodes")
        sections += [f"### {title}\n\n{_episode(trajectory)}" for title, trajectory in story.episodes]
    path = folder / "report.md"
    path.write_text("\n\n".join(part for part in sections if part) + "\n", encoding="utf-8")
    return path


def draw_plots(folder: Path, story: RunStory) -> list[tuple[str, Path]]:
    """Success by iteration, by task type before and after, and the growth of the bank, as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    def figure() -> tuple[Any, Any]:
        drawing = Figure(figsize=(7, 4), layout="constrained")
        FigureCanvasAgg(drawing)
        axes = drawing.add_subplot()
        axes.grid(alpha=0.3)
        return drawing, axes

    plots = []
    drawing, axes = figure()
    for key, label in (("success", "training episodes"), ("validation/success", "validation")):
        points = [(row["iteration"], row[key]) for row in story.metrics if key in row]
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", label=label)
    axes.set(xlabel="iteration", ylabel="success", ylim=(-0.02, 1.02), title="Success by iteration")
    axes.legend()
    plots.append(("Success by iteration", drawing))

    drawing, axes = figure()
    types = story.before.task_types
    for offset, (label, evaluation) in enumerate((("before", story.before), ("after", story.after))):
        rates = [evaluation.success(name) for name in types]
        places = [index + 0.4 * offset for index in range(len(types))]
        errors = [
            [rate.value - rate.low for rate in rates],
            [rate.high - rate.value for rate in rates],
        ]
        axes.bar(places, [rate.value for rate in rates], width=0.38, yerr=errors, capsize=3, label=label)
    names = [name.replace("_", "\n", 1).replace("_then_place_in_recep", "") for name in types]
    axes.set_xticks([index + 0.2 for index in range(len(types))], names, fontsize=8)
    axes.set(ylabel="success (95% interval)", ylim=(0, 1.02), title="Success by task type")
    axes.legend()
    plots.append(("Success by task type", drawing))

    drawing, axes = figure()
    points = [(row["iteration"], row["bank/size"]) for row in story.metrics if "bank/size" in row]
    if points:
        axes.step(*zip(*points, strict=True), where="post", marker="o")
    axes.set(xlabel="iteration", ylabel="entries", title="Growth of the skill bank")
    plots.append(("Growth of the skill bank", drawing))

    written = []
    for title, drawing in plots:
        path = folder / (title.lower().replace(" ", "_") + ".png")
        drawing.savefig(path, dpi=110)
        written.append((title, path))
    return written


def _headline(story: RunStory) -> str:
    difference = paired_difference(story.before, story.after)
    lines = [
        f"On the same {difference.trials} held-out games ({', '.join(story.before.splits)}), the policy "
        f"solved **{story.before.success()}** before and **{story.after.success()}** after training: a "
        f"difference of **{difference}** (paired, 95% interval; {difference.gained} games gained, "
        f"{difference.lost} lost)."
    ]
    if not difference.low <= 0 <= difference.high:
        lines.append(
            f"The interval excludes zero: the policy got {'better' if difference.low > 0 else 'worse'}."
        )
    else:
        lines.append("The interval includes zero: this run alone does not show a difference.")
    lines += [
        f"{name}: {evaluation.success()}; minus the figure after training: "
        f"{paired_difference(story.after, evaluation)}."
        for name, evaluation in story.others.items()
    ]
    return "\n".join(lines)


def _differences(story: RunStory) -> str:
    rows = []
    for name in (*story.before.task_types, None):
        change = paired_difference(story.before, story.after, task_type=name)
        rows.append((name or "all", str(change.trials), str(change), str(change.gained), str(change.lost)))
    return "Paired differences:\n\n" + _table(
        ("task type", "games", "after - before", "gained", "lost"), rows
    )


def _iterations(metrics: Sequence[Mapping[str, Any]]) -> str:
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
    shown = {key: label for key, label in columns.items() if any(key in row for row in metrics)}
    rows = [[_number(row.get(key)) for key in shown] for row in metrics]
    return _table(tuple(shown.values()), rows)


def _bank(first: SkillBank, last: SkillBank) -> str:
    added = [last.get(entry_id) for entry_id in first.diff(last).added]
    sizes = f"From {len(first)} entries (version {first.version}) to {len(last)} (version {last.version})."
    if not added:
        return f"{sizes} Nothing was added."
    rows = []
    for entry in added:
        text = entry.description if isinstance(entry, Mistake) else f"**{entry.title}**: {entry.principle}"
        evidence = entry.provenance.evidence if entry.provenance else ""
        rows.append((entry.id, entry.category or "general", text, evidence))
    return f"{sizes}\n\n" + _table(("id", "category", "skill", "evidence"), rows)


def _episode(trajectory: Trajectory) -> str:
    lines = [
        f"{trajectory.task.goal} ({trajectory.task.id}), {trajectory.ended} in {len(trajectory.turns)} turns"
    ]
    lines += ["", "```text"]
    for turn in trajectory.turns:
        lines += [turn.observation, f"> {turn.reply}" + ("" if turn.valid else "   (not valid)")]
    lines += [str(trajectory.meta.get("final_observation", "")), "```"]
    return "\n".join(lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    clean = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return "\n".join(
        [
            "| " + " | ".join(head) + " |",
            "|" + "---|" * len(head),
            *("| " + " | ".join(row) + " |" for row in clean),
        ]
    )


def _number(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
