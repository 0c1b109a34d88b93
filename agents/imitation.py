"""Supervised training on whole episodes: next-token loss on what the explorer said, resumable."""

import json
import logging
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from skill_gym.agents.imitation_loss import accuracy, imitation_loss
from skill_gym.agents.packing import Sample, micro_batches

logger = logging.getLogger(__name__)

Progress = Callable[[Mapping[str, float]], None]

SCRATCH_LR = 1e-3
"""Learning rate for a small model with random weights."""


class ImitationError(RuntimeError):
    """Training cannot go on; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImitationConfig:
    """How to train on demonstrations; the defaults are for the small policy from scratch.

    Attributes:
        lr: Highest learning rate of AdamW; None is ``SCRATCH_LR``.
        warmup_steps: Steps over which the rate rises to ``lr``.
        decay: Last share of the training over which the rate falls linearly to a fiftieth.
        weight_decay: Of AdamW, on matrices.
        max_grad_norm: Gradients are scaled down to this norm.
        passes: Times that the demonstrations are gone through.
        minutes: Ends earlier, the fall of the rate included, when the training has taken so long; None for
            no limit. A run with a limit depends on the machine's speed.
        batch_tokens: Tokens of one optimiser step, padding included.
        read_weight: Weight in the loss of what the world answers, against 1 for what the agent says.
        bf16: Autocast to bfloat16: for GPUs, and for CPUs with AVX512-BF16 or AMX (1.8 times faster there).
        checkpoint_minutes: Time between checkpoints.
        log_steps: Optimiser steps between two lines of metrics.
        seed: Of the order.
    """

    lr: float | None = None
    warmup_steps: int = 50
    decay: float = 0.6
    weight_decay: float = 0.05
    max_grad_norm: float = 1.0
    passes: int = 1
    minutes: float | None = None
    batch_tokens: int = 2048
    read_weight: float = 0.2
    bf16: bool = False
    checkpoint_minutes: float = 3.0
    log_steps: int = 50
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("max_grad_norm", "passes", "batch_tokens", "log_steps"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be greater than 0, got {getattr(self, name)}")
        if self.lr is not None and self.lr <= 0:
            raise ValueError(f"lr must be greater than 0, got {self.lr}; pass None for the usual one")
        if not 0 <= self.decay <= 1:
            raise ValueError(f"decay must be a share in [0, 1], got {self.decay}")
        if self.minutes is not None and self.minutes <= 0:
            raise ValueError(f"minutes must be greater than 0, got {self.minutes}; pass None for no limit")


def peak(config: ImitationConfig) -> float:
    """The highest learning rate."""
    return SCRATCH_LR if config.lr is None else config.lr


def rate(config: ImitationConfig, step: int, progress: float) -> float:
    """Learning rate: a linear rise, a plateau, a linear fall over the last share ``config.decay``.

    Args:
        config: Shape of the curve.
        step: Steps done.
        progress: Share of the training done, in [0, 1].
    """
    rise = min(1.0, (step + 1) / max(1, config.warmup_steps))
    fall = 1.0 if config.decay == 0 else min(1.0, (1 - progress) / config.decay)
    return peak(config) * rise * max(fall, 0.02)


def batches(samples: Sequence[Sample], config: ImitationConfig) -> list[list[int]]:
    """Indices of the samples of each step: random, of like length within a step, equal for equal seeds."""
    plan: list[list[int]] = []
    for number in range(config.passes):
        rng = np.random.default_rng([config.seed, number])
        order = rng.permutation(len(samples))
        steps: list[list[int]] = []
        for start in range(0, len(order), 1024):
            batch: list[int] = []
            for one in sorted(order[start : start + 1024], key=lambda one: (len(samples[one]), one)):
                if batch and (len(batch) + 1) * len(samples[one]) > config.batch_tokens:
                    steps.append(batch)
                    batch = []
                batch.append(int(one))
            steps.append(batch)
        plan += [steps[index] for index in rng.permutation(len(steps))]
    return plan


def imitate(
    model: Any,
    samples: Sequence[Sample],
    config: ImitationConfig,
    *,
    held_out: Sequence[Sample] = (),
    folder: Path | None = None,
    identity: str = "",
    progress: Progress | None = None,
) -> dict[str, float]:
    """Trains the model in place.

    Args:
        model: A causal language model in float32.
        samples: Sequences of ``encode``.
        config: How.
        held_out: Sequences whose loss and accuracy are measured at every checkpoint.
        folder: Takes ``checkpoint.pt`` and ``metrics.jsonl``; a run that finds its own checkpoint goes on.
        identity: What the run was configured with; a checkpoint of another identity is refused.
        progress: Called with every line of metrics.

    Returns:
        The last line of metrics.

    Raises:
        ImitationError: The folder holds a checkpoint of another configuration, or the loss is not finite.
    """
    optimizer = torch.optim.AdamW(_groups(model, config), lr=peak(config), betas=(0.9, 0.98), fused=True)
    plan = batches(samples, config)
    step, tokens, spent = _resume(folder, identity, model, optimizer)
    log = _Log(folder, progress)
    began = saved = logged = time.monotonic()
    logged_tokens = tokens
    figures: list[dict[str, float]] = []
    row: dict[str, float] = {}
    model.train()
    while step < len(plan):
        seconds = spent + time.monotonic() - began
        done = max(step / len(plan), 0.0 if config.minutes is None else seconds / 60 / config.minutes)
        if done >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = rate(config, step, done)
        chosen = [samples[one] for one in plan[step]]
        figures.append(_step(model, optimizer, chosen, config))
        if not math.isfinite(figures[-1]["loss"]):
            raise ImitationError(f"the loss is {figures[-1]['loss']} at step {step}; lower the learning rate")
        tokens += sum(map(len, chosen))
        step += 1
        now = time.monotonic()
        last = step == len(plan)
        if last or step % config.log_steps == 0:
            row = {
                "step": step,
                "steps": len(plan),
                "tokens": tokens,
                "seconds": spent + now - began,
                "lr": rate(config, step, done),
                "tokens_per_second": (tokens - logged_tokens) / max(now - logged, 1e-9),
                **{name: float(np.mean([one[name] for one in figures])) for name in figures[0]},
            }
            figures, logged, logged_tokens = [], now, tokens
            log.write(row)
        if last or now - saved > 60 * config.checkpoint_minutes:
            if held_out:
                scores = accuracy(model, held_out, max_tokens=2 * config.batch_tokens, bf16=config.bf16)
                row = {"step": step, "seconds": spent + now - began, **scores}
                log.write(row)
            _save(folder, identity, model, optimizer, step, tokens, spent + time.monotonic() - began)
            saved = time.monotonic()
            # The time of measuring and saving is not training time.
            logged += saved - now
    return {**row, "step": step, "tokens": tokens, "seconds": spent + time.monotonic() - began}


def _step(
    model: Any, optimizer: torch.optim.Optimizer, samples: Sequence[Sample], config: ImitationConfig
) -> dict[str, float]:
    weight = float(sum(sample.advantages.sum() for sample in samples))
    sums = np.zeros(4)
    total = 0.0
    for batch in micro_batches(samples, max_tokens=config.batch_tokens):
        loss, counted = imitation_loss(model, batch, samples, bf16=config.bf16)
        (loss / max(weight, 1e-9)).backward()  # type: ignore[no-untyped-call]
        total += float(loss.detach())
        sums += counted
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), config.max_grad_norm)
    if math.isfinite(total):
        optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return {
        "loss": float(sums[0] / max(sums[1], 1)) if math.isfinite(total) else total,
        "reply_accuracy": float(sums[2] / max(sums[3], 1)),
        "grad_norm": float(norm),
    }


def _groups(model: Any, config: ImitationConfig) -> list[dict[str, Any]]:
    parameters = [one for one in model.parameters() if one.requires_grad]
    return [
        {"params": [one for one in parameters if one.dim() > 1], "weight_decay": config.weight_decay},
        {"params": [one for one in parameters if one.dim() <= 1], "weight_decay": 0.0},
    ]


def _resume(
    folder: Path | None, identity: str, model: Any, optimizer: torch.optim.Optimizer
) -> tuple[int, int, float]:
    """Takes the folder's checkpoint, if there is one; returns step, tokens and seconds so far."""
    if folder is None or not (folder / "checkpoint.pt").is_file():
        return 0, 0, 0.0
    state = torch.load(folder / "checkpoint.pt", map_location="cpu", weights_only=True)
    if state["identity"] != identity:
        raise ImitationError(
            f"{folder} holds a checkpoint of another configuration; choose another out folder, or remove it"
        )
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    logger.info("going on from step %d of %s", state["step"], folder / "checkpoint.pt")
    return int(state["step"]), int(state["tokens"]), float(state["seconds"])


def _save(
    folder: Path | None,
    identity: str,
    model: Any,
    optimizer: torch.optim.Optimizer,
    step: int,
    tokens: int,
    seconds: float,
) -> None:
    if folder is None:
        return
    state = {
        "identity": identity,
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "step": step,
        "tokens": tokens,
        "seconds": seconds,
    }
    fresh = folder / "checkpoint.pt.part"
    torch.save(state, fresh)
    os.replace(fresh, folder / "checkpoint.pt")


class _Log:
    """Metrics to the file, the log and the caller."""

    def __init__(self, folder: Path | None, progress: Progress | None) -> None:
        self._path = None if folder is None else folder / "metrics.jsonl"
        self._progress = progress

    def write(self, row: Mapping[str, float]) -> None:
        logger.info("%s", " ".join(f"{name} {value:.4g}" for name, value in row.items()))
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        if self._progress is not None:
            self._progress(row)
