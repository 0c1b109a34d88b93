"""Which attention a model runs with where its samples are no prefix tree."""

import importlib.util
from typing import Literal

import torch

from skill_gym.agents.model_error import ModelError

Attention = Literal["auto", "eager", "sdpa", "flex_attention", "flash_attention_2"]
"""transformers' names; ``auto`` is flash-attn for bfloat16 on a GPU that has it, else what transformers takes
by itself: sdpa, or eager for models without."""


def model_attention(wanted: Attention, device: torch.device, dtype: torch.dtype) -> str | None:
    """What transformers is told; None leaves it to transformers.

    Args:
        wanted: By the user.
        device: Where the model will run.
        dtype: Of its weights.

    Raises:
        ModelError: What is wanted does not run there; the message says what to install or to set.
    """
    if wanted == "auto":
        return "flash_attention_2" if _flash_lacks(device, dtype) is None else None
    lacks = None
    if wanted == "flash_attention_2":
        lacks = _flash_lacks(device, dtype)
    elif wanted == "flex_attention":
        lacks = _flex_lacks(device)
    if lacks is not None:
        raise ModelError(f"model.attn_implementation={wanted} needs {lacks}; or set it to sdpa, or auto")
    return wanted


def _flash_lacks(device: torch.device, dtype: torch.dtype) -> str | None:
    if device.type != "cuda":
        return f"a CUDA GPU, and the model is on {device}"
    if torch.cuda.get_device_capability(device) < (8, 0):
        return f"a GPU of the Ampere generation or newer, and {torch.cuda.get_device_name(device)} is older"
    if importlib.util.find_spec("flash_attn") is None:
        return "flash-attn: pip install 'skill-gym[flash]'"
    if dtype not in (torch.bfloat16, torch.float16):
        return (
            f"half precision (model.dtype=bfloat16), and the weights are {str(dtype).removeprefix('torch.')}"
        )
    return None


def _flex_lacks(device: torch.device) -> str | None:
    if device.type != "cuda":
        return f"a CUDA GPU (on CPUs it has no backward pass), and the model is on {device}"
    return None if importlib.util.find_spec("triton") else "Triton: pip install triton"
