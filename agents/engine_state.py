"""A learner's state dict as an inference engine wants it: whole, and with the head even where it is tied."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

EMBEDDING, HEAD = "model.embed_tokens.weight", "lm_head.weight"


def engine_state(state: Mapping[str, Tensor], folder: Path, *, tied: bool) -> dict[str, Tensor]:
    """The tensors under the checkpoint's names, detached and not copied.

    Args:
        state: A whole state dict; a tied head may be left out.
        folder: The model that the engine was started on.
        tied: Whether the head is the embedding.

    Raises:
        ValueError: A weight of the checkpoint is missing.
    """
    items = {name: value.detach() for name, value in state.items()}
    embedding = items.get(EMBEDDING)
    if tied and embedding is not None:
        # vLLM keeps a copy of its own for the head; left out, it would go stale without an error.
        items[HEAD] = embedding
    missing = sorted(_stored_names(folder) - set(items))
    if missing:
        raise ValueError(
            f"the new state lacks {missing[0]!r} (and {len(missing) - 1} more); pass the state dict of a "
            f"model of the architecture in {folder}, adapters merged"
        )
    return items


def _stored_names(folder: Path) -> set[str]:
    """Names of the weights in a local checkpoint; empty for one without safetensors."""
    from safetensors import safe_open

    names: set[str] = set()
    for path in folder.glob("*.safetensors"):
        with safe_open(path, framework="pt") as file:
            names.update(file.keys())
    return names
