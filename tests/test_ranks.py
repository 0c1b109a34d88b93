"""Several ranks learn what one does: gradients, weights, figures, checkpoints; and they end as one."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from ranks_run import CASES, SIZES, learner, samples
from toy_training import toy_model

from skill_gym.agents.metrics import read_metrics
from skill_gym.agents.ranks import ALONE, Ranks, RanksError, open_ranks, rank_device
from skill_gym.benchmarks.cli import main

pytest.importorskip("peft", reason="needs the extra 'lora'")

TESTS = Path(__file__).resolve().parent
SPEED = {"seconds", "tokens_per_second", "tokens", "token_reuse"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """What each rank of each run wrote, by the run's name and size."""
    folder = tmp_path_factory.mktemp("ranks")
    path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, str(TESTS / "ranks_run.py"), str(folder)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    found: dict[tuple[str, int], list] = {}
    for file in sorted(folder.glob("*.pt")):
        name, size, _ = file.stem.split("-")
        found.setdefault((name, int(size)), []).append(torch.load(file, weights_only=False))
    found["said", 0] = [done.stdout, done.stderr]
    return found


def flat(weights):
    return torch.cat([weights[name].float().flatten() for name in sorted(weights)])


def whole_gradient(ranks, case, step):
    found = {piece: value for rank in ranks for piece, value in rank[case]["gradients"][step].items()}
    return torch.cat([found[piece] for piece in sorted(found, key=lambda one: (one.parameter, one.start))])


def distance(one, other):
    return float((one - other).norm() / other.norm())


def test_all_ranks_end_well_but_one_that_was_killed_or_failed_outside(runs):
    ends = runs["said", 0][0].splitlines()
    assert ends == [
        "everything 1 [0]",
        "everything 2 [0, 0]",
        "everything 3 [0, 0, 0]",
        "refuse 3 [0, 0, 0]",
        "abandon 2 [-9, 0]",
        "falter 2 [1, 0]",
    ], runs["said", 0][1][-4000:]


@pytest.mark.parametrize("size", SIZES[1:])
@pytest.mark.parametrize("case", list(CASES))
def test_gradients_are_those_of_one_process(runs, case, size):
    several, alone = runs["everything", size], runs["everything", 1]
    steps = len(alone[0][case]["gradients"])
    assert steps > 1
    for step in range(steps):
        ours, theirs = whole_gradient(several, case, step), whole_gradient(alone, case, step)
        assert theirs.norm() > 0
        # Later steps are taken from weights that differ by rounding; in bfloat16 the order of sums tells.
        bound = 0.1 if case == "half" else 2e-5 if step else 3e-6
        assert distance(ours, theirs) < bound


