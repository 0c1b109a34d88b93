import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_model import tiny_model

from skill_gym.agents import imitation_loss
from skill_gym.agents.imitation import ImitationConfig, ImitationError, batches, imitate, rate
from skill_gym.agents.imitation_loss import accuracy
from skill_gym.agents.packing import Sample

CONFIG = ImitationConfig(
    lr=3e-3, warmup_steps=2, batch_tokens=120, log_steps=4, read_weight=0.0, passes=6, checkpoint_minutes=1e-9
)


def sample(length: int, seed: int) -> Sample:
    """A text whose second half repeats one token of the first: a rule that can be learnt."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(3, 20, length)
    positions = np.arange(length - 4, length)
    ids[positions] = ids[0]
    return Sample(
        token_ids=ids,
        positions=positions,
        advantages=np.ones(4, dtype=np.float32),
        logprobs=np.zeros(4, dtype=np.float32),
        turns=np.repeat([0, 1], 2),
        trajectory=0,
    )


SAMPLES = [sample(8 + seed % 7, seed) for seed in range(40)]


def test_every_sample_comes_once_a_pass_within_the_budget():
    plan = batches(SAMPLES, CONFIG)
    assert sorted(one for batch in plan for one in batch) == sorted(list(range(40)) * CONFIG.passes)
    assert all(len(batch) * max(len(SAMPLES[one]) for one in batch) <= CONFIG.batch_tokens for batch in plan)
    assert plan == batches(SAMPLES, CONFIG)
    assert plan != batches(SAMPLES, replace(CONFIG, seed=1))


def test_the_rate_rises_stays_and_falls():
    config = ImitationConfig(lr=1.0, warmup_steps=10, decay=0.5)
    assert rate(config, 0, 0.0) == pytest.approx(0.1)
    assert rate(config, 9, 0.1) == 1.0
    assert rate(config, 500, 0.5) == 1.0
    assert rate(config, 500, 0.75) == pytest.approx(0.5)
    assert rate(config, 500, 1.0) == pytest.approx(0.02)


def test_what_was_shown_is_learnt():
    model = tiny_model(32)
    before = accuracy(model, SAMPLES)
    rows: list[dict[str, float]] = []
    imitate(
        model,
        SAMPLES,
        replace(CONFIG, passes=12, checkpoint_minutes=1),
        held_out=SAMPLES,
        progress=rows.append,
    )
    after = accuracy(model, SAMPLES)
    assert after["held_out_loss"] < before["held_out_loss"] / 2
    assert after["held_out_reply_accuracy"] > 0.9 > before["held_out_reply_accuracy"]
    assert any("held_out_loss" in row for row in rows)
    assert any("tokens_per_second" in row for row in rows)


def test_a_reply_is_right_only_in_every_token():
    model = tiny_model(32)

    def half_right(model, batch):
        logits = torch.zeros(len(batch.targets), 32)
        logits[torch.arange(len(batch.targets)), batch.targets] = 1.0
        wrong = batch.index == 0  # the first token of the first sample's first reply
        logits[wrong] = -logits[wrong]
        return logits

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(imitation_loss, "reply_logits", half_right)
        assert accuracy(model, SAMPLES[:2])["held_out_reply_accuracy"] == 3 / 4


def test_weights_decide_what_moves_the_model():
    nothing = [replace(one, advantages=np.zeros(4, dtype=np.float32)) for one in SAMPLES]
    model = tiny_model(32)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    imitate(model, nothing, replace(CONFIG, passes=1, weight_decay=0.0))
    assert all(value.equal(before[name]) for name, value in model.state_dict().items())


def test_a_cut_run_goes_on_as_if_it_had_not_been_cut(tmp_path):
    whole = tiny_model(32)
    imitate(whole, SAMPLES, CONFIG)

    class Cut(Exception):
        pass

    def cut(row):
        if row.get("step", 0) >= 8:
            raise Cut

    with pytest.raises(Cut):
        imitate(tiny_model(32), SAMPLES, CONFIG, folder=tmp_path, identity="a", progress=cut)
    resumed = tiny_model(32, seed=5)
    last = imitate(resumed, SAMPLES, CONFIG, folder=tmp_path, identity="a")
    assert last["step"] == len(batches(SAMPLES, CONFIG))
    expected = whole.state_dict()
    assert all(value.equal(expected[name]) for name, value in resumed.state_dict().items())
    steps = [json.loads(line)["step"] for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert steps[-1] == last["step"]


def test_a_checkpoint_of_another_configuration_is_refused(tmp_path):
    imitate(tiny_model(32), SAMPLES, CONFIG, folder=tmp_path, identity="a")
    with pytest.raises(ImitationError, match="another configuration"):
        imitate(tiny_model(32), SAMPLES, CONFIG, folder=tmp_path, identity="b")


def test_a_time_limit_ends_the_training():
    last = imitate(tiny_model(32), SAMPLES, replace(CONFIG, passes=10_000, minutes=0.01))
    assert 0 < last["step"] < 10_000
    assert last["seconds"] < 10


def test_a_loss_that_is_not_finite_stops_the_run():
    model = tiny_model(32)
    with torch.no_grad():
        model.lm_head.weight[0, 0] = float("nan")
    with pytest.raises(ImitationError, match="lower the learning rate"):
        imitate(model, SAMPLES, CONFIG)


@pytest.mark.parametrize("wrong", [{"lr": 0}, {"batch_tokens": 0}, {"decay": 1.5}, {"minutes": 0}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        ImitationConfig(**wrong)
