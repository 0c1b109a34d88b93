"""What can be set about the model that is trained."""

from dataclasses import dataclass
from typing import Literal

from skill_gym.agents.config_error import ConfigError, at_least
from skill_gym.agents.model_attention import Attention


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """The policy that is trained.

    Attributes:
        path: ``tiny`` (bundled), ``smollm2``, a folder, or a Hugging Face id.
        reference: Reference of the KL term; null for ``path``.
        dtype: Of the weights being trained. With bfloat16 their masters, Adam's moments and sums of gradients
            are float32, so that no small step is lost; an adapter's weights are float32.
        lora_rank: Rank of a LoRA adapter that is trained in the place of the weights; 0 trains all of them.
            The reference is then the model without it.
        lora_alpha: The adapter counts ``lora_alpha / lora_rank`` times; null for twice the rank.
        lora_targets: Endings of the names of the layers that get one (``q_proj``, ...); null for all linear
            layers but the head.
        attn_implementation: Attention where there are no prefix trees (``grpo.packing=padded``, and sampling
            by transformers): ``eager``, ``sdpa``, ``flex_attention``, ``flash_attention_2``, or ``auto``, see
            ``model_attention``. Trees have ``grpo.tree_attention``.
        device: ``auto`` is cuda where there is one; under torchrun each process has its own GPU.
        offload_reference: Keep the reference in main memory but while it is needed.
    """

    path: str = "tiny"
    reference: str | None = None
    dtype: Literal["float32", "bfloat16"] = "float32"
    lora_rank: int = 0
    lora_alpha: float | None = None
    lora_targets: list[str] | None = None
    attn_implementation: Attention = "auto"
    device: str = "auto"
    offload_reference: bool = False

    def __post_init__(self) -> None:
        at_least(self, 0, "lora_rank")
        if self.lora_alpha is not None and not self.lora_alpha > 0:
            raise ConfigError(f"model.lora_alpha must be greater than 0, got {self.lora_alpha}")
