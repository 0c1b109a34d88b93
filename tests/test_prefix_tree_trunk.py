"""What several trees begin with goes through the model once, and learns what all of them have to say."""

import weakref
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from sampled_trees import VOCABULARY, branching_samples, small_model

from skill_gym.agents.grpo_config import GRPOConfig
from skill_gym.agents.learner import Learner
from skill_gym.agents.packing import micro_batches, tree_batches
from skill_gym.agents.prefix_tree import prefix_trees
from skill_gym.agents.prefix_tree_attention import TreeShape, attending_over_trees
from skill_gym.agents.prefix_tree_trunk import Trunk
from skill_gym.agents.prefix_tree_walk import walk
from skill_gym.agents.reply_logits import reading_outputs
from skill_gym.agents.reply_logprobs import reply_logprobs

CPU = torch.device("cpu")


def drawn(seed, *, most=40):
    """Sequences that branch at many depths; some are equal, some are beginnings of others."""
    rng = np.random.default_rng(seed)
    sequences = [rng.integers(0, 9, 30)]
    for _ in range(rng.integers(1, most)):
        mother = sequences[rng.integers(0, len(sequences))]
        kept = mother[: rng.integers(1, len(mother) + 1, 2).max()]
        sequences.append(np.append(kept, rng.integers(0, 9, rng.integers(0, 12))))
    return sequences


def beginnings(sequences):
    return {tuple(one[:length]) for one in sequences for length in range(1, len(one) + 1)}


def results(model, samples, batches, *, attention="auto", **given):
    """Log-probabilities, entropies, and the gradient of something that weighs both."""
    model.zero_grad()
    weights = torch.from_numpy(np.concatenate([one.advantages for one in samples]))
    found = torch.zeros(2, len(weights), dtype=torch.float64)
    for batch, trunks, _ in walk(model, batches, attention=attention, **given):
        logprobs, entropy = reply_logprobs(model, batch, attention=attention, trunks=trunks)
        weight = weights[batch.index].to(logprobs.dtype)
        (weight * logprobs + 0.1 * weight**2 * entropy).sum().backward()
        found[0, batch.index], found[1, batch.index] = logprobs.detach().double(), entropy.detach().double()
    learnt = [one.grad.flatten() for one in model.parameters() if one.requires_grad]
    return found, torch.cat(learnt).double()


def in_trees(model, samples, max_tokens, **given):
    with attending_over_trees(model):
        return results(model, samples, tree_batches(samples, max_tokens=max_tokens, pass_tokens=0), **given)


def assert_same(model, samples, max_tokens, *, rtol, **given):
    alone = results(model, samples, micro_batches(samples, max_tokens=1))
    for ours, reference in zip(in_trees(model, samples, max_tokens, **given), alone, strict=True):
        assert reference.norm() > 0
        assert (ours - reference).norm() / reference.norm() < rtol


def levels(samples, max_tokens):
    """Most trunks that a tree goes on from."""
    path, most = [], 0
    for batch in tree_batches(samples, max_tokens=max_tokens, pass_tokens=0):
        while sum(path) > batch.tree.past:
            path.pop()
        if batch.tree.is_trunk:
            path.append(len(batch.tree))
        most = max(most, len(path))
    return most


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("max_tokens", [1, 40, 60, 150])
def test_every_beginning_is_read_once_whatever_the_budget(seed, max_tokens):
    sequences = drawn(seed)
    trees = list(prefix_trees(sequences, max_tokens=max_tokens, pass_tokens=0))
    assert sum(map(len, trees)) == len(beginnings(sequences))


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("pass_tokens", [0, 5, 20])
def test_each_tree_goes_on_from_the_trunks_before_it_within_the_budget(seed, pass_tokens):
    sequences, max_tokens = drawn(seed), 60
    allowed = max(max_tokens, *map(len, sequences))
    path, seen = [], []
    for tree in prefix_trees(sequences, max_tokens=max_tokens, pass_tokens=pass_tokens):
        while sum(map(len, path)) > tree.past:
            path.pop()
        read = np.concatenate([np.array([], dtype=np.int64), *path])
        assert tree.token_ids[: tree.past].tolist() == read.tolist()
        assert len(read) + len(tree) <= allowed
        if tree.is_trunk:
            assert len(tree) > pass_tokens
            path.append(tree.token_ids[tree.past :])
        for member, places in zip(tree.members, tree.paths, strict=True):
            assert tree.token_ids[places].tolist() == sequences[member].tolist()
            for place, token in enumerate(places):
                sees = [key for key in range(token + 1) if token < tree.ends[key]]
                assert sees == places[: place + 1].tolist()
        seen += tree.members.tolist()
    assert sorted(seen) == list(range(len(sequences)))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("pass_tokens", [1, 5, 20])
