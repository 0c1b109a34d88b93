"""One episode of a scripted player, as a policy learns from it: mistakes in it are read, not learnt."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from skill_gym.agents.replies import reply
from skill_gym.skillbanks.practice import Practice
from skill_gym.text_env import TextEnv
from skill_gym.wrappers import SkillAugmentedEnv
from skill_gym.wrappers.open_command import fill, has_slot
from skill_gym.wrappers.task_prompt import NOT_SHOWN

GOES_ON = 0.5
"""Chance that a mistake is followed by another."""

MOST_WORDS = 5
"""Words of the goal that fill the slot of a mistaken command at most."""

_OWN_TAG = re.compile(r"^(<\w+>)(?=.*</\w+>$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Demonstration:
    """One won episode as a conversation, one prompt and one reply a turn.

    Attributes:
        task_id: The task.
        task_type: Its type.
        prompts: What the agent was shown.
        replies: What it said.
        learn: Whether the reply is the scripted player's; others were noise.
        admissible: The admissible commands at each reply.
        task_key: The task's name across data sets, for what must not mix training and validation.
        skill_ids: The skills in the first prompt, in their order.
    """

    task_id: str
    task_type: str
    prompts: tuple[str, ...]
    replies: tuple[str, ...]
    learn: tuple[bool, ...]
    admissible: tuple[tuple[str, ...], ...]
    task_key: str = ""
    skill_ids: tuple[str, ...] = ()


def play_demonstration(
    shown: SkillAugmentedEnv, env: TextEnv, task_id: str, practice: Practice, rng: random.Random, noise: float
) -> Demonstration | None:
    """Plays one episode.

    Args:
        shown: What the agent sees.
        env: The environment in it, which has the scripted player.
        task_id: The task.
        practice: Knows the mistakes that are the environment's own.
        rng: Of the mistakes.
        noise: Chance, in each turn, that mistakes begin.

    Returns:
        The episode; None when it was not won or nothing in it is to be learnt.
    """
    prompt, info = shown.reset(options={"task": task_id})
    player = env.player(info["observation"], prompt)
    prompts, replies, learn, admissible = [], [], [], []
    earlier: dict[str, None] = {}
    task_key, skill_ids = info["task_key"], info["skill_ids"]
    over = noisy = False
    while not over:
        commands = info["admissible_commands"]
        command = player.command(commands)
        noisy = rng.random() < (GOES_ON if noisy else noise)
        thought, spoken = _as_read(player.thought, command, info["observation"])
        if noisy:
            # What was thought stays true, so that the next thought can be read off the last one.
            command = spoken = _mistake(commands, earlier, info["goal"], practice, rng)
        earlier.update(dict.fromkeys(commands))
        earlier.pop(command, None)
        earlier[command] = None
        prompts.append(prompt)
        replies.append(reply(thought, _apart(spoken)))
        learn.append(not noisy)
        admissible.append(tuple(commands))
        prompt, _, terminated, truncated, info = shown.step(replies[-1])
        player.observe(command, info["observation"])
        over = terminated or truncated
    if not info["won"] or not any(learn):
        return None
    return Demonstration(
        task_id,
        info["task_type"],
        tuple(prompts),
        tuple(replies),
        tuple(learn),
        tuple(admissible),
        task_key,
        skill_ids,
    )


def _as_read(thought: str, command: str, observation: str) -> tuple[str, str]:
    """Thought and command with the command's argument, ``click[argument]``, spelled as the page spells it.

    What is read can be copied; the environment's own spelling would have to be known.
    """
    argument = command.partition("[")[2].removesuffix("]")
    if not argument or argument in observation:
        return thought, command
    found = re.search(re.escape(argument), observation, re.IGNORECASE)
    if found is None:
        return thought, command
    return thought.replace(argument, found[0]), command.replace(argument, found[0])


def _apart(command: str) -> str:
    """A space between a command's own tag and its text, which is not part of the command.

    For a tokenizer a name is another sequence of tokens when no space stands before it, as it does in texts.
    """
    return _OWN_TAG.sub(r"\1 ", command)


def _mistake(
    admissible: Sequence[str], earlier: dict[str, None], goal: str, practice: Practice, rng: random.Random
) -> str:
    """What a beginner would try: the last refused thing again, what is not there, anything."""
    kind = rng.random()
    stale = [command for command in earlier if command not in admissible]
    if stale and kind < 0.4:
        # Commands that were possible before, the latest more often.
        command = stale[-1 - int(len(stale) * rng.random() ** 2)]
    else:
        own = practice.mistake(admissible, rng) if kind < 0.6 else None
        command = own or rng.choice([one for one in admissible if one not in NOT_SHOWN])
    if not has_slot(command):
        return command
    words = goal.split()
    first = rng.randrange(len(words))
    return fill(command, " ".join(words[first : first + rng.randint(1, MOST_WORDS)]))
