"""One call of the learner: exact gradients, no step where nothing is to be learnt, no step on NaN."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sampled_trees import branching_samples, small_model
from tiny_model import tiny_model

from skill_gym.agents.grpo_config import GRPOConfig
from skill_gym.agents.learner import Learner
from skill_gym.agents.losses import token_weights
from skill_gym.agents.mini_batch_plan import mini_batch_plan
from skill_gym.agents.packing import Sample, micro_batches, tree_batches
from skill_gym.agents.prefix_tree_attention import TreeAttentionError
from skill_gym.agents.refused_step import LearnerError
from skill_gym.agents.reply_logits import reply_logits

VOCABULARY = 64


def samples(count=6, *, advantage=None, seed=0):
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        length = int(rng.integers(12, 40))
        positions = np.sort(rng.choice(np.arange(4, length), size=6, replace=False))
        values = rng.normal(size=6) if advantage is None else np.full(6, advantage)
        made.append(
            Sample(
                token_ids=rng.integers(3, VOCABULARY, length),
                positions=positions,
                advantages=values.astype(np.float32),
                logprobs=np.full(6, -4.0, dtype=np.float32),
                turns=np.repeat([2 * number, 2 * number + 1], [2, 4]),
                trajectory=number // 2,
            )
        )
    return made


def model():
    return tiny_model(VOCABULARY, hidden=32)


def gradient(of):
    return torch.cat([one.grad.flatten() for one in of.parameters()])


def config(**settings):
    return GRPOConfig(**{"lr": 1e-2, "kl_coef": 0.0, "entropy_coef": 0.0, "weight_decay": 0.0, **settings})


def weights(of):
    return torch.cat([one.detach().flatten() for one in of.parameters()]).clone()


def test_reply_logits_are_those_of_the_whole_model():
    net, batch = model(), next(micro_batches(samples(), max_tokens=1000))
    whole = net(input_ids=batch.input_ids).logits[batch.rows, batch.columns]
    assert torch.allclose(reply_logits(net, batch), whole, atol=1e-6)


def test_padding_changes_no_logit():
    net, made = model(), samples()
    together, alone = {}, {}
    for found, size in ((together, 1000), (alone, 1)):
        for batch in micro_batches(made, max_tokens=size):
            found.update(zip(batch.index.tolist(), reply_logits(net, batch).detach(), strict=True))
    assert all(torch.allclose(together[one], alone[one], atol=1e-5) for one in together)


def test_the_final_scaling_of_a_model_is_not_lost():
    net, batch = model(), next(micro_batches(samples(), max_tokens=1000))
    plain = reply_logits(net, batch)
    net.config.final_logit_softcapping = 5.0
    forward = net.forward

    def capped(**arguments):
        result = forward(**arguments)
        result.logits = 5.0 * torch.tanh(result.logits / 5.0)
        return result

    net.forward = capped
    assert torch.allclose(reply_logits(net, batch), 5.0 * torch.tanh(plain / 5.0), atol=1e-6)


@pytest.mark.parametrize("aggregation", ["token-mean", "sequence-mean", "trajectory-mean"])
def test_micro_batches_add_up_to_the_whole_gradient(aggregation, monkeypatch):
    found = []
    for size in (100_000, 45, 1):
        net, reference = model(), tiny_model(VOCABULARY, hidden=32, seed=1)
        learner = Learner(
            net,
            reference,
            config(kl_coef=0.1, entropy_coef=0.01, aggregation=aggregation, micro_batch_tokens=size),
        )
        taken = []
        monkeypatch.setattr(
            learner._optimizer, "step", lambda net=net, taken=taken, **_: taken.append(gradient(net))
        )
        learner.update(samples())
        found.append(taken[0])
    whole, *parts = found
    assert whole.norm() > 0
    for part in parts:
        assert (part - whole).norm() / whole.norm() < 1e-5


def test_the_gradient_is_that_of_the_formula(monkeypatch):
    net, made = model(), samples()
    learner = Learner(net, None, config())
    taken = []
    monkeypatch.setattr(learner._optimizer, "step", lambda **_: taken.append(gradient(net)))
    learner.update(made)
    net.zero_grad()
    turns = torch.from_numpy(np.concatenate([one.turns for one in made]))
    weight = token_weights(turns, turns)[0]
    loss = torch.tensor(0.0)
    for one in made:
        ids = torch.from_numpy(one.token_ids)[None]
        logprobs = net(input_ids=ids).logits[0].log_softmax(-1)
        for position, advantage in zip(one.positions, one.advantages, strict=True):
            loss = loss - weight * float(advantage) * logprobs[position - 1, ids[0, position]]
    loss.backward()
    assert (taken[0] - gradient(net)).norm() / gradient(net).norm() < 1e-5


def test_equal_returns_give_no_gradient_and_run_nothing():
    net = model()
    before = weights(net)
    metrics = Learner(net, None, config(weight_decay=0.1)).update(samples(advantage=0.0))
    assert torch.equal(weights(net), before)
    assert metrics["optimizer_steps"] == 0
    assert metrics["tokens"] == 0
    assert metrics["unmoved_samples"] == 6


def test_samples_that_move_nothing_still_count_in_the_normaliser(monkeypatch):
    norms = []
    for made in (samples(2), samples(2) + samples(2, advantage=0.0)):
        net = model()
        learner = Learner(net, None, config())
        metrics = learner.update(made)
        norms.append(metrics["grad_norm"])
    assert norms[0] == pytest.approx(2 * norms[1], rel=1e-4)


def test_good_replies_become_likelier_and_bad_ones_rarer():
    for advantage, sign in ((1.0, 1), (-1.0, -1)):
        net, made = model(), samples(advantage=advantage)
        learner = Learner(net, None, config(lr=1e-3))
        before = torch.cat(learner._pass.logprobs(net, made)).mean()
        learner.update(made)
        assert sign * (torch.cat(learner._pass.logprobs(net, made)).mean() - before) > 0


def test_later_mini_batches_are_measured_against_the_weights_that_sampled():
    net = model()
    learner = Learner(net, None, config(mini_batch_size=2, ppo_epochs=2, lr=1e-2))
    metrics = learner.update(samples())
    assert metrics["optimizer_steps"] == 6
    assert metrics["ratio_max"] > 1.01
    assert 0 < metrics["ratio_min"] < 0.99
    assert metrics["approx_kl"] > 0
    assert metrics["clip_fraction"] > 0


def test_the_first_ratio_is_one():
    metrics = Learner(model(), None, config()).update(samples())
    assert metrics["ratio_max"] == metrics["ratio_min"] == 1.0
    assert metrics["approx_kl"] == metrics["clip_fraction"] == 0.0
    assert metrics["mismatch_max"] > 0


def test_the_samplers_logprobs_can_stand_for_the_old_ones():
    metrics = Learner(model(), None, config(old_logprobs="sampler")).update(samples())
    assert metrics["ratio_max"] != 1.0
    with pytest.raises(ValueError, match="old_logprobs"):
        Learner(model(), None, config(old_logprobs="sampler"), temperature=0.7)


def test_kl_pulls_back_to_the_reference():
    net, reference = model(), tiny_model(VOCABULARY, hidden=32, seed=1)
    made = samples(advantage=0.0)
    learner = Learner(net, reference, config(kl_coef=1.0, lr=1e-2))
    first = learner.update(made)["kl"]
    for _ in range(10):
        last = learner.update(made)["kl"]
    assert last < first
    assert not any(one.requires_grad for one in reference.parameters())


def test_kl_needs_a_reference():
    with pytest.raises(ValueError, match="reference"):
        Learner(model(), None, config(kl_coef=0.1))


def test_without_a_reference_there_is_nothing_to_offload():
    learner = Learner(tiny_model(VOCABULARY), None, config(kl_coef=0.0), offload_reference=True)
    assert learner.update(samples())["grad_norm"] > 0


def test_warm_up_raises_the_rate_to_its_value():
    learner = Learner(model(), None, config(warmup_steps=4))
    assert [learner.update(samples())["lr"] for _ in range(6)] == pytest.approx(
        [0.0025, 0.005, 0.0075, 0.01, 0.01, 0.01]
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_leaves_the_weights_alone(tmp_path, value):
    net = model()
    before = weights(net)
    made = samples()
    made[3].advantages[2] = value
    learner = Learner(net, None, config(), dump_folder=tmp_path)
    with pytest.raises(LearnerError, match=r"refused-step-0\.npz"):
        learner.update(made)
    assert torch.equal(weights(net), before)
    assert learner.steps == 0
    saved = np.load(tmp_path / "refused-step-0.npz")
    finite = [np.isfinite(saved[name]).all() for name in saved if name.startswith("advantages")]
    assert sorted(finite) == [False] + [True] * 5
    assert learner.update(samples())["optimizer_steps"] == 1


def test_gradient_checkpointing_gives_the_same_step():
    found = []
    for checkpointing in (False, True):
        net = model()
        Learner(net, None, config(gradient_checkpointing=checkpointing)).update(samples())
        found.append(weights(net))
    assert torch.allclose(*found, atol=1e-6)


def test_state_goes_on_bit_for_bit():
    first = model()
    learner = Learner(first, None, config(mini_batch_size=2))
    learner.update(samples(seed=1))
    state, kept = learner.state_dict(), {name: one.clone() for name, one in first.state_dict().items()}
    state = torch.load(_saved(state), weights_only=True)
    learner.update(samples(seed=2))
    second = model()
    second.load_state_dict(kept)
    other = Learner(second, None, config(mini_batch_size=2))
    other.load_state_dict(state)
    other.update(samples(seed=2))
    assert torch.equal(weights(first), weights(second))


def _saved(state):
    import io

    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    return buffer


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lr": 0.0}, "lr"),
        ({"clip_low": 1.5}, "clip_low"),
        ({"dual_clip": 1.0}, "dual_clip"),
        ({"ppo_epochs": 0}, "ppo"),
    ],
)
def test_settings_out_of_range_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        config(**settings)


def shared_samples(block=0):
    """Of four tasks, whose samples begin alike, over several mini-batches; behind a block that all share."""
    shared = np.arange(block) % VOCABULARY
    return [
        replace(
            sample,
            token_ids=np.append(shared, sample.token_ids),
            positions=sample.positions + block,
            group=number % 4,
        )
        for number, sample in enumerate(branching_samples(3, count=24, vocabulary=VOCABULARY, trunk=40))
    ]


@pytest.mark.parametrize(
    ("mini_batches", "old_logprobs", "objective", "block"),
    [
        ("shuffled", "recompute", "clip", 0),
        ("by_task", "sampler", "clip", 0),
        ("shuffled", "sampler", "sequence", 150),
        ("by_task", "recompute", "clip", 150),
    ],
)
def test_trees_and_padded_sequences_give_the_same_figures_and_weights(
    mini_batches, old_logprobs, objective, block
):
    made, found = shared_samples(block), []
    budget = block + 50 if block else 120
    # A trunk is there exactly where there is a block.
    assert any(one.tree.past for one in tree_batches(made[:8], max_tokens=budget)) == bool(block)
    for packing in ("padded", "tree"):
        net, reference = model(), tiny_model(VOCABULARY, hidden=32, seed=1)
        learner = Learner(
            net,
            reference,
            config(
                packing=packing, mini_batches=mini_batches, old_logprobs=old_logprobs, kl_coef=0.1,
                entropy_coef=0.01, mini_batch_size=8, ppo_epochs=2, lr=1e-3, objective=objective,
                micro_batch_tokens=budget,
            ),
        )  # fmt: skip
        found.append((learner.update(made), weights(net)))
    (padded, padded_weights), (tree, tree_weights) = found
    own = {"tokens", "token_reuse", "seconds", "tokens_per_second"}
    assert padded.keys() == tree.keys()
    for name in padded.keys() - own:
        assert tree[name] == pytest.approx(padded[name], rel=1e-3, abs=1e-5), name
    assert torch.allclose(padded_weights, tree_weights, atol=1e-4)
    assert tree["tokens"] < padded["tokens"]
    assert tree["token_reuse"] > 1 >= padded["token_reuse"]


def test_a_task_stays_together_in_mini_batches_by_task():
    made = shared_samples()
    settings = config(mini_batches="by_task", mini_batch_size=6, ppo_epochs=3)
    plan = list(mini_batch_plan(made, settings, seed=(0, 0)))
    for epoch in range(3):
        batches = plan[4 * epoch : 4 * epoch + 4]
        assert sorted(one for batch in batches for one in batch) == list(range(24))
        assert [{made[one].group for one in batch} for batch in batches] == [
            {made[batch[0]].group} for batch in batches
        ]
    assert plan[:4] != plan[4:8]


def test_a_model_that_cannot_be_run_on_trees_is_refused_at_once():
    capped = small_model("gemma2")
    with pytest.raises(TreeAttentionError, match=r"grpo\.packing=padded"):
        Learner(capped, None, config())
    Learner(capped, None, config(packing="padded"))
