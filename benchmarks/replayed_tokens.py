"""Prompt tokens of the same episodes under several arms: only what stands before the prompt differs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import gymnasium as gym

from skill_gym.benchmarks.token_counters import TokenCounter
from skill_gym.trajectory import Trajectory
from skill_gym.wrappers.task_prompt import Layout


class ReplayError(RuntimeError):
    """An episode that was played again went another way, so that its tokens compare with nothing."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Prompt tokens of some episodes.

    Attributes:
        steps: Steps of all episodes.
        sent: Tokens of what was sent at each step, added up; in the transcript layout the whole conversation.
        new: Of those, what no earlier step had sent and no reply had said; in the step layout all.
    """

    steps: int
    sent: int
    new: int

    @property
    def per_step(self) -> float:
        """Tokens sent at a step."""
        return self.sent / self.steps

    @property
    def new_per_step(self) -> float:
        """New tokens at a step."""
        return self.new / self.steps


def replay(env: gym.Env[str, str], episode: Trajectory) -> Trajectory:
    """Plays an episode's replies again.

    Args:
        env: The same environment with the whole stack; layout and block may be others.
        episode: As it was played, to its end.

    Raises:
        ReplayError: Observation, command or reward of a step is another, or the end is.
    """
    env.reset(seed=episode.seed, options={"task": episode.task.id})
    again: Trajectory | None = None
    for turn in episode.turns:
        if again is not None:
            raise ReplayError(f"{episode.task.key} ended after {len(again.turns)} steps when replayed")
        _, _, terminated, truncated, info = env.step(turn.reply)
        if terminated or truncated:
            again = info["trajectory"]
    if again is None:
        raise ReplayError(f"{episode.task.key} did not end within its {len(episode.turns)} steps")
    for number, (first, second) in enumerate(zip(episode.turns, again.turns, strict=True), 1):
        for name in ("observation", "reply", "command", "reward"):
            if getattr(first, name) != getattr(second, name):
                raise ReplayError(
                    f"{episode.task.key}, step {number}: {name} was {getattr(first, name)!r} and is "
                    f"{getattr(second, name)!r} when replayed"
                )
    return again


def tokens(episodes: Iterable[Trajectory], counter: TokenCounter, layout: Layout) -> Tokens:
    """What the prompts of recorded episodes cost.

    Args:
        episodes: Their turns hold the prompts; in the transcript layout each one what was new.
        counter: The tokenizer.
        layout: How they were shown.

    Raises:
        ValueError: No steps.
    """
    steps = sent = new = 0
    for episode in episodes:
        prompts = [turn.prompt for turn in episode.turns]
        replies = [turn.reply for turn in episode.turns]
        if layout == "step":
            each = [counter.prompt(prompt) for prompt in prompts]
            new += sum(each)
        else:
            each = counter.conversation(prompts, replies)
            said = sum(counter.count(reply) for reply in replies[:-1])
            new += each[-1] - said if each else 0
        steps += len(each)
        sent += sum(each)
    if not steps:
        raise ValueError("no steps to count tokens of; pass at least one episode that was played")
    return Tokens(steps, sent, new)


def same_course(arms: Sequence[Sequence[Trajectory]]) -> bool:
    """Whether all arms saw the same observations and gave the same commands, byte for byte."""
    courses = [
        [[(turn.observation, turn.command) for turn in episode.turns] for episode in episodes]
        for episodes in arms
    ]
    return all(course == courses[0] for course in courses)
