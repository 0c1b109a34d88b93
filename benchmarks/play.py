"""A person plays in the terminal: skills shown, admissible commands completed with Tab."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.wrappers import RecordTrajectory, SkillAugmentedEnv

KEYS = "Tab completes a command, ? lists the admissible ones, hint asks the expert, quit leaves."

Ask = Callable[[Sequence[str]], str]


def terminal_asker() -> Ask:
    """Reads commands with completion and history on a terminal, else plain lines from standard input."""
    if not sys.stdin.isatty():
        return lambda commands: input("> ")
    try:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.completion import WordCompleter
    except ImportError:
        print("(pip install 'skill-gym[cli]' for completion with Tab)")
        return lambda commands: input("> ")
    session: Any = PromptSession()

    def ask(commands: Sequence[str]) -> str:
        words = WordCompleter(list(commands), sentence=True, ignore_case=True)
        return str(session.prompt("> ", completer=words, complete_while_typing=False))

    return ask


def in_own_tag(typed: str, tags: Sequence[str]) -> str:
    """What a person types, as a command: where there are several tags, ``search some words`` is enough."""
    tag, _, rest = typed.partition(" ")
    if len(tags) < 2 or tag.lower() not in tags or not rest.strip():
        return typed
    return f"<{tag.lower()}>{rest.strip()}</{tag.lower()}>"


def play(
    env_id: str,
    *,
    bank: SkillBank,
    task: str | None = None,
    seed: int | None = None,
    record_to: Path | None = None,
    ask: Ask | None = None,
    show: Callable[[str], None] = print,
    **env_kwargs: Any,
) -> bool:
    """Plays one episode and says how it ended.

    Args:
        env_id: A registered id of the suite.
        bank: Skills to show before the first observation; an empty bank shows none.
        task: Id of the task; None draws one.
        seed: Seed of the draw.
        record_to: JSON-lines file that the episode is appended to.
        ask: Reads one command, given the admissible ones; the terminal by default.
        show: Where text goes.
        **env_kwargs: For ``gym.make``, e.g. ``split`` and ``data``.

    Returns:
        Whether the task was solved; False as well when the player left.
    """
    # No TaggedAction and no TaskPrompt: a person types commands and remembers what was said.
    env: gym.Env[str, str] = RecordTrajectory(
        SkillAugmentedEnv(gym.make(env_id, **env_kwargs), bank, once=True),
        record_to,
        policy_name="person",
    )
    ask = ask or terminal_asker()
    tags = tuple(env.metadata["reply_tags"])
    text, info = env.reset(seed=seed, options=None if task is None else {"task": task})
    show(f"[{info['task']}]\n{KEYS}\n\n{text}")
    turns = 0
    while True:
        commands = info["admissible_commands"]
        try:
            command = in_own_tag(ask(commands).strip(), tags)
        except (EOFError, KeyboardInterrupt):
            command = "quit"
        if command == "quit":
            show(f"You left after {turns} turns; the goal was: {info['goal']}")
            env.close()
            return False
        if command == "?":
            show("\n".join(commands))
            continue
        if command == "hint":
            show(f"The expert would: {info.get('expert_command', 'nobody to ask; start with --expert NAME')}")
            continue
        text, reward, terminated, truncated, info = env.step(command)
        turns += 1
        show(text)
        if terminated or truncated:
            limit = "The episode broke off" if info.get("broken") else "The step limit is reached"
            outcome = "Solved" if info["won"] else limit if truncated else "Not solved"
            score = f", score {reward:.2f}" if 0 < float(reward) < 1 else ""
            show(f"{outcome}{score}, after {turns} turns.")
            env.close()
            return bool(info["won"])
