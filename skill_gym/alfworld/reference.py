"""Plays a game on the original engine, for differential tests and the speed comparison only."""

import contextlib
import functools
import importlib.util
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from skill_gym.alfworld.games import Game


class ReferenceStep(NamedTuple):
    """What the original engine answers to a command.

    Attributes:
        feedback: Its text.
        admissible: Admissible commands in its order.
        won: Whether the goal holds.
        score: 1 if won else 0.
        done: Whether it calls the game over (it goes on playing all the same).
    """

    feedback: str
    admissible: tuple[str, ...]
    won: bool
    score: int
    done: bool


def reference_installed() -> bool:
    """Whether the original engine can be imported."""
    return all(importlib.util.find_spec(name) for name in ("alfworld", "textworld", "fast_downward"))


class ReferenceGame:
    """One game on the original engine (alfworld 0.4.2, TextWorld 1.7.0).

    The domain and the text grammar are the installed package's; the task sentence is put into the grammar,
    which is all that differs between the official game files. A process has one engine: a game takes it over
    at reset, and the one before can only be reset. Not safe to use from several threads.

    Args:
        game: The game to play; ``problem`` and ``sentence`` are read.

    Raises:
        ImportError: The original engine is not installed.
    """

    def __init__(self, game: Game) -> None:
        self._env = _engine()
        folder = _package_folder() / "data"
        grammar = (folder / "alfred.twl2").read_text(encoding="utf-8")
        self._data = {
            "pddl_domain": (folder / "alfred.pddl").read_text(encoding="utf-8"),
            "grammar": grammar.replace("UNKNOWN GOAL.", game.sentence),
            "pddl_problem": game.problem,
            "walkthrough": list(game.walkthrough),
        }

    def reset(self) -> tuple[str, tuple[str, ...]]:
        """Loads and starts the game, as the original does at every reset.

        Returns:
            The first observation and the admissible commands.
        """
        with _no_side_effects():
            self._env.load(self._data)
            state = self._env.reset()
        _PLAYING[:] = [self]
        return str(state.feedback), tuple(state["admissible_commands"])

    def step(self, command: str) -> ReferenceStep:
        """Carries out one command.

        Raises:
            RuntimeError: The game has not begun, or another one took over the engine.
        """
        if self not in _PLAYING:
            raise RuntimeError("this game is not the one that the engine plays; call reset() first")
        state, score, done = self._env.step(command)
        return ReferenceStep(
            str(state.feedback),
            tuple(state["admissible_commands"]),
            bool(state["won"]),
            int(score),
            bool(done),
        )

    def close(self) -> None:
        """Lets go of the game; the engine stays for the next one."""
        if self in _PLAYING:
            _PLAYING.clear()

    def __enter__(self) -> "ReferenceGame":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


_PLAYING: list[ReferenceGame] = []


@functools.cache
def _engine() -> Any:
    """The engine of this process.

    Each engine loads a copy of its planner (33 MB), and unloading a second one crashes the process at exit,
    so all games share one.
    """
    if not reference_installed():
        raise ImportError(
            "the original ALFWorld engine is not installed; pip install 'skill-gym[alfworld]' "
            "(needs cmake and a C++ compiler)"
        )
    with _no_side_effects():
        import textworld
        from alfworld.agents.environment.alfred_tw_env import AlfredDemangler
        from textworld.envs.pddl import PddlEnv

        return AlfredDemangler(PddlEnv(textworld.EnvInfos(won=True, admissible_commands=True)))


def _package_folder() -> Path:
    spec = importlib.util.find_spec("alfworld")
    if spec is None or spec.origin is None:
        raise ImportError("the package alfworld has no folder; pip install 'skill-gym[alfworld]'")
    return Path(spec.origin).parent


@contextlib.contextmanager
def _no_side_effects() -> Iterator[None]:
    """Undoes what the original does to the process: argv, ALFWORLD_DATA, text on standard output."""
    argv, data = sys.argv, os.environ.get("ALFWORLD_DATA")
    # Without the variable the package, when imported, makes a folder in the user's cache.
    os.environ.setdefault("ALFWORLD_DATA", tempfile.gettempdir())
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        sys.argv = argv
        if data is None:
            os.environ.pop("ALFWORLD_DATA", None)
        else:
            os.environ["ALFWORLD_DATA"] = data
