"""The bank of a run for its report: the habits it states beside the true ones, and what else it says."""

from skill_gym.alfworld.habit_sentences import HabitNotes, read_habits
from skill_gym.alfworld.worlds import true_habits
from skill_gym.benchmarks.habit_table import compare_habits
from skill_gym.benchmarks.markdown import markdown_table
from skill_gym.benchmarks.run_result import RunResult


def habits_found(run: RunResult, *, whole: bool) -> str:
    """What the bank says of the world, beside what is true; only counts unless ``whole``."""
    truth = true_habits(run.world)
    first, last = compare_habits(run.first_bank, truth), compare_habits(run.last_bank, truth)
    rows = [
        (row.about, row.stated, row.true or "no habit", "yes" if row.right else "no", row.evidence)
        for row in last.rows
    ]
    head = ("about", "the bank says", "in this world", "right", "evidence")
    text = f"World {run.world}, before GRPO: {first}. After: {last}."
    return f"{text}\n\n{markdown_table(head, rows)}" if rows and whole else text


def other_entries(run: RunResult) -> str:
    """Entries that state no habit, and what became of the first bank."""
    habits = {
        skill.id
        for skill in run.last_bank.skills
        if read_habits(f"{skill.title}: {skill.principle}") != HabitNotes()
    }
    rows = [
        (skill.id, skill.category or "every task", f"**{skill.title}**: {_short(skill.principle)}")
        for skill in run.last_bank.skills
        if skill.id not in habits
    ]
    change = run.first_bank.diff(run.last_bank)
    text = (
        f"World {run.world}, seed {run.seed}: {len(habits)} entries state habits, {len(rows)} something "
        f"else. While training, {len(change.added)} entries came and {len(change.removed)} went."
    )
    return f"{text}\n\n{markdown_table(('id', 'for', 'skill'), rows)}" if rows else text


def _short(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:300]}..."
