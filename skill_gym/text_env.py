"""A Gymnasium environment that speaks text: commands in, observations out, admissible commands in info."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, NamedTuple, Protocol

import gymnasium as gym
import numpy as np

from skill_gym.trajectory import Task

MAX_TEXT = 1_000_000


class FreeText(gym.spaces.Space[str]):
    """Any ``str`` up to a length.

    ``gymnasium.spaces.Text`` wants a fixed character set and a shared buffer of its full length; this
    space takes any Unicode text. Vector environments need ``shared_memory=False``.

    Args:
        max_length: Largest number of characters, at least 1.
        samples: Texts that ``sample`` draws from, so that random play is more than noise.
        seed: Seed of the sampling.
    """

    def __init__(
        self,
        max_length: int = MAX_TEXT,
        *,
        samples: Sequence[str] = ("look", "inventory", ""),
        seed: int | np.random.Generator | None = None,
    ) -> None:
        if max_length < 1:
            raise ValueError(f"max_length must be at least 1, got {max_length}")
        self.max_length = max_length
        self.samples = tuple(samples)
        super().__init__(shape=(), dtype=np.str_, seed=seed)

    @property
    def is_np_flattenable(self) -> bool:
        """Always False: a text has no fixed width."""
        return False

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """Draws one of ``samples``; masks are refused."""
        if mask is not None or probability is not None:
            raise ValueError("FreeText has no masks; draw from info['admissible_commands'] instead")
        return str(self.np_random.choice(self.samples))

    def contains(self, x: Any) -> bool:
        """Whether ``x`` is a ``str`` that is not too long."""
        return isinstance(x, str) and len(x) <= self.max_length

    def to_jsonable(self, sample_n: Iterable[str]) -> list[str]:
        """Texts are JSON already."""
        return list(sample_n)

    def from_jsonable(self, sample_n: list[Any]) -> list[str]:
        """Texts are JSON already."""
        return [str(text) for text in sample_n]

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, FreeText)
            and self.max_length == other.max_length
            and self.samples == other.samples
        )

    def __hash__(self) -> int:
        return hash((self.max_length, self.samples))

    def __repr__(self) -> str:
        return f"FreeText({self.max_length})"


@gym.vector.utils.batch_space.register(FreeText)
def _batch_free_text(space: FreeText, n: int = 1) -> gym.spaces.Tuple[Any]:
    """A batch of texts is a tuple of texts."""
    return gym.spaces.Tuple(tuple(FreeText(space.max_length, samples=space.samples) for _ in range(n)))


class Outcome(NamedTuple):
    """What one command led to.

    Attributes:
        observation: The environment's own text.
        reward: In [0, 1].
        terminated: The task ended, won or lost.
        truncated: The episode cannot go on for a reason outside the task (a failed retriever).
        info: What this environment adds to ``info``.
    """

    observation: str
    reward: float = 0.0
    terminated: bool = False
    truncated: bool = False
    info: dict[str, Any] = {}  # noqa: RUF012 - never written to


class Player(Protocol):
    """Plays one episode by a script, knowing only what it has read.

    The same texts give the same commands and thoughts, also after commands that somebody else chose.

    Attributes:
        thought: Why the last command was chosen, in sentences; "" before the first.
    """

    thought: str

    def command(self, commands: Sequence[str], /) -> str:
        """The next command, given those that are admissible now."""

    def observe(self, command: str, observation: str, /) -> None:
        """Takes down what a command led to, whoever chose it."""


class TextEnv(gym.Env[str, str]):
    """The contract of the suite's environments; a subclass says how a task begins and what a command does.

    ``reset(options={"task": id})`` plays exactly that task, ``reset(seed=...)`` draws one reproducibly.
    ``info``, at reset and step, has ``task`` (id), ``task_key``, ``task_type``, ``goal``,
    ``admissible_commands`` (tuple of str, empty when the action space is open) and ``won``.

    Attributes:
        metadata: ``reply_tags`` names the tags a model's reply wraps its command in; ``role`` and
            ``instructions`` tell an agent who it is and what it may do (for the prompt).
        tasks: The split's tasks in a fixed order, lazily.
        task: The task being played, None before the first reset.
        reply: What the agent said, whole, before its command is carried out; "" where no wrapper tells it.
    """

    metadata: ClassVar[dict[str, Any]] = {  # type: ignore[misc]
        "render_modes": ["ansi"],
        "reply_tags": ("action",),
        "role": "You are an agent that acts in a text environment.",
        "instructions": "",
    }
    observation_space: gym.Space[str]
    action_space: gym.Space[str]
    tasks: Sequence[Task]
    task: Task | None = None
    reply: str = ""

    def __init__(self, *, render_mode: str | None = None) -> None:
        if render_mode not in (None, "ansi"):
            raise ValueError(f"render_mode must be None or 'ansi', got {render_mode!r}")
        self.render_mode = render_mode
        self.observation_space = FreeText()
        self.action_space = FreeText()
        self._over = True
        self._observation = ""

    @classmethod
    def player(cls, first_observation: str, advice: str = "") -> Player:
        """The scripted player of one episode, for demonstrations.

        Args:
            first_observation: Text of the reset.
            advice: Any text that may advise it, such as a whole prompt with skills.

        Raises:
            NotImplementedError: The environment has none.
            ValueError: It does not understand the first observation.
        """
        raise NotImplementedError(f"{cls.__name__} has no scripted player; implement {cls.__name__}.player()")

    @abstractmethod
    def begin(self, task: Task) -> Outcome:
        """Starts the task and returns its first observation (reward and flags are ignored)."""

    @abstractmethod
    def advance(self, command: str) -> Outcome:
        """Carries out one command; the empty command changes nothing and uses up a turn."""

    @abstractmethod
    def admissible_commands(self) -> tuple[str, ...]:
        """The commands that would do something now, in the original environment's order."""

    @property
    @abstractmethod
    def won(self) -> bool:
        """Whether the task is done in the present state."""

    @abstractmethod
    def find_task(self, task_id: str) -> Task:
        """The task of that id.

        Raises:
            ValueError: No such task in this split; the message names near ones.
        """

    def gold_answers(self, task: Task) -> tuple[str, ...]:
        """What is right, where a task asks for an answer in words; for who must keep it out of skills."""
        return ()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Starts an episode.

        Args:
            seed: Seeds the draw of tasks.
            options: ``{"task": id}`` to play exactly that task.

        Raises:
            ValueError: Unknown option, or no task of that id.
        """
        super().reset(seed=seed)
        options = options or {}
        unknown = sorted(set(options) - {"task"})
        if unknown:
            raise ValueError(f"unknown reset option {unknown[0]!r}; the only one is 'task' (a task id)")
        if "task" in options:
            task = self.find_task(options["task"])
        else:
            task = self.tasks[int(self.np_random.integers(len(self.tasks)))]
        self._over = True
        outcome = self.begin(task)
        self.task = task
        self._over = False
        self._observation = outcome.observation
        return outcome.observation, self._info(outcome)

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Carries out one command.

        Raises:
            TypeError: The command is not a str.
            RuntimeError: The episode is over or has not begun.
        """
        if not isinstance(action, str):
            raise TypeError(f"a command must be a str, got {type(action).__name__}: {action!r}")
        if self._over:
            state = "has not begun" if self.task is None else "is over"
            raise RuntimeError(f"the episode {state}; call reset() before step()")
        outcome = self.advance(action)
        self._over = outcome.terminated or outcome.truncated
        self._observation = outcome.observation
        info = self._info(outcome)
        return outcome.observation, outcome.reward, outcome.terminated, outcome.truncated, info

    def render(self) -> str | None:
        """The present observation in ``ansi`` mode, else None."""
        return self._observation if self.render_mode == "ansi" else None

    def _info(self, outcome: Outcome) -> dict[str, Any]:
        task = self.task
        if task is None:
            raise RuntimeError("no task is being played; call reset() first")
        return {
            "task": task.id,
            "task_key": task.key,
            "task_type": task.task_type,
            "goal": task.goal,
            "admissible_commands": self.admissible_commands(),
            "won": self.won,
            **outcome.info,
        }
