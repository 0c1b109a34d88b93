"""The command line: one command for each thing that the suite does."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import gymnasium as gym

from skill_gym import __version__
from skill_gym.benchmarks import (
    bank_command,
    collect_command,
    commands,
    distill_command,
    evolve_command,
    export_command,
    search_command,
    warm_up,
    webshop_build,
)
from skill_gym.benchmarks.env_options import add_env_options
from skill_gym.benchmarks.player_options import EXPERTS, add_player_options
from skill_gym.registration import SUITE

EPILOG = """examples:
  skill-gym play                                      play a generated game in the terminal
  skill-gym play --data $ALFWORLD_DATA --split valid_seen
  skill-gym play --env skill_gym/WebShop-v0           shop in a generated shop
  skill-gym evaluate --policy expert --failure-rate 0.1 --limit 50
  skill-gym evaluate --env skill_gym/Search-v0 --split test --data FOLDER --env-options corpus=URL
  skill-gym evaluate --policy tiny --split generated_test --limit 100 --json before.json
  skill-gym train run.iterations=10 grpo.lr=1e-5 evolution.enable_dynamic_update=true
  skill-gym train +env.use_skills_only_memory=True env.skills_only_memory.top_k=4   (SkillRL's names)
  skill-gym collect --episodes 100 --failure-rate 0.2 --memories
  skill-gym distill episodes.jsonl --out bank.json --teacher openai:MODEL --plan
  skill-gym evolve validation.jsonl --bank starter --out next.json --teacher openai:MODEL
  skill-gym bank show starter --task "heat some apple and put it in fridge"
  skill-gym demo                                      the whole loop, with a report
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Returns:
        The exit code: 0 done, 1 episodes broke, 2 a mistake in the call or its input, 130 interrupted.
    """
    options = parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
    )
    if options.verbose:
        logging.getLogger("skill_gym").setLevel(logging.DEBUG)
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        print("\ninterrupted; what was written so far is kept", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader has seen enough (``| head``); nothing more can be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (ValueError, RuntimeError, ImportError, OSError, gym.error.Error) as error:
        # Everything that a user can mend is one of these, with the mend in its text.
        if options.verbose:
            raise
        print(f"skill-gym {options.command}: {_told(error)}", file=sys.stderr)
        return 2


def _told(error: Exception) -> str:
    """The error in words; what the operating system and Gymnasium say has no mend of its own."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror.lower()}; check the path, and whether you may use it"
    if isinstance(error, gym.error.UnregisteredEnv):
        return f"{error} Known are {', '.join(SUITE)}"
    return str(error)


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(
        prog="skill-gym",
        description="Text environments whose agents learn reusable skills: play, evaluate, train.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"skill-gym {__version__}")
    top.add_argument("-v", "--verbose", action="store_true", help="log more, and show tracebacks")
    choices = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    play = choices.add_parser("play", help="play a game yourself in the terminal")
    add_env_options(play)
    play.add_argument("--task", help="id of the task; drawn when left out")
    play.add_argument("--seed", type=int, help="seed of the draw")
    play.add_argument("--expert", metavar="NAME", help=f"who answers 'hint': {EXPERTS}; nobody if left out")
    play.add_argument(
        "--record", type=Path, metavar="FILE", help="append the episode to this JSON-lines file"
    )
    play.set_defaults(run=commands.run_play)

    evaluate = choices.add_parser(
        "evaluate",
        help="play every task of a split exactly once; success by task type with 95%% intervals",
        description="Plays every task of a split exactly once. The result does not depend on --slots.",
    )
    add_env_options(evaluate)
    add_player_options(evaluate, slots=64)
    evaluate.add_argument("--limit", type=int, metavar="N", help="only the first N tasks of the split")
    evaluate.add_argument("--json", type=Path, metavar="FILE", help="write the results, task by task")
    evaluate.add_argument(
        "--trajectories", type=Path, metavar="FILE", help="append all episodes (JSON lines)"
    )
    evaluate.add_argument("--compare", type=Path, metavar="FILE", help="an earlier --json of the same tasks")
    evaluate.add_argument(
        "--allow-leak", action="store_true", help="evaluate although a skill comes from this split"
    )
    evaluate.add_argument(
        "--leak-policy",
        choices=("ever", "same_cycle"),
        default="ever",
        help="refuse skills that ever came from this split, or by the last change of the bank only; those "
        "that came from the very tasks are refused in any case (%(default)s)",
    )
    evaluate.set_defaults(run=commands.run_evaluate)

    collect = choices.add_parser(
        "collect", help="play a split; store episodes, write memories of them, choose demonstrations"
    )
    add_env_options(collect)
    collect_command.add_arguments(collect)
    collect.set_defaults(run=collect_command.run)

    train = choices.add_parser(
        "train",
        help="GRPO with skills, validation and evolution",
        description="Trains by GRPO. Settings are dotted, e.g. grpo.lr=1e-5; SkillRL's and Hydra's names are "
        "taken too (env.skills_only_memory.top_k=6). --show prints all of them with their values.",
    )
    train.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="override settings")
    train.add_argument("--config", type=Path, metavar="FILE", help="YAML file of settings")
    train.add_argument(
        "--resume",
        action="store_true",
        help="go on from the last checkpoint of run.folder, with its settings",
    )
    train.add_argument("--show", action="store_true", help="print the resulting settings and stop")
    train.set_defaults(run=commands.run_train)

    cold = choices.add_parser(
        "cold-start", help="supervised warm start on a scripted player's demonstrations"
    )
    warm_up.add_arguments(cold)
    cold.set_defaults(run=warm_up.run)

    export = choices.add_parser("export", help="episodes as files for supervised fine-tuning")
    export_command.add_arguments(export)
    export.set_defaults(run=export_command.run)

    distill = choices.add_parser(
        "distill", help="make a bank of episodes and memory records, with a model or rules as the teacher"
    )
    distill_command.add_arguments(distill)

    evolution = choices.add_parser(
        "evolve", help="make the next version of a bank from the failures of a validation"
    )
    evolve_command.add_arguments(evolution)

    bank = choices.add_parser("bank", help="look at skill banks, and keep one in a store with its history")
    bank_command.add_actions(bank)

    shop = choices.add_parser("webshop", help="build a WebShop from the original's files, or look at one")
    webshop_build.add_actions(shop)

    search = choices.add_parser("search", help="build what Search searches, look into it, or serve it")
    search_command.add_actions(search)

    demo = choices.add_parser(
        "demo",
        help="the whole loop in one held-out world, with a report (about 8 minutes on two cores)",
        description="A frozen policy plays a world that it has never seen, its bank is distilled from its "
        "own episodes, GRPO trains policy and bank together, and a report tells what each was worth. A run "
        "that was cut off goes on when the same command is given again.",
    )
    demo.add_argument(
        "--folder", type=Path, default=Path("runs/demo"), help="where the run and its report go"
    )
    demo.add_argument("--games", type=int, help="held-out games of each evaluation, at least 1")
    demo.add_argument("--iterations", type=int, help="GRPO iterations")
    demo.add_argument(
        "--world", type=int, metavar="N", help="which world; the first held-out one if left out"
    )
    demo.add_argument("--backend", choices=("auto", "vllm", "transformers"), default="auto")
    demo.add_argument("--seed", type=int, default=0)
    demo.add_argument("--fresh", action="store_true", help="begin anew, whatever the folder holds")
    demo.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="further settings, as for train")
    demo.set_defaults(run=commands.run_demo)
    return top
