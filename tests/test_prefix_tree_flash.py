"""The plan of FlashAttention's launches gives what the mask gives; here another kernel runs than on GPUs."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from skill_gym.agents.prefix_tree import PrefixTree, prefix_trees
from skill_gym.agents.prefix_tree_attention import TreeAttentionError, TreeShape, choose_attention
from skill_gym.agents.prefix_tree_cascade import runs
from skill_gym.agents.prefix_tree_flash import Launch, flash_attention, launches

CPU, META = torch.device("cpu"), torch.device("meta")


class PlainKernel:
    """What a launch means, written out piece by piece: shapes and arguments are those of the GPU's kernel."""

    def _pieces(self, launch: Launch):
        starts = zip(launch.query_starts.tolist(), launch.key_starts.tolist(), strict=True)
        for (first_query, first_key), (last_query, last_key) in pairwise(starts):
            assert last_query - first_query <= launch.most_queries
            assert last_key - first_key <= launch.most_keys
            yield slice(first_query, last_query), slice(first_key, last_key)

    def _scores(self, query: Tensor, key: Tensor, launch: Launch, scale: float) -> Tensor:
        groups = query.shape[1] // key.shape[1]
        scores = torch.einsum("qhc,khc->hqk", query, key.repeat_interleave(groups, 1)) * scale
        if launch.causal:
            scores += torch.full(scores.shape[1:], -torch.inf, dtype=scores.dtype).triu(1)
        return scores

    def forward(self, query, key, value, launch, scale):
        result = torch.full_like(query, torch.nan)
        norms = torch.full((query.shape[1], len(query)), torch.nan, dtype=query.dtype)
        groups = query.shape[1] // key.shape[1]
        for queries, keys in self._pieces(launch):
            scores = self._scores(query[queries], key[keys], launch, scale)
            norms[:, queries] = scores.logsumexp(-1)
            values = value[keys].repeat_interleave(groups, 1)
            result[queries] = torch.einsum("hqk,khc->qhc", scores.softmax(-1), values)
        return result, norms, (torch.zeros(2), torch.zeros(0))

    def backward(self, gradient, query, key, value, result, norms, kept, launch, scale):
        found = torch.zeros_like(query), torch.zeros_like(key), torch.zeros_like(value)
        groups = query.shape[1] // key.shape[1]
        for queries, keys in self._pieces(launch):
            scores = self._scores(query[queries], key[keys], launch, scale)
            weights = (scores - norms[:, queries, None]).exp()
            values = value[keys].repeat_interleave(groups, 1)
            delta = (gradient[queries] * result[queries]).sum(-1).T[..., None]
            slope = weights * (torch.einsum("qhc,khc->hqk", gradient[queries], values) - delta) * scale
            repeated = key[keys].repeat_interleave(groups, 1)
            found[0][queries] = torch.einsum("hqk,khc->qhc", slope, repeated)
            for place, wide in (
                (1, torch.einsum("hqk,qhc->khc", slope, query[queries])),
                (2, torch.einsum("hqk,qhc->khc", weights, gradient[queries])),
            ):
                found[place][keys] = wide.unflatten(1, (-1, groups)).sum(2)
        return found


def random_tree(seed: int, count: int = 12) -> PrefixTree:
    rng = np.random.default_rng(seed)
    (tree,) = prefix_trees([rng.integers(0, 2, rng.integers(1, 40)) for _ in range(count)], max_tokens=10_000)
    return tree


