"""Runs whose replies are held to a structure: nothing is invalid, and the trainer finds the same numbers."""

import json
from functools import partial

import gymnasium as gym
import pytest
import torch
from held_replies import answers, check_held, held_requests, mismatches, played
from tiny_model import save_tiny_model, tiny_model, tiny_tokenizer
from toy_env import TOY_ID
from toy_training import COLOUR_ID, toy_config, toy_trainer

from skill_gym.agents.metrics import read_metrics
from skill_gym.agents.played_record import played_from_json, played_to_json
from skill_gym.agents.policy import PolicyError, Sampling
from skill_gym.agents.rollout import play
from skill_gym.agents.scripted import RandomPolicy
from skill_gym.agents.slot import Episode, Slot
from skill_gym.agents.transformers_policy import TransformersPolicy
from skill_gym.benchmarks import suite
from skill_gym.benchmarks.cli import main
from skill_gym.trajectory import read_trajectories
from skill_gym.wrappers.reply_pattern import reply_pattern
from skill_gym.wrappers.tagged_action import TaggedAction
from skill_gym.wrappers.task_prompt import TaskPrompt

pytest.importorskip("xgrammar")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("model"), hidden=32)


def settings(folder, model, *more):
    return toy_config(
        folder, model, f"env.id={COLOUR_ID}", "env.max_steps=3", "sampler.max_new_tokens=24",
        "validation.every=2", "validation.tasks=2", "evolution.enable_dynamic_update=false",
        "run.iterations=2", *more,
    )  # fmt: skip


def train(config, **arguments):
    with toy_trainer(config, **arguments) as trainer:
        trainer.train()
        return trainer


def test_transformers_hold_replies_and_tell_their_logprobs_among_what_was_allowed():
    tokenizer = tiny_tokenizer()
    policy = TransformersPolicy(tiny_model(len(tokenizer) + 10, context=256), tokenizer)
    found = answers(policy, held_requests())
    check_held(found)
    with_masks, without = mismatches(policy.model, policy, list(found.values()))
    assert with_masks < 1e-5
    assert without > 2
    kept = played_from_json(json.loads(json.dumps(played_to_json(played(*found.values())))))
    assert kept.completions == tuple(found.values())


@pytest.mark.parametrize(("structure", "think"), [("format", True), ("admissible", False)])
def test_a_slot_says_what_its_environment_wants(structure, think):
    slot = Slot(TaskPrompt(TaggedAction(gym.make(TOY_ID)), think=think), "nobody")
    slot.begin(Episode("a", slot.env.unwrapped.tasks[0].id, seed=0))
    commands = slot.info["admissible_commands"] if structure == "admissible" else ()
    assert slot.request(Sampling()).sampling.pattern is None
    found = slot.request(Sampling(structure=structure)).sampling.pattern
    assert found == reply_pattern(("action",), think=think, commands=commands)


@pytest.mark.parametrize(("structure", "valid"), [("admissible", True), ("none", False)])
def test_a_random_model_says_nothing_but_admissible_commands_of_alfworld(structure, valid):
    model = tiny_model(400, hidden=32, context=4096)
    policy = TransformersPolicy(model, tiny_tokenizer())
    made = partial(suite.make, "skill_gym/ALFWorld-v0", bank=None, max_episode_steps=4)
    tasks = made().get_wrapper_attr("tasks")
    episodes = [Episode(str(number), tasks[number].id, seed=number) for number in range(3)]
    sampling = Sampling(structure=structure, max_new_tokens=60)
    turns = [
        turn
        for one in play(made, policy, episodes, slots=3, sampling=sampling)
        for turn in one.trajectory.turns
    ]
    assert len(turns) == 12
    assert {turn.valid for turn in turns} == {valid}


@pytest.mark.parametrize("packing", ["tree", "padded"])
def test_a_run_has_no_invalid_reply_and_no_mismatch(tmp_path, model, packing):
    config = settings(tmp_path / "run", model, "sampler.structure=admissible", f"grpo.packing={packing}")
    train(config)
    for row in read_metrics(tmp_path / "run" / "metrics.jsonl"):
        assert row["episode/invalid_share"] == 0
        assert row["learner/mismatch_max"] < 1e-5
        assert row["learner/grad_norm"] > 0
    for file in (tmp_path / "run" / "trajectories").iterdir():
        assert all(turn.valid for one in read_trajectories(file) for turn in one.turns)


def test_a_free_run_of_this_model_has_nothing_valid(tmp_path, model):
    train(settings(tmp_path / "run", model, "run.iterations=1"))
    (row,) = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert row["episode/invalid_share"] == 1


def test_the_kl_in_the_reward_is_of_masked_distributions(tmp_path, model):
    config = settings(
        tmp_path / "run", model, "sampler.structure=admissible", "grpo.kl_in=reward", "grpo.kl_coef=0.1"
    )
    train(config)
    assert read_metrics(tmp_path / "run" / "metrics.jsonl")[-1]["learner/mismatch_max"] < 1e-5


def test_episodes_that_are_taken_up_again_have_their_grammar(tmp_path, model):
    more = (
        "sampler.structure=admissible", "rollout.carry_over=true", "grpo.correction=truncated",
        "sampler.slots=7", "validation.every=0", "run.checkpoint_every=1",
    )  # fmt: skip
    whole = train(settings(tmp_path / "whole", model, *more, "run.iterations=2"))
    cut = train(settings(tmp_path / "cut", model, *more, "run.iterations=1"))
    state = cut.groups.to_json()
    assert state["under_way"]
    assert all(reply["pattern"] for row in state["under_way"] for reply in row["replies"])
    resumed = train(settings(tmp_path / "cut", model, *more, "run.iterations=2"), resume=True)
    mine, theirs = resumed.learner.model.state_dict(), whole.learner.model.state_dict()
    assert all(torch.equal(mine[name], theirs[name]) for name in theirs)


def test_who_has_no_tokens_is_refused(tmp_path, model, capsys):
    class Nobody(RandomPolicy):
        weights_version = 0

        def load_weights(self, state, version):
            self.weights_version = version

    with pytest.raises(PolicyError, match="has no tokens to hold"):
        train(settings(tmp_path / "run", model, "sampler.structure=format"), policy=Nobody(0))
    assert main(["evaluate", "--policy", "random", "--structure", "admissible", "--limit", "1"]) == 2
    assert "random has none" in capsys.readouterr().err
