"""Blocked attention is causal attention: the same outputs and gradients as PyTorch's own."""

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from skill_gym.agents.blocked_attention import BLOCK, blocked_attention, use_blocked_attention


@pytest.mark.parametrize("length", [1, BLOCK - 1, BLOCK, 2 * BLOCK + 17])
def test_outputs_and_gradients_are_those_of_the_reference(length: int) -> None:
    torch.manual_seed(0)
    inputs = [torch.randn(2, 3, length, 16, dtype=torch.float64) for _ in range(3)]
    weight = torch.randn(2, 3, length, 16, dtype=torch.float64)
    results = []
    for attend in (
        lambda q, k, v: blocked_attention(q, k, v, scale=0.25),
        lambda q, k, v: scaled_dot_product_attention(q, k, v, is_causal=True, scale=0.25),
    ):
        leaves = [one.clone().requires_grad_() for one in inputs]
        out = attend(*leaves)
        (out * weight).sum().backward()
        results.append([out.detach(), *(one.grad for one in leaves)])
    for ours, reference in zip(*results, strict=True):
        assert ours is not None
        assert reference is not None
        torch.testing.assert_close(ours, reference, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kv_heads", [1, 2, 4])
def test_a_model_says_the_same_with_it(kv_heads: int) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=kv_heads,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    ids = torch.randint(0, 64, (2, BLOCK + 30))
    before = model(input_ids=ids, use_cache=False).logits
    assert use_blocked_attention(model)
    assert model.config._attn_implementation == "skill_gym_blocked"
    torch.testing.assert_close(model(input_ids=ids, use_cache=False).logits, before, rtol=1e-4, atol=1e-5)


def test_a_model_with_dropout_keeps_what_it_has() -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=1,
        num_attention_heads=4, attention_dropout=0.1,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    assert not use_blocked_attention(model)
    assert model.config._attn_implementation != "skill_gym_blocked"
