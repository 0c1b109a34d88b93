"""Log-probabilities come with few logits at a time, and are those of all logits at once."""

import numpy as np
import pytest
import torch
from sampled_trees import VOCABULARY, branching_samples, small_model

from skill_gym.agents.losses import logprobs_and_entropy
from skill_gym.agents.packing import Sample, micro_batches, tree_batches
from skill_gym.agents.prefix_tree_attention import attending_over_trees
from skill_gym.agents.reply_logits import reply_logits
from skill_gym.agents.reply_logprobs import reply_logprobs


def gradient(model, logprobs, entropy):
    model.zero_grad()
    (logprobs.sum() + 0.3 * (entropy**2).sum()).backward()
    return torch.cat([one.grad.flatten() for one in model.parameters()])


@pytest.mark.parametrize("packing", ["padded", "tree"])
@pytest.mark.parametrize("most_logits", [1, 3 * VOCABULARY, 10**9])
def test_any_number_of_logits_at_once_gives_the_same(packing, most_logits):
    model, samples = small_model("llama"), branching_samples(0)
    batches = (
        micro_batches(samples, max_tokens=100)
        if packing == "padded"
        else tree_batches(samples, max_tokens=100)
    )
    with attending_over_trees(model) if packing == "tree" else torch.enable_grad():
        for batch in batches:
            reference = logprobs_and_entropy(reply_logits(model, batch), batch.targets, temperature=0.8)
            expected = gradient(model, *reference)
            found = reply_logprobs(model, batch, temperature=0.8, most_logits=most_logits)
            for ours, theirs in zip(found, reference, strict=True):
                torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
            assert (gradient(model, *found) - expected).norm() / expected.norm() < 1e-5


def test_a_models_own_head_is_not_lost():
    model, samples = small_model("gemma2"), branching_samples(1)
    assert model.config.final_logit_softcapping
    for batch in micro_batches(samples, max_tokens=1):
        whole = model(input_ids=batch.input_ids).logits[batch.rows, batch.columns]
        expected = whole.log_softmax(-1).gather(-1, batch.targets[:, None])[:, 0]
        torch.testing.assert_close(reply_logprobs(model, batch)[0], expected, rtol=1e-5, atol=1e-5)


class LargestTensor(torch.utils._python_dispatch.TorchDispatchMode):
    """Remembers the largest tensor that any operation makes."""

    def __init__(self):
        super().__init__()
        self.size = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for one in result if isinstance(result, tuple | list) else (result,):
            if isinstance(one, torch.Tensor):
                self.size = max(self.size, one.numel())
        return result


@pytest.mark.parametrize("length", [200, 800])
def test_logits_never_exist_for_all_replies(length):
    vocabulary, most_logits = 5000, 50_000
    model = small_model("llama", vocabulary=vocabulary)
    ids = np.random.default_rng(0).integers(3, vocabulary, length)
    positions = np.arange(length // 2, length)
    values = np.ones(len(positions), dtype=np.float32)
    sample = Sample(ids, positions, values, values, np.zeros(len(positions), dtype=np.int64), 0)
    (batch,) = tree_batches([sample], max_tokens=length)
    with LargestTensor() as seen, attending_over_trees(model):
        logprobs, entropy = reply_logprobs(model, batch, most_logits=most_logits)
        (logprobs + entropy).sum().backward()
    weights = max(one.numel() for one in model.parameters())
    assert seen.size <= max(weights, most_logits) < len(positions) * vocabulary
