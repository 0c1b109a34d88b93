"""How a Hugging Face model attends over a prefix tree: on CPUs run by run, on GPUs by FlexAttention."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from skill_gym.agents.prefix_tree import PrefixTree, prefix_trees
from skill_gym.agents.prefix_tree_cascade import Run, cascade_attention, runs

NAME = "skill_gym_prefix_tree"
"""Under which transformers knows it."""

TreeAttention = Literal["auto", "cascade", "flex", "dense"]
"""``cascade``: two calls of PyTorch's own kernel a run, on CPUs. ``flex``: one compiled call that skips what
nobody sees, on GPUs. ``dense``: one call with a mask of tokens times tokens, everywhere."""

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
    """

    tree: tuple[Run, ...]
    depths: Tensor
    ends: Tensor
    deepest: int
    attention: TreeAttention
    _masks: dict[tuple[TreeAttention, int | None], Any] = field(default_factory=dict)

    @classmethod
    def of(cls, tree: PrefixTree, device: torch.device, attention: TreeAttention = "auto") -> "TreeShape":
        """The shape of a tree; see ``choose_attention``."""
        return cls(
            tuple(runs(tree.ends)),
            torch.from_numpy(tree.depths).to(device),
            torch.from_numpy(tree.ends).to(device),
            int(tree.depths.max()) + 1,
            choose_attention(device, attention),
        )

    def attend(
        self, query: Tensor, key: Tensor, value: Tensor, *, scale: float, window: int | None = None
    ) -> Tensor:
        """Each token attends to itself and to those before it in its sequences.

        Args:
            query: Shape [1, head, token, channel].
            key: Shape [1, key head, token, channel]; the number of heads is a multiple of that of key heads.
            value: Same shape.
            scale: Factor on the products of queries and keys.
            window: Most tokens that a token sees, itself included; None for no limit.

        Returns:
            Shape [1, head, token, channel].
        """
        device = query.device.type
        if torch.is_autocast_enabled(device):
            # As autocast does for PyTorch's own attention: positions leave queries and keys in float32.
            query, key, value = (one.to(torch.get_autocast_dtype(device)) for one in (query, key, value))
        groups = query.shape[1] // key.shape[1]
        if groups > 1:
            key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
        window = None if window is None or window >= self.deepest else window
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

    def _mask(self, kind: TreeAttention, window: int | None) -> Any:
        if (kind, window) not in self._masks:
            made = self._flex_mask(window) if kind == "flex" else self._dense_mask(window)
            self._masks[kind, window] = made
        return self._masks[kind, window]

    def _dense_mask(self, window: int | None) -> Tensor:
        place = torch.arange(len(self.ends), device=self.ends.device)
        seen = (place[None] <= place[:, None]) & (place[:, None] < self.ends[None])
        return seen if window is None else seen & (self.depths[:, None] - self.depths[None] < window)

    def _flex_mask(self, window: int | None) -> Any:
        from torch.nn.attention.flex_attention import create_block_mask

        ends, depths = self.ends, self.depths

        def seen(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
            visible = (key <= query) & (query < ends[key])
            return visible if window is None else visible & (depths[query] - depths[key] < window)

        length = len(ends)
        return create_block_mask(seen, None, None, length, length, device=str(ends.device))


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


def check_exact(model: Any, attention: TreeAttention = "auto") -> None:
    """Runs a few sequences as a tree and one by one, so that a model that cannot do it is found out.

    Models with convolutions, recurrent layers or position biases carry something from token to token by
    another way than attention, and would learn from wrong neighbours without an error.

    Raises:
        TreeAttentionError: The model gives its tokens something else in a tree.
    """
    rng = np.random.default_rng(0)
    most = min(1000, int(model.config.get_text_config().vocab_size))
    trunk, length = rng.integers(0, most, 6), 5
    sequences = [np.append(trunk, rng.integers(0, most, length)) for _ in range(3)]
    (tree,) = prefix_trees(sequences, max_tokens=100)
    device = next(iter(model.parameters())).device
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad(), attending_over_trees(model):
            shape = TreeShape.of(tree, device, attention)
            together = model(
                input_ids=torch.from_numpy(tree.token_ids)[None].to(device),
                position_ids=shape.depths[None],
                use_cache=False,
                tree=shape,
            ).logits[0]
        alone = []
        for sequence in sequences:
            with torch.no_grad():
                ids = torch.from_numpy(sequence)[None].to(device)
                alone.append(model(input_ids=ids, use_cache=False).logits[0])
    except TreeAttentionError:
        raise
    except (TypeError, ValueError) as error:
        raise TreeAttentionError(_cannot(model, str(error))) from error
    except RuntimeError as error:
        if choose_attention(device, attention) != "flex":
            raise
        raise TreeAttentionError(
            f"FlexAttention does not run here ({error}); set grpo.tree_attention=dense"
        ) from error
    finally:
        model.train(was_training)
    difference = max(
        float((together[torch.from_numpy(path).to(device)] - own).float().abs().max())
        for path, own in zip((tree.paths[place] for place in np.argsort(tree.members)), alone, strict=True)
    )
    size = max(float(own.float().std()) for own in alone)
    # Of rounding; what neighbours do is a good deal more.
    allowed = 1e-3 if together.dtype in (torch.float32, torch.float64) else 0.1
    if not difference <= allowed * size:
        raise TreeAttentionError(
            _cannot(model, f"logits differ by {difference:.2g}, their own spread is {size:.2g}")
        )


def _cannot(model: Any, reason: str) -> str:
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
            _cannot(module, "its layers do not hand the tree on, or it was called without one")
        )
    given = [name for name in _REFUSED if others.get(name) is not None]
    if dropout or given:
        reason = f"its attention has {', '.join(given)}" if given else f"its attention has dropout {dropout}"
        raise TreeAttentionError(_cannot(module, reason))
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    attended = tree.attend(query, key, value, scale=scale, window=sliding_window)
    return attended.transpose(1, 2).contiguous(), None


@cache
def _flex(device: str) -> Any:
    from torch.nn.attention.flex_attention import flex_attention

    # Without a compiler it makes all products, mask or not: good for a test only.
    return torch.compile(flex_attention, dynamic=True) if device == "cuda" else flex_attention
