"""Claim: the search server and its client lose nothing under load, and batching shortens the wait."""

import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

import gymnasium as gym

from skill_gym.agents.policy import Sampling
from skill_gym.agents.rollout import Episode, RolloutStats, play
from skill_gym.agents.scripted import ExpertPolicy
from skill_gym.benchmarks.claim import Bound, Claim, Figure, options, shown, table
from skill_gym.benchmarks.search_load import CLIENTS, TIMEOUT, TOPK, Load, load, percentiles, right_answers
from skill_gym.benchmarks.search_server_process import SPLIT, Outages, ServerProcess
from skill_gym.search.generator import GeneratorConfig, generated_world
from skill_gym.search.passages import PassageIndex
from skill_gym.search.remote import RemoteIndex
from skill_gym.trajectory import Trajectory
from skill_gym.wrappers.tagged_action import TaggedAction
from skill_gym.wrappers.task_prompt import TaskPrompt

ENV_ID = "skill_gym/Search-v0"
CLAIM = (
    "with 64 clients, malformed requests and a server that is killed and restarted no answer is wrong and "
    "nothing hangs: every failed search is an error and ends its episode as broken; gathering the queries of "
    "128 environments into one request shortens their wait"
)
BOUNDS = (
    Bound("wrong_answers", "<=", 0),
    Bound("failed_searches", "<=", 0),
    Bound("malformed_accepted", "<=", 0),
    Bound("hung", "<=", 0),
    Bound("kills", ">=", 1),
    Bound("killed_wrong_answers", "<=", 0),
    Bound("killed_hung", "<=", 0),
    Bound("kills_in_rollout", ">=", 1),
    Bound("episodes_lost", "<=", 0),
    Bound("episodes_wrong", "<=", 0),
    Bound("broken_elsewhere", "<=", 0),
    Bound("throughput_ratio", ">=", 1),
    Bound("wait_ratio", ">=", 1),
    Bound("slow_wait_ratio", ">=", 1),
)
SLOTS = 128
DELAY = 0.02
"""Seconds more of the slower server's searches, about what a small encoder takes for a batch."""


class Way(NamedTuple):
    """How environments reach a server.

    Attributes:
        name: In the table.
        gather: Whether the server searches for several requests at once.
        slots: Environments.
        connect: The index of all of them.
    """

    name: str
    gather: bool
    slots: int
    connect: Callable[[str], RemoteIndex]


def _single(url: str) -> RemoteIndex:
    return RemoteIndex(url, shape="single", connections=SLOTS, cache=0)


def _batched(url: str) -> RemoteIndex:
    return RemoteIndex(url, shape="batch", cache=0)


ALONE, SINGLE, AT_SERVER, AT_CLIENT = WAYS = (
    Way("a single environment", False, 1, _single),
    Way("one request and search a question", False, SLOTS, _single),
    Way("gathered by the server", True, SLOTS, _single),
    Way("gathered by the client", True, SLOTS, _batched),
)


class Wait(NamedTuple):
    """What environments waited.

    Attributes:
        turn_ms: Mean of a turn, turns without a search included.
        wall: Seconds of all episodes.
    """

    turn_ms: float
    wall: float


def played(
    index: PassageIndex | None, episodes: int, slots: int
) -> tuple[dict[str, Trajectory], RolloutStats]:
    """Episodes of the expert by task; None for the index searches the world's own, in this process."""

    def make() -> gym.Env[str, str]:
        env = gym.make(ENV_ID, split=SPLIT, size=episodes, expert="oracle", corpus=index, topk=TOPK)
        return TaskPrompt(TaggedAction(env))

    world = generated_world(SPLIT, GeneratorConfig(), episodes)
    if index is not None and index.info() != world.index.info():
        raise RuntimeError(f"the server has {index.info()}, not {world.index.info()}; was the code changed?")
    ids = [f"{one.data_source}/{one.id}" for one in world.questions]
    wanted = [Episode(name, name, seed=number) for number, name in enumerate(ids)]
    rollout = play(make, ExpertPolicy(), wanted, slots=slots, sampling=Sampling())
    return {each.episode.ticket: each.trajectory for each in rollout}, rollout.stats


