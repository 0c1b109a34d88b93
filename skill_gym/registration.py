"""The table of the suite: id, entry point, step limit."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import gymnasium as gym
from gymnasium.envs.registration import load_env_creator

from skill_gym.text_env import TextEnv


class Entry(NamedTuple):
    """One line of the table.

    Attributes:
        entry_point: ``module:class``, imported when the environment is made.
        max_episode_steps: Limit of Gymnasium's ``TimeLimit``; None where the environment counts itself.
    """

    entry_point: str
    max_episode_steps: int | None


SUITE: Mapping[str, Entry] = {
    "skill_gym/ALFWorld-v0": Entry("skill_gym.alfworld.env:ALFWorldEnv", 50),
    "skill_gym/WebShop-v0": Entry("skill_gym.webshop.env:WebShopEnv", 15),
    "skill_gym/Search-v0": Entry("skill_gym.search.env:SearchEnv", None),
}
"""Every environment of the suite by Gymnasium id."""


def register_suite() -> None:
    """Makes the suite known to ``gym.make``; calling it again changes nothing."""
    for env_id, entry in SUITE.items():
        if env_id not in gym.registry:
            gym.register(env_id, entry_point=entry.entry_point, max_episode_steps=entry.max_episode_steps)


def env_class(env_id: str) -> type[TextEnv]:
    """The class behind an id, for what it says without being made, such as its scripted player.

    Raises:
        gymnasium.error.Error: No such id.
    """
    register_suite()
    entry = gym.spec(env_id).entry_point
    loaded: Any = load_env_creator(entry) if isinstance(entry, str) else entry
    if not (isinstance(loaded, type) and issubclass(loaded, TextEnv)):
        raise ValueError(f"{env_id} is no TextEnv; choose an environment of the suite: {', '.join(SUITE)}")
    return loaded


def check_arguments(env_id: str, names: Iterable[str]) -> None:
    """Refuses arguments that an environment of the suite would not take, before it is made.

    Args:
        env_id: Its id.
        names: Names of arguments for ``gym.make``.

    Raises:
        gymnasium.error.Error: No such id.
        ValueError: It has no argument of some name; the message tells those that it has.
    """
    own = inspect.signature(env_class(env_id)).parameters
    known = {*own, *inspect.signature(gym.make).parameters}
    unknown = sorted(set(names) - known)
    if unknown and not any(one.kind is one.VAR_KEYWORD for one in own.values()):
        raise ValueError(f"{env_id} has no argument {unknown[0]!r}; it has {', '.join(own)}")


def step_limit(env_id: str, steps: int) -> dict[str, int]:
    """The argument of ``gym.make`` that limits an episode's steps, with its value.

    It is ``max_episode_steps``, or what ``metadata["step_limit"]`` names where the environment counts its own
    turns.

    Raises:
        gymnasium.error.Error: No such id.
        ValueError: Fewer than one step.
    """
    if steps < 1:
        raise ValueError(f"an episode needs at least 1 step, got {steps}")
    return {str(env_class(env_id).metadata.get("step_limit", "max_episode_steps")): steps}
