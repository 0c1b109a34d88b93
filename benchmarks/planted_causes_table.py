"""In which environments causes are planted, and which."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from skill_gym.benchmarks import planted_causes_household, planted_causes_search, planted_causes_shop
from skill_gym.benchmarks.planted_causes_answers import ANSWER_PLANTS
from skill_gym.benchmarks.planted_causes_errands import ERRAND_PLANTS
from skill_gym.benchmarks.planted_causes_play import Plant, Scene
from skill_gym.benchmarks.planted_causes_purchases import PURCHASE_PLANTS
from skill_gym.benchmarks.planted_causes_queries import QUERY_PLANTS
from skill_gym.benchmarks.planted_causes_rooms import ROOM_PLANTS
from skill_gym.benchmarks.planted_causes_shop import SHOP_PLANTS
from skill_gym.dice import Dice


@dataclass(frozen=True, slots=True)
class Ground:
    """An environment in which causes are planted.

    Attributes:
        env_id: Its registered id.
        noise: Draws harmless commands.
        plants: What may go wrong.
    """

    env_id: str
    noise: Callable[[Scene, Dice], str]
    plants: tuple[Plant, ...]


GROUNDS: Mapping[str, Ground] = {
    "alfworld": Ground(
        "skill_gym/ALFWorld-v0", planted_causes_household.noise, (*ROOM_PLANTS, *ERRAND_PLANTS)
    ),
    "webshop": Ground("skill_gym/WebShop-v0", planted_causes_shop.noise, (*SHOP_PLANTS, *PURCHASE_PLANTS)),
    "search": Ground("skill_gym/Search-v0", planted_causes_search.noise, (*QUERY_PLANTS, *ANSWER_PLANTS)),
}
"""Environments by the names that figures have."""
