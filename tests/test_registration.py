"""The suite's table, and what an environment says without being made."""

import gymnasium as gym
import pytest

from skill_gym.registration import SUITE, env_class
from skill_gym.text_env import TextEnv


@pytest.mark.parametrize("env_id", SUITE)
def test_every_id_leads_to_its_class(env_id: str) -> None:
    loaded = env_class(env_id)
    assert issubclass(loaded, TextEnv)
    assert SUITE[env_id].entry_point == f"{loaded.__module__}:{loaded.__name__}"


def test_other_ids_are_refused() -> None:
    with pytest.raises(gym.error.Error, match="Nothing"):
        env_class("skill_gym/Nothing-v0")
    with pytest.raises(ValueError, match="no TextEnv"):
        env_class("CartPole-v1")
