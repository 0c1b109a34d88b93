"""How a Hugging Face model attends over a prefix tree: on CPUs run by run, on GPUs by FlexAttention."""

import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, get_args

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from skill_gym.agents.prefix_tree import PrefixTree
from skill_gym.agents.prefix_tree_cascade import Run, cascade_attention, runs
from skill_gym.agents.prefix_tree_flash import flash_attention, launches
from skill_gym.agents.prefix_tree_trunk import KeyValues, Trunk

NAME = "skill_gym_prefix_tree"
"""Under which transformers knows it."""

TreeAttention = Literal["auto", "cascade", "flex", "flash", "dense"]
"""``cascade``: two calls of PyTorch's own kernel a run, on CPUs. ``flex``: one compiled call that skips what
nobody sees, on GPUs; behind trunks it has been run forward on a CPU only. ``flash``: FlashAttention on
sequences of various lengths, a call a level, for half precision on GPUs. ``dense``: one call with a mask of
tokens times tokens, everywhere."""

_REFUSED = ("softcap", "s_aux", "position_bias")
"""What some models do to their attention weights that is not done here."""


class TreeAttentionError(RuntimeError):
    """A model cannot attend over prefix trees; the message says what to do."""


def choose_attention(device: torch.device, wanted: TreeAttention = "auto") -> TreeAttention:
    """What ``auto`` means on a device.

    Raises:
        TreeAttentionError: What is wanted does not run here.
    """
    if wanted not in get_args(TreeAttention):
        raise ValueError(f"expected one of {', '.join(get_args(TreeAttention))}, got {wanted!r}")
    if wanted == "cascade" and device.type != "cpu":
        raise TreeAttentionError(
            f"cascade attention is for CPUs, the model is on {device}; use flex or dense"
        )
    if wanted == "flash" and device.type != "cuda":
        raise TreeAttentionError(
            f"flash attention is for NVIDIA GPUs, the model is on {device}; use cascade, or auto"
        )
    if wanted == "flash" and torch.cuda.get_device_capability(device) < (8, 0):
        raise TreeAttentionError("FlashAttention needs a GPU from Ampere on; use flex or dense")
    if wanted == "flex" and device.type == "cpu":
        raise TreeAttentionError("FlexAttention has no backward pass on CPUs; use cascade, or auto")
    if wanted == "flex" and device.type == "cuda" and importlib.util.find_spec("triton") is None:
        raise TreeAttentionError("FlexAttention needs Triton on GPUs: pip install triton, or use dense")
    if wanted != "auto":
        return wanted
    if device.type == "cpu":
        return "cascade"
    return "flex" if device.type == "cuda" and importlib.util.find_spec("triton") else "dense"


