"""Every sentence that a player of ALFWorld can read."""

from collections.abc import Sequence

WELCOME = "-= Welcome to TextWorld, ALFRED! =-"
NOTHING_HAPPENS = "Nothing happens."
GOAL_MARK = "Your task is to: "
HELP = """Available commands:
  look:                             look around your current location
  inventory:                        check your current inventory
  go to (receptacle):               move to a receptacle
  open (receptacle):                open a receptacle
  close (receptacle):               close a receptacle
  take (object) from (receptacle):  take an object from a receptacle
  move (object) to (receptacle):  place an object in or on a receptacle
  examine (something):              examine a receptacle or an object
  use (object):                     use an object
  heat (object) with (receptacle):  heat an object using a receptacle
  clean (object) with (receptacle): clean an object using a receptacle
  cool (object) with (receptacle):  cool an object using a receptacle
  slice (object) with (object):     slice an object using a sharp object
"""
_MIDDLE = "You are in the middle of a room. Looking quickly around you, you see "


def join(items: Sequence[str]) -> str:
    """``nothing``, the item, or the items with commas and a last ``, and``."""
    if not items:
        return "nothing"
    if len(items) == 1:
        return items[0]
    return f"{', '.join(items[:-1])}, and {items[-1]}"


def join_with_articles(names: Sequence[str]) -> str:
    """Like ``join``, each name with ``a`` (never ``an``)."""
    return join(["a " + name for name in names])


def opening(place: str, sentence: str) -> str:
    """The first observation: welcome, the place (``middle`` or ``facing``), the task with its full stop."""
    return f"{WELCOME}\n\n{place}\n\n{GOAL_MARK}{sentence}"


def middle(receptacles: Sequence[str]) -> str:
    """Looking around from the middle of the room."""
    return f"{_MIDDLE}{join_with_articles(receptacles)}."


def facing(receptacles: Sequence[str], floor: Sequence[str]) -> str:
    """Looking around at a place that has receptacles."""
    return f"You are facing the {join(receptacles)}. Next to it, you see {join_with_articles(floor)}."


def contents(receptacle: str, objects: Sequence[str], *, openable: bool, opened: bool) -> str:
    """What a receptacle shows."""
    if not openable:
        return f"On the {receptacle}, you see {join_with_articles(objects)}."
    if opened:
        return f"The {receptacle} is open. In it, you see {join_with_articles(objects)}."
    return f"The {receptacle} is closed."


def inventory(held: str | None) -> str:
    """What the agent carries."""
    return "You are not carrying anything." if held is None else f"You are carrying: a {held}."


def inside(item: str, nested: Sequence[str]) -> str:
    """Examining an object that can hold others."""
    return f"This is a normal {item}. In it, you see {join_with_articles(nested)}."


def condition(item: str, *, clean: bool, hot: bool, cool: bool, sliced: bool, on: bool) -> str:
    """Examining any other object; ``sliced`` and ``on`` only where the object can be.

    An object that is only cool is the one case called ``cold``, as in the original.
    """
    warmth = "hot" if hot else "cool" if cool else ""
    if sliced and (clean or warmth):
        state = " and ".join(word for word in (warmth, "clean" if clean else "") if word)
        return f"This is a {state} sliced {item}."
    if clean and warmth:
        return f"This is a {warmth} and clean {item}."
    if hot:
        return f"This is a hot {item}."
    if clean:
        return f"This is a clean {item}."
    if cool:
        return f"This is a cold {item}."
    if on:
        return f"This {item} is on."
    if sliced:
        return f"This is a sliced {item}."
    return f"There's nothing special about {item}."
