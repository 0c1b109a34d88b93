"""The options that choose an environment, its tasks and its bank; every command that plays has them."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from skill_gym.registration import SUITE, check_arguments


def add_env_options(command: argparse.ArgumentParser) -> None:
    """Adds what names an environment, its split and its settings, and the bank."""
    command.add_argument(
        "--env", default="skill_gym/ALFWorld-v0", metavar="ID", help=f"environment: {', '.join(SUITE)}"
    )
    command.add_argument(
        "--split",
        help="generated (the default, no download), generated_validation, generated_test; ALFWorld: train, "
        "valid_seen, valid_unseen, valid_train; WebShop: train, validation, test, all",
    )
    command.add_argument(
        "--data", help="folder of the official data (or the variables ALFWORLD_DATA, WEBSHOP_DATA)"
    )
    command.add_argument("--task-types", nargs="+", metavar="TYPE", help="only these types")
    command.add_argument("--world", type=int, metavar="N", help="a world whose generated games share habits")
    command.add_argument(
        "--generator",
        nargs="+",
        metavar="KEY=VALUE",
        default=(),
        help="settings of generated tasks, e.g. room_scale=0.5 object_scale=0.6, or products=2000",
    )
    command.add_argument(
        "--env-options",
        nargs="+",
        metavar="KEY=VALUE",
        default=(),
        help="further arguments of the environment, e.g. observation=text_rich goals=human",
    )
    command.add_argument(
        "--bank",
        default="starter",
        help="'starter' (the environment's), 'none', a bank file, a SKILL.md folder, or STORE@VERSION",
    )


def env_arguments(options: argparse.Namespace) -> dict[str, Any]:
    """The environment's arguments that the options name.

    Raises:
        ValueError: The environment has no such argument.
    """
    given = {
        "split": options.split,
        "data": options.data,
        "task_types": options.task_types,
        "world": options.world,
        "generator": key_values(options.generator, "--generator", "room_scale=0.5") or None,
    }
    given |= key_values(options.env_options, "--env-options", "observation=text_rich")
    arguments = {name: value for name, value in given.items() if value is not None}
    check_arguments(options.env, arguments)
    return arguments


def key_values(settings: Sequence[str], option: str, example: str) -> dict[str, Any]:
    """Values by name, read as JSON where they are; which names there are, the environment knows."""
    values: dict[str, Any] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise ValueError(f"expected KEY=VALUE for {option}, got {setting!r}; write e.g. {example}")
        try:
            values[name] = json.loads(value)
        except ValueError:
            values[name] = value
    return values
