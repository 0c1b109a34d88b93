"""The learner that a configuration describes: model, adapter, reference, on their device."""

from pathlib import Path
from typing import Any

import torch

from skill_gym.agents.adapter import put_on
from skill_gym.agents.learner import Learner
from skill_gym.agents.learner_memory import check_room
from skill_gym.agents.models import load_model, resolve_model
from skill_gym.agents.ranks import ALONE, Ranks, rank_device
from skill_gym.agents.sections import TrainConfig


def open_run_learner(
    config: TrainConfig, *, ranks: Ranks = ALONE, dump_folder: Path | None = None
) -> Learner:
    """Loads what is trained, and what it is compared with.

    Args:
        config: Of the run.
        ranks: Who learns together.
        dump_folder: Where the batch of a refused step is saved; None saves nothing.

    Raises:
        ModelError: There is no such model, its adapter cannot be made, or its attention does not run here.
        RanksError: This process has no GPU of its own, or the model's training state does not fit on it.
        TreeAttentionError: The model, or the reference, cannot be run on prefix trees.
    """
    device = rank_device(config.model.device)
    model = _load(config, config.model.path, device)
    if config.model.lora_rank:
        model = _with_adapter(config, model)
    check_room(model, ranks.size, device)
    return Learner(
        model,
        _reference(config, model, device) if config.grpo.kl_coef > 0 else None,
        config.grpo,
        temperature=config.sampler.temperature,
        seed=config.run.seed,
        dump_folder=dump_folder,
        ranks=ranks,
        offload_reference=config.model.offload_reference,
    )


def _with_adapter(config: TrainConfig, model: Any) -> Any:
    section = config.model
    return put_on(
        model,
        rank=section.lora_rank,
        alpha=section.lora_alpha,
        targets=section.lora_targets,
        seed=config.run.seed,
    )


def _reference(config: TrainConfig, model: Any, device: torch.device) -> Any:
    """A second model; the trained one itself where it can leave its adapter out."""
    if config.model.lora_rank and config.model.reference is None:
        return model
    reference = _load(config, config.model.reference or config.model.path, device)
    return reference.to("cpu") if config.model.offload_reference else reference


def _load(config: TrainConfig, path: str, device: torch.device) -> Any:
    section = config.model
    return load_model(
        resolve_model(path), section.dtype, attention=section.attn_implementation, device=device
    )
