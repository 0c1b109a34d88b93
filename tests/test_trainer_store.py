"""Training on a shared store: a reviewer in another process has his way, and a killed run goes on from it."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from toy_training import toy_config, toy_model, toy_trainer

from skill_gym.agents.metrics import read_metrics
from skill_gym.agents.ruling import Ruling
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.candidate_trials import Decision
from skill_gym.skillbanks.skill import Skill
from skill_gym.skillbanks.store import BankStore
from skill_gym.skillbanks.store_events import Kind, State
from skill_gym.skillbanks.store_schema import StoreError
from skill_gym.trajectory import read_trajectories

TESTS = Path(__file__).resolve().parent
TRIALS = ("trials.enable=true", "trials.withhold=0.3")
REVIEW = """
import sys
from skill_gym.skillbanks.store import BankStore
path, verb, *ids = sys.argv[1:]
with BankStore.open(path, write=True) as store:
    getattr(store, verb)(ids, reason="the reviewer knows better", actor="Ada")
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return toy_model(tmp_path_factory.mktemp("model"))


def review(store: Path, verb: str, *ids: str) -> None:
    """What a reviewer does, in a process of his own."""
    subprocess.run([sys.executable, "-c", REVIEW, str(store), verb, *ids], check=True, timeout=60)


def shown(run: Path, iteration: int) -> set[str]:
    """Ids that the iteration's prompts could hold: those of its one bank version."""
    played = list(read_trajectories(run / "trajectories" / f"iteration-{iteration:06d}.jsonl"))
    (version,) = {one.bank_version for one in played}
    return set(SkillBank.load(run / "banks" / f"{version}.json").ids)


def timeless(run: Path) -> list[dict[str, object]]:
    rows = read_metrics(run / "metrics.jsonl")
    timed = ("time/", "rollout/", "learner/seconds", "learner/tokens_per_second")
    return [{name: value for name, value in row.items() if not name.startswith(timed)} for row in rows]


def test_a_run_that_began_with_a_store_goes_on_without_it(tmp_path, model):
    path = tmp_path / "bank.db"
    with BankStore.open(path, write=True) as store:
        store.publish(SkillBank.empty().with_skills([Skill("g_1", "Keys", "Mind colours.")]), reason="x")
        store.retire(["g_1"], reason="a later version")
    settings = (f"bank.path={path}@1", "validation.every=0")
    with toy_trainer(toy_config(tmp_path / "run", model, *settings, "run.iterations=2")) as trainer:
        trainer.train()
        assert trainer.bank.ids == ("g_1",)
    with BankStore.open(path) as store:
        assert store.head.number == 2, "a bank.path is only read"
    path.unlink()
    config = toy_config(tmp_path / "run", model, *settings, "run.iterations=3")
    with toy_trainer(config, resume=True) as trainer:
        trainer.train()
        assert trainer.iteration == 3
        assert trainer.bank.ids == trainer.banks.first.ids == ("g_1",)
    assert shown(tmp_path / "run", 3) == {"g_1"}


def test_a_store_that_is_deleted_under_a_run_ends_it(tmp_path, model):
    path = tmp_path / "bank.db"

    def progress(number, metrics):
        if number == 2:
            path.unlink()

    config = toy_config(tmp_path / "run", model, f"bank.store={path}", "run.iterations=4")
    with (
        toy_trainer(config, progress=progress) as trainer,
        pytest.raises(StoreError, match="removed or replaced"),
    ):
        trainer.train()
    assert trainer.iteration == 2


