"""The one table between ALFWorld's task types (long names) and the banks' categories (short names).

WebShop's and Search's task types need none: they are the categories' names.
"""

from collections.abc import Mapping

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.goals import CLEAN, COOL, HEAT, LOOK, PLACE, TWO

CATEGORIES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    PLACE: (("pick_and_place", PLACE),),
    # The released bank's examine was distilled from lamp goals that its own routing misread.
    LOOK: ((LOOK, "examine"),),
    CLEAN: (("clean", CLEAN),),
    HEAT: (("heat", HEAT),),
    COOL: (("cool", COOL),),
    TWO: (("pick_two", TWO), ("pick_and_place", PLACE)),
}
"""Task type -> groups of category names. All categories of the first group belong to the type; a later
group stands in when the bank has none of the earlier ones. The very first name is the one that we write."""


def own_category(task_type: str) -> str:
    """The name under which this project files a task type's skills; types not in the table keep theirs."""
    return CATEGORIES[task_type][0][0] if task_type in CATEGORIES else task_type


def bank_categories(bank: SkillBank, task_type: str) -> tuple[str, ...]:
    """The categories of a bank whose skills belong to a task type, the most fitting first; may be empty.

    A group that evolution alone has written (its first lesson on two objects, say, in a released bank) does
    not take the place of the group that stood in for it: then both belong to the type.

    Args:
        bank: The bank.
        task_type: The environment's name of the type, or the name of one of the bank's categories.
    """
    found: list[str] = []
    for group in CATEGORIES.get(task_type, ((task_type,),)):
        names = [name for name in group if bank.task_specific.get(name)]
        found.extend(names)
        if any(not skill.evolved for name in names for skill in bank.task_specific[name]):
            break
    return tuple(found)


def target_category(bank: SkillBank, task_type: str) -> str:
    """The category into which a new skill of a task type goes: the bank's name for it where it has one."""
    group = CATEGORIES.get(task_type, ((task_type,),))[0]
    return next((name for name in group if name in bank.task_specific), own_category(task_type))
