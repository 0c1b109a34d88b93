"""Claim: the native WebShop plays thousands of actions a second in little memory."""

import gc
import gzip
import json
import random
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium as gym

from skill_gym.benchmarks.claim import Bound, Claim, Figure, options, shown, table
from skill_gym.benchmarks.process import in_new_process, memory_mb
from skill_gym.webshop.catalogue import Catalogue
from skill_gym.webshop.env import WebShopEnv
from skill_gym.webshop.tasks import ENV_ID

CLAIM = (
    "on the shop of 1,000 products one process plays at least 5,000 actions a second, text and admissible "
    "commands at hand; the first environment of a process keeps it under 120 MB, a further one adds under 20"
)
BOUNDS = (
    Bound("actions_per_s", ">=", 5000),
    Bound("rss_first_mb", "<=", 120),
    Bound("rss_next_mb", "<=", 20),
    Bound("identical", ">=", 1),
)
RECORDING = "traces_200.jsonl.gz"
"""Episodes of the original shop, one JSON object a line, beside the product files."""


class Episode(NamedTuple):
    """What is played.

    Attributes:
        task: Id of the goal.
        prefix: Stands before it in the urls.
        commands: In order; some recordings go on after the purchase.
        recorded: What the original showed at reset and after each command; empty if it was not recorded.
    """

    task: str
    prefix: str
    commands: list[str]
    recorded: list[dict[str, Any]]


class Round(NamedTuple):
    """All episodes played once, from a freshly opened shop.

    Attributes:
        episodes: Seconds of each episode, its reset included.
        actions: Seconds of each action by its kind, ``reset`` among them.
        different: Number of pages that were not as recorded.
    """

    episodes: list[float]
    actions: dict[str, list[float]]
    different: int


def recorded_episodes(folder: Path) -> list[Episode]:
    """The recorded episodes; none when the folder holds no recording."""
    path = folder / RECORDING
    if not path.is_file():
        return []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    return [
        Episode(
            str(record["goal_idx"]),
            record["session"].removesuffix(str(record["goal_idx"])),
            [step["action"] for step in record["steps"][1:]],
            record["steps"],
        )
        for record in records
    ]


def drawn_episodes(env: gym.Env[str, str], count: int, steps: int = 15) -> list[Episode]:
    """Episodes of random play: admissible commands, queries of words of the goal."""
    episodes = []
    for number in range(count):
        dice = random.Random(number)
        _, info = env.reset(seed=number)
        commands: list[str] = []
        over = False
        while len(commands) < steps and not over:
            commands.append(_drawn(info, dice))
            _, _, over, _, info = env.step(commands[-1])
        episodes.append(Episode(info["task"], "", commands, []))
    return episodes


def play(make: Mapping[str, Any], episodes: Sequence[Episode]) -> Round:
    """Plays all episodes in a new environment of a shop that nobody has read from."""
    env = gym.make(ENV_ID, max_episode_steps=10_000, **make)
    bare: WebShopEnv = env.unwrapped  # type: ignore[assignment]
    bare.catalogue = Catalogue(bare.catalogue.folder)
    result = Round([], defaultdict(list), 0)
    different = 0
    for episode in episodes:
        bare.session_prefix = episode.prefix
        begun = time.perf_counter()
        text, info = env.reset(options={"task": episode.task})
        result.actions["reset"].append(time.perf_counter() - begun)
        seen: list[tuple[object, ...]] = [(text, info["url"], info["admissible_commands"], 0.0, False)]
        over = False
        for command in episode.commands:
            start = time.perf_counter()
            if over:
                # The original goes on after the purchase; here the environment is over, its session is not.
                reward, done = bare.session.do(command)
                text, url, commands = bare.session.text, bare.session.url, bare.admissible_commands()
            else:
                text, paid, done, _, info = env.step(command)
                reward, over = float(paid), done
                url, commands = info["url"], info["admissible_commands"]
            result.actions[_kind(command)].append(time.perf_counter() - start)
            seen.append((text, url, commands, reward, done))
        result.episodes.append(time.perf_counter() - begun)
        different += sum(not _same(found, step) for found, step in zip(seen, episode.recorded, strict=False))
    return result._replace(different=different)


