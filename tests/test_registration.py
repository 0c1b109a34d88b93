"""The suite's table, and what an environment says without being made."""

import gymnasium as gym
import pytest

from skill_gym.registration import SUITE, check_arguments, env_class
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


@pytest.mark.parametrize("env_id", SUITE)
def test_arguments_are_checked_before_an_environment_is_made(env_id: str) -> None:
    check_arguments(env_id, ["split", "expert", "max_episode_steps", "disable_env_checker"])
    with pytest.raises(ValueError, match=r"no argument 'colour'; it has split, .*render_mode"):
        check_arguments(env_id, ["split", "colour"])
