"""A memory record as a teacher reads it: within a budget, and marked as a record like an episode."""

from collections.abc import Callable

from skill_gym.skillbanks.memories.record import MemoryRecord
from skill_gym.skillbanks.rendering import about_tokens
from skill_gym.skillbanks.teachers.episode_text import CUT, harmless

_FORMS = ((99, 600), (99, 300), (8, 300), (8, 150), (4, 150), (2, 150), (2, 80), (1, 80), (1, 40), (0, 40))
"""Most steps (and mistakes) and characters of a text, from the whole record to what fits nearly always."""


def tell_memory(
    record: MemoryRecord,
    task_type: str,
    *,
    max_tokens: int = 1500,
    count_tokens: Callable[[str], int] = about_tokens,
    name: str = "",
) -> str:
    """The record as text within a budget: texts are shortened, and steps and mistakes go.

    Args:
        record: The record.
        task_type: The environment's name of its task type.
        max_tokens: Budget of the whole text, at least 50.
        count_tokens: Number of tokens of a text.
        name: How the teacher is to refer to it, e.g. ``E3``.
    """
    for kept, limit in _FORMS:
        text = _text(record, task_type, name, limit, kept)
        if count_tokens(text) <= max_tokens:
            break
    return text


def _text(record: MemoryRecord, task_type: str, name: str, limit: int, kept: int) -> str:
    ended = "solved" if record.success else "failed"
    lines = [
        f'<episode name="{harmless(name)}" task_type="{harmless(task_type)}" ended="{ended}">',
        f"goal: {_short(record.goal, limit)}",
        f"account: {_short(record.description, limit)}",
    ]
    if record.pattern:
        lines.append(f"plan: {_short(record.pattern, limit)}")
    steps = [
        f"{number}. did: {_short(step.action, limit)}\n   saw: {_short(step.observation, limit)}\n"
        f"   why: {_short(step.reasoning, limit)}"
        for number, step in enumerate(record.steps or (), 1)
    ]
    mistakes = [
        f"mistake: when {_short(mistake.trigger, limit)} it did: {_short(mistake.bad_action, limit)}"
        for mistake in record.mistakes
    ]
    return "\n".join([*lines, *_ends(steps, kept, "steps"), *_ends(mistakes, kept, "mistakes"), "</episode>"])


def _ends(items: list[str], kept: int, what: str) -> list[str]:
    """Beginning and end of a list."""
    if len(items) <= kept:
        return items
    front = (kept + 1) // 2
    cut = CUT.format(count=len(items) - kept).replace("steps", what)
    return [*items[:front], cut, *items[len(items) - (kept - front) :]]


def _short(text: str, limit: int) -> str:
    # Plans are written with arrows, which would lose their heads.
    line = harmless(" ".join(text.replace("->", "→").split()))
    if len(line) <= limit:
        return line
    half = max(1, (limit - 5) // 2)
    return f"{line[:half]} ... {line[-half:]}"