def test_no_cut_without_trunks_is_cheaper(seed, pass_tokens):
    sequences = sorted(drawn(seed, most=9), key=lambda one: one.tolist())
    trees = list(prefix_trees(sequences, max_tokens=60, pass_tokens=pass_tokens))
    cost = sum(len(tree) + pass_tokens for tree in trees)
    for cuts in range(2 ** (len(sequences) - 1)):
        parts = [[sequences[0]]]
        for number, sequence in enumerate(sequences[1:]):
            if cuts >> number & 1:
                parts.append([])
            parts[-1].append(sequence)
        sizes = [(len(beginnings(part)), len(part)) for part in parts]
        if all(tokens <= 60 or members == 1 for tokens, members in sizes):
            assert cost <= sum(tokens + pass_tokens for tokens, _ in sizes)


def test_what_fits_is_one_tree_and_short_beginnings_are_repeated():
    trunk = np.arange(10)
    sequences = [np.append(trunk, np.full(10, tip)) for tip in range(20, 26)]
    assert [len(tree) for tree in prefix_trees(sequences, max_tokens=70, pass_tokens=0)] == [70]
    cut = list(prefix_trees(sequences, max_tokens=40, pass_tokens=9))
    assert [(len(tree), tree.past) for tree in cut] == [(10, 0), (30, 10), (30, 10)]
    assert [len(tree) for tree in prefix_trees(sequences, max_tokens=40, pass_tokens=10)] == [40, 40]


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3", "mistral"])
@pytest.mark.parametrize("max_tokens", [1, 90, 150])
def test_every_family_learns_the_same_in_float32(family, max_tokens):
    samples = branching_samples(1, count=30, trunk=60)
    assert levels(samples, max_tokens) >= 2
    assert_same(small_model(family), samples, max_tokens, rtol=1e-5)


@pytest.mark.parametrize("attention", ["cascade", "dense"])
@pytest.mark.parametrize("seed", range(4))
def test_and_in_float64_over_several_levels(attention, seed):
    samples = branching_samples(seed, count=30, trunk=60)
    assert levels(samples, 90) >= 2
    # Norms are taken in float32, whatever the model's type.
    model = small_model("qwen2", dtype=torch.float64)
    assert_same(model, samples, 90, rtol=1e-6, attention=attention)


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
@pytest.mark.parametrize("window", [None, 5])
@pytest.mark.parametrize("kind", ["flex", "cascade"])
def test_kernels_see_the_trunks_as_the_mask_does(kind, window):
    sequences = drawn(2)
    trees = list(prefix_trees(sequences, max_tokens=80, pass_tokens=0))
    tree = next(one for one in trees if one.past and len(one.members) > 2)
    keys = torch.randn(2, 1, 2, len(tree.token_ids), 16)
    layer = object()
    past = keys[:, :, :, : tree.past]
    trunk = Trunk(torch.zeros(1, tree.past, 1), {layer: (past[0], past[1])})
    query = torch.randn(1, 4, len(tree), 16)
    found = []
    for attention in ("dense", kind):
        # Flex has no backward pass on CPUs, and is refused there.
        shape = replace(TreeShape.of(tree, CPU, "dense", [trunk]), attention=attention)
        key, value = shape.row(layer, *keys[:, :, :, tree.past :])
        assert torch.equal(key, keys[0])
        found.append(shape.attend(query, key, value, scale=0.3, window=window))
    if kind == "flex":
        # PyTorch 2.13 does not compile a mask that holds numbers, for which a test would need a compiler.
        held = [cell.cell_contents for cell in shape._mask("flex", window).mask_mod.__closure__]
        assert not [one for one in held if isinstance(one, int)]
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-5)


def test_layers_without_a_gradient_and_checkpointed_layers_learn_the_same():
    samples = branching_samples(3, count=16, trunk=60)
    model = small_model("llama")
    model.model.embed_tokens.requires_grad_(False)
    # The first layer's keys and values then come from frozen weights.
    model.model.layers[0].requires_grad_(False)
    assert_same(model, samples, 90, rtol=1e-5)
    model = small_model("llama").train()
    model.gradient_checkpointing_enable()
    assert_same(model, samples, 90, rtol=1e-5)


