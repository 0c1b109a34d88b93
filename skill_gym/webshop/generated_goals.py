"""Goals of a generated shop: drawn evenly from its products, in the original's sentence and in a person's."""

import heapq
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from skill_gym.dice import Dice
from skill_gym.webshop.goals import ShopGoal, options_text
from skill_gym.webshop.made_products import Made
from skill_gym.webshop.person_sentences import person_sentence
from skill_gym.webshop.prices import NO_LIMIT, limit_text, steps_above
from skill_gym.webshop.product_lines import Shop
from skill_gym.webshop.product_text import role

FEWEST_ATTRIBUTES = 2
"""A synthetic goal names all of its product's attributes, at least so many."""
PERSONS = 2
"""Most human goals for one product."""
_KEYS = 1 << 50


class GoalDraw:
    """Is shown each product of a shop, and keeps goals for some of them.

    Each possible goal has a number drawn for it; those with the smallest numbers are kept, in that order.

    Args:
        shop: The shop.
        most: Goals of each kind to keep.
        per_product: Most goals of a kind for one product.
    """

    def __init__(self, shop: Shop, most: int, per_product: int) -> None:
        self._seed, self._per_product = shop.seed, per_product
        self._synthetic, self._human = _Smallest(most), _Smallest(most)

    def see(self, made: Made) -> None:
        """Draws the goals of a product."""
        traits = made.design.traits
        if not traits:
            return
        dice = Dice(f"{self._seed} goals {made.asin}")
        ways = math.prod(len(values) for _, values in made.design.options if values)
        count = min(ways, self._per_product) if len(traits) >= FEWEST_ATTRIBUTES else 0
        synthetic = self._synthetic.drawn(count, dice)
        human = self._human.drawn(min(PERSONS, self._per_product), dice)
        if not synthetic and not human:
            return
        limit, options = _limit(made.price, dice), made.options
        for key, way in zip(synthetic, _distinct(len(synthetic), ways, dice), strict=True):
            chosen = chosen_options(options, way)
            text = f"{instruction(made)}{options_text(chosen)}{limit_text(limit)}"
            self._synthetic.add(key, _goal(made, text, traits, limit, chosen))
        for key in human:
            text, named, values = person_sentence(made, options, dice)
            self._human.add(key, _goal(made, f"{text}{limit_text(limit)}", named, limit, values))

    def synthetic(self) -> Iterator[ShopGoal]:
        """The goals in the original's sentence, weighted as there; to be read after all products."""
        goals = self._synthetic.sorted()
        count = Counter(name for goal in goals for name in goal.attributes)
        for goal in goals:
            weight = sum(1.0 / count[name] for name in goal.attributes) / len(goal.attributes)
            yield replace(goal, weight=weight)

    def human(self) -> Iterator[ShopGoal]:
        """The goals in a person's sentence."""
        yield from self._human.sorted()


class _Smallest:
    """The goals with the smallest keys."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[int, int, ShopGoal]] = []
        self._added = 0

    def drawn(self, count: int, dice: Dice) -> list[int]:
        """Those of so many keys whose goals would be kept for now."""
        keys = [dice.below(_KEYS) for _ in range(count)]
        return keys if len(self._heap) < self._most else [key for key in keys if key < -self._heap[0][0]]

    def add(self, key: int, goal: ShopGoal) -> None:
        """Keeps a goal, in place of the one with the largest key when there are enough."""
        self._added += 1
        keep = heapq.heappush if len(self._heap) < self._most else heapq.heappushpop
        keep(self._heap, (-key, -self._added, goal))

    def sorted(self) -> list[ShopGoal]:
        """The goals kept, smallest key first."""
        return [goal for _, _, goal in sorted(self._heap, key=lambda kept: (-kept[0], -kept[1]))]


def instruction(made: Made) -> str:
    """The original's sentence: what the thing is, its kind, what it has, what it is for."""
    parts: tuple[list[str], list[str], list[str]] = ([], [], [])
    for trait in made.design.traits:
        parts[role(made.design, trait)].append(trait)
    being, having, purpose = (", ".join(part) for part in parts)
    text = f"Find me {being} {made.design.kind.query}" if being else f"Find me {made.design.kind.query}"
    if having:
        text += f" with {having}"
    return f"{text} for {purpose}" if purpose else text


def chosen_options(options: Mapping[str, tuple[str, ...]], way: int) -> dict[str, str]:
    """One of the combinations of values, names in sorted order."""
    chosen = {}
    for name in sorted(options):
        way, place = divmod(way, len(options[name]))
        chosen[name] = options[name][place]
    return chosen


def _goal(
    made: Made,
    text: str,
    attributes: tuple[str, ...],
    limit: float,
    options: dict[str, str] | tuple[str, ...],
) -> ShopGoal:
    record = made.record
    return ShopGoal(
        asin=made.asin,
        category=record["category"],
        query=record["query"],
        name=record["name"],
        product_category=record["product_category"],
        instruction_text=text,
        attributes=attributes,
        price_upper=limit,
        goal_options=options,
        weight=1.0,
    )


def _limit(price: float, dice: Dice) -> float:
    """The larger of two of the next price steps, as the original draws it."""
    near = steps_above(price)
    if len(near) < 2:
        return NO_LIMIT
    first = dice.below(len(near))
    second = (first + 1 + dice.below(len(near) - 1)) % len(near)
    return near[max(first, second)]


def _distinct(count: int, below: int, dice: Dice) -> list[int]:
    """Different numbers below a limit, in the order in which they are drawn."""
    drawn: dict[int, None] = {}
    while len(drawn) < count:
        drawn[dice.below(below)] = None
    return list(drawn)