def test_a_retired_skill_is_gone_from_the_next_iteration_on_and_stays_so(tmp_path, model):
    run, path = tmp_path / "run", tmp_path / "bank.db"

    def after(iteration, metrics):
        if iteration == 2:
            review(path, "retire", "dyn_001")

    config = toy_config(run, model, f"bank.store={path}", "run.name=toy-run")
    with toy_trainer(config, progress=after) as trainer:
        trainer.train()
        bank = trainer.bank
    assert read_metrics(run / "metrics.jsonl")[1]["bank/size"] == 1
    assert "dyn_001" not in set().union(*(shown(run, number) for number in (3, 4, 5, 6)))
    assert bank.ids == ("dyn_002", "dyn_003")
    with BankStore.open(path) as store:
        assert store.bank.dumps() == bank.dumps()
        assert [event.kind for event in store.blame("dyn_001")] == [Kind.ADDED, Kind.RETIRED]
        (added,) = store.blame("dyn_003")
        assert added.actor.startswith("toy-run #")
        assert added.teacher == "toy"
        assert "validation after iteration 6" in added.reason
        assert added.splits == ("validation",)
        assert added.trajectory_ids


def test_a_restored_skill_comes_back_and_a_retirement_amid_evolution_is_kept(tmp_path, model):
    run, path = tmp_path / "run", tmp_path / "bank.db"
    with BankStore.open(path, write=True) as store:
        first = SkillBank.empty().with_skills([Skill("gen_001", "Old", "A."), Skill("gen_002", "B", "C.")])
        store.publish(first, reason="import", actor="Ada")
        store.retire(["gen_002"], reason="wrong", actor="Ada")
    config = toy_config(run, model, f"bank.store={path}", "run.iterations=4")
    with toy_trainer(config) as trainer:
        update = trainer.learner.update

        def while_it_learns(samples):
            if trainer.iteration == 1:
                # After the episodes of iteration 2, before its evolution.
                review(path, "retire", "gen_001")
                review(path, "restore", "gen_002")
            return update(samples)

        trainer.learner.update = while_it_learns
        trainer.train()
        bank = trainer.bank
    assert shown(run, 2) == {"gen_001"}
    assert shown(run, 3) == {"gen_002", "dyn_001"}
    assert bank.ids == ("gen_002", "dyn_001", "dyn_002")
    assert (run / "banks" / f"{bank.version}.json").read_text() == bank.dumps()


def test_candidates_wait_in_the_store_and_a_reviewer_may_decide(tmp_path, model):
    run, path = tmp_path / "run", tmp_path / "bank.db"

    def after(iteration, metrics):
        if iteration == 4:
            review(path, "approve", "dyn_001")
            review(path, "reject", "dyn_002")

    config = toy_config(run, model, f"bank.store={path}", *TRIALS)
    with toy_trainer(config, progress=after) as trainer:
        trainer.train()
        assert trainer.trials.trials.verdict("dyn_001") == "admit"
        assert trainer.trials.trials.verdict("dyn_002") == "retire"
        assert trainer.trials.trials.open_ids == ("dyn_003",)
        assert trainer.bank.ids == ("dyn_001",)
        evidence = trainer.trials.book.to_rows()
    assert shown(run, 4) == set()
    assert shown(run, 5) == {"dyn_001"}
    drawn = {
        name
        for number in (5, 6)
        for one in read_trajectories(run / "trajectories" / f"iteration-{number:06d}.jsonl")
        for name in one.meta.get("bank_arm", {}).get("candidates", ())
    }
    assert not drawn & {"dyn_001", "dyn_002"}
    with BankStore.open(path) as store:
        assert store.state("dyn_003") is State.CANDIDATE
        assert store.load_evidence() == evidence
        assert evidence


