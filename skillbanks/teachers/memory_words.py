"""What a model is told when it writes the memory of an episode."""

from collections.abc import Mapping

from skill_gym.skillbanks.memories.writer import environment_of
from skill_gym.skillbanks.teachers.episode_text import WARNING
from skill_gym.trajectory import Trajectory

SYSTEM = (
    "You study how agents act in text environments and write down what is worth remembering of an episode, "
    "for agents that will meet other tasks of the same kind. Be exact and brief. Say nothing that the record "
    f"does not show. {WARNING}"
)

_ABOUT: Mapping[str, str] = {
    "Alfworld": (
        "The agent acts in a household. Say which of the six kinds of task it is (put an object somewhere; "
        "look at an object by the light of a lamp; put an object there cleaned, heated or cooled; put two "
        "objects there) and name objects and places by their kind alone: 'mug', never 'mug 1'. Placeholders "
        "in the plan: [Object], [Location], [Station], [Target], [Lamp]."
    ),
    "Webshop": (
        "The agent shops for what an instruction wishes. Name the broad category of the item and the kinds "
        "of constraints, never their values: no price, size, colour, brand, product id or title. "
        "Placeholders: [Item], [Product], [Price_Constraint], [Size_Constraint], [Color_Constraint], "
        "[Attribute_Constraint] and the like, also within search[...] and click[...]."
    ),
    "SearchAgent": (
        "The agent answers a question by searching passages. Say whether the answer stands in one passage or "
        "takes several hops or a comparison. Never write names, dates or other facts of this question or its "
        "answer: placeholders are [Person], [Place], [Work], [Organisation], [Date], [Answer] and the like, "
        "also within queries."
    ),
}
_ABOUT_OTHERS = (
    "Say what kind of task it is. Put placeholders in brackets, such as [Object], for everything that "
    "belongs to this one episode: numbers, names and values."
)


def solved_text(trajectory: Trajectory, episode: str) -> str:
    """The question about a solved episode.

    Args:
        trajectory: The episode.
        episode: Its text.
    """
    return (
        f"{_about(trajectory)}\n\n{episode}\n\n"
        "The episode was solved. Write:\n"
        "- contextual_description: one paragraph on the kind of task, what was done, and why it succeeded.\n"
        "- refined_trajectory: begin at the last step and walk backwards. Ask of each step which earlier one "
        "made it possible, keep that one and go on from it; leave out everything that no kept step needed: "
        "detours, repetitions, steps that did nothing. List what is left in the order of the record, each "
        "with its step number there, and in abstract words: placeholders or kinds instead of values.\n"
        "- planning_pattern: the plan as stages joined by ' -> ', with placeholders, so that it fits other "
        "tasks of this kind."
    )


def failed_text(trajectory: Trajectory, episode: str) -> str:
    """The question about an episode that was not solved; arguments as in ``solved_text``."""
    end = "ran out of steps" if trajectory.ended == "truncated" else "ended without success"
    return (
        f"{_about(trajectory)}\n\n{episode}\n\n"
        f"The episode {end}. Write:\n"
        "- contextual_description: one paragraph on the kind of task, what was done, and why it failed.\n"
        "- mistakes_to_avoid: the root causes, the one that weighs most first; not what followed from them. "
        "For each, trigger_condition is the situation in which it happens, and bad_action what the agent did "
        "there that it should not have done. Both in words that fit other tasks of this kind."
    )


def _about(trajectory: Trajectory) -> str:
    return _ABOUT.get(environment_of(trajectory), _ABOUT_OTHERS)
