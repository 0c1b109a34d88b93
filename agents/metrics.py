"""What a run measured: one JSON line an iteration, and the same in TensorBoard."""

import json
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, get_args

import numpy as np

from skill_gym.agents.rollout import RolloutStats
from skill_gym.trajectory import Boundary, Trajectory

logger = logging.getLogger(__name__)


class Board(Protocol):
    """A further place where numbers are shown, such as Weights & Biases."""

    def write(self, iteration: int, figures: Mapping[str, float]) -> None:
        """Takes the numbers of an iteration; never raises for a network that is away."""
        ...

    def close(self) -> None:
        """Hands over what waits."""
        ...


class MetricsWriter:
    """Appends to ``metrics.jsonl`` and ``tensorboard/``; every line is on the disk before the next begins.

    Args:
        folder: The run folder.
        keep_until: Iterations done at the checkpoint that the run goes on from: lines of later ones, which
            will be played again, are removed first, as is a line cut short. None begins anew.
        board: Gets the numbers too; closed with the writer.

    Attributes:
        kept: The lines that were there and stay.

    Raises:
        ImportError: TensorBoard is missing.
    """

    def __init__(self, folder: Path, *, keep_until: int | None = None, board: Board | None = None) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ImportError("training writes TensorBoard files; install skill-gym[train]") from error
        self._path = folder / "metrics.jsonl"
        self.kept: list[dict[str, Any]] = (
            []
            if keep_until is None
            else [line for line in read_metrics(self._path) if line["iteration"] <= keep_until]
        )
        torn = self._path.with_suffix(".torn")
        torn.write_text("".join(json.dumps(line) + "\n" for line in self.kept), encoding="utf-8")
        os.replace(torn, self._path)
        self._file = open(self._path, "a", encoding="utf-8")  # noqa: SIM115 - open for the run's life
        self._further = board
        self._board: Any = SummaryWriter(
            str(folder / "tensorboard"), purge_step=None if keep_until is None else keep_until + 1
        )

    def write(self, iteration: int, metrics: Mapping[str, Any]) -> None:
        """Writes the figures of an iteration; the boards get its numbers, and TensorBoard lists of texts.

        Iterations count from 1; 0 is before the training.
        """
        self._file.write(json.dumps({"iteration": iteration, **metrics}) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        numbers = {name: value for name, value in metrics.items() if isinstance(value, int | float)}
        for name, value in numbers.items():
            self._board.add_scalar(name, value, iteration)
        for name, value in metrics.items():
            if isinstance(value, list) and value:
                self._board.add_text(name, "\n".join(f"- {text}" for text in value), iteration)
        self._board.flush()
        if self._further is not None:
            self._further.write(iteration, numbers)

    def close(self) -> None:
        """Closes the files, and the further board."""
        self._file.close()
        self._board.close()
        if self._further is not None:
            self._further.close()


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Reads ``metrics.jsonl``; a last line cut short is left out and logged."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError as error:
            if number < len(lines):
                raise ValueError(f"{path}, line {number} is not JSON: {error}") from error
            logger.warning("%s: left out the last line, which was cut short", path)
    return rows


def episode_metrics(trajectories: Iterable[Trajectory], *, prefix: str = "") -> dict[str, Any]:
    """Figures of played episodes; broken ones are counted and enter nothing else.

    Returns:
        ``episode/count``, ``episode/broken``, ``episode/broken/<boundary>``, and, where an episode ended,
        ``reward``, ``reward_std``, ``success``, ``success/<task type>``, ``episode/length`` (turns; with
        ``_p50``, ``_p90`` and ``_max``), ``episode/invalid_share`` (of turns) and ``episode/dropped_share``
        (of episodes whose prompt had no room for a skill that fits); all behind ``prefix``.
    """
    everything = list(trajectories)
    ended = [one for one in everything if one.ended != "broken"]
    metrics: dict[str, Any] = {"episode/count": len(ended), "episode/broken": len(everything) - len(ended)}
    for boundary in get_args(Boundary):
        metrics[f"episode/broken/{boundary}"] = sum(one.boundary == boundary for one in everything)
    if ended:
        turns = [turn for one in ended for turn in one.turns]
        rewards = [one.total_reward for one in ended]
        metrics["reward"] = _mean(rewards)
        metrics["reward_std"] = float(np.std(rewards))
        metrics["success"] = _mean([float(one.solved) for one in ended])
        for kind in sorted({one.task.task_type for one in ended}):
            metrics[f"success/{kind}"] = _mean(
                [float(one.solved) for one in ended if one.task.task_type == kind]
            )
        metrics |= spread("episode/length", [len(one.turns) for one in ended])
        metrics["episode/invalid_share"] = _mean([float(not turn.valid) for turn in turns]) if turns else 0.0
        metrics["episode/dropped_share"] = _mean([float("dropped_skill_ids" in one.meta) for one in ended])
    return {f"{prefix}{name}": value for name, value in metrics.items()}


def learner_metrics(figures: Mapping[str, float]) -> dict[str, float]:
    """The learner's figures: terms of the loss under ``loss/``, the rest under ``learner/``."""
    losses = {"loss", "policy_loss", "kl", "entropy"}
    return {
        f"{'loss' if name in losses else 'learner'}/{'total' if name == 'loss' else name}": value
        for name, value in figures.items()
    }


def rollout_metrics(stats: RolloutStats) -> dict[str, Any]:
    """Figures of a rollout under ``rollout/``."""
    return {
        "rollout/steps": stats.steps,
        "rollout/new_tokens": stats.new_tokens,
        "rollout/tokens_per_second": stats.new_tokens / stats.wall if stats.wall else 0.0,
        "rollout/cache_hits": stats.cached_tokens / stats.prompt_tokens if stats.prompt_tokens else 0.0,
        "rollout/occupancy": stats.occupancy,
        "rollout/env_seconds": stats.env_time,
        "rollout/policy_seconds": stats.policy_time,
    }


def spread(name: str, values: Sequence[float]) -> dict[str, float]:
    """Mean, median, 90th percentile and largest of some values, at least one."""
    middle, high = np.percentile(values, [50, 90])
    return {
        name: sum(values) / len(values),
        f"{name}_p50": float(middle),
        f"{name}_p90": float(high),
        f"{name}_max": float(max(values)),
    }


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
