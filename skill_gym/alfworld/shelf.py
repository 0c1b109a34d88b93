"""Games that are ready to be played: the ones last used, shared by all environments of a process."""

import threading
from collections import OrderedDict
from dataclasses import replace
from typing import NamedTuple

from skill_gym.alfworld.games import Game, GameError, GameSource
from skill_gym.alfworld.layout import Layout
from skill_gym.alfworld.problem import ProblemError, parse_problem


class ReadyGame(NamedTuple):
    """A game with its problem parsed.

    Attributes:
        game: The game; its problem text is dropped.
        layout: What the problem says.
    """

    game: Game
    layout: Layout


class Shelf:
    """Keeps the games used last.

    Args:
        size: How many; about 150 kB each.
    """

    def __init__(self, size: int = 256) -> None:
        if size < 1:
            raise ValueError(f"size must be at least 1, got {size}")
        self.size = size
        self._games: OrderedDict[tuple[str, str], ReadyGame] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._games)

    def clear(self) -> None:
        """Forgets all games."""
        with self._lock:
            self._games.clear()

    def take(self, source: GameSource, task_id: str) -> ReadyGame:
        """The game of that id, read and parsed when it is not there.

        Raises:
            GameError: It cannot be read, or its problem is not one; the message names the file.
        """
        key = (source.source, task_id)
        with self._lock:
            ready = self._games.get(key)
            if ready is not None:
                self._games.move_to_end(key)
                return ready
        game = source.game(task_id)
        try:
            layout = Layout.of(parse_problem(game.problem))
        except ProblemError as error:
            raise GameError(f"{game.origin or game.id}: {error}") from error
        ready = ReadyGame(replace(game, problem=""), layout)
        with self._lock:
            self._games[key] = ready
            while len(self._games) > self.size:
                self._games.popitem(last=False)
        return ready


SHELF = Shelf()
"""The one of this process."""