def waits(episodes: int, delay: float, rounds: int) -> dict[Way, Wait]:
    """What environments wait, by the way; medians of rounds, which alternate so that noise hits all alike."""
    times: dict[Way, list[Wait]] = {way: [] for way in WAYS}
    with ServerProcess(episodes, delay) as gathering, ServerProcess(episodes, delay, gather=False) as plain:
        for number in range(rounds):
            for way in WAYS:
                # Those that take long are measured on fewer episodes, and once.
                long = way is ALONE or (way is SINGLE and delay > 0)
                if long and number:
                    continue
                count = max(8, episodes // 16) if way is ALONE else episodes
                with way.connect((gathering if way.gather else plain).url) as index:
                    _, stats = played(index, count, way.slots)
                wait = stats.step_time / stats.steps * 1000
                times[way].append(Wait(wait, stats.wall / count * episodes))
    return {way: Wait(*map(statistics.median, zip(*found, strict=True))) for way, found in times.items()}


def killed_rollout(episodes: int) -> tuple[dict[str, Trajectory], int]:
    """Episodes on a server that is killed and started again, and how often it was."""
    with ServerProcess(episodes, DELAY) as server:
        index = RemoteIndex(server.url, timeout=TIMEOUT, attempts=10, cache=0)
        with index, Outages(server, 0.3, (0.2, 8.0)) as outages:
            return played(index, episodes, SLOTS)[0], outages.kills


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and gives the exit code."""
    parser = options(__doc__)
    parser.add_argument("--episodes", type=int, default=1024, help="episodes of the environments")
    given = parser.parse_args(arguments)
    episodes = min(given.episodes, 256) if given.quick else given.episodes
    world = generated_world(SPLIT, GeneratorConfig(), episodes)
    questions = [question.question for question in world.questions]
    right = right_answers(world.index, questions, 4)
    more = right_answers(world.index, questions, 20 if given.quick else 8)
    local, _ = played(None, episodes, SLOTS)
    with ServerProcess(episodes, gather=False) as server:
        loads = {"one request and search a question": load(server.url, right, ("single",))}
    with ServerProcess(episodes) as server:
        loads["gathered by the server"] = load(server.url, right, ("single",))
        loads["gathered by the client"] = load(server.url, right, ("batch",))
        loads["both shapes, malformed ones mixed in"] = load(
            server.url, right, ("batch", "single"), malformed=True
        )
        with Outages(server, 0.5, (0.2, 8.0, 0.2)) as outages:
            killed = load(server.url, more, ("batch", "single"), malformed=True)
    fast = waits(episodes, 0.0, 3 if given.quick else 7)
    slow = waits(episodes, DELAY, 3 if given.quick else 5)
    survived, kills = killed_rollout(episodes)
    figures: dict[str, Figure] = {
        "passages": len(world.passages),
        **_load_figures(loads, killed, outages.kills),
        "kills_in_rollout": kills,
        **_episode_figures(local, survived),
        "wait_ms_single": fast[SINGLE].turn_ms,
        "wait_ms_gathered": fast[AT_CLIENT].turn_ms,
        "wait_ratio": fast[SINGLE].turn_ms / fast[AT_CLIENT].turn_ms,
        "slow_wait_ms_single": slow[SINGLE].turn_ms,
        "slow_wait_ms_gathered": slow[AT_CLIENT].turn_ms,
        "slow_wait_ratio": slow[SINGLE].turn_ms / slow[AT_CLIENT].turn_ms,
    }
    print(f"{CLIENTS} clients in one process on {len(world.passages):,} passages, top {TOPK}; then {SLOTS}")
    print(f"environments, {episodes:,} episodes of the expert. The server searches once at a time.\n")
    rows = [_row(name, seen) for name, seen in {**loads, "the same, server killed": killed}.items()]
    print(table(["clients", "searches", "requests", "per s", "median ms", "p99 ms", "failed", "wrong"], rows))
    late = f"+{DELAY * 1000:.0f} ms a search: wait"
    print()
    print(
        table(
            ["environments", "wait a turn ms", "wall s", late, "wall s"],
            [[way.name, *map(shown, (*fast[way], *slow[way]))] for way in WAYS],
        )
    )
    return Claim(CLAIM, figures, BOUNDS, ("urllib3", "fastapi", "uvicorn")).finish(given.json)


def _load_figures(loads: dict[str, Load], killed: Load, kills: int) -> dict[str, Figure]:
    single, server, client, mixed = loads.values()
    return {
        "searches": sum(len(one.seconds) for one in loads.values()),
        "wrong_answers": sum(one.wrong for one in loads.values()),
        "failed_searches": sum(one.failed for one in loads.values()),
        "hung": sum(one.hung for one in loads.values()),
        "malformed": mixed.malformed + killed.malformed,
        "malformed_accepted": mixed.accepted + killed.accepted,
        "single_queries_per_s": single.per_second,
        "server_queries_per_s": server.per_second,
        "client_queries_per_s": client.per_second,
        "throughput_ratio": client.per_second / single.per_second,
        "kills": kills,
        "killed_searches": len(killed.seconds),
        "killed_failed": killed.failed,
        "killed_wrong_answers": killed.wrong,
        "killed_hung": killed.hung,
        "killed_longest_s": max(killed.seconds),
    }


def _episode_figures(local: dict[str, Trajectory], survived: dict[str, Trajectory]) -> dict[str, Figure]:
    broken = [one for one in survived.values() if one.ended == "broken"]
    whole = {name: one for name, one in survived.items() if one.ended != "broken"}
    return {
        "episodes": len(local),
        "episodes_lost": len(local.keys() - survived.keys()),
        "episodes_broken": len(broken),
        "broken_elsewhere": sum(one.boundary != "retriever" for one in broken),
        "episodes_wrong": sum(one.to_json() != local[name].to_json() for name, one in whole.items()),
    }


def _row(name: str, seen: Load) -> list[str]:
    numbers = (len(seen.seconds), seen.requests, seen.per_second, *percentiles(seen.seconds))
    return [name, *map(shown, (*numbers, seen.failed, seen.wrong))]


if __name__ == "__main__":
    raise SystemExit(main())
