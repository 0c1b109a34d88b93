"""What a teacher is told about an environment: how it is played, what matters there, its kinds of tasks."""

from collections.abc import Mapping

from skill_gym.registration import SUITE, env_class
from skill_gym.search.task_types import ATTRIBUTE, COMPARISON, DIRECT, MULTI_HOP
from skill_gym.skillbanks.categories import own_category
from skill_gym.skillbanks.goals import CLEAN, COOL, HEAT, LOOK, PLACE, TWO
from skill_gym.webshop.type_words import (
    ACCESSORIES,
    APPAREL,
    BEAUTY_HEALTH,
    ELECTRONICS,
    FOOTWEAR,
    HOME_DECOR,
    OTHER,
)

_FOCUS: Mapping[str, str] = {
    "skill_gym/ALFWorld-v0": "searching a room without going twice to the same place; closed "
    "containers; taking "
    "exactly what the goal names; which change a thing needs, and where, before it is put down; keeping "
    "count of "
    "several things; what to do after 'Nothing happens.'",
    "skill_gym/WebShop-v0": "which words of the instruction to search for; reading results and prices "
    "before a "
    "product is opened; choosing every wanted option; checking attributes that only the description "
    "tells; when to "
    "go back to the results; when to buy",
    "skill_gym/Search-v0": "what to ask first and in which words; taking a question apart; using what "
    "was found in "
    "the next query; checking an answer against the passages; what to do when a search brings nothing; "
    "when to "
    "stop and how short to answer",
}
_KINDS: Mapping[str, str] = {
    PLACE: "find an object and put it into or onto a place",
    LOOK: "find an object and look at it by the light of a lamp that is turned on",
    CLEAN: "find an object, clean it at a sink, then put it to a place",
    HEAT: "find an object, heat it with a microwave, then put it to a place",
    COOL: "find an object, cool it with a fridge, then put it to a place",
    TWO: "find two objects of one kind and put both to a place, one at a time",
    APPAREL: "buy clothing, where fit, size, colour and material are wanted",
    FOOTWEAR: "buy shoes, where size, width, colour and sole are wanted",
    HOME_DECOR: "buy furniture, bedding or decoration, where measures, colour and material are wanted",
    ELECTRONICS: "buy a device or its accessories, where models and capacities are wanted",
    ACCESSORIES: "buy jewellery, bags, watches and the like",
    BEAUTY_HEALTH: "buy care products, where ingredients, sizes and claims are wanted",
    OTHER: "buy anything else",
    DIRECT: "a question that one fact answers",
    MULTI_HOP: "a question whose answer needs several facts, each found with the help of the one before",
    ATTRIBUTE: "a question after one attribute of a named entity",
    COMPARISON: "a question that compares two or more entities",
}


def world(env_id: str) -> str:
    """The environment in a few lines; of one that is not of the suite, only its name."""
    if env_id not in SUITE:
        return f"The environment: {env_id}."
    metadata = env_class(env_id).metadata
    return (
        f"What the agent is told at the start of each task:\n{metadata['role']}\n{metadata['instructions']}\n"
        f"What decides episodes there: {_FOCUS[env_id]}."
    )


def kind(task_type: str) -> str:
    """A kind of task by its short name, with what it asks for where that is known."""
    told = _KINDS.get(task_type)
    return f"{own_category(task_type)} ({told})" if told else own_category(task_type)
