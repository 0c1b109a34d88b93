"""A policy whose weights a trainer replaces after every update."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from skill_gym.agents.policy import Policy
from skill_gym.agents.sampler import open_sampler
from skill_gym.agents.sections import TrainConfig


@runtime_checkable
class AdaptablePolicy(Policy, Protocol):
    """A policy that may take LoRA adapters in the place of whole weights."""

    takes_adapters: bool

    def load_adapter(self, folder: Path, version: int) -> None:
        """Takes an adapter as peft writes it; the folder stays there until the next call."""
        ...


@runtime_checkable
class TrainablePolicy(Policy, Protocol):
    """A policy that takes new weights."""

    weights_version: int

    def load_weights(self, state: Mapping[str, Tensor], version: int) -> None:
        """Takes a whole state dict, which completions name by ``version`` from then on."""
        ...


@runtime_checkable
class SleepingPolicy(Policy, Protocol):
    """A policy that may give its memory up while a learner updates."""

    sleeps: bool

    def sleep(self) -> None:
        """Gives it up until new weights come; a request before them is refused."""
        ...


def open_trainable(config: TrainConfig, folder: Path, model: Any) -> TrainablePolicy:
    """Opens the sampler of a configuration.

    Args:
        config: Of the run.
        folder: Of the model in Hugging Face layout.
        model: The model that is trained; transformers samples from it itself.

    Raises:
        TypeError: The sampler takes no weights.
    """
    sampler = config.sampler
    policy = open_sampler(
        folder,
        backend=sampler.backend,
        model=model,
        context_length=sampler.context_length,
        slots=sampler.slots,
        seed=config.run.seed,
        url=sampler.url,
        lora_rank=config.model.lora_rank,
        adapter=sampler.adapter,
        sleeps=sampler.sleep,
        gpu_memory=sampler.gpu_memory,
        weights_folder=Path(sampler.weights_folder or Path(config.run.folder) / "weights"),
    )
    if not isinstance(policy, TrainablePolicy):
        raise TypeError(
            f"the policy {policy.name} takes no weights; use sampler.backend=vllm, server or transformers"
        )
    return policy
