"""Distributions among the allowed tokens: against a computation token by token, and finite differences."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sampled_trees import VOCABULARY, branching_samples, small_model

from skill_gym.agents.forward_pass import ForwardPass
from skill_gym.agents.grpo_config import GRPOConfig
from skill_gym.agents.learner import Learner
from skill_gym.agents.packing import micro_batches, tree_batches
from skill_gym.agents.prefix_tree_attention import attending_over_trees
from skill_gym.agents.reply_logprobs import reply_logprobs
from skill_gym.agents.token_masks import TokenMasks, masked


def allowed_tokens(samples, seed=0):
    """Three kinds of masks and free tokens, drawn anew for each reply token, the target always allowed."""
    rng = np.random.default_rng(seed)

    def some(target):
        size = rng.choice([0, 3, 40])
        return None if rng.random() < 0.25 else {int(target), *map(int, rng.integers(0, VOCABULARY, size))}

    return [list(map(some, one.token_ids[one.positions])) for one in samples]


def packed(allowed):
    if allowed is None:
        return b""
    return sum(1 << token for token in allowed).to_bytes(4 * -(-VOCABULARY // 32), "little")


def masked_samples(seed=0):
    samples = branching_samples(seed)
    allowed = allowed_tokens(samples, seed)
    return [
        replace(one, masks=tuple(map(packed, sets))) for one, sets in zip(samples, allowed, strict=True)
    ], allowed


def one_by_one(model, samples, allowed, temperature):
    """Log-probability and entropy of each reply token, from whole sequences and lists of logits."""
    logprobs, entropies = [], []
    for sample, sets in zip(samples, allowed, strict=True):
        logits = model(input_ids=torch.from_numpy(sample.token_ids[None])).logits[0] / temperature
        for position, tokens in zip(sample.positions, sets, strict=True):
            kept = sorted(range(VOCABULARY) if tokens is None else tokens)
            among = logits[position - 1, kept]
            probabilities = among.exp() / among.exp().sum()
            logprobs.append(probabilities[kept.index(int(sample.token_ids[position]))].log())
            entropies.append(-(probabilities * probabilities.log()).sum())
    return torch.stack(logprobs), torch.stack(entropies)


def gradient(model, logprobs, entropy):
    model.zero_grad()
    (logprobs.sum() + 0.3 * (entropy**2).sum()).backward()
    return torch.cat([one.grad.flatten() for one in model.parameters()])


def packings(model, samples, packing):
    if packing == "padded":
        return torch.enable_grad(), micro_batches(samples, max_tokens=100)
    return attending_over_trees(model), tree_batches(samples, max_tokens=1000)


@pytest.mark.parametrize("packing", ["padded", "tree"])
@pytest.mark.parametrize("most_logits", [1, 3 * VOCABULARY, 10**9])
def test_distributions_are_those_among_the_allowed_tokens(packing, most_logits):
    model = small_model("llama", dtype=torch.float64)
    samples, allowed = masked_samples()
    expected = one_by_one(model, samples, allowed, 0.8)
    expected_gradient = gradient(model, *expected)
    found = [torch.zeros_like(one) for one in expected]
    context, batches = packings(model, samples, packing)
    total = torch.zeros_like(expected_gradient)
    with context:
        for batch in batches:
            values = reply_logprobs(model, batch, temperature=0.8, most_logits=most_logits)
            total += gradient(model, *values)
            for whole, part in zip(found, values, strict=True):
                whole[batch.index] = part.detach()
    torch.testing.assert_close(found[0], expected[0], rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(found[1], expected[1], rtol=1e-9, atol=1e-9)
    # Attention over trees takes its softmax in float32.
    assert (total - expected_gradient).norm() / expected_gradient.norm() < (
        1e-6 if packing == "tree" else 1e-9
    )


def test_gradients_at_the_logits_are_finite_differences():
    model = small_model("llama", dtype=torch.float64)
    samples, _ = masked_samples(1)
    (batch,) = micro_batches(samples, max_tokens=10**6)
    rng = np.random.default_rng(0)

    def value():
        logprobs, entropy = reply_logprobs(model, batch)
        return logprobs.sum() + 0.3 * (entropy**2).sum()

    model.zero_grad()
    value().backward()
    # The head's: a Llama's norms round to float32, which differences of its inner weights would show.
    head = model.lm_head.weight
    for place in rng.integers(0, head.numel(), 20):
        flat = head.data.view(-1)
        kept = float(flat[place])
        sides = []
        for side in (1e-6, -1e-6):
            flat[place] = kept + side
            sides.append(float(value().detach()))
        flat[place] = kept
        slope = (sides[0] - sides[1]) / 2e-6
        assert float(head.grad.view(-1)[place]) == pytest.approx(slope, rel=1e-6, abs=1e-7)


def test_siblings_at_one_place_may_have_different_masks():
    model = small_model("llama")
    base = branching_samples(0)[3]
    target = int(base.token_ids[base.positions[0]])
    sets = [{target}, {target, 5, 9}, None]
    samples = [replace(base, masks=(packed(one),) + (b"",) * (base.replies - 1)) for one in sets]
    (batch,) = tree_batches(samples, max_tokens=10**6)
    first = [index for index, place in enumerate(batch.index.tolist()) if place % base.replies == 0]
    assert len({int(batch.columns[one]) for one in first}) == 1
    with attending_over_trees(model):
        logprobs, _ = reply_logprobs(model, batch)
    expected, _ = one_by_one(model, samples, [[one] + [None] * (base.replies - 1) for one in sets], 1.0)
    found = torch.zeros_like(expected)
    found[batch.index] = logprobs
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    assert found[0] == 0 > found[base.replies] > found[2 * base.replies]


def test_free_samples_have_no_masks():
    assert TokenMasks.of([b"", b""]) is None
    (batch, *_) = micro_batches(branching_samples(0), max_tokens=1000)
    assert batch.masks is None


def test_bits_beyond_the_vocabulary_do_not_count():
    logits = torch.arange(40.0)[None]
    masks = TokenMasks.of([(1 << 3 | 1 << 39 | 1 << 60).to_bytes(8, "little")])
    kept = masked(logits, masks.rows[masks.index])
    assert torch.nonzero(~kept.isinf())[:, 1].tolist() == [3, 39]


@pytest.mark.parametrize("packing", ["padded", "tree"])
@pytest.mark.parametrize("budget", [25, 60, 1000])
def test_masks_stay_with_their_tokens_however_samples_are_cut_into_batches(packing, budget):
    model = small_model("llama")
    samples, allowed = masked_samples(3)
    expected, _ = one_by_one(model, samples, allowed, 1.0)
    found = ForwardPass(GRPOConfig(packing=packing, micro_batch_tokens=budget)).logprobs(model, samples)
    torch.testing.assert_close(torch.cat(found), expected.detach(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("packing", ["padded", "tree"])
def test_an_update_is_of_masked_distributions_throughout(packing):
    """Policy, old policy, reference and entropy: a token that is the only one allowed teaches nothing."""
    samples = branching_samples(2)
    forced = [
        replace(one, masks=tuple(packed({int(token)}) for token in one.token_ids[one.positions]))
        for one in samples
    ]
    settings = {"lr": 1e-2, "weight_decay": 0.0, "kl_coef": 0.1, "entropy_coef": 0.1, "mini_batch_size": 4}
    for held in (False, True):
        model, other = small_model("llama"), small_model("llama")
        with torch.no_grad():
            other.lm_head.weight.add_(0.3 * torch.randn(other.lm_head.weight.shape))
        before = torch.cat([one.detach().flatten() for one in model.parameters()]).clone()
        learner = Learner(model, other, GRPOConfig(packing=packing, **settings))
        figures = learner.update(forced if held else samples)
        after = torch.cat([one.detach().flatten() for one in model.parameters()])
        assert torch.equal(before, after) == held
        assert (figures["kl"] == figures["entropy"] == figures["grad_norm"] == 0) == held