@dataclass(frozen=True, slots=True)
class TreeShape:
    """What attention has to know of a tree, on the model's device; masks are made once for all layers.

    Attributes:
        tree: Its runs.
        depths: Place of each token in its sequences, shape [token].
        ends: One past the last token that sees it, shape [token].
        deepest: Length of the longest sequence.
        attention: How it is attended over; not ``auto``.
        trunks: What its row begins with.
        noted: Of a trunk, keys and values by attention layer as the model makes them; see ``taken``.
    """

    tree: tuple[Run, ...]
    depths: Tensor
    ends: Tensor
    deepest: int
    attention: TreeAttention
    trunks: tuple[Trunk, ...] = ()
    noted: dict[Any, tuple[Tensor, Tensor] | None] | None = None
    _masks: dict[tuple[TreeAttention, int | None], Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        tree: PrefixTree,
        device: torch.device,
        attention: TreeAttention = "auto",
        trunks: Sequence[Trunk] = (),
    ) -> "TreeShape":
        """The shape of a tree behind its trunks; see ``choose_attention``."""
        if sum(map(len, trunks)) != tree.past:
            raise ValueError(
                f"the tree goes on from {tree.past} tokens, its trunks have {sum(map(len, trunks))}; "
                "read trees in their order, with walk"
            )
        return cls(
            tuple(runs(tree.ends, tree.past)),
            torch.from_numpy(tree.depths).to(device),
            torch.from_numpy(tree.ends).to(device),
            int(tree.depths.max()) + 1,
            choose_attention(device, attention),
            tuple(trunks),
            {} if tree.is_trunk else None,
        )

    def row(self, layer: Any, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of a layer for the whole row, given those of the tokens that are read for it.

        Args:
            layer: The attention layer.
            key: Shape [1, key head, token, channel].
            value: Same shape.
        """
        if self.noted is not None:
            # A checkpointed layer comes again in its backward pass: the first keys have the graph.
            self.noted.setdefault(layer, (key, value))
        for trunk in reversed(self.trunks):
            key, value = trunk.before(layer, key, value)
        return key, value

    def taken(self) -> KeyValues:
        """Hands over what was noted of a trunk. Nothing is noted any more: the graph does not hold itself."""
        made = {layer: pair for layer, pair in (self.noted or {}).items() if pair is not None}
        if self.noted is not None:
            self.noted.update(dict.fromkeys(made))
        return made

    def attend(
        self, query: Tensor, key: Tensor, value: Tensor, *, scale: float, window: int | None = None
    ) -> Tensor:
        """Each token attends to itself and to those before it in its sequences.

        Args:
            query: Shape [1, head, token, channel]; of the last tokens of the row, where trunks have read the
                first.
            key: Shape [1, key head, token of the whole row, channel]; the number of heads is a multiple of
                that of key heads.
            value: Same shape.
            scale: Factor on the products of queries and keys.
            window: Most tokens that a token sees, itself included; None for no limit.

        Returns:
            Of the shape of ``query``.
        """
        device = query.device.type
        if torch.is_autocast_enabled(device):
            # As autocast does for PyTorch's own attention: positions leave queries and keys in float32.
            query, key, value = (one.to(torch.get_autocast_dtype(device)) for one in (query, key, value))
        window = None if window is None or window >= self.deepest else window
        if self.attention == "flash" and window is None:
            return self._flash(query, key, value, scale)
        groups = query.shape[1] // key.shape[1]
        if groups > 1:
            key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
        if self.attention == "cascade" and window is None:
            return cascade_attention(query, key, value, self.tree, scale=scale)
        if self.attention == "flex":
            attended: Tensor = _flex(device)(
                query, key, value, block_mask=self._mask("flex", window), scale=scale
            )
            return attended
        # A window cuts through the runs: these layers take the mask.
        return scaled_dot_product_attention(
            query, key, value, attn_mask=self._mask("dense", window), scale=scale
        )

    def _flash(self, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        if query.dtype not in (torch.bfloat16, torch.float16):
            raise TreeAttentionError(
                "FlashAttention computes in half precision: set grpo.bf16=true or model.dtype=bfloat16, or "
                "grpo.tree_attention=flex"
            )
        query, key, value = (one[0].transpose(0, 1) for one in (query, key, value))
        attended = flash_attention(query, key, value, self._mask("flash", None), scale=scale)
        return attended.transpose(0, 1)[None]

    def _mask(self, kind: TreeAttention, window: int | None) -> Any:
        if (kind, window) not in self._masks:
            if kind == "flash":
                made: Any = launches(self.tree, self.ends.device, self._past)
            else:
                made = self._flex_mask(window) if kind == "flex" else self._dense_mask(window)
            self._masks[kind, window] = made
        return self._masks[kind, window]

    @property
    def _past(self) -> int:
        return sum(map(len, self.trunks))

    def _dense_mask(self, window: int | None) -> Tensor:
        place = torch.arange(len(self.ends), device=self.ends.device)
        query = place[self._past :, None]
        seen = (place[None] <= query) & (query < self.ends[None])
        return seen if window is None else seen & (self.depths[query] - self.depths[None] < window)

    def _flex_mask(self, window: int | None) -> Any:
        from torch.nn.attention.flex_attention import create_block_mask

        ends, depths = self.ends, self.depths
        # As tensors: flex's compiler cannot take numbers that differ from tree to tree.
        past = torch.tensor(self._past, device=ends.device)
        width = None if window is None else torch.tensor(window, device=ends.device)

        def seen(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
            query = query + past
            visible = (key <= query) & (query < ends[key])
            return visible if width is None else visible & (depths[query] - depths[key] < width)

        length = len(ends)
        return create_block_mask(seen, None, None, length - self._past, length, device=str(ends.device))


@contextmanager
def attending_over_trees(*models: Any) -> Iterator[None]:
    """Lets models attend over prefix trees; forward and backward passes belong inside.

    Inside, ``model(input_ids=..., position_ids=..., tree=TreeShape)`` takes one row that is a tree.
    """
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, _forward)
    before = [model.config._attn_implementation for model in models]
    try:
        for model in models:
            model.set_attn_implementation(NAME)
        yield
    finally:
        for model, own in zip(models, before, strict=True):
            model.set_attn_implementation(own)


def cannot(model: Any, reason: str) -> str:
    """What a ``TreeAttentionError`` says of a model."""
    return (
        f"{type(model).__name__} cannot be trained on prefix trees ({reason}); "
        "set grpo.packing=padded, which runs every sequence by itself"
    )


def _forward(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    tree: TreeShape | None = None,
    **others: Any,
) -> tuple[Tensor, None]:
    """In the form that transformers calls."""
    if tree is None:
        raise TreeAttentionError(
            cannot(module, "its layers do not hand the tree on, or it was called without one")
        )
    given = [name for name in _REFUSED if others.get(name) is not None]
    if dropout or given:
        reason = f"its attention has {', '.join(given)}" if given else f"its attention has dropout {dropout}"
        raise TreeAttentionError(cannot(module, reason))
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    key, value = tree.row(module, key, value)
    attended = tree.attend(query, key, value, scale=scale, window=sliding_window)
    return attended.transpose(1, 2).contiguous(), None


@cache
def _flex(device: str) -> Any:
    from torch.nn.attention.flex_attention import flex_attention

    # Without a compiler it makes all products, mask or not: good for a test only.
    return torch.compile(flex_attention, dynamic=True) if device == "cuda" else flex_attention
