"""Claim: every stored walkthrough wins, and the planner wins from any state that can still be won."""

import random
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence

from skill_gym.alfworld.explorer import Explorer
from skill_gym.alfworld.games import SPLITS, TASK_TYPES, Game, open_games
from skill_gym.alfworld.layout import Layout
from skill_gym.alfworld.planner import plan
from skill_gym.alfworld.problem import parse_problem
from skill_gym.alfworld.world import World
from skill_gym.benchmarks.alfworld_data import games_folder
from skill_gym.benchmarks.claim import Bound, Claim, Figure, options, table

EXPERTS = ("walkthrough", "planner", "explorer")
MAX_STEPS = 50


def follow_walkthrough(world: World, game: Game) -> int | None:
    """Steps to the win; None when a command is not admissible or the win does not come exactly at the end."""
    for command in game.walkthrough:
        if world.won or command not in world.admissible():
            return None
        world.step(command)
    return len(game.walkthrough) if world.won else None


def follow_plan(world: World) -> int | None:
    """Steps of the planner to the win from the present state; None when it fails or takes more than 50."""
    commands = plan(world)
    if commands is None or len(commands) > MAX_STEPS:
        return None
    for command in commands:
        if command not in world.admissible():
            return None
        world.step(command)
    return len(commands) if world.won else None


def explore(world: World, game: Game) -> int | None:
    """Steps of the explorer to the win, None after 50 without."""
    explorer = Explorer(world.opening(game.sentence))
    for step in range(1, MAX_STEPS + 1):
        command = explorer.command(world.admissible())
        explorer.observe(command, world.step(command))
        if world.won:
            return step
    return None


def wander(world: World, dice: random.Random) -> None:
    """Takes up to 40 random steps, biased to changing things; stops short of a win."""
    for _ in range(dice.randint(1, 40)):
        commands = world.admissible()
        busy = [
            command
            for command in commands
            if not command.startswith(("go to", "examine", "help", "look", "inv"))
        ]
        command = dice.choice(busy if busy and dice.random() < 0.6 else commands)
        trial = world.copy()
        trial.step(command)
        if not trial.won:
            world.step(command)


def chosen_games(folder: object, splits: Sequence[str], limit: int | None) -> Iterator[Game]:
    """The games of the splits; with a limit, that many of each, evenly spread."""
    for split in splits:
        source = open_games(str(folder), split)
        tasks = source.tasks
        count = len(tasks) if limit is None else min(limit, len(tasks))
        for number in range(count):
            yield source.game(tasks[number * len(tasks) // count].id)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and gives the exit code."""
    parser = options(__doc__)
    parser.add_argument("--data", metavar="DIR", help="folder of packs or tree of official games")
    parser.add_argument("--expert", choices=EXPERTS, action="append", help="only this one; may be repeated")
    parser.add_argument("--splits", default="train,valid_seen,valid_train", help="comma-separated")
    parser.add_argument("--limit", type=int, help="games of each split, evenly spread; all when left out")
    parser.add_argument(
        "--mid-game", type=int, default=1000, help="random states that the planner starts from"
    )
    given = parser.parse_args(arguments)
    splits = [name for name in given.splits.split(",") if name]
    unknown = [name for name in splits if name not in SPLITS]
    if unknown:
        parser.error(f"unknown split {unknown[0]!r}; there are {', '.join(SPLITS)}")
    limit = 100 if given.quick and given.limit is None else given.limit
    experts = given.expert or EXPERTS
    took: dict[tuple[str, str], list[int | None]] = defaultdict(list)
    figures: dict[str, Figure] = {}
    plan_seconds: list[float] = []
    with games_folder(given.data, split=splits[0]) as (folder, words):
        print(f"Games: {words}")
        if "generated" in words:
            splits = splits[:1]
        for game in chosen_games(folder, splits, limit):
            layout = Layout.of(parse_problem(game.problem))
            if "walkthrough" in experts:
                took["walkthrough", game.task_type].append(follow_walkthrough(World(layout), game))
            if "planner" in experts:
                start = time.perf_counter()
                took["planner", game.task_type].append(follow_plan(World(layout)))
                plan_seconds.append(time.perf_counter() - start)
            if "explorer" in experts:
                took["explorer", game.task_type].append(explore(World(layout), game))
        if "planner" in experts and given.mid_game:
            ends = _mid_game(list(chosen_games(folder, splits, 100)), given.mid_game, took)
            figures["planner_mid_game_dead_ends"] = ends
    names = [name for name in (*experts, "planner mid-game") if any(key[0] == name for key in took)]
    rows: list[list[str]] = []
    for name in names:
        for task_type in TASK_TYPES:
            if took[name, task_type]:
                rows.append([name, task_type, *_row(took[name, task_type])])
        everything = [steps for key, found in took.items() if key[0] == name for steps in found]
        rows.append([name, "all", *_row(everything)])
        key = name.replace(" ", "_").replace("-", "_")
        solved = sum(steps is not None for steps in everything)
        figures[f"{key}_games"] = len(everything)
        figures[f"{key}_success"] = solved / len(everything)
    print(table(["expert", "task type", "games", "won", "success", "mean steps", "most"], rows))
    if plan_seconds:
        figures["plan_ms"] = statistics.median(plan_seconds) * 1000
    bounds = [Bound(f"{name}_success", ">=", 1) for name in ("walkthrough", "planner", "planner_mid_game")]
    text = (
        "every stored walkthrough wins with admissible commands; the planner wins within 50 steps from the "
        "start and from every random state that can still be won"
    )
    return Claim(text, figures, bounds).finish(given.json)


def _mid_game(games: Sequence[Game], states: int, took: dict[tuple[str, str], list[int | None]]) -> int:
    """Plans from that many states that can still be won; gives the number of dead ends drawn besides."""
    dice = random.Random(0)
    played = dead_ends = 0
    while played < states:
        game = games[(played + dead_ends) % len(games)]
        world = World(parse_problem(game.problem))
        wander(world, dice)
        stuck = _stuck(world)
        steps = follow_plan(world)
        if stuck and steps is None:
            dead_ends += 1
        else:
            took["planner mid-game", game.task_type].append(steps)
            played += 1
    return dead_ends


def _stuck(world: World) -> bool:
    """Whether the object in hand fits nowhere: a teddy bear that no receptacle takes is never put down."""
    if world.holding is None:
        return False
    kind = world.layout.kind[world.holding]
    return not any(kind in kinds for kinds in world.layout.accepts.values())


def _row(steps: Sequence[int | None]) -> list[str]:
    won = [count for count in steps if count is not None]
    mean = f"{statistics.mean(won):.1f}" if won else "-"
    return [str(len(steps)), str(len(won)), f"{len(won) / len(steps):.1%}", mean, str(max(won, default=0))]


if __name__ == "__main__":
    raise SystemExit(main())
