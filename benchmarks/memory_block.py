"""What an arm of a comparison shows before a prompt: skills, a memory's text, or nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs

from skill_gym.benchmarks import suite
from skill_gym.skillbanks.rendering import render
from skill_gym.skillbanks.retrieval import Retriever
from skill_gym.trajectory import Task
from skill_gym.wrappers import SkillAugmentedEnv
from skill_gym.wrappers.episode_recorder import played_task
from skill_gym.wrappers.task_prompt import Layout


class MemoryBlockEnv(gym.Wrapper[str, str, str, str], RecordConstructorArgs):
    """Prepends a text about the task to the prompts, where SkillAugmentedEnv would show skills.

    Args:
        env: A TaskPrompt above a TextEnv.
        block: The text for a task; "" shows nothing.
    """

    def __init__(self, env: gym.Env[str, str], block: Callable[[Task], str]) -> None:
        RecordConstructorArgs.__init__(self, _disable_deepcopy=True, block=block)
        gym.Wrapper.__init__(self, env)
        self._find = block
        self._once = env.get_wrapper_attr("layout") == "transcript"
        self._block = ""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Starts an episode; the text stands before the first prompt."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._block = self._find(played_task(self.env))
        return self._with_block(observation), info

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Carries a reply out; in the step layout the text stands before the prompt again."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        if not self._once:
            observation = self._with_block(observation)
        return observation, float(reward), terminated, truncated, info

    def _with_block(self, observation: str) -> str:
        return f"{self._block}\n\n{observation}" if self._block else observation


@dataclass(frozen=True, slots=True)
class Block:
    """What is shown for a task.

    Attributes:
        text: The whole block; "" shows nothing.
        entries: How many skills or episodes are in it.
    """

    text: str = ""
    entries: int = 0


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of a comparison.

    Attributes:
        name: Short, for figures.
        title: What tables call it.
        block: What is shown for a task.
        wrap: The wrapper above TaskPrompt that shows it; None shows nothing.
    """

    name: str
    title: str
    block: Callable[[Task], Block]
    wrap: suite.Wrap | None

    def make(self, env_id: str, layout: Layout, *, think: bool = False, **env: Any) -> gym.Env[str, str]:
        """An environment with the suite's whole stack and this arm's block."""
        wraps = suite.stack(layout=layout, think=think)
        if self.wrap is not None:
            # Below the recorder, so that the prompts of the record hold it.
            wraps.insert(-1, self.wrap)
        made: gym.Env[str, str] = gym.make(env_id, **env)
        for wrap in wraps:
            made = wrap(made)
        return made


NOTHING = Arm("none", "neither", lambda task: Block(), None)


def skills_arm(
    name: str, title: str, retriever: Retriever, *, max_tokens: int, count_tokens: Callable[[str], int]
) -> Arm:
    """The arm that sees skills, in SkillAugmentedEnv's block and through that wrapper."""

    def block(task: Task) -> Block:
        (found,) = retriever.retrieve([task])
        shown = render(found, max_tokens=max_tokens, count_tokens=count_tokens)
        return Block(shown.text, len(shown.skill_ids))

    wrap = partial(
        SkillAugmentedEnv, bank_or_retriever=retriever, max_tokens=max_tokens, count_tokens=count_tokens
    )
    return Arm(name, title, block, wrap)


def memory_arm(name: str, title: str, recall: Callable[[str], Block]) -> Arm:
    """The arm that sees what a memory recalls for the task's goal."""

    def block(task: Task) -> Block:
        return recall(task.goal)

    return Arm(name, title, block, partial(MemoryBlockEnv, block=lambda task: block(task).text))


def saved(tokens: Mapping[str, float], arm: str, other: str) -> float:
    """Share of another arm's tokens that an arm does without; negative where it needs more."""
    return 1 - tokens[arm] / tokens[other]
