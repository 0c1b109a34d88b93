"""A model gives the tokens of a tree what it gives them sequence by sequence, gradients included."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sampled_trees import branching_samples, small_model
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

from skill_gym.agents import prefix_tree_check
from skill_gym.agents.forward_pass import ForwardPass
from skill_gym.agents.grpo_config import GRPOConfig
from skill_gym.agents.packing import micro_batches, tree_batches
from skill_gym.agents.prefix_tree import prefix_trees
from skill_gym.agents.prefix_tree_attention import (
    TreeAttentionError,
    TreeShape,
    attending_over_trees,
    choose_attention,
)
from skill_gym.agents.prefix_tree_check import check_exact
from skill_gym.agents.prefix_tree_walk import walk
from skill_gym.agents.reply_logprobs import reply_logprobs

CPU = torch.device("cpu")


def results(model, samples, batches, *, temperature=1.0, **given):
    """Log-probabilities, entropies, and the gradient of something that weighs both."""
    model.zero_grad()
    weights = torch.from_numpy(np.concatenate([one.advantages for one in samples]))
    found = torch.zeros(2, len(weights), dtype=torch.float64)
    for batch, trunks, _ in walk(model, batches, **given):
        logprobs, entropy = reply_logprobs(model, batch, temperature=temperature, trunks=trunks, **given)
        weight = weights[batch.index].to(logprobs.dtype)
        (weight * logprobs + 0.1 * weight**2 * entropy).sum().backward()
        found[0, batch.index], found[1, batch.index] = logprobs.detach().double(), entropy.detach().double()
    gradient = torch.cat([one.grad.flatten() for one in model.parameters()]).double()
    return found, gradient


def assert_same(model, samples, *, rtol, max_tokens=100_000, attention="auto", **given):
    alone = results(model, samples, micro_batches(samples, max_tokens=1), **given)
    with attending_over_trees(model):
        together = results(
            model, samples, tree_batches(samples, max_tokens=max_tokens), attention=attention, **given
        )
    for ours, reference in zip(together, alone, strict=True):
        assert reference.norm() > 0
        assert (ours - reference).norm() / reference.norm() < rtol


@pytest.mark.parametrize("attention", ["cascade", "dense"])
@pytest.mark.parametrize("seed", range(3))
def test_outputs_and_gradients_of_the_kernel_are_those_of_the_mask(attention, seed):
    rng = np.random.default_rng(seed)
    (tree,) = prefix_trees([rng.integers(0, 2, rng.integers(1, 40)) for _ in range(12)], max_tokens=10_000)
    torch.manual_seed(seed)
    length = len(tree)
    inputs = [torch.randn(1, heads, length, 16, requires_grad=True) for heads in (4, 2, 2)]
    weight = torch.randn(1, 4, length, 16)
    place = torch.arange(length)
    mask = (place[None] <= place[:, None]) & (place[:, None] < torch.from_numpy(tree.ends)[None])
    query, key, value = inputs
    reference = scaled_dot_product_attention(
        query, key.repeat_interleave(2, 1), value.repeat_interleave(2, 1), attn_mask=mask, scale=0.3
    )
    ours = TreeShape.of(tree, CPU, attention).attend(query, key, value, scale=0.3)
    torch.testing.assert_close(ours, reference, rtol=1e-5, atol=1e-5)
    for own, other in zip(
        torch.autograd.grad((ours * weight).sum(), inputs),
        torch.autograd.grad((reference * weight).sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(own, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3", "mistral"])
@pytest.mark.parametrize("seed", range(4))
def test_every_family_learns_the_same_in_float32(family, seed):
    assert_same(small_model(family), branching_samples(seed), rtol=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_and_in_float64(seed):
    # Llama's norms are taken in float32, whatever the model's type.
    assert_same(small_model("llama", dtype=torch.float64), branching_samples(seed), rtol=1e-6)


@pytest.mark.parametrize("max_tokens", [1, 90, 120, 160])
def test_cut_into_several_trees_it_learns_the_same(max_tokens):
    samples = branching_samples(1, count=30, trunk=60)
    assert len(list(tree_batches(samples, max_tokens=max_tokens))) > 1
    assert_same(small_model("qwen3"), samples, rtol=1e-5, max_tokens=max_tokens)


@pytest.mark.parametrize("family", ["qwen2", "mistral"])
def test_one_mask_for_all_gives_the_same(family):
    assert_same(small_model(family), branching_samples(2), rtol=1e-5, attention="dense")


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
@pytest.mark.parametrize("window", [None, 5])
def test_flex_attention_sees_what_the_mask_shows(window):
    rng = np.random.default_rng(0)
    (tree,) = prefix_trees([rng.integers(0, 2, rng.integers(1, 40)) for _ in range(12)], max_tokens=10_000)
    dense = TreeShape.of(tree, CPU, "dense")
    query, key, value = (torch.randn(1, heads, len(tree), 16) for heads in (4, 2, 2))
    # Its backward pass needs a GPU, and without a compiler it says that it is slow.
    flex = replace(dense, attention="flex", _masks={})
    torch.testing.assert_close(
        flex.attend(query, key, value, scale=0.3, window=window),
        dense.attend(query, key, value, scale=0.3, window=window),
        rtol=1e-5,
        atol=1e-5,
    )


def test_one_sample_and_equal_samples():
    one, *_ = branching_samples(0)
    assert_same(small_model("llama"), [one], rtol=1e-5)
    assert_same(small_model("llama"), [one] * 5, rtol=1e-5)
    (batch,) = tree_batches([one] * 5, max_tokens=1000)
    assert batch.input_ids.numel() == one.positions[-1]


def test_a_branch_inside_a_reply_gives_each_sample_its_own_token():
    mother = branching_samples(0)[0]
    positions = np.arange(5, 15)
    values, logprobs = np.ones(10, dtype=np.float32), np.zeros(10, dtype=np.float32)
    samples = []
    for number in range(4):
        ids = mother.token_ids.copy()
        ids[10:] = 20 + number
        samples.append(
            replace(
                mother,
                token_ids=ids,
                positions=positions,
                advantages=values * (number - 1),
                logprobs=logprobs,
                turns=np.full(10, number),
            )
        )  # fmt: skip
    (batch,) = tree_batches(samples, max_tokens=1000)
    assert batch.input_ids.numel() == 10 + 4 * 4
    assert_same(small_model("llama"), samples, rtol=1e-5)


def test_temperature_and_checkpointed_layers_change_nothing():
    model, samples = small_model("llama"), branching_samples(4)
    assert_same(model, samples, rtol=1e-5, temperature=0.7)
    model.train()
    model.gradient_checkpointing_enable()
    assert_same(model, samples, rtol=1e-5)


def test_in_bfloat16_it_differs_no_more_than_rounding_does():
    model, samples = small_model("qwen2"), branching_samples(5)
    exact = results(model, samples, micro_batches(samples, max_tokens=1))[1]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        alone = results(model, samples, micro_batches(samples, max_tokens=1))[1]
        with attending_over_trees(model):
            together = results(model, samples, tree_batches(samples, max_tokens=1000))[1]
    rounding = (alone - exact).norm()
    assert rounding > 0
    assert (together - exact).norm() < 2 * rounding


def test_an_adapter_is_trained_in_a_tree():
    peft = pytest.importorskip("peft")
    torch.manual_seed(0)
    model = peft.get_peft_model(
        small_model("llama"), peft.LoraConfig(target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    )
    samples, found = branching_samples(6), []
    for batches in (micro_batches(samples, max_tokens=1), tree_batches(samples, max_tokens=1000)):
        with attending_over_trees(model) if found else torch.enable_grad():
            model.zero_grad()
            for batch in batches:
                reply_logprobs(model, batch)[0].sum().backward()
        found.append(torch.cat([one.grad.flatten() for one in model.parameters() if one.requires_grad]))
    assert (found[0] - found[1]).norm() / found[0].norm() < 1e-5


def test_the_model_has_its_own_attention_back_afterwards():
    model = small_model("llama")
    ids = torch.arange(3, 9)[None]
    before = model(input_ids=ids).logits
    with attending_over_trees(model), pytest.raises(TreeAttentionError, match="without one"):
        model(input_ids=ids)
    assert model.config._attn_implementation == "sdpa"
    assert torch.equal(model(input_ids=ids).logits, before)


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3", "mistral"])
def test_the_families_pass_the_check(family):
    check_exact(small_model(family))
    check_exact(small_model(family, dtype=torch.bfloat16))
    ForwardPass(GRPOConfig(bf16=True)).check(small_model(family))


def test_a_few_logits_that_are_rounded_by_much_do_not_refuse_a_model(monkeypatch):
    """SmolLM2's largest difference in bfloat16 is 0.15 of its spread, and 7 times its mean one."""
    read = prefix_tree_check.reading_outputs
    rng = torch.Generator().manual_seed(0)

    def rounded(model, batch, **given):
        outputs = read(model, batch, **given)
        noise = torch.randn(outputs.shape, generator=rng).to(outputs.dtype)
        return outputs + 0.03 * outputs.std() * noise

    monkeypatch.setattr(prefix_tree_check, "reading_outputs", rounded)
    check_exact(small_model("llama", vocabulary=4000, dtype=torch.bfloat16))
    with pytest.raises(TreeAttentionError, match="logits differ"):
        check_exact(small_model("llama", vocabulary=4000))


