"""Which kind of task a memory record is about: what it says itself, else what its goal asks for."""

import re
from collections.abc import Callable, Mapping

from skill_gym.skillbanks.goals import PLACE, TASK_TYPES, Goal, read_goal
from skill_gym.skillbanks.memories.record import MemoryRecord
from skill_gym.skillbanks.search_goals import read_search_goal
from skill_gym.skillbanks.shop_goals import read_shop_goal

UNKNOWN = "unknown"
"""The type of a record whose goal gives no hint."""

_READERS: Mapping[str, Callable[[str], Goal]] = {
    "Alfworld": read_goal,
    "Webshop": read_shop_goal,
    "SearchAgent": read_search_goal,
}
_NAMES = {**{name: name for name in TASK_TYPES}, "pick_and_place": PLACE}
_LABEL = re.compile(rf"\b({'|'.join(sorted(_NAMES, key=len, reverse=True))})\b")


def task_type_of(record: MemoryRecord) -> str:
    """The environment's name of the task type.

    A record made by this suite tells it (``extra["task_type"]``). Descriptions of ALFWorld's released records
    name one of the six official types. All others are read from the goal, by the same rules as at retrieval.
    """
    told = record.extra.get("task_type")
    if isinstance(told, str) and told:
        return told
    if record.environment == "Alfworld" and (label := _LABEL.search(record.description)):
        return _NAMES[label[1]]
    read = _READERS.get(record.environment)
    return (read(record.goal).task_type if read else None) or UNKNOWN
