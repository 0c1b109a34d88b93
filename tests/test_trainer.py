"""The whole loop on toy environments: what it plays, what it leaves behind, that it learns."""

import dataclasses
import json
import os
from collections import Counter

import pytest
import torch
from toy_env import TOY_ID
from toy_training import COLOUR_ID, toy_config, toy_model, toy_trainer, train_until

from skill_gym.agents.credit import credit_samples
from skill_gym.agents.grpo_config import GRPOConfig
from skill_gym.agents.metrics import read_metrics
from skill_gym.agents.policy import Completion
from skill_gym.agents.rollout import Episode, Played
from skill_gym.agents.run_folder import RunFolderError
from skill_gym.agents.schedule import TaskOrder, episode_seed
from skill_gym.agents.sections import ConfigError
from skill_gym.agents.trainer import Trainer
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.teacher import Proposal, TeacherAnswer
from skill_gym.trajectory import Task, Trajectory, Turn, read_trajectories


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return toy_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def run(tmp_path_factory, model):
    """A finished run of six iterations: its folder and the progress that it reported."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    reported = []
    with toy_trainer(toy_config(folder, model), progress=lambda *one: reported.append(one)) as trainer:
        trainer.train()
    return folder, reported


def test_the_run_folder_holds_everything(run):
    folder, _ = run
    assert (folder / "config.yaml").is_file()
    assert [row["iteration"] for row in read_metrics(folder / "metrics.jsonl")] == [1, 2, 3, 4, 5, 6]
    assert list((folder / "tensorboard").iterdir())
    assert len(list((folder / "trajectories").glob("iteration-*.jsonl"))) == 6
    assert len(list((folder / "trajectories").glob("validation-*.jsonl"))) == 3
    assert [one.name for one in sorted((folder / "checkpoints").iterdir())] == [
        "iteration-000004",
        "iteration-000006",
    ]


def test_groups_share_task_and_bank_and_differ_in_seed(run):
    folder, _ = run
    seeds = []
    for file in sorted((folder / "trajectories").glob("iteration-*.jsonl")):
        played = list(read_trajectories(file))
        assert sorted(Counter(one.task.id for one in played).values()) == [4, 4, 4]
        assert len({one.bank_version for one in played}) == 1
        seeds += [one.seed for one in played]
    assert len(set(seeds)) == len(seeds) == 6 * 12


def test_tasks_come_without_replacement(run):
    folder, _ = run
    files = sorted((folder / "trajectories").glob("iteration-*.jsonl"))
    tasks = [{one.task.id for one in read_trajectories(file)} for file in files]
    # Twelve tasks, three an iteration: an epoch is four iterations.
    assert len(set.union(*tasks[:4])) == 12


def test_a_new_bank_takes_effect_after_the_validation_it_came_from(run):
    folder, reported = run
    versions = {number: metrics["bank/version"] for number, metrics in reported}
    assert versions[1] != versions[2]
    (validated,) = {
        one.bank_version for one in read_trajectories(folder / "trajectories" / "validation-000002.jsonl")
    }
    assert validated == versions[1]
    (trained,) = {
        one.bank_version for one in read_trajectories(folder / "trajectories" / "iteration-000003.jsonl")
    }
    assert trained == versions[2]
    (later,) = {
        one.bank_version for one in read_trajectories(folder / "trajectories" / "validation-000004.jsonl")
    }
    assert later == versions[3] == versions[2]
    evolution = json.loads((folder / "banks" / "evolution-000002.json").read_text())
    assert evolution["added"]
    bank = SkillBank.load(folder / "banks" / f"{versions[2]}.json")
    assert [one["id"] for one in evolution["added"]] == list(bank.ids)
    assert all("validation" in bank.get(name).provenance.splits for name in bank.ids)


def test_validation_says_how_many_skills_came_from_its_own_tasks(run):
    _, reported = run
    counts = [one["validation/leaked_skills"] for _, one in reported if "validation/leaked_skills" in one]
    # Of the skills in force: those of the first validation are shown in the second, on the same tasks.
    assert counts[0] == 0
    assert counts[1] >= 1


def test_what_validation_asks_and_other_replies_stay_out_of_the_bank(tmp_path, model):
    class Telltale:
        name = "telltale"

        def ask(self, request):
            told = Proposal("What to do", f"In this house {request.trajectories[0].task.goal}", None)
            spoken = Proposal("Reply", "Just write <answer>blue</answer> and be done with it.", None)
            return TeacherAnswer((told, spoken, Proposal("Keys", "Look which key fits which lock.", None)))

    folder = tmp_path / "run"
    with Trainer(toy_config(folder, model, "run.iterations=2"), teacher=Telltale()) as trainer:
        trainer.train()
        assert [skill.title for skill in trainer.bank.skills] == ["Keys"]
    evolution = json.loads((folder / "banks" / "evolution-000002.json").read_text())
    reasons = {one["title"]: one["reason"] for one in evolution["skipped"]}
    assert reasons["What to do"].startswith("benchmark answer in principle")
    assert reasons["Reply"].startswith("command grammar in principle")


def test_validation_plays_each_task_once(run):
    folder, _ = run
    for file in (folder / "trajectories").glob("validation-*.jsonl"):
        tasks = [one.task.id for one in read_trajectories(file)]
        assert len(tasks) == len(set(tasks)) == 4
        assert all(task.startswith("validation/") for task in tasks)


def test_metrics_name_what_a_reader_looks_for(run):
    _, reported = run
    names = set().union(*(metrics for _, metrics in reported))
    assert names >= {
        "reward",
        "success",
        "success/open_box",
        "episode/length",
        "episode/broken",
        "episode/invalid_share",
        "group/zero_variance",
        "loss/kl",
        "loss/entropy",
        "learner/clip_fraction",
        "learner/grad_norm",
        "learner/mismatch_mean",
        "learner/tokens_per_second",
        "rollout/occupancy",
        "rollout/tokens_per_second",
        "validation/success",
        "validation/success/open_box",
        "bank/size",
        "bank/version",
        "time/rollout",
        "time/update",
        "time/iteration",
    }
    assert all(metrics["learner/mismatch_max"] < 1e-4 for _, metrics in reported)


def test_a_frozen_bank_is_validated_while_training_uses_the_evolved_one(tmp_path, model):
    config = toy_config(tmp_path / "run", model, "validation.bank=frozen", "run.iterations=4")
    with toy_trainer(config) as trainer:
        first = trainer.bank.version
        trainer.train()
        assert trainer.bank.version != first
    folder = tmp_path / "run" / "trajectories"
    assert {one.bank_version for one in read_trajectories(folder / "validation-000004.jsonl")} == {first}
    assert {one.bank_version for one in read_trajectories(folder / "iteration-000003.jsonl")} != {first}


def test_validation_before_training_is_iteration_zero(tmp_path, model):
    config = toy_config(tmp_path / "run", model, "validation.before_training=true", "run.iterations=0")
    with toy_trainer(config) as trainer:
        trainer.train()
    (row,) = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert row["iteration"] == 0
    assert row["validation/episode/count"] == 4
    assert row["bank/generation"] == 0


def test_fresh_validation_plays_the_next_tasks_each_time(tmp_path, model):
    fresh = ("validation.fresh=true", "validation.first=2", "validation.tasks=3", "run.iterations=4")
    with toy_trainer(toy_config(tmp_path / "run", model, *fresh)) as trainer:
        trainer.train()
    played = [
        {one.task.id for one in read_trajectories(file)}
        for file in sorted((tmp_path / "run" / "trajectories").glob("validation-*.jsonl"))
    ]
    assert [len(tasks) for tasks in played] == [3, 3]
    assert not played[0] & played[1]
    other = toy_trainer(toy_config(tmp_path / "other", model))
    known = other.stage.tasks(other.bank, "validation")
    assert not {task.id for task in known[:2]} & (played[0] | played[1])
    with pytest.raises(ConfigError, match="11 to 14"):
        toy_trainer(toy_config(tmp_path / "third", model, *fresh, "run.iterations=6"))


@pytest.mark.parametrize("layout", ["transcript", pytest.param("step", marks=pytest.mark.slow)])
def test_grpo_learns_the_toy_task(tmp_path, model, layout):
    """From 1 in 34 replies by chance to valid ones; that it reads the task, see ``test_algorithms.py``."""
    config = toy_config(
        tmp_path / "run",
        model,
        f"env.id={COLOUR_ID}",
        f"env.layout={layout}",
        "env.max_steps=3",
        "validation.every=0",
        "evolution.enable_dynamic_update=false",
        "rollout.group_size=24",
        "grpo.lr=1e-2",
        "grpo.mini_batch_size=72",
        "grpo.kl_coef=0",
        "run.iterations=28",
        "run.checkpoint_every=100",
    )

    def learnt(rows):
        late = [row["reward"] for row in rows[3:][-5:]]
        return sum(late) / 5 > 0.5 and rows[-1]["episode/invalid_share"] < 0.15

    with toy_trainer(config) as trainer:
        rows = train_until(trainer, learnt)
    assert sum(row["reward"] for row in rows[:3]) / 3 < 0.25
    assert learnt(rows)
    assert rows[0]["episode/invalid_share"] > 0.8


def test_a_folder_with_a_run_is_not_overwritten(run, model):
    folder, _ = run
    with pytest.raises(RunFolderError, match="already holds a run"):
        toy_trainer(toy_config(folder, model))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused(tmp_path, model):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(RunFolderError, match="cannot be written"):
        toy_trainer(toy_config(tmp_path / "locked" / "run", model))


def test_a_run_folder_that_is_a_file_is_refused_before_any_work(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("skill_gym.agents.run_learner.load_model", lambda *_: pytest.fail("work was begun"))
    with pytest.raises(RunFolderError, match=r"set another run\.folder"):
        toy_trainer(toy_config(tmp_path / "file" / "run", tmp_path))


def played(group, reward, *, ended="failed", tokens=(5,), valid=True):
    task = Task("a", "k", TOY_ID, "train", "type", "goal")
    boundary = "env" if ended == "broken" else None
    trajectory = Trajectory(task, (Turn("", "", "", "", valid, reward),), ended, boundary=boundary)
    completion = Completion("t", (1, 2) if tokens else (), tokens, (-1.0,) * len(tokens), "")
    return Played(Episode(f"{group}-{reward}", "a", 0, group), trajectory, (completion,))


def test_broken_episodes_are_left_out_of_their_group(caplog):
    samples, counts = credit_samples(
        [played(0, 1.0), played(0, 0.0), played(0, 0.0, ended="broken"), played(1, 1.0, ended="broken")],
        GRPOConfig(),
    )
    assert [sample.advantages.tolist()[0] for sample in samples] == pytest.approx([0.7071, -0.7071], abs=1e-3)
    assert counts["group/count"] == 1
    assert counts["group/all_broken"] == 1
    assert "all their episodes are broken" in caplog.text


def test_episodes_without_tokens_are_counted():
    samples, counts = credit_samples([played(0, 1.0), played(0, 0.0, tokens=())], GRPOConfig())
    assert len(samples) == 1
    assert counts["episode/without_tokens"] == 1
    assert credit_samples([], GRPOConfig())[0] == []


def test_partly_right_episodes_count_as_scores_or_not_at_all():
    episodes = [played(0, 1.0, ended="solved"), played(0, 0.5), played(0, 0.0)]
    for returns, expected in (("score", [0.5, 0.0, -0.5]), ("success", [2 / 3, -1 / 3, -1 / 3])):
        samples, _ = credit_samples(episodes, GRPOConfig(returns=returns, scale="none"))
        assert [sample.advantages.tolist()[0] for sample in samples] == pytest.approx(expected)


def test_invalid_replies_are_penalised_where_all_fail():
    samples, counts = credit_samples(
        [played(0, 0.0), played(0, 0.0, valid=False)], GRPOConfig(invalid_penalty=0.1)
    )
    assert [sample.advantages.tolist() for sample in samples] == [[0.0], [pytest.approx(-0.1)]]
    assert counts["group/zero_variance"] == 1


def test_the_task_order_depends_on_the_cursor_only():
    order = TaskOrder(7, seed=3)
    whole = order.take(0, 21)
    assert [sorted(whole[start : start + 7]) for start in (0, 7, 14)] == [list(range(7))] * 3
    assert whole[:7] != whole[7:14]
    assert order.take(5, 9) == whole[5:14]
    assert TaskOrder(7, seed=4).take(0, 7) != whole[:7]
    with pytest.raises(ValueError, match="no tasks"):
        TaskOrder(0, seed=0)


def test_episode_seeds_differ_in_every_part():
    seeds = {episode_seed(*parts) for parts in [(0, 1, 2, 3), (0, 1, 3, 2), (1, 1, 2, 3), (0, 1, 2)]}
    assert len(seeds) == 4
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_weights_reach_the_policy_after_each_update(tmp_path, model):
    config = toy_config(tmp_path / "run", model, "run.iterations=1", "validation.every=0")
    synced = []
    with toy_trainer(config) as trainer:
        take = trainer.policy.load_weights
        trainer.policy.load_weights = lambda state, version: (
            synced.append((version, {name: value.clone() for name, value in state.items()})),
            take(state, version),
        )
        trainer.train()
        weights = trainer.learner.model.state_dict()
    ((version, state),) = synced
    assert version == 1
    assert all(torch.equal(state[name], value) for name, value in weights.items())
    assert dataclasses.asdict(config)["run"]["iterations"] == 1


def test_siblings_share_one_retrieval():
    from skill_gym.agents.env_stack import RememberingRetriever
    from skill_gym.skillbanks.retrieval import ByTaskType

    asked = []

    class Counting(ByTaskType):
        def retrieve(self, tasks):
            asked.append([task.id for task in tasks])
            return super().retrieve(tasks)

    first, second = (Task(name, name, TOY_ID, "train", "open_box", "open the red box.") for name in "ab")
    retriever = RememberingRetriever(Counting(SkillBank.empty()))
    assert retriever.retrieve([first, second, first]) == ByTaskType(SkillBank.empty()).retrieve(
        [first, second, first]
    )
    retriever.retrieve([second])
    assert asked == [["a", "b"]]
    assert (
        retriever.with_bank(SkillBank.starter("alfworld")).bank.version
        == SkillBank.starter("alfworld").version
    )


def test_only_a_policy_of_its_own_is_closed(tmp_path, model):
    closed = []
    with toy_trainer(toy_config(tmp_path / "one", model)) as trainer:
        policy = trainer.policy
        policy.close = lambda: closed.append("own")
    with toy_trainer(toy_config(tmp_path / "two", model), policy=policy):
        pass
    assert closed == ["own"]
