"""A played episode as JSON, its tokens included, so that a run can go on with it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from skill_gym.agents.policy import Completion
from skill_gym.agents.slot import Episode, Played
from skill_gym.trajectory import Trajectory


def played_to_json(played: Played) -> dict[str, Any]:
    """All of it, as plain JSON."""
    return {
        "episode": asdict(played.episode),
        "trajectory": played.trajectory.to_json(),
        "completions": [asdict(completion) for completion in played.completions],
    }


def played_from_json(row: Mapping[str, Any]) -> Played:
    """Reads what ``played_to_json`` wrote."""
    return Played(
        Episode(**row["episode"]),
        Trajectory.from_json(row["trajectory"]),
        tuple(completion_from_json(completion) for completion in row["completions"]),
    )


def completion_from_json(row: Mapping[str, Any]) -> Completion:
    """Reads a completion's ``asdict``, whose tuples have become lists."""
    tokens = {name: tuple(row[name]) for name in ("prompt_ids", "token_ids", "logprobs")}
    return Completion(**{**row, **tokens})
