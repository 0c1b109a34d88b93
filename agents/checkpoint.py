"""Everything that a run needs to go on, bit for bit, in one folder that is there whole or not at all."""

import json
import logging
import os
import random
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch

from skill_gym.agents.adapter import has_adapter, merged_state, trained_state
from skill_gym.agents.config import flat
from skill_gym.agents.models import save_model

logger = logging.getLogger(__name__)

FORMAT = 1
STATE, TENSORS, MODEL = "state.json", "tensors.pt", "model"
MAY_DIFFER = frozenset(
    {
        "run.iterations",
        "run.name",
        "run.folder",
        "run.checkpoint_every",
        "run.keep_last",
        "run.wandb_project",
        "grpo.micro_batch_tokens",
        "sampler.gpu_memory",
        "sampler.sleep",
        "model.device",
        "model.offload_reference",
        "sampler.url",
        "sampler.weights_folder",
        "validation.before_training",
        "teacher.base_url",
        "teacher.api_key_variable",
        "teacher.budget_tokens",
        "teacher.budget_usd",
        "teacher.price",
        "teacher.concurrency",
        "teacher.cache",
        "teacher.timeout",
        "teacher.tries",
    }
)
"""Settings that may change at a resume: they alter no iteration, only how many there are and where."""


class CheckpointError(RuntimeError):
    """A checkpoint cannot be written or read; the message says where and what to do."""


class ConfigMismatch(CheckpointError):
    """A run is resumed with another configuration; the message names the settings."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What was read back.

    Attributes:
        folder: Where it lies; ``folder / "model"`` is a model in Hugging Face layout, tokenizer included.
        iteration: Iterations done.
        state: The trainer's own state, JSON (cursor, bank, ...).
        learner: The learner's ``state_dict``.
        model: What training has changed: the model's ``state_dict``, or its adapter's part of it.
    """

    folder: Path
    iteration: int
    state: Mapping[str, Any]
    learner: Mapping[str, Any]
    model: Mapping[str, torch.Tensor]


def save_checkpoint(
    checkpoints: Path,
    *,
    iteration: int,
    model: Any,
    tokenizer: Any,
    learner: Mapping[str, Any],
    state: Mapping[str, Any],
    config: Mapping[str, Any],
    keep_last: int = 0,
) -> Path:
    """Writes ``iteration-NNNNNN`` beside the older ones: first under another name, then renamed.

    The states of the random generators of Python, NumPy and torch are taken along.

    Args:
        checkpoints: Folder of the run's checkpoints.
        iteration: Iterations done.
        model: Hugging Face model.
        tokenizer: Saved beside the model, so that the folder can be evaluated on its own.
        learner: ``Learner.state_dict()``.
        state: JSON.
        config: The run's configuration, nested.
        keep_last: Older checkpoints beyond this number are removed; 0 keeps all.

    Raises:
        CheckpointError: The folder cannot be written.
    """
    final = checkpoints / f"iteration-{iteration:06d}"
    torn = checkpoints / f".torn-{final.name}"
    try:
        shutil.rmtree(torn, ignore_errors=True)
        torn.mkdir(parents=True)
        # An adapter is merged here, so that the folder is a model like any other.
        merged = merged_state(model) if has_adapter(model) else None
        save_model(model, tokenizer, torn / MODEL, state_dict=merged)
        # The exact tensors as well: save_model leaves out the tied ones.
        torch.save(
            {"learner": dict(learner), "model": trained_state(model), "rng": _torch_rng()}, torn / TENSORS
        )
        record = {
            "format": FORMAT,
            "iteration": iteration,
            "config": config,
            "state": state,
            "rng": {"python": random.getstate(), "numpy": _numpy_rng()},
        }
        (torn / STATE).write_text(json.dumps(record), encoding="utf-8")
        for file in sorted(path for path in torn.rglob("*")):
            _sync(file)
        _sync(torn)
        if final.exists():
            shutil.rmtree(final)
        torn.rename(final)
        _sync(checkpoints)
    except OSError as error:
        raise CheckpointError(
            f"cannot write checkpoint {final}: {error}; free space, or fix permissions"
        ) from error
    for old in find_checkpoints(checkpoints)[:-keep_last] if keep_last else ():
        shutil.rmtree(old)
    return final