def test_approved_at_the_moment_of_its_admission_a_skill_enters_once(tmp_path, model, monkeypatch):
    run, path = tmp_path / "run", tmp_path / "bank.db"
    with toy_trainer(toy_config(run, model, f"bank.store={path}", *TRIALS, "run.iterations=4")) as trainer:
        trials = trainer.trials.trials
        update = trainer.learner.update

        def while_it_learns(samples):
            if trainer.iteration == 3:
                review(path, "approve", "dyn_001")
            return update(samples)

        def decide():
            ended = trainer.iteration == 4 and "dyn_001" in trials.open_ids
            return [Decision("dyn_001", "admit", 40, 3.5)] if ended else []

        ask = trainer.banks.teacher.ask

        def ask_and_remember(request):
            # What a teacher remembers is published at once, on the bank as the reviewer left it.
            return replace(ask(request), memory={"iteration": trainer.iteration})

        trainer.learner.update = while_it_learns
        trainer.banks.teacher.ask = ask_and_remember
        monkeypatch.setattr(trials, "decide", decide)
        trainer.train()
        assert trainer.bank.ids == ("dyn_001",)
    with BankStore.open(path) as store:
        assert [event.actor for event in store.blame("dyn_001")][1:] == ["Ada"]


def test_a_store_that_cannot_be_written_is_said_before_any_work(tmp_path, model, monkeypatch):
    monkeypatch.setattr("skill_gym.agents.run_learner.load_model", lambda *_: pytest.fail("work was begun"))
    with pytest.raises(StoreError, match="check that the folder exists"):
        toy_trainer(toy_config(tmp_path / "run", model, f"bank.store={tmp_path / 'no' / 'bank.db'}"))
    (tmp_path / "bank.json").write_text("{}")
    with pytest.raises(StoreError, match="no bank store"):
        toy_trainer(toy_config(tmp_path / "run", model, f"bank.store={tmp_path / 'bank.json'}"))


def test_rulings_are_events_with_their_reasons(tmp_path, model, monkeypatch):
    run, path = tmp_path / "run", tmp_path / "bank.db"
    with toy_trainer(toy_config(run, model, f"bank.store={path}", *TRIALS)) as trainer:

        def rule(bank):
            if trainer.iteration != 6:
                return Ruling(bank)
            decisions = (Decision("dyn_001", "admit", 40, 3.5), Decision("dyn_002", "futile", 60, 1.0, True))
            return Ruling(bank.with_skills([trainer.trials.candidates["dyn_001"]]), decisions)

        monkeypatch.setattr(trainer.trials, "rule", rule)
        trainer.train()
        assert trainer.bank.ids == ("dyn_001",)
    with BankStore.open(path) as store:
        proposed, added = store.blame("dyn_001")
        assert (proposed.kind, added.kind) == (Kind.PROPOSED, Kind.ADDED)
        assert "validation after iteration 2" in proposed.reason
        assert "dyn_001: admitted after 40 groups (log e-value 3.50)" in added.reason
        rejected = store.blame("dyn_002")[-1]
        assert rejected.kind is Kind.REJECTED
        assert "given up" in rejected.reason
        assert "no groups left" in rejected.reason


def test_canaries_turn_down_what_its_trial_admitted(tmp_path, model, monkeypatch):
    run, path = tmp_path / "run", tmp_path / "bank.db"
    settings = (f"bank.store={path}", *TRIALS, "trials.canaries=2", "run.iterations=2")
    with toy_trainer(toy_config(run, model, *settings)) as trainer:

        def rule(bank):
            if "dyn_001" not in trainer.trials.candidates:
                return Ruling(bank)
            admitted = bank.with_skills([trainer.trials.candidates["dyn_001"]])
            return Ruling(admitted, (Decision("dyn_001", "admit", 40, 3.5),))

        monkeypatch.setattr(trainer.trials, "rule", rule)
        monkeypatch.setattr("skill_gym.agents.canaries.canaries_fell", lambda before, after: True)
        trainer.train()
        assert len(trainer.bank) == 0
    with BankStore.open(path) as store:
        last = store.blame("dyn_001")[-1]
        assert last.kind is Kind.REJECTED
        assert "canaries fell" in last.reason


