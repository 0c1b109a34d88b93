"""Measures prompts before a run, so that none is found too long for the sampler after hours."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

import gymnasium as gym

from skill_gym.agents.env_stack import MakeEnv, Role
from skill_gym.agents.policy import Request, Sampling
from skill_gym.agents.rollout import Episode, play
from skill_gym.agents.scripted import RandomPolicy
from skill_gym.agents.sections import ConfigError, TrainConfig
from skill_gym.registration import env_class
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.trajectory import Task

logger = logging.getLogger(__name__)

TASKS = 4
"""Tasks that are played, evenly over the split."""

TIGHT = 0.9
"""Share of the context beyond which a prompt is near its end: the chat template's own tokens come on top."""


@dataclass(frozen=True, slots=True)
class ProbedEpisode:
    """Tokens of one episode, played at random.

    Attributes:
        task_id: Which task.
        prompts: What was shown at each turn: whole prompts in the step layout, what is new in the transcript
            layout; the first with instructions and skills.
        replies: Replies that are a command in its tags and nothing else.
    """

    task_id: str
    prompts: tuple[int, ...]
    replies: tuple[int, ...]

    @property
    def conversation(self) -> int:
        """Tokens before the last reply of a growing conversation."""
        return sum(self.prompts) + sum(self.replies[: len(self.prompts) - 1])

    def at(self, turns: int) -> int:
        """Tokens before the last of so many turns, if the rest is like what was played."""
        more = max(0, turns - len(self.prompts))
        later = len(self.prompts) - 1
        return self.conversation + (more * (self.conversation - self.prompts[0]) // later if later else 0)


class _Player(RandomPolicy):
    """Plays at random and keeps what it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: dict[str, list[str]] = {}

    def submit(self, request: Request) -> None:
        episode = request.ticket.rpartition("#")[0]
        self.shown.setdefault(episode, []).append(request.messages[-1]["content"])
        super().submit(request)


def probe_prompts(
    config: TrainConfig,
    make_env: Callable[[SkillBank, Role], MakeEnv],
    tasks: Sequence[Task],
    bank: SkillBank,
    policy: Any,
) -> list[ProbedEpisode]:
    """Plays a few tasks at random and compares their prompts with the sampler's context.

    Prompts are measured without the tokens of the chat template, so that what is refused cannot fit.

    Args:
        config: Of the run.
        make_env: ``make_env(bank, role)`` gives a function that makes an environment.
        tasks: Of the training split.
        bank: That the run begins with.
        policy: Who will sample; one without ``count_tokens`` and ``context_length`` has no such limit.

    Returns:
        What was measured; nothing where there is no limit.

    Raises:
        ConfigError: A first prompt does not fit, or most of the later ones do not.
    """
    count: Callable[[str], int] | None = getattr(policy, "count_tokens", None)
    context: int | None = getattr(policy, "context_length", None)
    if count is None or context is None:
        return []
    chosen = {tasks[place * len(tasks) // TASKS].id for place in range(TASKS)}
    probed = _play(make_env(bank, "training"), sorted(chosen), count)
    for said, fits in _findings(config, probed, context):
        first = max(probed, key=lambda one: one.prompts[0])
        (bare,) = _play(make_env(SkillBank.empty(), "training"), [first.task_id], count)
        text = f"{said}; {_mend(config, first.prompts[0] - bare.prompts[0])}"
        if not fits:
            raise ConfigError(text)
        logger.warning("%s", text)
    return probed


def _play(make_env: MakeEnv, task_ids: Sequence[str], count: Callable[[str], int]) -> list[ProbedEpisode]:
    episodes = [Episode(task_id, task_id, seed) for seed, task_id in enumerate(task_ids)]
    player = _Player()
    with play(make_env, player, episodes, slots=len(episodes), sampling=Sampling()) as rollout:
        replies = {one.episode.ticket: [turn.reply for turn in one.trajectory.turns] for one in rollout}
    return [
        ProbedEpisode(task_id, tuple(map(count, shown)), tuple(map(count, replies[task_id])))
        for task_id, shown in player.shown.items()
    ]


def _findings(
    config: TrainConfig, probed: Sequence[ProbedEpisode], context: int
) -> Iterator[tuple[str, bool]]:
    """What is too long or nearly so, and whether a run can go on with it."""
    if not probed:
        return
    room = config.sampler.max_new_tokens
    limit = f"the sampler's context of {context} with a reply of up to {room}"
    first = max(probed, key=lambda one: one.prompts[0])
    if (over := first.prompts[0] + room - context) > 0:
        yield (
            f"the first prompt of task {first.task_id} has {first.prompts[0]} tokens, {over} too many for "
            f"{limit}",
            False,
        )
    steps = config.env.layout == "step"
    turns = max(_turns(config), *(len(one.prompts) for one in probed))
    sizes = sorted(size for one in probed for size in (one.prompts if steps else [one.conversation]))
    middle, most = sizes[len(sizes) // 2], sizes[-1]
    what = "prompts of episodes" if steps else "conversations"
    if (over := middle + room - context) > 0:
        yield f"most {what} played at random have {middle} tokens or more, {over} too many for {limit}", False
    if steps and most + room > TIGHT * context:
        yield f"{what} played at random have up to {most} tokens; those too long for {limit} break", True
    longest = max(probed, key=lambda one: one.at(turns))
    spare = context - room - longest.at(turns)
    # With replies that are a command alone; a thought before it comes on top.
    if not steps and (spare < (1 - TIGHT) * context or spare // turns < room / 8):
        yield (
            f"a conversation of {turns} turns has about {longest.at(turns)} tokens if replies are a command "
            f"alone; {limit} leaves {max(0, spare // turns)} more for each, and longer conversations break",
            True,
        )


def _turns(config: TrainConfig) -> int:
    """Most turns of an episode; 0 where the environment's class does not say."""
    limit = config.env.max_steps or gym.spec(config.env.id).max_episode_steps
    if limit is None:
        # It counts its own turns.
        made = env_class(config.env.id)
        name = str(made.metadata.get("step_limit", ""))
        default = signature(made).parameters[name].default if name else 0
        limit = config.env.options.get(name, default)
    return int(limit)


def _mend(config: TrainConfig, skills: int) -> str:
    mends = [f"lower sampler.max_new_tokens ({config.sampler.max_new_tokens})"]
    if config.sampler.context_length is not None:
        mends.append(f"raise sampler.context_length ({config.sampler.context_length})")
    if skills > 0:
        mends.append(f"lower bank.max_tokens ({config.bank.max_tokens}; skills take {skills})")
    if config.env.layout == "transcript":
        mends.append("set env.layout=step or a smaller env.max_steps")
    elif config.env.history:
        mends.append(f"lower env.history ({config.env.history})")
    return f"{', '.join(mends)}, or choose a model with a longer context"
