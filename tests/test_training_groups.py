"""Which groups an iteration trains on: whole ones, ones that teach something, and none that is held up."""

from collections import Counter

import pytest
import torch
from toy_training import COLOUR_ID, toy_config, toy_model, toy_trainer

from skill_gym.agents.metrics import read_metrics
from skill_gym.agents.training_groups import TrainingGroups
from skill_gym.trajectory import read_trajectories


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return toy_model(tmp_path_factory.mktemp("model"))


def settings(folder, model, *more):
    return toy_config(
        folder, model, f"env.id={COLOUR_ID}", "env.max_steps=3", "validation.every=0",
        "evolution.enable_dynamic_update=false", "grpo.kl_coef=0", *more,
    )  # fmt: skip


CARRY = ("rollout.carry_over=true", "grpo.correction=truncated", "sampler.slots=7")


def taken(config):
    """The groups that each iteration was trained on, in a run to its end."""
    groups = []
    with toy_trainer(config) as trainer:
        take = trainer.groups.take

        def keep(number, bank):
            found = take(number, bank)
            groups.append(found)
            return found

        trainer.groups.take = keep
        trainer.train()
        weights = trainer.learner.model.state_dict()
    return groups, weights


def test_groups_are_whole_and_no_episode_is_trained_on_twice(tmp_path, model):
    groups, _ = taken(settings(tmp_path / "run", model, *CARRY))
    seen = Counter(one.episode.ticket for each in groups for one in each.played)
    assert set(seen.values()) == {1}
    for each in groups:
        sizes = Counter(one.episode.group for one in each.played)
        assert list(sizes.values()) == [4, 4, 4]
        assert len({(one.episode.group, one.episode.task_id) for one in each.played}) == 3


def test_an_iteration_does_not_wait_for_episodes_that_are_under_way(tmp_path, model):
    groups, _ = taken(settings(tmp_path / "run", model, *CARRY))
    assert all(each.figures["group/carried"] > 0 for each in groups)
    versions = [
        {completion.weights_version for completion in one.completions}
        for each in groups
        for one in each.played
    ]
    assert any(len(each) > 1 for each in versions), (
        "some episode was played under two versions of the weights"
    )


def test_no_group_is_older_than_allowed(tmp_path, model):
    for limit in (1, 3):
        groups, _ = taken(
            settings(
                tmp_path / f"{limit}", model, *CARRY, f"rollout.max_staleness={limit}", "run.iterations=10"
            )
        )
        for number, each in enumerate(groups, 1):
            begun = [int(one.episode.ticket.partition(".")[0]) for one in each.played]
            assert number - min(begun) <= limit


def test_every_task_has_its_turn_however_long_its_episodes(tmp_path, model):
    groups, _ = taken(settings(tmp_path / "run", model, *CARRY, "run.iterations=8"))
    trained = {one.episode.group for each in groups for one in each.played}
    # Only the last ones may still be under way: none was passed over.
    assert set(range(max(trained) - 6)) <= trained


def test_what_is_played_is_recorded_once(tmp_path, model):
    taken(settings(tmp_path / "run", model, *CARRY))
    files = sorted((tmp_path / "run" / "trajectories").glob("iteration-*.jsonl"))
    seeds = [(one.task.id, one.seed) for file in files for one in read_trajectories(file)]
    assert len(seeds) == len(set(seeds))
    assert len(seeds) >= 6 * 12


@pytest.mark.parametrize("more", [(), CARRY], ids=["whole iterations", "carried over"])
def test_groups_that_teach_nothing_make_room_for_others(tmp_path, model, more):
    plain, _ = taken(settings(tmp_path / "plain", model, *more))
    filled, _ = taken(settings(tmp_path / "filled", model, "rollout.max_refills=20", *more))

    def differing(groups):
        rewards = {}
        for each in groups:
            for one in each.played:
                rewards.setdefault(one.episode.group, set()).add(one.trajectory.total_reward)
        return sum(len(values) > 1 for values in rewards.values())

    assert differing(filled) == 6 * 3 > differing(plain)
    assert sum(each.figures["group/refilled"] for each in filled) > 0


def test_refills_have_an_end(tmp_path, model):
    """A reward that never differs: two refills for each of three tasks, then what there is is taken."""
    groups, _ = taken(
        settings(tmp_path / "run", model, "rollout.max_refills=2", "rollout.group_size=1", "run.iterations=2")
    )
    assert [len(each.played) for each in groups] == [3, 3]
    assert [each.figures["group/refilled"] for each in groups] == [6, 6]


@pytest.mark.parametrize(
    "more", [CARRY, (*CARRY, "rollout.max_refills=3")], ids=["carry", "carry and refill"]
)
def test_a_resumed_run_goes_on_with_what_was_under_way(tmp_path, model, more):
    def run(folder, iterations, resume=False):
        config = settings(
            tmp_path / folder, model, *more, f"run.iterations={iterations}", "run.checkpoint_every=1"
        )
        with toy_trainer(config, resume=resume) as trainer:
            under_way = len(trainer.groups.to_json()["under_way"])
            trainer.train()
            return trainer.learner.model.state_dict(), under_way

    whole, _ = run("whole", 6)
    run("cut", 3)
    resumed, under_way = run("cut", 6, resume=True)
    assert under_way > 0
    assert all(torch.equal(resumed[name], whole[name]) for name in whole)
    mine, theirs = (
        [
            (row["reward"], row["group/carried"], row["loss/total"])
            for row in read_metrics(tmp_path / name / "metrics.jsonl")
        ]
        for name in ("cut", "whole")
    )
    assert mine == theirs


def test_an_episode_that_does_not_come_to_its_place_again_is_played_anew(tmp_path, model):
    """As with a server that answers otherwise by now: what is said of the place is another's."""
    config = settings(tmp_path / "run", model, *CARRY, "run.iterations=3", "run.checkpoint_every=1")
    with toy_trainer(config) as trainer:
        trainer.train()
        state = trainer.groups.to_json()
    assert state["under_way"]
    for row in state["under_way"]:
        row["place"] = "elsewhere"
    with toy_trainer(config, resume=True) as trainer:
        trainer.groups.close()
        again = TrainingGroups(config, trainer.stage, trainer.groups.tasks, trainer.groups.arms)
        again.restore(state, trainer.folder.load_bank)
        told = again.to_json()
        again.close()
    assert told["under_way"] == []
    assert {row["ticket"] for row in state["under_way"]} <= set(told["waiting"])
