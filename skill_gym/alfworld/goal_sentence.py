"""The twelve goal sentences of ALFWorld, written and read."""

import re
from dataclasses import dataclass

from skill_gym.alfworld.text import GOAL_MARK

SENTENCES: dict[str, tuple[str, str]] = {
    "pick_and_place_simple": ("put a {o} in {t}.", "put some {o} on {t}."),
    "look_at_obj_in_light": ("look at {o} under the {t}.", "examine the {o} with the {t}."),
    "pick_clean_then_place_in_recep": ("put a clean {o} in {t}.", "clean some {o} and put it in {t}."),
    "pick_heat_then_place_in_recep": ("put a hot {o} in {t}.", "heat some {o} and put it in {t}."),
    "pick_cool_then_place_in_recep": ("put a cool {o} in {t}.", "cool some {o} and put it in {t}."),
    "pick_two_obj_and_place": ("put two {o} in {t}.", "find two {o} and put them in {t}."),
}
"""Both forms for each task type, in the original's order of task types."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a goal sentence asks for.

    Attributes:
        task_type: One of the six.
        object: Kind of the object, as in its display name (``soapbar``).
        target: Kind of the receptacle to bring it to, or of the lamp to look at it under.
    """

    task_type: str
    object: str
    target: str


def write_sentence(task_type: str, form: int, object_type: str, target_type: str) -> str:
    """The goal sentence with its final stop; ``form`` is 0 or 1, type names may be in any case."""
    return SENTENCES[task_type][form].format(o=object_type.lower(), t=target_type.lower())


def read_sentence(text: str) -> Wanted:
    """Reads a goal sentence, or a first observation that ends with one.

    Raises:
        ValueError: It is none of the twelve, as with goals that people wrote.
    """
    goal = text.rpartition(GOAL_MARK)[2].strip()
    for task_type, pattern in _PATTERNS:
        match = pattern.fullmatch(goal)
        if match:
            return Wanted(task_type, match["o"], match["t"])
    raise ValueError(
        f"expected one of ALFWorld's twelve goal sentences, such as 'put a mug in desk.', got {goal[:100]!r};"
        " human-written goals are not understood here: play with goals='template'"
    )


def _pattern(sentence: str) -> re.Pattern[str]:
    text = re.escape(sentence).replace(r"\{o\}", r"(?P<o>\w+)").replace(r"\{t\}", r"(?P<t>\w+)")
    return re.compile(text)


_PATTERNS = [(task_type, _pattern(form)) for task_type, forms in SENTENCES.items() for form in forms]
