"""The line-up of the suite, and one call that makes an environment with its whole stack of wrappers."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium as gym

from skill_gym.registration import SUITE
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.retrieval import Retriever
from skill_gym.wrappers import RecordTrajectory, SkillAugmentedEnv, TaggedAction, TaskPrompt
from skill_gym.wrappers.tagged_action import Projection
from skill_gym.wrappers.task_prompt import Layout

LINE_UP: tuple[str, ...] = tuple(SUITE)
"""Ids of the suite's environments."""

Wrap = Callable[[gym.Env[str, str]], gym.Wrapper[str, str, str, str]]


def stack(
    *,
    bank: SkillBank | str | Path | None = None,
    retriever: Retriever | None = None,
    layout: Layout = "transcript",
    history: int = 2,
    show_admissible: bool | None = None,
    think: bool = False,
    projection: Projection = "strict",
    max_tokens: int = 2000,
    count_tokens: Callable[[str], int] | None = None,
    show_ids: bool = False,
    include_examples: bool = False,
    record_to: str | Path | None = None,
    policy_name: str = "",
) -> list[Wrap]:
    """The wrappers of the suite from the inside out, for ``gym.make_vec(env_id, wrappers=stack(...))``.

    They can be pickled where bank, retriever and ``count_tokens`` can, so asynchronous vector environments
    take them too (with ``vector_kwargs={"shared_memory": False}``, because observations are text).

    Args:
        bank: Skills to show, or the path of a bank file; retrieved from by task type. None with no retriever
            leaves the SkillAugmentedEnv out; pass ``SkillBank.empty()`` to set a bank later.
        retriever: Instead of ``bank``: finds the skills, and has its own bank.
        layout: See TaskPrompt, as are ``history``, ``show_admissible`` and ``think``.
        history: Past steps in a prompt of the step layout.
        show_admissible: Whether prompts list the admissible commands; None leaves it to the layout.
        think: Whether the reply format asks for a thought first.
        projection: See TaggedAction.
        max_tokens: Budget of the skill block; see SkillAugmentedEnv, as are the next three.
        count_tokens: Length of a text in the policy's tokens.
        show_ids: Whether the ids of the skills are shown.
        include_examples: Whether the examples of the skills are shown.
        record_to: JSON-lines file for the trajectories; see RecordTrajectory.
        policy_name: Name of the player in the trajectories.

    Raises:
        ValueError: Both a bank and a retriever.
    """
    if bank is not None and retriever is not None:
        raise ValueError("expected a bank or a retriever, got both; a retriever has a bank of its own")
    wraps: list[Wrap] = [
        partial(TaggedAction, projection=projection),
        partial(TaskPrompt, layout=layout, history=history, show_admissible=show_admissible, think=think),
    ]
    source = bank if retriever is None else retriever
    if source is not None:
        wraps.append(
            partial(
                SkillAugmentedEnv,
                bank_or_retriever=source,
                max_tokens=max_tokens,
                count_tokens=count_tokens,
                show_ids=show_ids,
                include_examples=include_examples,
            )
        )
    wraps.append(partial(RecordTrajectory, path=record_to, policy_name=policy_name))
    return wraps


def make(
    env_id: str,
    *,
    bank: SkillBank | str | Path | None = None,
    retriever: Retriever | None = None,
    layout: Layout = "transcript",
    history: int = 2,
    show_admissible: bool | None = None,
    think: bool = False,
    projection: Projection = "strict",
    max_tokens: int = 2000,
    count_tokens: Callable[[str], int] | None = None,
    show_ids: bool = False,
    include_examples: bool = False,
    record_to: str | Path | None = None,
    policy_name: str = "",
    **env_kwargs: Any,
) -> RecordTrajectory:
    """An environment with the whole stack: replies in, prompts with skills out, trajectories recorded.

    Args:
        env_id: A registered id, e.g. ``skill_gym/ALFWorld-v0``; see ``LINE_UP``.
        bank: As in ``stack``, like all arguments up to ``policy_name``.
        retriever: See ``stack``.
        layout: See ``stack``.
        history: See ``stack``.
        show_admissible: See ``stack``.
        think: See ``stack``.
        projection: See ``stack``.
        max_tokens: See ``stack``.
        count_tokens: See ``stack``.
        show_ids: See ``stack``.
        include_examples: See ``stack``.
        record_to: See ``stack``.
        policy_name: See ``stack``.
        **env_kwargs: For ``gym.make``: the environment's own arguments and ``max_episode_steps``.

    Raises:
        gymnasium.error.Error: No such id.
        ValueError: An argument that a wrapper or the environment refuses.

    Example:
        >>> from skill_gym.benchmarks.suite import make
        >>> env = make("skill_gym/ALFWorld-v0", layout="step")
        >>> prompt, info = env.reset(seed=0)
        >>> _, _, _, _, info = env.step("<action>inventory</action>")
        >>> info["command"]
        'inventory'
    """
    wraps = stack(
        bank=bank,
        retriever=retriever,
        layout=layout,
        history=history,
        show_admissible=show_admissible,
        think=think,
        projection=projection,
        max_tokens=max_tokens,
        count_tokens=count_tokens,
        show_ids=show_ids,
        include_examples=include_examples,
        record_to=record_to,
        policy_name=policy_name,
    )
    env: gym.Env[str, str] = gym.make(env_id, **env_kwargs)
    for wrap in wraps:
        env = wrap(env)
    if not isinstance(env, RecordTrajectory):
        raise TypeError(f"the stack has to end with RecordTrajectory, got {type(env).__name__}")
    return env
