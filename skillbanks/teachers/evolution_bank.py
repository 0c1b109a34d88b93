"""What a bank says about some kinds of tasks, for a teacher: with ids and use, within a budget."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.categories import bank_categories
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.teachers.episode_text import harmless
from skill_gym.trajectory import Trajectory


@dataclass(frozen=True, slots=True)
class BankText:
    """Lines about entries of a bank, and the entries that have one.

    Attributes:
        lines: One an entry, and one that counts those that are left out.
        entries: In the order of the lines.
        failing: Ids of those that a failed episode was shown.
    """

    lines: tuple[str, ...]
    entries: tuple[Skill | Mistake, ...]
    failing: tuple[str, ...] = ()

    @property
    def skill_ids(self) -> tuple[str, ...]:
        """Ids of the skills among the entries."""
        return tuple(entry.id for entry in self.entries if isinstance(entry, Skill))


def tell_bank(
    bank: SkillBank,
    task_types: Sequence[str],
    episodes: Sequence[Trajectory],
    max_tokens: int,
    *,
    count_tokens: Callable[[str], int],
) -> BankText:
    """Entries that belong to the task types or to all; those that failed episodes were shown come first.

    Args:
        bank: The bank.
        task_types: Kinds of tasks.
        episodes: Those that the use of entries is counted in.
        max_tokens: Budget of the lines.
        count_tokens: Number of tokens of a text.
    """
    categories = {name for task_type in task_types for name in bank_categories(bank, task_type)}
    own = {*categories, *task_types, None}
    failed: Counter[str] = Counter()
    solved: Counter[str] = Counter()
    for episode in episodes:
        (solved if episode.solved else failed).update(episode.skill_ids)
    entries = [entry for entry in bank if entry.category in own]
    lines: list[str] = []
    kept: list[Skill | Mistake] = []
    room = max_tokens
    for entry in sorted(entries, key=lambda one: -failed[one.id]):
        line = _line(entry, failed[entry.id], solved[entry.id])
        tokens = count_tokens(line)
        if tokens > room:
            continue
        room -= tokens
        lines.append(line)
        kept.append(entry)
    if left_out := len(entries) - len(kept):
        lines.append(f"({left_out} more entries have no room here)")
    failing = tuple(entry.id for entry in kept if failed[entry.id])
    return BankText(tuple(lines), tuple(kept), failing)


def _line(entry: Skill | Mistake, failed: int, solved: int) -> str:
    what = "mistake" if isinstance(entry, Mistake) else "skill"
    if isinstance(entry, Mistake):
        text = f"{entry.description} Instead: {entry.how_to_avoid}"
    else:
        when = f" When: {entry.when_to_apply}" if entry.when_to_apply else ""
        text = f"{entry.title}: {entry.principle}{when}"
    shown = f"; shown in {failed} failed and {solved} solved episodes" if failed or solved else ""
    return f"[{entry.id}] ({entry.category or 'all tasks'}, {what}{shown}) {harmless(' '.join(text.split()))}"
