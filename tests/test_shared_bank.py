"""A run and a reviewer in one store: each sees the other's changes, and none is undone."""

import pytest

from skill_gym.agents.checkpoint import CheckpointError
from skill_gym.agents.shared_bank import SharedBank
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.evidence import EvidenceBook
from skill_gym.skillbanks.skill import Provenance, Skill
from skill_gym.skillbanks.store import BankStore
from skill_gym.skillbanks.store_events import Kind, State
from skill_gym.skillbanks.store_schema import StoreConflict


def skill(name: str, text: str = "Do it.") -> Skill:
    source = Provenance(("env:x:1",), ("validation",), "toy", "0-abc")
    return Skill(name, f"Title {name}", text, provenance=source)


FIRST = SkillBank.empty().with_skills([skill("gen_001"), skill("gen_002")])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "bank.db"


@pytest.fixture
def run(path):
    shared = SharedBank(path, "run")
    shared.begin(lambda: FIRST)
    yield shared
    shared.close()


@pytest.fixture
def ada(run, path):
    with BankStore.open(path, write=True) as store:
        yield store


def test_a_new_store_begins_with_the_runs_bank_and_another_with_its_own(run, path):
    assert run.store.bank.dumps() == FIRST.dumps()
    second = SharedBank(path, "run")
    bank = second.begin(lambda: pytest.fail("the store has a bank"))
    assert bank.dumps() == FIRST.dumps()
    assert second.actor != run.actor
    second.close()


def test_versions_name_reason_actor_teacher_and_sources(run):
    bank = FIRST.with_skills([skill("dyn_001")])
    assert run.publish(FIRST, bank, reason="weak", teacher="toy") is bank
    (event,) = run.store.blame("dyn_001")
    assert (event.kind, event.reason, event.teacher) == (Kind.ADDED, "weak", "toy")
    assert event.actor.startswith("run #")
    assert (event.trajectory_ids, event.splits) == (("env:x:1",), ("validation",))


def test_a_reviewers_retirement_reaches_the_run_once(run, ada):
    ada.retire(["gen_001"], reason="wrong", actor="Ada")
    review = run.review()
    assert review.bank.ids == ("gen_002",)
    assert {name: event.kind for name, event in review.words.items()} == {"gen_001": Kind.RETIRED}
    assert not run.review().words


def test_own_events_are_no_news(run):
    run.publish(FIRST, FIRST.without(["gen_001"]), reason="stale")
    run.propose([skill("dyn_001")], reason="weak")
    assert not run.review().words


def test_published_meanwhile_both_changes_stay(run, ada):
    ada.retire(["gen_001"], reason="wrong", actor="Ada")
    bank = run.publish(FIRST, FIRST.with_skills([skill("dyn_001")]), reason="weak")
    assert bank.ids == run.store.bank.ids == ("gen_002", "dyn_001")
    assert set(run.review().words) == {"gen_001"}


def test_a_conflict_at_the_last_moment_is_tried_again(run, ada, monkeypatch):
    publish, interrupted = run.store.publish, []

    def late(bank, **arguments):
        if not interrupted:
            interrupted.append(ada.retire(["gen_001"], reason="wrong", actor="Ada"))
        return publish(bank, **arguments)

    monkeypatch.setattr(run.store, "publish", late)
    assert run.publish(FIRST, FIRST.with_skills([skill("dyn_001")]), reason="weak").ids == (
        "gen_002",
        "dyn_001",
    )


def test_a_conflict_without_end_is_said(run, monkeypatch):
    def never(*_, **__):
        raise StoreConflict("again")

    monkeypatch.setattr(run.store, "publish", never)
    with pytest.raises(StoreConflict, match="end one of the writers"):
        run.publish(FIRST, FIRST.without(["gen_001"]), reason="stale")


def test_what_a_reviewer_decided_on_is_not_put_back(run, ada):
    run.propose([skill("dyn_001"), skill("dyn_002")], reason="weak")
    ada.reject(["dyn_001"], reason="nonsense", actor="Ada")
    bank = run.publish(FIRST, FIRST.with_skills([skill("dyn_001"), skill("dyn_002")]), reason="admitted")
    assert bank.ids == ("gen_001", "gen_002", "dyn_002")
    assert run.store.state("dyn_001") is State.REJECTED
    run.propose([skill("dyn_001")], reason="again")
    assert run.store.state("dyn_001") is State.REJECTED
    assert [entry.id for entry in run.others()] == ["dyn_001"]


def test_rejected_while_the_run_publishes_it_is_taken_out_again(run, ada, monkeypatch):
    run.propose([skill("dyn_001")], reason="weak")
    publish = run.store.publish

    def late(bank, **arguments):
        if ada.state("dyn_001") is State.CANDIDATE:
            ada.reject(["dyn_001"], reason="nonsense", actor="Ada")
        return publish(bank, **arguments)

    monkeypatch.setattr(run.store, "publish", late)
    assert "dyn_001" in run.publish(FIRST, FIRST.with_skills([skill("dyn_001")]), reason="admitted")
    assert "dyn_001" not in run.review().bank
    assert run.store.blame("dyn_001")[-1].reason == "nonsense"