def find_checkpoints(checkpoints: Path) -> list[Path]:
    """The whole checkpoints of a run, oldest first; torn ones are left out."""
    return sorted(
        folder
        for folder in checkpoints.glob("iteration-*")
        if (folder / STATE).is_file() and (folder / TENSORS).is_file()
    )


def latest(run_folder: Path) -> Path | None:
    """The newest whole checkpoint of a run folder, None where there is none."""
    found = find_checkpoints(run_folder / "checkpoints")
    return found[-1] if found else None


def load_checkpoint(
    folder: Path, *, config: Mapping[str, Any], may_differ: Collection[str] = MAY_DIFFER
) -> Checkpoint:
    """Reads a checkpoint and puts the random generators back.

    Args:
        folder: Of ``latest``.
        config: The configuration of the run that goes on, nested.
        may_differ: Dotted names that may have changed.

    Raises:
        ConfigMismatch: Another setting has changed.
        CheckpointError: The checkpoint cannot be read or is of another format.
    """
    try:
        record = json.loads((folder / STATE).read_text(encoding="utf-8"))
        tensors = torch.load(folder / TENSORS, map_location="cpu", weights_only=True)
    except (OSError, ValueError, RuntimeError, UnpicklingError) as error:
        raise CheckpointError(
            f"cannot read checkpoint {folder}: {error}; remove it to go on from an older one"
        ) from error
    if record.get("format") != FORMAT:
        raise CheckpointError(
            f"{folder} has format {record.get('format')!r}, expected {FORMAT}; use the version that wrote it"
        )
    differing = differences(record["config"], config, may_differ=may_differ)
    if differing:
        listed = "; ".join(f"{name}: was {old!r}, is {new!r}" for name, (old, new) in differing.items())
        raise ConfigMismatch(
            f"{folder} was written with another configuration ({listed}); resume with the same settings, "
            "or start a new run in another run.folder"
        )
    _restore_rng(record["rng"], tensors["rng"])
    return Checkpoint(folder, int(record["iteration"]), record["state"], tensors["learner"], tensors["model"])


def differences(
    old: Mapping[str, Any], new: Mapping[str, Any], *, may_differ: Collection[str] = ()
) -> dict[str, tuple[Any, Any]]:
    """Dotted names of the settings that differ, with the old and the new value."""
    before, after = flat(json.loads(json.dumps(old))), flat(json.loads(json.dumps(new)))
    return {
        name: (before.get(name), after.get(name))
        for name in sorted({*before, *after} - set(may_differ))
        if before.get(name) != after.get(name)
    }


def _torch_rng() -> dict[str, Any]:
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state(), "cuda": cuda}


def _numpy_rng() -> list[Any]:
    # The global generator: libraries below us may draw from it.
    name, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)
    return [name, np.asarray(keys).tolist(), position, has_gauss, gauss]


def _restore_rng(record: Mapping[str, Any], tensors: Mapping[str, Any]) -> None:
    version, keys, gauss = record["python"]
    random.setstate((version, tuple(keys), gauss))
    name, numpy_keys, position, has_gauss, numpy_gauss = record["numpy"]
    np.random.set_state((name, np.array(numpy_keys, dtype=np.uint32), position, has_gauss, numpy_gauss))
    torch.set_rng_state(tensors["cpu"])
    if torch.cuda.is_available():
        # There may be fewer GPUs now, or more.
        for device, state in zip(range(torch.cuda.device_count()), tensors["cuda"], strict=False):
            torch.cuda.set_rng_state(state, device)


def _sync(path: Path) -> None:
    """To the disk, so that a rename never comes before what it names."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
