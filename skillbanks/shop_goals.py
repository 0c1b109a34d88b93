"""What a WebShop goal asks for: the department of the thing, read from the instruction."""

from skill_gym.skillbanks.goals import Goal
from skill_gym.webshop.task_types import TASK_TYPES, named_type, task_type
from skill_gym.webshop.type_words import OTHER

SHOP_TYPES = TASK_TYPES
"""WebShop's task types, which are the banks' categories as well."""

_NAMED, _HINTED, _SILENT = 0.98, 0.6, 0.3


def read_shop_goal(text: str) -> Goal:
    """Reads an instruction.

    The confidence is 0.98 when the name of the thing tells the department, the share of 397 products that was
    right by their paths; less when only other words do, least for ``other`` because nothing does.

    Args:
        text: The instruction alone.
    """
    named = named_type(text)
    if named is not None:
        return Goal(named, "goal", _NAMED)
    found = task_type(text)
    return (
        Goal(found, "goal", _SILENT if found == OTHER else _HINTED)
        if text.split()
        else Goal(None, "none", 0.0)
    )