def test_rejections_leave_a_reviewers_approval_alone(run, ada):
    run.propose([skill("dyn_001"), skill("dyn_002")], reason="weak")
    ada.approve(["dyn_001"], reason="good", actor="Ada")
    run.reject({"dyn_001": "futile", "dyn_002": "futile"})
    assert run.store.state("dyn_001") is State.ACTIVE
    assert run.store.state("dyn_002") is State.REJECTED


def test_evidence_is_kept_from_run_to_run(run, path, caplog):
    book = EvidenceBook()
    book.observe_group("heat", [1.0], {"gen_001": True})
    run.save_evidence(book)
    assert run.load_evidence().to_rows() == book.to_rows()
    run.store.save_evidence({("x", "y"): {"somebody": "else's"}})
    assert len(run.load_evidence()) == 0
    assert "left aside" in caplog.text


def resumed(run, bank, on_trial=None):
    """Another process goes on from the checkpoint of this moment, after what ``then`` does."""
    state = run.to_json()

    def go_on():
        again = SharedBank(run.store.path, "another name")
        review = again.resume(state, bank, on_trial or {}, 7)
        assert again.actor == run.actor
        again.close()
        return review

    return go_on


def test_what_the_run_did_after_its_checkpoint_is_taken_back(run):
    go_on = resumed(run, FIRST)
    run.publish(FIRST, FIRST.without(["gen_001"]).with_skills([skill("dyn_001")]), reason="weak")
    run.propose([skill("dyn_002")], reason="weak")
    review = go_on()
    assert review.bank.dumps() == FIRST.dumps()
    assert not review.words
    run.store.refresh()
    assert run.store.bank.dumps() == FIRST.dumps()
    assert run.store.state("dyn_001") is State.RETIRED
    assert run.store.state("dyn_002") is State.REJECTED
    assert "checkpoint of iteration 7" in run.store.blame("dyn_002")[-1].reason


def test_a_version_of_memory_alone_is_taken_back(run):
    go_on = resumed(run, FIRST)
    noted = SkillBank(FIRST.general, metadata={"memory": 1}, generation=9)
    run.publish(FIRST, noted, reason="noted")
    assert go_on().bank.dumps() == FIRST.dumps()


def test_what_a_reviewer_did_after_the_checkpoint_stays(run, ada):
    go_on = resumed(run, FIRST)
    run.publish(FIRST, FIRST.with_skills([skill("dyn_001"), skill("dyn_002")]), reason="weak")
    ada.refresh()
    ada.retire(["gen_001", "dyn_001"], reason="wrong", actor="Ada")
    review = go_on()
    assert review.bank.ids == ("gen_002",)
    assert set(review.words) == {"gen_001", "dyn_001"}
    run.store.refresh()
    assert run.store.bank.version == review.bank.version
    assert [entry.id for entry in run.others()] == ["dyn_001", "gen_001"]


def test_trials_that_ended_after_the_checkpoint_are_open_again(run, ada):
    waiting = {name: skill(name) for name in ("dyn_001", "dyn_002", "dyn_003")}
    run.propose(waiting.values(), reason="weak")
    go_on = resumed(run, FIRST, waiting)
    run.publish(FIRST, FIRST.with_skills([waiting["dyn_001"]]), reason="admitted")
    run.reject({"dyn_002": "futile"})
    ada.reject(["dyn_003"], reason="nonsense", actor="Ada")
    review = go_on()
    assert review.bank.ids == FIRST.ids
    assert [run.store.state(name) for name in waiting] == [
        State.CANDIDATE,
        State.CANDIDATE,
        State.REJECTED,
    ]
    assert set(review.words) == {"dyn_003"}


def test_without_own_events_the_head_is_the_bank(run, ada):
    go_on = resumed(run, FIRST)
    ada.retire(["gen_002"], reason="wrong", actor="Ada")
    review = go_on()
    assert review.bank.dumps() == ada.bank.dumps()
    run.store.refresh()
    assert len(run.store.versions()) == 3


def test_another_store_is_refused(run, tmp_path):
    run.propose([skill("dyn_001")], reason="weak")
    state = run.to_json()
    other = SharedBank(tmp_path / "other.db", "run")
    with pytest.raises(CheckpointError, match="put the run's own bank store back"):
        other.resume(state, FIRST, {}, 1)
    other.close()


def test_resumed_again_from_the_same_checkpoint_nothing_more_happens(run, ada):
    waiting = {"dyn_002": skill("dyn_002")}
    run.propose(waiting.values(), reason="weak")
    go_on = resumed(run, FIRST, waiting)
    run.publish(FIRST, FIRST.with_skills([skill("dyn_001")]), reason="weak")
    ada.refresh()
    ada.retire(["gen_001"], reason="wrong", actor="Ada")
    first = go_on()
    run.store.refresh()
    versions, events = len(run.store.versions()), len(run.store.log())
    assert go_on().bank.dumps() == first.bank.dumps()
    run.store.refresh()
    assert (len(run.store.versions()), len(run.store.log())) == (versions, events)


def test_a_candidate_that_a_reviewer_reworded_after_the_checkpoint_waits_on(run, ada):
    go_on = resumed(run, FIRST)
    run.propose([skill("dyn_001")], reason="weak")
    ada.propose([skill("dyn_001", "Better said.")], reason="reworded", actor="Ada")
    go_on()
    assert run.store.state("dyn_001") is State.CANDIDATE
    assert run.store.get("dyn_001").principle == "Better said."
