"""The options that choose who plays a split and how; what evaluates and what collects share them."""

import argparse
from collections.abc import Sequence
from functools import partial
from typing import Any, get_args

from skill_gym.agents.policy import Policy, Sampling, Structure
from skill_gym.benchmarks.env_options import env_arguments
from skill_gym.benchmarks.players import PLAYERS, add_backend_arguments, open_player
from skill_gym.registration import env_class, step_limit

EXPERTS = "explorer, planner, walkthrough (ALFWorld); shopper, oracle (WebShop); seeker, oracle (Search)"


def add_player_options(group: Any, *, slots: int) -> None:
    """Adds them to a command, or to a group of its options.

    Args:
        group: As ``argparse`` makes it.
        slots: Episodes under way at a time, if not given.
    """
    group.add_argument("--policy", default="expert", help=PLAYERS)
    group.add_argument("--expert", metavar="NAME", help=f"of --policy expert: {EXPERTS}; else the first")
    group.add_argument(
        "--failure-rate", type=float, default=0.0, help="the expert's share of random commands"
    )
    add_backend_arguments(group)
    group.add_argument("--base-url", help="address of an OpenAI-compatible endpoint, for openai:MODEL")
    group.add_argument(
        "--layout", choices=("transcript", "step"), default="transcript", help="of the prompts"
    )
    group.add_argument("--think", action="store_true", help="ask for a thought before each command")
    group.add_argument("--max-skill-tokens", type=int, default=2000, help="budget of the skill block")
    group.add_argument("--temperature", type=float, default=0.0, help="0 is greedy")
    group.add_argument("--max-new-tokens", type=int, default=512, help="longest reply")
    group.add_argument(
        "--structure",
        choices=get_args(Structure),
        default="none",
        help="hold a model's replies to the reply format, or to an admissible command in it",
    )
    group.add_argument("--max-steps", type=int, help="step limit; the environment's own when left out")
    group.add_argument("--slots", type=int, default=slots, help="episodes under way at a time (%(default)s)")
    group.add_argument("--seed", type=int, default=0)


def experts_of(env_id: str) -> Sequence[str]:
    """The environment's experts, the one that knows only what it has read first.

    Raises:
        ValueError: It has none.
    """
    experts: Sequence[str] = env_class(env_id).metadata.get("experts", ())
    if not experts:
        raise ValueError(f"{env_id} has no expert; choose another --policy")
    return experts


def playing_arguments(options: argparse.Namespace, *, expert: bool = True) -> dict[str, Any]:
    """The environment's arguments, with the step limit and the expert that plays.

    Args:
        options: Parsed.
        expert: Whether somebody plays, so that an expert is needed where the expert is the policy.

    Raises:
        ValueError: The environment has no such argument, or no expert.
    """
    arguments = env_arguments(options)
    if options.max_steps is not None:
        arguments |= step_limit(options.env, options.max_steps)
    if expert and options.policy == "expert":
        arguments["expert"] = options.expert or experts_of(options.env)[0]
    return arguments


def open_chosen_player(options: argparse.Namespace) -> Policy:
    """The policy; see ``open_player`` for what it raises.

    Raises:
        ValueError: It has no tokens that could be held to a structure.
    """
    policy = open_player(
        options.policy,
        backend=options.backend,
        failure_rate=options.failure_rate,
        seed=options.seed,
        base_url=options.base_url,
        url=options.url,
        slots=options.slots,
    )
    if options.structure != "none" and not hasattr(policy, "chat"):
        raise ValueError(f"--structure holds a model's tokens, and {policy.name} has none; leave it out")
    return policy


def chosen_stack(options: argparse.Namespace, arguments: dict[str, Any]) -> partial[Any]:
    """Makes the environment with its wrappers; takes further arguments of ``suite.make``.

    Args:
        options: Parsed.
        arguments: The environment's, see ``playing_arguments``.
    """
    from skill_gym.benchmarks import suite
    from skill_gym.skillbanks.bank_source import open_bank

    return partial(
        suite.make,
        options.env,
        bank=open_bank(options.bank, options.env),
        layout=options.layout,
        think=options.think,
        max_tokens=options.max_skill_tokens,
        **arguments,
    )


def chosen_sampling(options: argparse.Namespace) -> Sampling:
    """How replies are drawn."""
    return Sampling(
        temperature=options.temperature,
        max_new_tokens=options.max_new_tokens,
        structure=options.structure,
    )