def measure_memory(make: Mapping[str, Any], further: int) -> tuple[float, float]:
    """Resident MB of a new process with one environment, and what each further one adds."""
    first, last = in_new_process("skill_gym.benchmarks.webshop_speed", "hold", dict(make), further)
    return first, (last - first) / further


def hold(make: Mapping[str, Any], further: int) -> tuple[float, float]:
    """Plays 100 episodes in one environment, then 20 in each further one; gives resident MB after both."""
    import skill_gym  # noqa: F401 - registers

    envs = [gym.make(ENV_ID, **make)]
    drawn_episodes(envs[0], 100)
    gc.collect()
    first = memory_mb()
    for _ in range(further):
        envs.append(gym.make(ENV_ID, **make))
        drawn_episodes(envs[-1], 20)
    gc.collect()
    return first, memory_mb()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and gives the exit code."""
    parser = options(__doc__)
    parser.add_argument(
        "--data", metavar="DIR", help=f"folder of the original's files, with {RECORDING} to replay"
    )
    given = parser.parse_args(arguments)
    make = {"split": "all", "data": given.data} if given.data else {"split": "generated"}
    episodes = recorded_episodes(Path(given.data)) if given.data else []
    what = f"{len(episodes)} recorded episodes of the original"
    if not episodes:
        env = gym.make(ENV_ID, max_episode_steps=10_000, **make)
        episodes = drawn_episodes(env, 200)
        what = f"{len(episodes)} episodes of random play, split {make['split']}"
    actions = sum(len(episode.commands) for episode in episodes)
    rounds = [play(make, episodes) for _ in range(5 if given.quick else 15)]
    # A busy neighbour makes any round slow somewhere; each episode's fastest round is what it costs.
    seconds = sum(map(min, zip(*(one.episodes for one in rounds), strict=True)))
    first, further = measure_memory(make, 4 if given.quick else 16)
    figures: dict[str, Figure] = {
        "actions_per_s": actions / seconds,
        "first_round_actions_per_s": actions / sum(rounds[0].episodes),
        "rss_first_mb": first,
        "rss_next_mb": further,
    }
    if episodes[0].recorded:
        figures["identical"] = not any(one.different for one in rounds)
    print(f"Played: {what}, {actions:,} actions, {len(rounds)} times, each time on a newly opened shop where")
    print("no query is known; the fastest time of each episode and action counts. The first round, in which")
    print("every word was new as well, is the figure first_round_actions_per_s, slowed by all neighbours.\n")
    rows = []
    for kind in sorted(rounds[0].actions):
        times = [min(times) * 1e6 for times in zip(*(one.actions[kind] for one in rounds), strict=True)]
        rows.append([kind, shown(len(times)), shown(statistics.median(times)), shown(max(times))])
    print(table(["action", "times", "median us", "longest us"], rows))
    return Claim(CLAIM, figures, BOUNDS, ("numpy",)).finish(given.json)


def _drawn(info: Mapping[str, Any], dice: random.Random) -> str:
    command: str = dice.choice(info["admissible_commands"])
    if command in ("search[<your query>]", "click[search]"):
        words = info["goal"].split()
        return f"search[{' '.join(dice.sample(words, min(4, len(words))))}]"
    return command


def _kind(command: str) -> str:
    name, _, label = command.partition("[")
    label = label.rpartition("]")[0].lower()
    if name == "search" and label:
        return "search"
    if name != "click":
        return "nothing"
    if label in ("next >", "< prev", "back to search", "buy now"):
        return label
    if label in ("description", "features", "reviews"):
        return "sub page"
    return "product" if re.fullmatch(r"b[0-9a-z]{9}", label) else "option"


def _same(found: tuple[object, ...], step: Mapping[str, Any]) -> bool:
    text, url, commands, reward, done = found
    bar = ("search[<your query>]",) if step["has_search_bar"] else ()
    wanted = (*bar, *(f"click[{label}]" for label in step["clickables"]))
    score = abs(float(str(reward)) - step["reward"]) <= 1e-9
    return score and (text, url, commands, done) == (step["text"], step["url"], wanted, step["done"])


if __name__ == "__main__":
    raise SystemExit(main())
