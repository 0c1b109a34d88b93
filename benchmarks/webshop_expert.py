"""Claim: goals of the shop can be reached within 15 steps, mostly by reading alone."""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from skill_gym.benchmarks.claim import Bound, Claim, Figure, options, table
from skill_gym.webshop.catalogue import Catalogue, open_catalogue
from skill_gym.webshop.env import MAX_STEPS
from skill_gym.webshop.experts import Expert, PlayerExpert
from skill_gym.webshop.generator import GeneratorConfig, generated_catalogue
from skill_gym.webshop.goals import GoalKind, ShopGoal
from skill_gym.webshop.oracle import Oracle
from skill_gym.webshop.session import Session
from skill_gym.webshop.shopper import Shopper

CLAIM = (
    "within 15 steps the oracle makes a perfect purchase for every generated goal and for all real ones that "
    "the score lets the wanted product reach; the shopper, which only reads, for nine in ten of these"
)
QUICK = 300
"""Goals of a kind that are played with ``--quick``."""


class Result(NamedTuple):
    """One episode: the score, the steps, and whether the wanted product was bought."""

    score: float
    steps: int
    wanted: bool


class _FirstHit:
    """Searches with the whole instruction and buys the first hit, choosing nothing."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def observe(self, command: str, observation: str) -> None:
        """It pays no attention."""

    def command(self) -> str | None:
        session = self._session
        if session.page == "search":
            return f"search[{session.goal.instruction_text}]"
        products = session.clickables[2:]
        if session.page == "results" and products:
            return f"click[{products[0]}]"
        return "click[buy now]"


PLAYERS: dict[str, Callable[[Session], Expert]] = {
    "first hit": _FirstHit,
    "shopper": lambda session: PlayerExpert(Shopper(session.text), session),
    "oracle": Oracle,
}


def play(catalogue: Catalogue, goal: ShopGoal, make: Callable[[Session], Expert]) -> Result:
    """Plays a goal until the purchase, or for 15 steps."""
    session = Session(catalogue, goal, "s")
    player = make(session)
    for step in range(1, MAX_STEPS + 1):
        command = player.command() or ""
        score, bought = session.do(command)
        if bought:
            return Result(score, step, session.asin == goal.asin)
        player.observe(command, session.text)
    return Result(0.0, MAX_STEPS, False)


def spread(count: int, limit: int | None, start: int = 0) -> list[int]:
    """Indices from ``start`` up to ``count``, at most ``limit`` of them, evenly spread."""
    whole = count - start
    kept = whole if limit is None else min(limit, whole)
    return [start + place * whole // kept for place in range(kept)]


def one_a_product(goals: Sequence[ShopGoal], limit: int | None, start: int = 0) -> list[int]:
    """The first goal of each product."""
    first: dict[str, int] = {}
    for index in range(start, len(goals)):
        first.setdefault(goals[index].asin, index)
    indices = list(first.values())
    return [indices[place] for place in spread(len(indices), limit)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and gives the exit code."""
    parser = options(__doc__)
    parser.add_argument(
        "--data",
        metavar="DIR",
        default=os.environ.get("WEBSHOP_DATA"),
        help="folder with the original files or a built store; generated shops alone when left out",
    )
    parser.add_argument("--limit", type=int, help="goals of each kind, evenly spread; all when left out")
    given = parser.parse_args(arguments)
    if given.limit is not None and given.limit < 1:
        parser.error(f"--limit must be at least 1, got {given.limit}")
    limit = QUICK if given.quick and given.limit is None else given.limit
    rows: list[list[str]] = []
    figures: dict[str, Figure] = {}

    def measure(name: str, catalogue: Catalogue, goals: Sequence[ShopGoal], indices: Sequence[int]) -> None:
        for player, make in PLAYERS.items():
            begin = time.perf_counter()
            results = [play(catalogue, goals[index], make) for index in indices]
            took = (time.perf_counter() - begin) / len(results) * 1000
            success = statistics.mean(result.score == 1.0 for result in results)
            score = statistics.mean(result.score for result in results)
            steps = statistics.mean(result.steps for result in results)
            wanted = statistics.mean(result.wanted for result in results)
            figures[f"{name}_{player}_success".replace(" ", "_")] = success
            figures[f"{name}_{player}_score".replace(" ", "_")] = score
            cells = [f"{score:.3f}", f"{success:.1%}", f"{wanted:.1%}", f"{steps:.1f}", f"{took:.1f}"]
            rows.append([name.replace("_", " "), player, str(len(results)), *cells])
        figures[f"{name}_of_reachable"] = (
            figures[f"{name}_shopper_success"] / figures[f"{name}_oracle_success"]  # type: ignore[operator]
        )

    kinds: tuple[tuple[str, GoalKind], ...] = (("generated", "synthetic"), ("generated_people", "human"))
    shop = generated_catalogue("generated_test", GeneratorConfig())
    for name, kind in kinds:
        made = shop.goals(kind)
        measure(name, shop, made, spread(len(made), limit))
    if given.data:
        real = open_catalogue(given.data)
        goals = real.goals("synthetic")
        held = min(500, len(goals))
        measure("test_goals", real, goals, spread(held, limit))
        if len(goals) > held:
            measure("other_goals", real, goals, spread(len(goals), limit, held))
            measure("other_products", real, goals, one_a_product(goals, limit, held))
    print(table(["goals", "player", "n", "score", "success", "wanted bought", "steps", "ms"], rows))
    bounds = [
        Bound("generated_oracle_success", ">=", 1),
        Bound("generated_people_oracle_success", ">=", 1),
        Bound("generated_of_reachable", ">=", 0.9),
        Bound("test_goals_of_reachable", ">=", 0.9),
        Bound("other_goals_of_reachable", ">=", 0.9),
        Bound("other_products_of_reachable", ">=", 0.9),
    ]
    return Claim(CLAIM, figures, bounds).finish(given.json)


if __name__ == "__main__":
    raise SystemExit(main())
