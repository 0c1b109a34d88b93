"""Writes the prompt: who the agent is, what it may do, its task, what happened, what it sees now."""

from collections import deque
from typing import Any, Literal, NamedTuple, get_args

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs

Layout = Literal["step", "transcript"]

NOT_SHOWN = frozenset({"help"})
"""Admissible commands that are left out of the list, as in the released prompts: a turn for nothing."""


class _Past(NamedTuple):
    observation: str
    command: str


class TaskPrompt(gym.Wrapper[str, str, str, str], RecordConstructorArgs):
    """Turns the environment's observations into prompts; ``info["observation"]`` keeps the original text.

    *step*: every observation is a whole prompt, for a policy that sees one message at a time: role,
    instructions, reply format, task, the last ``history`` observations with their commands, the present
    observation, the admissible commands. What stays the same comes first, so that prompts of an episode
    share their beginning; for that reason the task line is there even where the observation names the task.

    *transcript*: the first observation holds role, instructions, reply format, the task (unless the
    environment's own first text states it already) and that text; later observations are the environment's
    text alone. The episode is one growing conversation, and nothing is said twice.

    Role and instructions are the environment's (``metadata["role"]``, ``metadata["instructions"]``), the
    reply format follows from ``metadata["reply_tags"]``.

    Args:
        env: A TextEnv, or wrappers around one; usually a TaggedAction.
        layout: "step" or "transcript".
        history: Past observation-command pairs shown in the step layout, at least 0 (the released default
            is 2). Has no effect on the transcript layout, where all of them are in the conversation.
        show_admissible: Whether prompts list the admissible commands; None means yes in the step layout,
            no in the transcript layout.
        think: Whether the reply format asks for ``<think>...</think>`` before the command.

    Raises:
        ValueError: Unknown layout or negative history.

    Example:
        >>> import gymnasium as gym
        >>> import skill_gym
        >>> from skill_gym.wrappers import TaggedAction, TaskPrompt
        >>> env = TaskPrompt(TaggedAction(gym.make("skill_gym/ALFWorld-v0")), layout="step")
        >>> prompt, info = env.reset(seed=0)
        >>> info["observation"] in prompt
        True
    """

    def __init__(
        self,
        env: gym.Env[str, str],
        *,
        layout: Layout = "step",
        history: int = 2,
        show_admissible: bool | None = None,
        think: bool = False,
    ) -> None:
        RecordConstructorArgs.__init__(
            self, layout=layout, history=history, show_admissible=show_admissible, think=think
        )
        gym.Wrapper.__init__(self, env)
        if layout not in get_args(Layout):
            raise ValueError(f"layout must be one of {', '.join(get_args(Layout))}, got {layout!r}")
        if not isinstance(history, int) or history < 0:
            raise ValueError(f"history must be an int of at least 0, got {history!r}; 0 shows no past steps")
        self.layout = layout
        self.history = history
        self.show_admissible = layout == "step" if show_admissible is None else show_admissible
        self.think = think
        self._past: deque[_Past] = deque(maxlen=history)
        self._steps = 0
        self._observation = ""

    @property
    def head(self) -> str:
        """Role, instructions and reply format: the same for every task of the environment."""
        metadata = self.env.metadata
        lines = (metadata.get("role", ""), metadata.get("instructions", ""), self.reply_format)
        return "\n".join(line for line in lines if line)

    @property
    def reply_format(self) -> str:
        """The sentence that says how to reply."""
        tags = tuple(self.env.metadata.get("reply_tags", ("action",)))
        blocks = " or ".join(f"<{tag}>...</{tag}>" for tag in tags)
        one = "one command in" if len(tags) == 1 else "exactly one of"
        if self.think:
            return f"Think in <think>...</think>, then reply with {one} {blocks}."
        return f"Reply with {one} {blocks}."

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Starts an episode; the observation is the first prompt."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._past.clear()
        self._steps = 0
        self._observation = observation
        return self._prompt(observation, info), {**info, "observation": observation}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Carries a reply out; the observation is the next prompt."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        command = info.get("command", action) or f"(none: {info.get('invalid_reason') or 'empty reply'})"
        self._past.append(_Past(self._observation, command))
        self._steps += 1
        self._observation = observation
        prompt = self._prompt(observation, info)
        return prompt, float(reward), terminated, truncated, {**info, "observation": observation}

    def _prompt(self, observation: str, info: dict[str, Any]) -> str:
        parts = []
        goal = str(info.get("goal", ""))
        if self.layout == "step":
            parts = [self.head, f"Task: {goal}" if goal else "", self._told(), self._now(observation)]
        elif self._steps == 0:
            stated = " ".join(goal.split()).casefold() in " ".join(observation.split()).casefold()
            parts = [self.head, f"Task: {goal}" if goal and not stated else "", observation]
        else:
            parts = [observation]
        if self.show_admissible:
            parts.append(self._admissible(info))
        return "\n\n".join(part for part in parts if part)

    def _told(self) -> str:
        if not self._past:
            return ""
        first = self._steps - len(self._past) + 1
        window = f"step {first}" if first == self._steps else f"steps {first} to {self._steps}"
        lines = [f"{past.observation}\n> {past.command}" for past in self._past]
        return "\n".join([f"What happened in {window}:", *lines])

    def _now(self, observation: str) -> str:
        return f"Now, at step {self._steps + 1}:\n{observation}"

    @staticmethod
    def _admissible(info: dict[str, Any]) -> str:
        commands = [text for text in info.get("admissible_commands", ()) if text not in NOT_SHOWN]
        return "\n".join(["Admissible commands:", *commands]) if commands else ""