def test_a_model_with_soft_caps_is_refused():
    with pytest.raises(TreeAttentionError, match=r"softcap.*grpo\.packing=padded"):
        check_exact(small_model("gemma2"))


def test_a_model_that_mixes_neighbours_is_found_out():
    model = small_model("llama")

    class Mixing(nn.Module):
        """As a short convolution does: each token gets something of the one before it in the row."""

        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, hidden):
            out = self.inner(hidden)
            return out + 0.5 * torch.roll(out, 1, dims=1)

    model.model.layers[0].mlp = Mixing(model.model.layers[0].mlp)
    with pytest.raises(TreeAttentionError, match="logits differ"):
        check_exact(model)
    with pytest.raises(TreeAttentionError, match="logits differ"):
        ForwardPass(GRPOConfig(bf16=True)).check(model)
    with pytest.raises(TreeAttentionError, match="logits differ"):
        check_exact(model.to(torch.bfloat16))
    assert model.config._attn_implementation == "sdpa"


def test_attention_is_chosen_by_the_device():
    assert choose_attention(CPU) == "cascade"
    assert choose_attention(torch.device("cuda"), "dense") == "dense"
    with pytest.raises(TreeAttentionError, match="for CPUs"):
        choose_attention(torch.device("cuda"), "cascade")
    with pytest.raises(TreeAttentionError, match="no backward pass on CPUs"):
        choose_attention(CPU, "flex")
    with pytest.raises(ValueError, match="expected one of auto, cascade"):
        choose_attention(CPU, "eager")
