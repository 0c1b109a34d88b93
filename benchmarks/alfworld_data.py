"""The games that the ALFWorld benchmarks play: official ones where there are any, else a generated pack."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skill_gym.alfworld.games import GameError, open_games
from skill_gym.alfworld.generator import GeneratedGames
from skill_gym.alfworld.packs import write_pack


@contextmanager
def games_folder(
    data: str | None, *, split: str = "train", generated: int = 200
) -> Iterator[tuple[Path, str]]:
    """A folder that ``data=`` takes, and what is in it in words.

    Args:
        data: The user's folder; None looks at ``ALFWORLD_DATA`` and then generates.
        split: Split that is going to be played.
        generated: How many games to generate when there is no folder.

    Raises:
        GameError: ``data`` was given but has no such split.
    """
    folder = data or os.environ.get("ALFWORLD_DATA")
    if folder:
        try:
            open_games(folder, split)
        except GameError:
            if data:
                raise
        else:
            yield Path(folder), f"official games ({split})"
            return
    with tempfile.TemporaryDirectory() as made:
        source = GeneratedGames("generated_test", size=generated)
        write_pack(Path(made) / f"{split}.jsonl.xz", (source.game(task.id) for task in source.tasks))
        yield Path(made), f"{generated} generated games (pass --data for official ones)"
