"""A LoRA adapter (Hu et al. 2022) on a model: put on, saved, merged, and left out for the reference."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from skill_gym.agents.models import ModelError

NAME = "default"
"""peft's name for the one adapter that is trained."""
_BASE = ".base_layer."


def put_on(
    model: Any, *, rank: int, alpha: float | None = None, targets: Sequence[str] | None = None, seed: int = 0
) -> Any:
    """Puts a fresh adapter on a model, in place; from then on only the adapter is trained.

    The model's class and names stay, so that whatever runs the model runs it as before. A fresh adapter
    changes no output: its second factor is zero.

    Args:
        model: A Hugging Face causal language model.
        rank: At least 1.
        alpha: The adapter counts ``alpha / rank`` times; None takes twice the rank.
        targets: Endings of the names of the layers that get one, such as ``q_proj``; None for all linear
            layers but the head.
        seed: Of the first factor.

    Raises:
        ModelError: peft is not installed, or no layer is named so.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise ModelError("model.lora_rank needs peft: pip install 'skill-gym[lora]'") from error
    config = LoraConfig(
        r=rank,
        lora_alpha=2 * rank if alpha is None else alpha,
        target_modules="all-linear" if targets is None else list(targets),
        lora_dropout=0.0,
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        try:
            inject_adapter_in_model(config, model, adapter_name=NAME)
        except ValueError as error:
            raise ModelError(f"model.lora_targets={targets} fits no layer: {error}") from error
    for name, parameter in model.named_parameters():
        trained = ".lora_" in name
        parameter.requires_grad_(trained)
        if trained:
            # Small steps on bfloat16 weights would be lost.
            parameter.data = parameter.data.float()
    model.enable_input_require_grads()
    return model


def has_adapter(model: Any) -> bool:
    """Whether ``put_on`` was called on the model."""
    return any(".lora_" in name for name, _ in model.named_parameters())


def trained_state(model: Any) -> dict[str, Tensor]:
    """What training changes: the adapter's tensors, or all of a model without one."""
    state: dict[str, Tensor] = model.state_dict()
    return {name: value for name, value in state.items() if ".lora_" in name} if has_adapter(model) else state


def load_trained_state(model: Any, state: Mapping[str, Tensor]) -> None:
    """Puts back what ``trained_state`` gave.

    Raises:
        ModelError: The state is another adapter's, or a whole model's.
    """
    expected = set(trained_state(model))
    if set(state) != expected:
        odd = sorted(set(state) ^ expected)[0]
        raise ModelError(
            f"the saved weights do not fit the model: {odd!r}; resume with the same model section"
        )
    model.load_state_dict(state, strict=not has_adapter(model))


def merged_state(model: Any) -> dict[str, Tensor]:
    """The weights under the names that the model has without an adapter, the adapter added to them.

    Layers without an adapter are not copied.
    """
    merged: dict[str, Tensor] = {}
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if ".lora_" in name:
                continue
            place, base, rest = name.partition(_BASE)
            if base and rest == "weight":
                delta = model.get_submodule(place).get_delta_weight(NAME)
                value = (value.float() + delta.float()).to(value.dtype)
            merged[name.replace(_BASE, ".")] = value.detach()
    return merged


def save_adapter(model: Any, folder: Path) -> None:
    """Writes the adapter as peft does; vLLM and ``PeftModel.from_pretrained`` read it."""
    from safetensors.torch import save_file

    tensors = {
        # peft's own wrapper, which the names in a file have and ours have not.
        f"base_model.model.{name.replace(f'.{NAME}.', '.')}": value.detach().cpu().contiguous()
        for name, value in trained_state(model).items()
    }
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    model.peft_config[NAME].save_pretrained(str(folder))


@contextmanager
def without_adapter(model: Any) -> Iterator[None]:
    """The model as it was before ``put_on``: the reference, without a second copy of the weights."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    layers = [module for module in model.modules() if isinstance(module, BaseTunerLayer)]
    for layer in layers:
        layer.enable_adapters(False)
    try:
        yield
    finally:
        for layer in layers:
            layer.enable_adapters(True)