@pytest.mark.parametrize("past", [0, 7])
@pytest.mark.parametrize("seed", range(4))
def test_outputs_and_gradients_are_those_of_the_mask(seed: int, past: int) -> None:
    tree = random_tree(seed)
    torch.manual_seed(seed)
    # What trunks have read comes before all and is seen by all; of these there are keys only.
    read = len(tree)
    length = past + read
    ends = np.append(np.full(past, length), tree.ends + past)
    inputs = [
        torch.randn(tokens, heads, 8, dtype=torch.float64, requires_grad=True)
        for tokens, heads in ((read, 4), (length, 2), (length, 2))
    ]
    weight = torch.randn(read, 4, 8, dtype=torch.float64)
    place = torch.arange(length)
    mask = (place[None] <= place[past:, None]) & (place[past:, None] < torch.from_numpy(ends)[None])
    query, key, value = (one.transpose(0, 1) for one in inputs)
    reference = scaled_dot_product_attention(
        query, key.repeat_interleave(2, 0), value.repeat_interleave(2, 0), attn_mask=mask, scale=0.3
    ).transpose(0, 1)
    plan = launches(runs(ends, past), CPU, past)
    assert len(plan) > 2
    ours = flash_attention(*inputs, plan, scale=0.3, kernel=PlainKernel())
    torch.testing.assert_close(ours, reference)
    for own, other in zip(
        torch.autograd.grad((ours * weight).sum(), inputs),
        torch.autograd.grad((reference * weight).sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(own, other)


def test_what_shares_nothing_is_one_launch_of_sequences_end_to_end() -> None:
    (tree,) = prefix_trees([np.full(n, n) for n in (5, 3, 9)], max_tokens=100)
    (launch,) = launches(runs(tree.ends), CPU)
    assert launch.queries is None
    assert launch.causal
    assert sorted(np.diff(launch.query_starts.tolist()).tolist()) == [3, 5, 9]
    assert launch.most_queries == launch.most_keys == 9


def test_levels_of_a_deep_tree_are_a_launch_each() -> None:
    trunk = np.arange(4)
    branches = [np.append(trunk, [10 + side, 11 + side]) for side in (0, 5)]
    sequences = [np.append(branch, 20 + leaf) for branch in branches for leaf in range(3)]
    (tree,) = prefix_trees(sequences, max_tokens=100)
    own, first, second = launches(runs(tree.ends), CPU)
    assert len(tree) == 4 + 2 * 2 + 6
    assert np.diff(own.query_starts.tolist()).tolist() == [4, 2, 1, 1, 1, 2, 1, 1, 1]
    # Everything sees the trunk; the leaves see their branch.
    assert (first.query_starts.tolist(), first.key_starts.tolist()) == ([0, 10], [0, 4])
    assert (second.query_starts.tolist(), second.key_starts.tolist()) == ([0, 3, 6], [0, 2, 4])
    assert second.keys.tolist() == [4, 5, 9, 10]


def test_pytorchs_kernel_takes_the_launches_and_gives_what_is_expected_of_it() -> None:
    # On the meta device its arguments are checked and shapes computed, and nothing else.
    tree = random_tree(0)
    inputs = [
        torch.empty(len(tree), heads, 64, dtype=torch.bfloat16, device=META, requires_grad=True)
        for heads in (4, 2, 2)
    ]
    attended = flash_attention(*inputs, launches(runs(tree.ends), META), scale=0.3)
    assert (attended.shape, attended.dtype) == (inputs[0].shape, torch.bfloat16)
    attended.sum().backward()
    assert [one.grad.shape for one in inputs] == [one.shape for one in inputs]


def test_tree_is_attended_over_by_it_where_it_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skill_gym.agents.prefix_tree_flash.TorchKernel.forward", PlainKernel().forward)
    tree = random_tree(1)
    dense = TreeShape.of(tree, CPU, "dense")
    flash = TreeShape(dense.tree, dense.depths, dense.ends, dense.deepest, "flash")
    query, key, value = (torch.randn(1, heads, len(tree), 16, dtype=torch.bfloat16) for heads in (4, 2, 2))
    for window in (None, 5):
        torch.testing.assert_close(
            flash.attend(query, key, value, scale=0.3, window=window).float(),
            dense.attend(query, key, value, scale=0.3, window=window).float(),
            rtol=0.05,
            atol=0.05,
        )
    with pytest.raises(TreeAttentionError, match=r"grpo\.bf16=true.*model\.dtype=bfloat16"):
        flash.attend(query.float(), key.float(), value.float(), scale=0.3)


def test_it_is_for_gpus_from_ampere_on(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = torch.device("cuda", 0)
    with pytest.raises(TreeAttentionError, match="for NVIDIA GPUs, the model is on cpu; use cascade"):
        choose_attention(CPU, "flash")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (7, 5))
    with pytest.raises(TreeAttentionError, match="Ampere"):
        choose_attention(gpu, "flash")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (9, 0))
    assert choose_attention(gpu, "flash") == "flash"
