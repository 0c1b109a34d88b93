"""Opens a vLLM engine in this process, without adapters where the model takes none."""

import gc
import logging
from collections.abc import Mapping
from typing import Any

import torch

from skill_gym.agents.engine_arguments import head_size, without_adapters
from skill_gym.agents.vllm_engine import VLLMEngine
from skill_gym.agents.vllm_start import AdaptersRefused

logger = logging.getLogger(__name__)


def open_engine(
    arguments: Mapping[str, Any], config: Any, *, adapters_only: bool, sleeps: bool
) -> VLLMEngine:
    """Starts an engine.

    Args:
        arguments: Of ``engine_arguments``.
        config: The model's, as transformers reads it.
        adapters_only: A model that takes no adapters is an error, and not a reason to do without.
        sleeps: It will be put to sleep.

    Raises:
        PolicyError: vLLM is not installed, or does not start; the message holds its last words.
    """
    on_cpu = not torch.cuda.is_available()
    if sleeps and on_cpu:
        logger.warning("vLLM keeps its memory on a CPU: while the learner updates it only pauses")
    width = head_size(config) if on_cpu else None
    try:
        return VLLMEngine(arguments, head_size=width)
    except AdaptersRefused as error:
        if adapters_only:
            raise
        logger.warning("%s; merged weights are sent in the place of adapters", error)
    # What the first start has loaded.
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return VLLMEngine(without_adapters(arguments), head_size=width)
