"""The table of the suite: id, entry point, step limit."""

from collections.abc import Mapping
from typing import NamedTuple

import gymnasium as gym


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
}
"""Every environment of the suite by Gymnasium id."""


def register_suite() -> None:
    """Makes the suite known to ``gym.make``; calling it again changes nothing."""
    for env_id, entry in SUITE.items():
        if env_id not in gym.registry:
            gym.register(env_id, entry_point=entry.entry_point, max_episode_steps=entry.max_episode_steps)
