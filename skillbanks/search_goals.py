"""What a question asks for: how its answer has to be looked for, read from its words."""

from skill_gym.search.task_types import TASK_TYPES, read_question
from skill_gym.skillbanks.goals import Goal

SEARCH_TYPES: tuple[str, ...] = TASK_TYPES
"""Search's task types, which are the banks' categories as well (SkillRL's names)."""


def read_search_goal(text: str) -> Goal:
    """Reads a question; the confidence is the probability that its cues give.

    Args:
        text: The question alone.
    """
    if not any(letter.isalnum() for letter in text):
        return Goal(None, "none", 0.0)
    found = read_question(text)
    return Goal(found.task_type, "goal", found.confidence)
