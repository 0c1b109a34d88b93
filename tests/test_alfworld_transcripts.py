"""Recordings of the original engine, reproduced step for step; skipped where they are not there."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skill_gym.alfworld.games import open_games
from skill_gym.alfworld.problem import parse_problem
from skill_gym.alfworld.world import World

RECORDED = {"valid_seen": 140, "train": 160}
GAMES = {"train": 3553, "valid_seen": 140, "valid_train": 200}
TRAIN_STRIDE = 20
"""One game in so many of train is played here; the benchmark alfworld_walkthroughs plays all."""


@pytest.fixture
def data(shared_data) -> Path:
    folder: Path = shared_data / "alfworld"
    if not (folder / "train.jsonl.xz").is_file():
        pytest.skip(f"no official games in {folder}")
    return folder


def episodes(data: Path, split: str) -> Iterator[dict[str, Any]]:
    with gzip.open(data / f"transcripts_{split}.jsonl.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


@pytest.mark.parametrize("split", RECORDED)
def test_recorded_episodes_are_reproduced_step_for_step(data, split):
    source = open_games(data, split)
    count = 0
    for episode in episodes(data, split):
        game = source.game(episode["id"])
        world = World(parse_problem(game.problem))
        for number, step in enumerate(episode["steps"]):
            if step["command"] is None:
                feedback = world.opening(game.sentence)
            else:
                feedback = world.step(step["command"])
                assert int(world.won) == step["score"]
            found = (feedback, list(world.admissible()), world.won, world.won)
            wanted = (step["feedback"], step["admissible"], step["won"], step["done"])
            assert found == wanted, f"{game.id}, step {number}: {step['command']!r}"
        count += 1
    assert count == RECORDED[split]


@pytest.mark.parametrize("split", GAMES)
def test_stored_walkthroughs_win_exactly_at_their_end(data, split):
    source = open_games(data, split)
    assert len(source.tasks) == GAMES[split]
    for task in source.tasks[:: TRAIN_STRIDE if split == "train" else 1]:
        game = source.game(task.id)
        world = World(parse_problem(game.problem))
        for command in game.walkthrough:
            assert not world.won, game.id
            assert command in world.admissible(), game.id
            world.step(command)
        assert world.won, game.id
