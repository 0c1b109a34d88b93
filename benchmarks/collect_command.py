"""skill-gym collect: plays a split with any policy and makes memories and demonstrations of the episodes."""

import argparse
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from skill_gym.benchmarks.player_options import (
    add_player_options,
    chosen_sampling,
    chosen_stack,
    open_chosen_player,
    playing_arguments,
)
from skill_gym.benchmarks.teacher_options import add_teacher_arguments

DESCRIPTION = """Plays the tasks of a split and stores what happened, step by step, in FOLDER:

  trajectories.jsonl    the episodes, in the order of the tasks (broken ones apart, in broken.jsonl)
  memories.json         with --memories: a record of each episode in SkillRL's released schema. Of a success
                        the chain of steps that made it possible, of a failure its root causes, both without
                        names and numbers of the one world
  demonstrations.jsonl  with --demonstrations: the episodes that may be imitated: solved, every command valid
                        and admissible, and won again when replayed in a fresh environment

Killed at any moment, the same command goes on where it was: no episode is played twice and no memory is asked
for twice. A folder holds one collection; another one's settings are refused (--fresh throws it away).
Exit code: 0 done, 1 something is missing (the next run tries again), 2 a mistake in the call or its input."""

EPILOG = """examples:
  skill-gym collect --episodes 100 --failure-rate 0.2 --memories
      the scripted expert, sometimes wrong, with memories written by rules: needs no model
  skill-gym collect --policy openai:gpt-4o --think --attempts 4 --temperature 0.7 --demonstrations --best
      a strong model plays, the best verified attempt at each task is kept (for skill-gym export)
  skill-gym collect --env skill_gym/WebShop-v0 --policy openai:MODEL --base-url http://127.0.0.1:8000/v1
  skill-gym collect --from runs/a/trajectories.jsonl --memories --teacher openai:gpt-4o --price 2.5,10
      plays nothing: memories of episodes that are there, written by a model
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Adds the options, besides those of the environment."""
    command.description, command.epilog = DESCRIPTION, EPILOG
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    where = command.add_argument_group("what is collected")
    where.add_argument(
        "--folder", "--out", type=Path, default=Path("runs/collect"), help="results (%(default)s)"
    )
    where.add_argument("--fresh", action="store_true", help="throw away what the folder holds")
    where.add_argument(
        "--from",
        dest="sources",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="play nothing, take the episodes of these trajectory files",
    )
    where.add_argument(
        "--episodes", "--limit", type=int, metavar="N", help="only the first N tasks of the split"
    )
    where.add_argument("--attempts", type=int, default=1, metavar="N", help="episodes a task (%(default)s)")
    where.add_argument("--memories", action="store_true", help="write memories (see --teacher)")
    where.add_argument("--demonstrations", action="store_true", help="choose episodes to imitate")
    where.add_argument(
        "--max-invalid", type=int, default=0, metavar="N", help="invalid turns of a demonstration, at most"
    )
    where.add_argument(
        "--best",
        action="store_true",
        help="of each task the best one: fewest invalid turns, then fewest turns",
    )
    where.add_argument("--no-verify", action="store_true", help="do not replay demonstrations")
    play = command.add_argument_group("who plays, and how")
    add_player_options(play, slots=16)
    play.add_argument(
        "--policy-price",
        metavar="IN,OUT",
        help="US dollars for a million tokens that openai:MODEL reads, says",
    )
    add_teacher_arguments(command)


def run(options: argparse.Namespace) -> int:
    """Collects; the exit code is 1 when something is missing."""
    from skill_gym.benchmarks.collect_folder import BROKEN_FILE, CollectFolder
    from skill_gym.benchmarks.trajectory_log import TrajectoryLog
    from skill_gym.trajectory import Trajectory, read_trajectories

    _check(options)
    if options.sources:
        settings: dict[str, Any] = {"from": sorted(str(path.resolve()) for path in options.sources)}

        def given() -> Iterable[Trajectory]:
            return chain.from_iterable(map(read_trajectories, options.sources))

        count = sum(1 for _ in given())
        if not count:
            raise ValueError(f"no episodes in {', '.join(map(str, options.sources))}; nothing was written")
        with CollectFolder(options.folder, settings, fresh=options.fresh):
            return int(_make_use(options, given, count))
    with CollectFolder(options.folder, _settings(options), fresh=options.fresh) as folder:
        (options.folder / BROKEN_FILE).unlink(missing_ok=True)
        broken = TrajectoryLog(options.folder / BROKEN_FILE)
        log = folder.trajectories
        _play(options, log, broken)
        print(
            f"{len(log)} episodes in {log.path}: {log.solved} solved"
            f"{f', {len(broken)} broken in {broken.path}, to be played again' if len(broken) else ''}"
        )
        missing = _make_use(options, lambda: iter(log), len(log))
        return int(missing or len(broken) > 0)


