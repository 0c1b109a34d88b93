"""Short texts through a BERT without padding: all tokens of a batch as the rows of one matrix."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TOKENS = 2048
"""Rows at a time, so that what a layer computes stays in the processor's cache."""
_CHECKED = ("put a mug in shelf.", "find two candles and put them on the dining table.", "look")
_EXACT = 2e-6


class PackedBert:
    """What a SentenceTransformer of a BERT, the tokens' mean and a length of 1 gives, on a processor.

    For goals of a dozen words it takes two thirds of the time: no padding, one product for query, key and
    value, and weights in oneDNN's own order, as torch.compile lays them out, where this torch has it. Numbers
    differ by rounding (about 3e-7). The weights are taken when it is made; training must come before.

    Args:
        model: The SentenceTransformer; ask ``packed_bert`` whether it is of the kind.
    """

    def __init__(self, model: Any) -> None:
        import torch

        self._model = model
        bert = model[0].auto_model
        self._heads = int(bert.config.num_attention_heads)
        self._embeddings = bert.embeddings
        self._layers = []
        with torch.inference_mode():
            for layer in bert.encoder.layer:
                own = layer.attention.self
                parts = (own.query, own.key, own.value)
                self._layers.append(
                    (
                        _product([part.weight for part in parts], [part.bias for part in parts]),
                        _product([layer.attention.output.dense.weight], [layer.attention.output.dense.bias]),
                        layer.attention.output.LayerNorm,
                        _product([layer.intermediate.dense.weight], [layer.intermediate.dense.bias], "gelu"),
                        _product([layer.output.dense.weight], [layer.output.dense.bias]),
                        layer.output.LayerNorm,
                    )
                )

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings of length 1, shape [text, width], in the texts' order."""
        import torch

        ids = self._model.tokenizer(list(texts), truncation=True, max_length=self._model.max_seq_length)
        tokens: list[list[int]] = ids["input_ids"]
        order = sorted(range(len(tokens)), key=lambda place: len(tokens[place]))
        vectors = np.empty((len(tokens), self._embeddings.word_embeddings.embedding_dim), dtype=np.float32)
        start = 0
        with torch.inference_mode():
            while start < len(order):
                # The longest of a batch comes last.
                end = start + 1
                while end < len(order) and (end + 1 - start) * len(tokens[order[end]]) <= _TOKENS:
                    end += 1
                some = order[start:end]
                vectors[some] = self._embed([tokens[place] for place in some])
                start = end
        return vectors

    def _embed(self, texts: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Texts in the order of their length."""
        import torch
        from torch.nn import functional

        groups = [(len(list(same)), length) for length, same in groupby(map(len, texts))]
        words = torch.tensor([token for text in texts for token in text])
        places = torch.tensor([place for text in texts for place in range(len(text))])
        first = self._embeddings
        rows = first.word_embeddings(words) + first.token_type_embeddings.weight[0]
        rows = first.LayerNorm(rows + first.position_embeddings(places))
        width = rows.shape[1]
        for joint, after, norm, wide, narrow, last_norm in self._layers:
            three, seen, start = joint(rows), torch.empty_like(rows), 0
            for count, length in groups:
                end = start + count * length
                parts = three[start:end].view(count, length, 3, self._heads, width // self._heads)
                found = functional.scaled_dot_product_attention(*parts.permute(2, 0, 3, 1, 4))
                seen[start:end] = found.transpose(1, 2).reshape(-1, width)
                start = end
            rows = norm(after(seen) + rows)
            rows = last_norm(narrow(wide(rows)) + rows)
        pieces = rows.split([count * length for count, length in groups])
        means = [
            piece.view(count, length, width).mean(1)
            for piece, (count, length) in zip(pieces, groups, strict=True)
        ]
        return np.asarray(functional.normalize(torch.cat(means)).numpy(), dtype=np.float32)


def packed_bert(model: Any) -> PackedBert | None:
    """A packed form of a SentenceTransformer; None where it is of another kind, or its vectors differ."""
    import torch

    bert: Any = getattr(model[0], "auto_model", None)
    if type(bert).__name__ != "BertModel" or getattr(bert.config, "hidden_act", None) != "gelu":
        return None
    weights = next(bert.parameters())
    if weights.device.type != "cpu" or weights.dtype != torch.float32 or bert.training:
        return None
    # Whatever else a model may be made of shows in its vectors.
    expected = model.encode(list(_CHECKED), normalize_embeddings=True, show_progress_bar=False)
    packed = PackedBert(model)
    found = packed(_CHECKED)
    same = found.shape == expected.shape and bool(np.abs(found - expected).max() < _EXACT)
    return packed if same else None


def _product(weights: Sequence[Any], biases: Sequence[Any], then: str = "none") -> Any:
    """Rows -> rows times the stacked weights, plus bias, and ``gelu`` where asked."""
    import torch
    from torch.nn import functional

    weight, bias = torch.cat([*weights]).detach(), torch.cat([*biases]).detach()
    fast: Any = torch.ops.mkldnn
    backend: Any = torch.backends.mkldnn
    if backend.is_available() and hasattr(fast, "_linear_pointwise"):
        ordered = fast._reorder_linear_weight(weight, _TOKENS)
        way = "none" if then == "gelu" else ""
        return lambda rows: fast._linear_pointwise(rows, ordered, bias, then, [], way)
    if then == "gelu":
        return lambda rows: functional.gelu(functional.linear(rows, weight, bias))
    return lambda rows: functional.linear(rows, weight, bias)
