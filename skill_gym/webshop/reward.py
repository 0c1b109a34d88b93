"""What a purchase is worth: type, attributes, options and price against the goal (Yao et al. 2022, eq. 1)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from skill_gym.webshop.colours import plain_colour
from skill_gym.webshop.goals import ShopGoal
from skill_gym.webshop.product import Product
from skill_gym.webshop.token_set_ratio import token_set_ratio

ALIKE = 85
"""Two phrases match when their token set ratio is above this."""


@dataclass(frozen=True, slots=True)
class Reward:
    """The score of a purchase.

    Attributes:
        total: In [0, 1].
        info: The parts under the original's names: ``r_type``, ``r_att``, ``w_att``, ``query_match``,
            ``category_match``, ``title_score``, ``r_option`` and ``w_option`` (only when the goal has
            options), ``r_price``, ``w_price``.
    """

    total: float
    info: Mapping[str, float | bool]


def score(
    purchased: Product, options: Mapping[str, str], goal: ShopGoal, goal_nouns: Sequence[str]
) -> Reward:
    """The original's reward of buying a product with these options.

    Args:
        purchased: What was bought; its ``price`` is compared, whatever was shown.
        options: The values that were chosen, by option name.
        goal: What was asked for.
        goal_nouns: Nouns of the title of the goal's product, repeats kept.
    """
    attributes = sum(_has_attribute(purchased, wanted) for wanted in goal.attributes)
    wanted_options = goal.goal_options
    pairs = tuple(wanted_options.items()) if isinstance(wanted_options, Mapping) else tuple(wanted_options)
    chosen = count_options(options.values(), pairs)
    affordable = purchased.price <= goal.price_upper
    kind = type_score(purchased, goal, goal_nouns)
    parts = len(goal.attributes) + len(pairs) + 1
    total = (attributes + chosen + affordable) / parts * kind["r_type"]
    info: dict[str, float | bool] = {
        "r_type": kind["r_type"],
        "r_att": attributes / len(goal.attributes) if goal.attributes else 1.0,
        "w_att": len(goal.attributes) / parts,
        "query_match": kind["query_match"],
        "category_match": kind["category_match"],
        "title_score": kind["title_score"],
    }
    if pairs:
        info |= {"r_option": chosen / len(pairs), "w_option": len(pairs) / parts}
    return Reward(total, {**info, "r_price": affordable, "w_price": 1 / parts})


def type_score(purchased: Product, goal: ShopGoal, goal_nouns: Sequence[str]) -> dict[str, float | bool]:
    """Whether it is the kind of thing asked for: ``r_type`` and the three things it follows from."""
    query_match = purchased.query == goal.query
    common = _path(purchased.product_category) & _path(goal.product_category)
    category_match = len(common) >= 2
    shared = len(set(purchased.title_nouns) & set(goal_nouns))
    title_score = shared / len(goal_nouns) if goal_nouns else 0.2
    r_type = 1.0
    if not (query_match or category_match or title_score > 0.2):
        r_type = 0.5
    # The original lets these two win even when query or category match.
    if title_score < 0.1:
        r_type = 0.1
    if title_score == 0.0:
        r_type = 0.0
    return {
        "r_type": r_type,
        "query_match": query_match,
        "category_match": category_match,
        "title_score": title_score,
    }


def count_options(chosen: Iterable[str], wanted: Iterable[str | tuple[str, str]]) -> int:
    """How many of the wanted options some chosen value is like; one value may serve several."""
    values = [str(plain_colour(value)) for value in chosen]
    return sum(
        any(token_set_ratio(value, text) > ALIKE for value in values)
        for text in (str(plain_colour(item)) for item in wanted)
    )


def _has_attribute(purchased: Product, wanted: str) -> bool:
    if any(token_set_ratio(own, wanted) > ALIKE for own in purchased.attributes):
        return True
    return (
        wanted in purchased.title.lower()
        or wanted in " ".join(purchased.bullets).lower()
        or wanted in purchased.description.lower()
    )


@lru_cache(maxsize=4096)
def _path(product_category: str) -> frozenset[str]:
    return frozenset(piece.strip() for piece in product_category.split("›"))