@pytest.mark.parametrize("size", SIZES[1:])
@pytest.mark.parametrize("case", list(CASES))
def test_weights_and_figures_are_those_of_one_process(runs, case, size):
    several, (alone,) = [rank[case] for rank in runs["everything", size]], runs["everything", 1]
    exact = {"rel": 0.1, "abs": 0.01} if case == "half" else {"rel": 1e-4, "abs": 1e-6}
    for rank in several:
        # Of all ranks alike, to the last bit.
        assert torch.equal(flat(rank["weights"]), flat(several[0]["weights"]))
    moved = distance(flat(alone[case]["weights"]), flat(alone[case]["then"]))
    assert moved > 1e-6
    assert distance(flat(several[0]["weights"]), flat(alone[case]["weights"])) < (
        1e-3 if case == "half" else 1e-7
    )
    ours, theirs = several[0]["figures"], alone[case]["figures"]
    assert ours.keys() == theirs.keys()
    for name in theirs.keys() - SPEED - ({"approx_kl"} if case == "half" else set()):
        assert ours[name] == pytest.approx(theirs[name], **exact), name
    if case != "half":
        assert several[0]["kl"] == pytest.approx(alone[case]["kl"], rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_a_checkpoint_goes_on_bit_for_bit_and_on_any_number_of_ranks(runs, size):
    ranks, (alone,) = runs["everything", size], runs["everything", 1]
    for rank in ranks:
        assert torch.equal(flat(rank[f"resumed from {size}"]["weights"]), flat(ranks[0]["half"]["weights"]))
    moved = ranks[0]["resumed from 1"]["state"]["optimizer"]["state"]
    kept = alone["half"]["state"]["optimizer"]["state"]
    assert moved.keys() == kept.keys()
    for number, entry in kept.items():
        assert entry.keys() == {"step", "exp_avg", "exp_avg_sq", "master"}
        assert all(torch.equal(entry[name], moved[number][name]) for name in entry)
    assert distance(flat(ranks[0]["resumed from 1"]["weights"]), flat(alone["half"]["weights"])) < 1e-3


def test_a_loss_that_is_no_number_on_one_rank_is_refused_by_all_and_they_go_on(runs):
    first = runs["refuse", 3][0]
    assert "LearnerError: optimiser step 0: the loss is nan" in first["errors"][0]
    assert torch.equal(flat(first["after"][0]), flat(first["before"]))
    assert first["errors"][1] == ""
    assert not torch.equal(flat(first["after"][1]), flat(first["before"]))


def test_a_rank_that_fails_ends_the_run_on_all(runs):
    first, second, third = runs["refuse", 3]
    told = "rank 2 of 3 failed: MemoryError: no room on this rank"
    assert first["errors"][2] == f"RanksError: {told}"
    assert second["errors"] == [told]
    assert third["errors"] == ["no room on this rank"]
    assert torch.equal(flat(first["after"][2]), flat(first["after"][1]))


def test_when_the_first_rank_is_killed_the_others_end(runs):
    assert "the first rank has ended without a word" in runs["abandon", 2][0]["error"]


def test_a_first_rank_that_fails_does_not_wait_for_the_others_to_hear_of_it(runs):
    assert "another rank has ended without a word" in runs["falter", 2][0]["error"]
    assert "MemoryError: no room for the first" in runs["said", 0][1]


def test_log_probabilities_travel_without_the_memory_of_the_others():
    made, sent = samples(count=40), []

    class Counting(Ranks):
        def together(self, work):
            found = work()
            sent.append(len(pickle.dumps(found)))
            return [found]

    one = learner("trees", Counting())
    sent.clear()
    one.episode_kl(made)
    numbers = sum(sample.replies for sample in made)
    # Of the model and of its reference.
    assert len(sent) == 2
    assert max(sent) < 4 * numbers + 200 * len(made)


def test_without_torchrun_a_process_is_alone():
    for environ in ({}, {"WORLD_SIZE": "1", "RANK": "0"}):
        with open_ranks("cpu", environ=environ) as ranks:
            assert ranks is ALONE


def test_half_of_torchruns_variables_is_refused():
    with (
        pytest.raises(RanksError, match=r"WORLD_SIZE are set, but not RANK, .*torchrun --nproc-per-node"),
        open_ranks("cpu", environ={"WORLD_SIZE": "4"}),
    ):
        pass


def test_each_process_has_a_gpu_of_its_own_or_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    second = {"WORLD_SIZE": "3", "LOCAL_RANK": "1"}
    for name in ("auto", "cuda"):
        assert rank_device(name, environ=second) == torch.device("cuda:1")
    assert rank_device("cpu", environ=second) == torch.device("cpu")
    assert rank_device("cuda:1", environ={}) == torch.device("cuda:1")
    with pytest.raises(RanksError, match=r"process 2 .*there are 2; start with --nproc-per-node 2"):
        rank_device("auto", environ={"WORLD_SIZE": "3", "LOCAL_RANK": "2"})
    with pytest.raises(RanksError, match="sends all processes to one GPU"):
        rank_device("cuda:0", environ=second)


def test_torchrun_trains_as_one_process_does_and_one_process_goes_on(tmp_path):
    model = toy_model(tmp_path / "model")

    def settings(run, iterations):
        return [
            f"model.path={model}",
            f"run.folder={tmp_path / run}",
            f"run.iterations={iterations}",
            "env.max_steps=2",
            "bank.path=empty",
            "grpo.kl_coef=0.01",
            "grpo.mini_batch_size=5",
            "grpo.lr=1e-4",
            "rollout.tasks_per_iteration=2",
            "rollout.group_size=4",
            "sampler.backend=transformers",
            "sampler.max_new_tokens=1",
            "validation.every=0",
            "run.checkpoint_every=1",
        ]

    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*command, "-m", "skill_gym.benchmarks", "train", *settings("two", 1)],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.count("run folder:") == 1
    assert main(["train", "--resume", *settings("two", 2)]) == 0
    assert main(["train", *settings("one", 2)]) == 0
    two, one = (read_metrics(tmp_path / run / "metrics.jsonl") for run in ("two", "one"))
    assert [row["iteration"] for row in two] == [1, 2]
    for ours, theirs in zip(two, one, strict=True):
        for name in ("loss/kl", "learner/grad_norm", "learner/ratio_max", "learner/reply_tokens"):
            assert ours[name] == pytest.approx(theirs[name], rel=1e-3, abs=1e-6), name
        assert ours["learner/grad_norm"] > 0