def test_the_learner_checkpoints_so_that_trunks_learn_whatever_transformers_does_by_itself():
    beginning = np.random.default_rng(0).integers(3, VOCABULARY, 200)
    samples = [
        replace(one, token_ids=np.append(beginning, one.token_ids), positions=one.positions + 200)
        for one in branching_samples(3, count=16, trunk=60)
    ]
    assert any(batch.tree.is_trunk for batch in tree_batches(samples, max_tokens=300))
    steps = []
    for checkpointing in (False, True):
        model = small_model("llama")
        enable = model.gradient_checkpointing_enable

        def as_before_version_5(gradient_checkpointing_kwargs=None, enable=enable):
            enable(gradient_checkpointing_kwargs or {"use_reentrant": True})

        model.gradient_checkpointing_enable = as_before_version_5
        config = GRPOConfig(kl_coef=0.0, micro_batch_tokens=300, gradient_checkpointing=checkpointing)
        steps.append(Learner(model, None, config).update(samples)["grad_norm"])
    assert steps[0] == pytest.approx(steps[1], rel=1e-5)


def test_an_adapter_learns_the_same():
    peft = pytest.importorskip("peft")
    torch.manual_seed(0)
    adapter = peft.LoraConfig(target_modules=["q_proj"], init_lora_weights=False)
    model = peft.get_peft_model(small_model("llama"), adapter)
    assert_same(model, branching_samples(6, count=16, trunk=60), 90, rtol=1e-5)


def test_in_bfloat16_it_differs_no_more_than_rounding_does():
    model, samples = small_model("qwen2"), branching_samples(5, count=16, trunk=60)
    exact = results(model, samples, micro_batches(samples, max_tokens=1))[1]
    # Backward passes do not belong into autocast; those of batches are in it here, those of trunks are not.
    autocast = partial(torch.autocast, "cpu", dtype=torch.bfloat16)
    with autocast():
        alone = results(model, samples, micro_batches(samples, max_tokens=1))[1]
        together = in_trees(model, samples, 90, within=autocast)[1]
    rounding = (alone - exact).norm()
    assert rounding > 0
    assert (together - exact).norm() < 2 * rounding


def test_without_a_gradient_trunks_are_read_once_too():
    model, samples = small_model("llama"), branching_samples(1, count=30, trunk=60)
    read = []
    model.model.embed_tokens.register_forward_hook(lambda _, inputs, __: read.append(inputs[0].numel()))
    batches = list(tree_batches(samples, max_tokens=90, pass_tokens=0))
    told = 0
    with torch.no_grad(), attending_over_trees(model):
        for batch, trunks, tokens in walk(model, batches):
            outputs = reading_outputs(model, batch, trunks=trunks)
            assert outputs.shape[1] == len(batch.tree.token_ids)
            assert not outputs.requires_grad
            told += tokens
    assert told == sum(read) == sum(batch.input_ids.numel() for batch in batches)
    assert told == len(beginnings([one.token_ids[: one.positions[-1]] for one in samples]))


class Saved(torch.autograd.graph.saved_tensors_hooks):
    """Most numbers that are kept for backward passes at once, without weights."""

    def __init__(self, model):
        self.now = self.most = 0
        self._weights = {one.data_ptr() for one in model.parameters()}
        super().__init__(self._keep, lambda kept: kept.tensor)

    def _keep(self, tensor):
        kept = Kept(tensor)
        size = 0 if tensor.untyped_storage().data_ptr() in self._weights else tensor.numel()
        self.now += size
        self.most = max(self.most, self.now)
        weakref.finalize(kept, self._drop, size)
        return kept

    def _drop(self, size):
        self.now -= size


class Kept:
    def __init__(self, tensor):
        self.tensor = tensor


def test_no_more_is_kept_at_once_than_a_whole_tree_of_the_budget_keeps():
    model, samples = small_model("llama"), branching_samples(1, count=60, trunk=60)
    most = []
    for max_tokens in (10_000, 150):
        saved = Saved(model)
        with saved:
            in_trees(model, samples, max_tokens)
        assert saved.now == 0
        most.append(saved.most)
    whole = len(beginnings([one.token_ids[: one.positions[-1]] for one in samples]))
    assert levels(samples, 150) >= 2
    assert whole > 350
    # Keys and values of trunks are kept once more by each tree that goes on from them.
    assert most[1] < 1.3 * most[0] * 150 / whole


def test_a_tree_is_not_read_without_its_trunks():
    model, samples = small_model("llama"), branching_samples(1, count=30, trunk=60)
    batch = next(one for one in tree_batches(samples, max_tokens=90, pass_tokens=0) if one.tree.past)
    with (
        attending_over_trees(model),
        pytest.raises(ValueError, match="trunks have 0; read trees in their order"),
    ):
        reply_logprobs(model, batch)