def _check(options: argparse.Namespace) -> None:
    model = options.policy not in ("expert", "random", "explorer")
    if options.attempts > 1 and model and options.temperature == 0 and not options.sources:
        raise ValueError("greedy attempts at a task are all the same; add --temperature 0.7, or so")
    if options.policy_price and not options.policy.startswith("openai:"):
        raise ValueError("--policy-price is for --policy openai:MODEL")
    if options.teacher != "rules" and not options.memories:
        raise ValueError("--teacher writes memories; add --memories")
    if (options.best or options.max_invalid or options.no_verify) and not options.demonstrations:
        raise ValueError("--best, --max-invalid and --no-verify choose demonstrations; add --demonstrations")
    if options.sources and not (options.memories or options.demonstrations):
        raise ValueError("--from plays nothing; add --memories or --demonstrations")
    if options.episodes is not None and options.episodes < 1:
        raise ValueError(f"--episodes must be at least 1, got {options.episodes}")


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """What decides how an episode goes; more episodes, attempts or slots may be asked for later."""
    from skill_gym.skillbanks.bank_source import open_bank

    names = (
        "policy",
        "failure_rate",
        "layout",
        "think",
        "temperature",
        "max_new_tokens",
        "structure",
        "max_skill_tokens",
    )
    return {
        "env": options.env,
        "arguments": _env_arguments(options),
        "bank": open_bank(options.bank, options.env).version,
        "seed": options.seed,
        **{name: getattr(options, name) for name in names},
    }


def _env_arguments(options: argparse.Namespace) -> dict[str, Any]:
    return playing_arguments(options, expert=not options.sources)


def _play(options: argparse.Namespace, log: Any, broken: Any) -> None:
    """Plays what is missing."""
    from skill_gym.benchmarks.collect_play import attempts, play_missing
    from skill_gym.benchmarks.players import token_counter
    from skill_gym.benchmarks.policy_spending import PolicySpending
    from skill_gym.benchmarks.progress import EpisodeBar
    from skill_gym.skillbanks.teachers.price import read_prices

    make = chosen_stack(options, _env_arguments(options))
    probe = make()
    tasks = list(probe.get_wrapper_attr("tasks")[: options.episodes])
    probe.close()
    wanted = attempts(tasks, options.attempts, options.seed)
    done = sum(attempt.key in log for attempt in wanted)
    if done < len(wanted):
        policy = open_chosen_player(options)
        model = options.policy.removeprefix("openai:")
        prices = read_prices(options.policy_price, model) if options.policy_price else {}
        if prices and model not in prices:
            raise ValueError(f"{options.policy_price} has no price of {model}; it has {', '.join(prices)}")
        spent = PolicySpending(policy, prices.get(model))
        with EpisodeBar(len(wanted), "playing", done=done, solved=log.solved, figures=spent.figures) as bar:

            def played(one: Any) -> None:
                spent.add(one)
                bar.played(one)

            play_missing(
                partial(make, count_tokens=token_counter(policy), policy_name=policy.name),
                policy,
                wanted,
                log,
                broken,
                slots=options.slots,
                sampling=chosen_sampling(options),
                on_played=played,
            )
        if figures := spent.figures():
            print(f"played with {', '.join(f'{value} {name}' for name, value in figures.items())}")
    log.put_in_order(attempt.key for attempt in wanted)


def _make_use(options: argparse.Namespace, episodes: Callable[[], Iterable[Any]], count: int) -> bool:
    """Makes memories and demonstrations of the episodes; whether something is missing."""
    from skill_gym.benchmarks.collect_results import choose_demonstrations, make_memories

    missing = False
    if options.memories:
        missing = make_memories(options, episodes, count)
    if options.demonstrations:
        arguments = _env_arguments(options)
        missing |= not choose_demonstrations(options, episodes, arguments)
    return missing
