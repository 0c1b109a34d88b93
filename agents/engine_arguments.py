"""What vLLM is started with on this machine, by the model's shape."""

from collections.abc import Mapping
from typing import Any

import torch

_GIB = 1024**3
LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""Room that vLLM makes for adapters; one of a rank in between takes the next."""


def engine_arguments(
    folder: str,
    config: Any,
    *,
    dtype: str | None,
    context_length: int,
    gpu_memory_utilization: float,
    kv_cache_gib: float | None,
    max_concurrent: int,
    seed: int,
    enforce_eager: bool | None,
    prefix_caching: bool,
    lora_rank: int = 0,
    sleeps: bool = False,
) -> dict[str, Any]:
    """Arguments of ``vllm.EngineArgs``.

    Args:
        folder: Of the model.
        config: The model's, as transformers reads it.
        dtype: None is float32 on a CPU and the checkpoint's own on a GPU.
        context_length: In tokens, reply included.
        gpu_memory_utilization: Share of the GPU's memory; without effect on a CPU.
        kv_cache_gib: Key/value cache on a CPU; None takes what the conversations need, 1 at most.
        max_concurrent: Most replies grown at once.
        seed: Of replies without a seed of their own.
        enforce_eager: None means on a CPU only.
        prefix_caching: Keeps the cache of shared beginnings.
        lora_rank: Of the adapter that the engine will be given; 0 for none.
        sleeps: It will give its memory up now and then; a CPU's engine does not.

    Raises:
        ValueError: The adapter is larger than vLLM takes.
    """
    if lora_rank > LORA_RANKS[-1]:
        raise ValueError(
            f"vLLM takes adapters of rank {LORA_RANKS[-1]} at most, got {lora_rank}; "
            "set sampler.adapter=merged"
        )
    on_cpu = not torch.cuda.is_available()
    dtype = dtype or ("float32" if on_cpu else "auto")
    arguments: dict[str, Any] = {
        "model": folder,
        "dtype": dtype,
        "max_model_len": context_length,
        "max_num_seqs": max_concurrent,
        "seed": seed,
        "enforce_eager": on_cpu if enforce_eager is None else enforce_eager,
        "enable_prefix_caching": prefix_caching,
        "disable_log_stats": True,
        "use_tqdm_on_load": False,
    }
    if lora_rank:
        room = next(rank for rank in LORA_RANKS if rank >= lora_rank)
        arguments |= {"enable_lora": True, "max_lora_rank": room, "max_loras": 1, "max_cpu_loras": 1}
    if on_cpu:
        # Without a size vLLM reserves a share of all memory, and does not start on a busy machine.
        size = kv_cache_gib or _cache_gib(config, dtype, context_length, max_concurrent)
        arguments["kv_cache_memory_bytes"] = int(size * _GIB)
        # A prompt is never cut: vLLM 0.32 dies on a seeded request whose prompt comes in parts.
        arguments["enable_chunked_prefill"] = False
        arguments["max_num_batched_tokens"] = max(context_length, 4096)
    else:
        arguments["gpu_memory_utilization"] = gpu_memory_utilization
        arguments["enable_sleep_mode"] = sleeps
    return arguments


def without_adapters(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The same arguments for an engine that gets whole weights only."""
    return {name: value for name, value in arguments.items() if "lora" not in name}


def head_size(config: Any) -> int:
    """Width of the model's attention heads."""
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)


def _cache_gib(config: Any, dtype: str, context_length: int, conversations: int) -> float:
    """Key/value cache for so many conversations, in GiB: at most 1 unless a single one needs more."""
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = 4 if dtype == "float32" else 2
    one = 2 * config.num_hidden_layers * heads * head_size(config) * size * context_length / _GIB
    return float(max(min(conversations * one, 1.0), 1.1 * one, 1 / 64))
