"""Shows the agent the skills that fit its task."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs

from skill_gym.skillbanks.arms import ARM_OPTIONS, Arm
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.rendering import about_tokens, render
from skill_gym.skillbanks.retrieval import ByTaskType, Retriever
from skill_gym.wrappers.episode_recorder import EpisodeRecorder, played_task, recorder_for


class SkillAugmentedEnv(gym.Wrapper[str, str, str, str], RecordConstructorArgs):
    """Prepends the retrieved skills to the observations of a text environment.

    The skill block comes first and stays the same through an episode, so that an inference engine can reuse
    its prefix: before every observation, or, above a TaskPrompt in the transcript layout, before the first
    one, which every later prompt of the growing conversation begins with. With an empty bank the observations
    equal the wrapped env's, byte for byte.

    ``info`` gains, at reset and step, ``skill_ids`` (shown, in order), ``dropped_skill_ids`` (retrieved, but
    beyond the budget), ``bank_version``, ``task_type_source`` (how the task's type was found) and
    ``task_type_confidence`` in [0, 1].

    A reset's options may name an arm, which this wrapper takes for itself: ``candidates`` (entries that no
    bank has yet, shown where they fit the task) and ``withheld`` (ids of the bank's entries that are not
    shown). ``info["bank_arm"]`` then says which of them concerned this task (``Arm.apply``), and so does the
    trajectory's ``meta``.

    Args:
        env: A TextEnv, or wrappers around one; usually a TaskPrompt.
        bank_or_retriever: A SkillBank or the path of a bank file, retrieved from by task type with the
            defaults of the released table; or a Retriever. With a path the env's spec is JSON.
        max_tokens: Hard budget of the skill block, at least 0.
        count_tokens: Length of a text in the policy's tokens; None counts about five bytes a token.
        record_to: JSON-lines file for finished episodes, as RecordTrajectory's ``path``; this spares a
            further wrapper. The trajectory is in ``info["trajectory"]`` then, too.
        show_ids: Whether the block shows the ids of the skills.
        include_examples: Whether the block shows the skills' examples.
        once: Whether only the first observation has the block; None asks the TaskPrompt for its layout.

    Raises:
        TypeError: Not a bank, path or retriever.
        ValueError: A budget below 0.
        BankError: The path holds no valid bank.

    Example:
        >>> import gymnasium as gym
        >>> import skill_gym
        >>> from skill_gym.skillbanks.bank import SkillBank
        >>> from skill_gym.wrappers import SkillAugmentedEnv
        >>> env = SkillAugmentedEnv(gym.make("skill_gym/ALFWorld-v0"), SkillBank.starter("alfworld"))
        >>> observation, info = env.reset(seed=0)
        >>> len(info["skill_ids"]) > 0
        True
    """

    def __init__(
        self,
        env: gym.Env[str, str],
        bank_or_retriever: SkillBank | Retriever | str | Path,
        *,
        max_tokens: int = 2000,
        count_tokens: Callable[[str], int] | None = None,
        record_to: str | Path | None = None,
        show_ids: bool = False,
        include_examples: bool = False,
        once: bool | None = None,
    ) -> None:
        if isinstance(bank_or_retriever, Path):
            bank_or_retriever = str(bank_or_retriever)
        record_to = None if record_to is None else str(record_to)
        # Banks are immutable and tokenizers big: the spec keeps the objects; reading env.spec of a further
        # wrapper copies them.
        RecordConstructorArgs.__init__(
            self,
            _disable_deepcopy=True,
            bank_or_retriever=bank_or_retriever,
            max_tokens=max_tokens,
            count_tokens=count_tokens,
            record_to=record_to,
            show_ids=show_ids,
            include_examples=include_examples,
            once=once,
        )
        gym.Wrapper.__init__(self, env)
        if not isinstance(max_tokens, int) or max_tokens < 0:
            raise ValueError(
                f"max_tokens must be an int of at least 0, got {max_tokens!r}; pass 0 to show no skills"
            )
        if count_tokens is not None and not callable(count_tokens):
            raise TypeError(f"count_tokens must be callable or None, got {type(count_tokens).__name__}")
        self._retriever = _retriever(bank_or_retriever)
        self._next_bank: SkillBank | None = None
        self.max_tokens = max_tokens
        self._count_tokens = count_tokens or about_tokens
        self._show_ids = show_ids
        self._include_examples = include_examples
        layout = env.get_wrapper_attr("layout") if env.has_wrapper_attr("layout") else "step"
        self._once = layout == "transcript" if once is None else once
        self._recorder: EpisodeRecorder | None = None if record_to is None else recorder_for(env, record_to)
        self._block = ""
        self._shown: dict[str, Any] = {}

    @property
    def bank(self) -> SkillBank:
        """The bank of the present episode."""
        return self._retriever.bank

    @property
    def retriever(self) -> Retriever:
        """Who finds the skills of the present episode."""
        return self._retriever

    def set_bank(self, bank: SkillBank) -> None:
        """Takes another bank, from the next reset on; the present episode keeps its own.

        Raises:
            TypeError: Not a SkillBank.
        """
        if not isinstance(bank, SkillBank):
            raise TypeError(f"set_bank expects a SkillBank, got {type(bank).__name__}; load a file first")
        self._next_bank = bank

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Starts an episode: retrieves the skills for its task and shows them.

        Raises:
            BankError: A candidate of the arm has the id of an entry of the bank.
            TypeError: The arm holds something else than entries and ids.
        """
        arm = Arm.from_options(options or {})
        if options is not None:
            options = {name: value for name, value in options.items() if name not in ARM_OPTIONS}
        observation, info = self.env.reset(seed=seed, options=options)
        if self._next_bank is not None:
            self._retriever, self._next_bank = self._retriever.with_bank(self._next_bank), None
        task = played_task(self.env)
        (retrieved,) = self._retriever.retrieve([task])
        drawn: dict[str, Any] = {}
        if arm:
            retrieved, drawn["bank_arm"] = arm.apply(self._retriever, task, retrieved)
        block = render(
            retrieved,
            max_tokens=self.max_tokens,
            count_tokens=self._count_tokens,
            show_ids=self._show_ids,
            include_examples=self._include_examples,
        )
        self._block = block.text
        self._shown = {
            "skill_ids": tuple(block.skill_ids),
            "dropped_skill_ids": tuple(block.dropped_skill_ids),
            "bank_version": self.bank.version,
            "task_type_source": retrieved.task_type_source,
            "task_type_confidence": float(retrieved.confidence),
            **drawn,
        }
        observation, info = self._with_block(observation), {**info, **self._shown}
        if self._recorder is not None:
            self._recorder.begin(task, observation, info, seed=seed)
        return observation, info

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Carries a reply out; in the step layout the skills stand before the observation again."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        if not self._once:
            observation = self._with_block(observation)
        info = {**info, **self._shown}
        if self._recorder is not None:
            trajectory = self._recorder.add(action, observation, float(reward), terminated, truncated, info)
            if trajectory is not None:
                info["trajectory"] = trajectory
        return observation, float(reward), terminated, truncated, info

    def _with_block(self, observation: str) -> str:
        return f"{self._block}\n\n{observation}" if self._block else observation


def _retriever(source: SkillBank | Retriever | str | Path) -> Retriever:
    if isinstance(source, str | Path):
        return ByTaskType(SkillBank.load(source))
    if isinstance(source, SkillBank):
        return ByTaskType(source)
    if all(hasattr(source, name) for name in ("bank", "retrieve", "with_bank")):
        return source
    raise TypeError(
        f"expected a SkillBank, a path of one or a Retriever, got {type(source).__name__}; "
        "pass SkillBank.empty() for no skills"
    )
