"""The explorer plays generated games through the real wrappers; its episodes become training sequences."""

import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

import gymnasium as gym
import numpy as np

import skill_gym
from skill_gym.agents.policy import Completion, Message
from skill_gym.alfworld.explorer import Explorer
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.wrappers import SkillAugmentedEnv, TaggedAction, TaskPrompt

if TYPE_CHECKING:
    from skill_gym.agents.chat import ChatTokens
    from skill_gym.agents.packing import Sample

logger = logging.getLogger(__name__)

ENV_ID = "skill_gym/ALFWorld-v0"
GOES_ON = 0.5
"""Chance that a mistake is followed by another."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemonstrationConfig:
    """What is played.

    Attributes:
        episodes: Number of games, one episode each.
        first_game: Games of the training split to pass over, so that a second training sees new ones.
        held_out: Number of games of ``generated_validation`` for the accuracy figures.
        bank: Name of a starter bank, or path of a bank file.
        all_skills: Share of episodes with the whole bank in the prompt.
        no_skills: Share of episodes without skills; the rest shows a random part in random order.
        max_tokens: Budget of the skill block, in the policy's tokens.
        noise: Chance, in each turn, that mistakes begin: commands of somebody else, one or a few in a row.
            They are read but not learnt, so that the policy learns to go on after its own (as DAgger does).
        max_steps: Longest episode; only won ones are used.
        generator: Settings of the games' generator, such as ``room_scale``; see ``GeneratorConfig``.
        seed: Of skills shown, noise and the choice of games.
    """

    episodes: int = 12000
    first_game: int = 0
    held_out: int = 60
    bank: str = "alfworld"
    all_skills: float = 0.2
    no_skills: float = 0.5
    max_tokens: int = 400
    noise: float = 0.1
    max_steps: int = 50
    generator: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.episodes < 1 or self.held_out < 1:
            raise ValueError(f"need at least one game of each kind, got {self.episodes} and {self.held_out}")
        if min(self.all_skills, self.no_skills) < 0 or self.all_skills + self.no_skills > 1:
            raise ValueError(
                f"all_skills and no_skills must be shares with a sum of at most 1, "
                f"got {self.all_skills} and {self.no_skills}"
            )
        if self.first_game < 0:
            raise ValueError(f"first_game must be at least 0, got {self.first_game}")
        if not 0 <= self.noise < 1:
            raise ValueError(f"noise must be in [0, 1), got {self.noise}")


@dataclass(frozen=True, slots=True)
class Demonstration:
    """One won episode as a conversation, one prompt and one reply a turn.

    Attributes:
        task_id: The game.
        task_type: Its type.
        prompts: What the agent was shown.
        replies: What it said.
        learn: Whether the reply is the explorer's; others were noise.
        admissible: The admissible commands at each reply.
    """

    task_id: str
    task_type: str
    prompts: tuple[str, ...]
    replies: tuple[str, ...]
    learn: tuple[bool, ...]
    admissible: tuple[tuple[str, ...], ...]


def demonstrations(
    config: DemonstrationConfig,
    *,
    held_out: bool = False,
    count_tokens: Callable[[str], int] | None = None,
    max_tokens: int | None = None,
) -> Iterator[Demonstration]:
    """Plays games and gives the episodes that were won, in order of the games.

    Args:
        config: What is played.
        held_out: Plays ``generated_validation`` instead of the training games.
        count_tokens: The policy's tokenizer, for the budget of the skill block.
        max_tokens: Another budget than the config's; the tokenizer's training sees every skill whole.
    """
    split = "generated_validation" if held_out else "generated"
    first, games = (0, config.held_out) if held_out else (config.first_game, config.episodes)
    bank = load_bank(config.bank)
    env = TaskPrompt(TaggedAction(_make(config, split, first + games)), layout="transcript")
    shown = SkillAugmentedEnv(
        env, bank, max_tokens=max_tokens or config.max_tokens, count_tokens=count_tokens
    )
    lost = 0
    tasks = shown.unwrapped.tasks  # type: ignore[attr-defined]
    for number in range(first, first + games):
        # One stream an episode: adding games does not change those before.
        rng = random.Random(f"{config.seed}:{split}:{number}")
        shown.set_bank(vary_bank(bank, rng, all_skills=config.all_skills, no_skills=config.no_skills))
        episode = _play(shown, tasks[number].id, rng, config.noise)
        if episode is None:
            lost += 1
        else:
            yield episode
    logger.info("%s: %d of %d games won by the explorer", split, games - lost, games)


def load_bank(name_or_path: str) -> SkillBank:
    """A starter bank by name, or a bank file."""
    if name_or_path.endswith(".json"):
        return SkillBank.load(name_or_path)
    return SkillBank.starter(name_or_path)


def vary_bank(bank: SkillBank, rng: random.Random, *, all_skills: float, no_skills: float) -> SkillBank:
    """The whole bank, an empty one, or a random part of it in random order."""
    draw = rng.random()
    if draw < all_skills:
        return bank
    if draw < all_skills + no_skills:
        return SkillBank.empty()
    share = rng.uniform(0.1, 0.9)
    return replace(
        bank,
        general=_part(bank.general, share, rng),
        task_specific={name: _part(skills, share, rng) for name, skills in bank.task_specific.items()},
        mistakes=_part(bank.mistakes, share, rng),
    )


def encode(demonstration: Demonstration, chat: "ChatTokens", *, read_weight: float = 0.0) -> "Sample":
    """The token sequence that the policy would have seen and said, turn by turn, with marks on what to learn.

    Args:
        demonstration: What was shown and said.
        chat: The policy's chat template.
        read_weight: Weight, against 1 for a reply token, of the tokens of the world's answers.

    Returns:
        A sample whose ``positions`` are those of learnt tokens, a reply's end of turn included. Its
        ``advantages`` are their weights in the loss; ``turns`` is -1 for tokens that were read, not said.
    """
    from skill_gym.agents.packing import Sample

    completion: Completion | None = None
    positions: list[int] = []
    turns: list[int] = []
    behind = 0
    steps = zip(demonstration.prompts, demonstration.replies, demonstration.learn, strict=True)
    for turn, (prompt, reply, learn) in enumerate(steps):
        completion = said(prompt, reply, chat, completion)
        start, count = len(completion.prompt_ids), len(completion.token_ids)
        if turn and read_weight:
            positions += range(behind, start)
            turns += [-1] * (start - behind)
        if learn:
            positions += range(start, start + count)
            turns += [turn] * count
        behind = start + count
    ids = () if completion is None else completion.prompt_ids + completion.token_ids
    return Sample(
        token_ids=np.array(ids, dtype=np.int64),
        positions=np.array(positions, dtype=np.int64),
        advantages=np.where(np.array(turns) < 0, read_weight, 1.0).astype(np.float32),
        logprobs=np.zeros(len(positions), dtype=np.float32),
        turns=np.array(turns, dtype=np.int64),
        trajectory=0,
    )


def said(prompt: str, reply: str, chat: "ChatTokens", previous: Completion | None) -> Completion:
    """The completion that a policy would have given had it said ``reply``, ended by itself."""
    message: Message = {"role": "user", "content": prompt}
    prompt_ids = chat.prompt_ids([message]) if previous is None else chat.continuation_ids(previous, message)
    reply_ids = (*chat.tokenizer(reply, add_special_tokens=False)["input_ids"], _end_id(chat))
    return Completion("", prompt_ids, reply_ids, (0.0,) * len(reply_ids), reply)


def _end_id(chat: "ChatTokens") -> int:
    """The token that closes a reply: what the template puts there, else the end of text."""
    opened = Completion("", (0,), (), (), "")
    first = chat.continuation_ids(opened, {"role": "user", "content": "x"})[1]
    return first if first in chat.stop_ids else min(chat.stop_ids)


def _make(config: DemonstrationConfig, split: str, games: int) -> gym.Env[str, str]:
    skill_gym.register_suite()
    return gym.make(
        ENV_ID,
        split=split,
        size=games,
        generator=dict(config.generator),
        max_episode_steps=config.max_steps,
        disable_env_checker=True,
    )


def _part(entries: Sequence[T], share: float, rng: random.Random) -> tuple[T, ...]:
    kept = [entry for entry in entries if rng.random() < share]
    rng.shuffle(kept)
    return tuple(kept)


def _play(env: SkillAugmentedEnv, task_id: str, rng: random.Random, noise: float) -> Demonstration | None:
    """One episode; None when it was not won or nothing in it is to be learnt."""
    prompt, info = env.reset(options={"task": task_id})
    explorer = Explorer(info["observation"])
    prompts, replies, learn, admissible = [], [], [], []
    earlier: dict[str, None] = {}
    over = noisy = False
    while not over:
        commands = info["admissible_commands"]
        command = explorer.command(commands)
        noisy = rng.random() < (GOES_ON if noisy else noise)
        if noisy:
            command = _mistake(commands, earlier, rng)
        earlier.update(dict.fromkeys(commands))
        earlier.pop(command, None)
        earlier[command] = None
        prompts.append(prompt)
        replies.append(f"<action>{command}</action>")
        learn.append(not noisy)
        admissible.append(tuple(commands))
        prompt, _, terminated, truncated, info = env.step(replies[-1])
        explorer.observe(command, info["observation"])
        over = terminated or truncated
    if not info["won"] or not any(learn):
        return None
    return Demonstration(
        task_id, info["task_type"], tuple(prompts), tuple(replies), tuple(learn), tuple(admissible)
    )


def _mistake(admissible: Sequence[str], earlier: dict[str, None], rng: random.Random) -> str:
    """What a beginner would try: anything, the last refused thing again, a place that is not there."""
    kind = rng.random()
    stale = [command for command in earlier if command not in admissible]
    if stale and kind < 0.4:
        # Commands that were possible before, the latest more often.
        return stale[-1 - int(len(stale) * rng.random() ** 2)]
    places = [command for command in admissible if command.startswith("go to ")]
    if places and kind < 0.6:
        name, _, number = rng.choice(places).rpartition(" ")
        return f"{name} {int(number) + rng.randint(1, 3)}" if number.isdigit() else name
    return rng.choice([command for command in admissible if command != "help"])
