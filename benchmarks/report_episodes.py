"""Episodes of a report: a game that skills helped to solve, as it went without and with them."""

from collections.abc import Sequence

from skill_gym.benchmarks.run_result import Arm, RunResult
from skill_gym.trajectory import Trajectory

PAIRS: Sequence[tuple[Arm, Arm]] = (
    ("frozen", "frozen with skills"),
    ("frozen", "trained with skills"),
)
"""Whose games are looked through, in this order, for one that was gained."""


def telling_episodes(runs: Sequence[RunResult]) -> list[str]:
    """One game twice, as Markdown; without a gained game the first one that both arms have."""
    fallback: list[str] = []
    for run in runs:
        for first, second in PAIRS:
            before, after = run.samples.get(first, {}), run.samples.get(second, {})
            shared = [task for task in before if task in after]
            gained = [task for task in shared if after[task].solved and not before[task].solved]
            # Short ones are read.
            gained.sort(key=lambda task: len(after[task].turns))
            for task in gained[:1] or ([] if fallback else shared[:1]):
                told = [_episode(first, before[task]), _episode(second, after[task])]
                if gained:
                    return told
                fallback = told
    return fallback


def _episode(arm: Arm, trajectory: Trajectory) -> str:
    task = trajectory.task
    lines = [
        f"### {arm.capitalize()}",
        "",
        f"*{task.goal}* (`{task.id}`): {trajectory.ended} in {len(trajectory.turns)} turns. "
        f"{_skills(trajectory)}",
        "",
        "```text",
    ]
    for number, turn in enumerate(trajectory.turns):
        # The first prompt is shown whole: it is where the skills are.
        lines += [turn.prompt if number == 0 else turn.observation]
        lines += [f"> {turn.reply}" + ("" if turn.valid else "   (not valid)")]
    lines += [str(trajectory.meta.get("final_observation", "")), "```"]
    return "\n".join(lines)


def _skills(trajectory: Trajectory) -> str:
    ids = trajectory.skill_ids
    return f"Skills shown: {', '.join(ids)}." if ids else "No skills shown."