@pytest.fixture(scope="module")
def killed(tmp_path_factory, model):
    """A run of checkpoint 3, killed in iteration 6 after its evolution of iteration 4; folder and store."""
    place = tmp_path_factory.mktemp("killed")
    settings = [f"bank.store={place / 'bank.db'}", "run.checkpoint_every=3"]
    ended = subprocess.run(
        [sys.executable, str(TESTS / "toy_training.py"), str(place / "run"), str(model), "5", *settings],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr[-2000:]
    with BankStore.open(place / "bank.db") as store:
        assert store.bank.ids == ("dyn_001", "dyn_002")
    shutil.copytree(place, place.with_name("kept"))
    return place


@pytest.fixture
def broken_off(killed):
    """The killed run as it was left, at its own place."""
    shutil.rmtree(killed)
    shutil.copytree(killed.with_name("kept"), killed)
    return killed


def go_on(place: Path, model: Path):
    settings = (f"bank.store={place / 'bank.db'}", "run.checkpoint_every=3")
    with toy_trainer(toy_config(place / "run", model, *settings), resume=True) as trainer:
        taken = trainer.bank
        trainer.train()
    return taken, trainer


def test_killed_with_a_store_the_run_ends_like_one_without(broken_off, tmp_path, model):
    with toy_trainer(toy_config(tmp_path / "whole", model)) as whole:
        whole.train()
    taken, resumed = go_on(broken_off, model)
    assert taken.ids == ("dyn_001",)
    assert timeless(broken_off / "run") == timeless(tmp_path / "whole")
    assert resumed.bank.dumps() == whole.bank.dumps()
    mine, theirs = resumed.learner.model.state_dict(), whole.learner.model.state_dict()
    assert all(torch.equal(mine[name], theirs[name]) for name in theirs)
    with BankStore.open(broken_off / "bank.db") as store:
        assert store.bank.dumps() == whole.bank.dumps()
        kinds = [event.kind for event in store.blame("dyn_002")]
        assert kinds == [Kind.ADDED, Kind.RETIRED, Kind.RESTORED]
        assert "checkpoint of iteration 3" in store.blame("dyn_002")[1].reason


def test_what_a_reviewer_did_to_a_killed_run_is_kept(broken_off, model):
    review(broken_off / "bank.db", "retire", "dyn_001", "dyn_002")
    taken, resumed = go_on(broken_off, model)
    assert taken.ids == ()
    assert not {"dyn_001", "dyn_002"} & set().union(*(shown(broken_off / "run", n) for n in (4, 5, 6)))
    assert resumed.bank.ids == ("dyn_003", "dyn_004")
    with BankStore.open(broken_off / "bank.db") as store:
        assert store.bank.dumps() == resumed.bank.dumps()
        assert store.blame("dyn_002")[-1].actor == "Ada"


def test_trials_go_on_after_a_break(tmp_path, model):
    run, path = tmp_path / "run", tmp_path / "bank.db"
    settings = (f"bank.store={path}", *TRIALS, "run.checkpoint_every=3")
    with toy_trainer(toy_config(run, model, *settings)) as trainer:
        update = trainer.learner.update

        def update_or_fail(samples):
            if trainer.iteration == 5:
                raise KeyboardInterrupt
            return update(samples)

        trainer.learner.update = update_or_fail
        with pytest.raises(KeyboardInterrupt):
            trainer.train()
        assert set(trainer.trials.candidates) == {"dyn_001", "dyn_002"}
    with toy_trainer(toy_config(run, model, *settings), resume=True) as trainer:
        with BankStore.open(path) as store:
            assert store.state("dyn_001") is State.CANDIDATE
            assert store.state("dyn_002") is State.REJECTED
        trainer.train()
    with toy_trainer(toy_config(tmp_path / "whole", model, *TRIALS)) as whole:
        whole.train()
    assert timeless(run) == timeless(tmp_path / "whole")
    assert trainer.trials.to_json() == whole.trials.to_json()
    with BankStore.open(path) as store:
        assert {entry.id for entry in store.iter_entries(State.CANDIDATE)} == set(whole.trials.candidates)
