"""A slot asks for replies as its environment wants them."""

import gymnasium as gym
import pytest
from toy_env import TOY_ID, ToyEnv

from skill_gym.agents.policy import Sampling
from skill_gym.agents.slot import Episode, Slot
from skill_gym.wrappers.tagged_action import TaggedAction
from skill_gym.wrappers.task_prompt import TaskPrompt


@pytest.mark.parametrize(
    ("named", "given", "asked"),
    [
        ((), (), ()),
        (("</search>", "</answer>"), (), ("</search>", "</answer>")),
        (("</search>",), ("\n",), ("\n",)),
    ],
)
def test_replies_end_where_the_environment_says(monkeypatch, named, given, asked):
    monkeypatch.setattr(ToyEnv, "metadata", {**ToyEnv.metadata, "stop": named})
    slot = Slot(TaskPrompt(TaggedAction(gym.make(TOY_ID))), "nobody")
    slot.begin(Episode("a", slot.env.unwrapped.tasks[0].id, seed=0))
    assert slot.request(Sampling(stop=given)).sampling.stop == asked
