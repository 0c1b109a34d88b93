"""The prompts of a recorded episode: as shown, or written anew with other skills and layout."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from skill_gym.agents.demonstration_play import Demonstration
from skill_gym.agents.recorded_env import RecordedEnv, recorded_metadata
from skill_gym.agents.sft_citations import block_lines, cited, skill_block
from skill_gym.agents.sft_examples import SftExample, Unit
from skill_gym.skillbanks.retrieval import Retriever
from skill_gym.skillbanks.skill_variation import SkillVariation
from skill_gym.trajectory import Trajectory
from skill_gym.wrappers import SkillAugmentedEnv, TaggedAction, TaskPrompt
from skill_gym.wrappers.tagged_action import Projection


class Unsuitable(Exception):
    """An episode cannot be shown as it is wanted; the reason is a short sentence that can be counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptConfig:
    """How episodes are shown.

    Attributes:
        source: ``rendered`` writes the prompts anew by the environment's wrappers, with skills retrieved for
            the task; ``recorded`` keeps them.
        layout: One example a step, or a whole episode as a conversation.
        history: Observation-command pairs in a prompt of the step layout.
        show_admissible: Whether prompts list the admissible commands; None leaves it to the layout.
        think: Whether the reply format asks for a thought; None asks where the episode's replies have one.
        projection: Rules by which replies were read when the episodes were played.
        max_tokens: Budget of the skill block.
        show_ids: Whether the block shows the ids of the skills.
        variation: How often which part of the bank is shown.
        seed: Of the variation.
    """

    source: Literal["rendered", "recorded"] = "rendered"
    layout: Unit = "transcript"
    history: int = 2
    show_admissible: bool | None = None
    think: bool | None = None
    projection: Projection = "strict"
    max_tokens: int = 2000
    show_ids: bool = False
    variation: SkillVariation = field(default_factory=SkillVariation)
    seed: int = 0


def shown(
    trajectory: Trajectory,
    config: PromptConfig,
    retriever: Retriever,
    *,
    number: int = 0,
    count_tokens: Callable[[str], int] | None = None,
) -> SftExample:
    """An episode as an example; whatever was not valid is read, but not learnt.

    A reply may quote a skill that its prompt had. Where the skills that are drawn lack it, the policy would
    learn to make skills up; the episode then keeps the skills that it was played with.

    Args:
        trajectory: The episode, with at least one turn.
        config: How it is shown.
        retriever: Finds the skills for the task; its bank is the whole bank.
        number: The episode's number among those of the same task; each has a draw of its own.
        count_tokens: The policy's tokenizer, for the budget of the skill block.

    Raises:
        Unsuitable: The recorded prompts are of another layout, replies were read by other rules, or a reply
            quotes a skill that cannot be shown.
        ValueError: The environment is not installed, so prompts cannot be written.
    """
    if config.source == "recorded":
        return _recorded(trajectory, config)
    rng = random.Random(f"{config.seed}:{trajectory.task.key}:{number}")
    drawn = config.variation.draw(retriever.bank, trajectory.task, rng)
    prompts, skill_ids = _rendered(trajectory, config, retriever.with_bank(drawn.bank), count_tokens)
    if not quoted_lines(trajectory) <= set(block_lines(skill_block(prompts[0]))):
        if trajectory.meta.get("layout") != config.layout:
            raise Unsuitable("quotes a skill that the drawn bank lacks")
        return _recorded(trajectory, config)
    return SftExample(_episode(trajectory, prompts, skill_ids), drawn.kind)


def quoted_lines(trajectory: Trajectory) -> set[str]:
    """The entries of the recorded skill block that a valid reply names or quotes."""
    lines = block_lines(skill_block(trajectory.turns[0].prompt))
    ids = trajectory.turns[0].skill_ids
    if len(lines) != len(ids):
        return set()
    return {
        lines[place] for turn in trajectory.turns if turn.valid for place in cited(lines, ids, turn.reply)
    }


def _recorded(trajectory: Trajectory, config: PromptConfig) -> SftExample:
    layout = trajectory.meta.get("layout")
    if layout != config.layout:
        raise Unsuitable(f"recorded in the {layout or 'bare'} layout, wanted is {config.layout}")
    prompts = tuple(turn.prompt for turn in trajectory.turns)
    return SftExample(_episode(trajectory, prompts, trajectory.turns[0].skill_ids), "recorded")


def _rendered(
    trajectory: Trajectory,
    config: PromptConfig,
    retriever: Retriever,
    count_tokens: Callable[[str], int] | None,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The prompts, by the wrappers that play, and the ids of the skills in them."""
    thoughts = [turn.reply.lstrip().startswith("<think>") for turn in trajectory.turns if turn.valid]
    env = RecordedEnv(trajectory, recorded_metadata(trajectory))
    stack = SkillAugmentedEnv(
        TaskPrompt(
            TaggedAction(env, projection=config.projection),
            layout=config.layout,
            history=config.history,
            show_admissible=config.show_admissible,
            think=bool(thoughts) and all(thoughts) if config.think is None else config.think,
        ),
        retriever,
        max_tokens=config.max_tokens,
        count_tokens=count_tokens,
        show_ids=config.show_ids,
    )
    prompt, info = stack.reset(options={"task": trajectory.task.id})
    skill_ids = tuple(info["skill_ids"])
    prompts = []
    for turn in trajectory.turns:
        prompts.append(prompt)
        prompt, _, _, _, info = stack.step(turn.reply)
        if info["command"] != turn.command:
            raise Unsuitable("replies were read by other rules (see --projection)")
    return tuple(prompts), skill_ids


def _episode(trajectory: Trajectory, prompts: tuple[str, ...], skill_ids: tuple[str, ...]) -> Demonstration:
    return Demonstration(
        trajectory.task.id,
        trajectory.task.task_type,
        prompts,
        tuple(turn.reply for turn in trajectory.turns),
        tuple(turn.valid for turn in trajectory.turns),
        tuple(turn.admissible for turn in trajectory.turns),
        trajectory.task.key,
        skill_ids,
    )
