"""The policy before its cold start: another one's architecture and tokenizer, random weights."""

from pathlib import Path
from typing import Any

import torch

from skill_gym.agents.cold_start import save_policy
from skill_gym.agents.models import load_tokenizer, resolve_model


def save_random_policy(model: str | Path, folder: str | Path, *, seed: int = 0) -> Path:
    """Writes a policy with fresh weights in Hugging Face layout; equal for equal seeds.

    Args:
        model: Whose architecture and tokenizer it has, see ``resolve_model``.
        folder: Where it goes; an older policy there is replaced.
        seed: Of the weights.

    Raises:
        ModelError: No such model.
    """
    from transformers import AutoConfig, AutoModelForCausalLM

    source = resolve_model(str(model))
    config: Any = AutoConfig.from_pretrained(str(source))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    return save_policy(fresh, load_tokenizer(source), folder, dtype="float32")
