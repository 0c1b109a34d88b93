"""A bank store keeps every version byte for byte, says who changed what, and shares it with its readers."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skill_gym.skillbanks.bank import BankError, SkillBank
from skill_gym.skillbanks.skill import Mistake, Provenance, Skill
from skill_gym.skillbanks.store import BankStore
from skill_gym.skillbanks.store_events import Kind, State
from skill_gym.skillbanks.store_schema import StoreConflict, StoreError, StoreReadOnly


def small_bank() -> SkillBank:
    """Two general skills, two categories (one empty), a mistake, and keys in an unusual order."""
    return SkillBank.loads(
        json.dumps(
            {
                "common_mistakes": [{"how_to_avoid": "b", "mistake_id": "err_001", "description": "ä 😀"}],
                "note": [1, None],
                "query_type_skills": {
                    "zebra": [{"title": "t", "skill_id": "z_1", "principle": "p", "weight": 0.5}],
                    "ant": [],
                },
                "general_skills": [
                    {"skill_id": "g_1", "title": "One", "principle": "Do.", "when_to_apply": None},
                    {"skill_id": "g_2", "title": "Two", "principle": "Do it \ud800 too."},
                ],
                "metadata": {"z": 1, "a": {"b": 2}},
            },
            indent=2,
        )
    )


@pytest.fixture
def store(tmp_path):
    with BankStore.open(tmp_path / "bank.db", write=True) as opened:
        yield opened


@pytest.mark.parametrize("name", ["alfworld", "search", "webshop"])
def test_released_banks_are_published_and_rebuilt_byte_for_byte(shared_data, store, name):
    released = (shared_data / "skillrl" / "banks" / f"{name}.json").read_text(encoding="utf-8")
    store.publish(SkillBank.loads(released), reason="import")
    store.publish(SkillBank.empty(), reason="away with it")
    assert store.version(1).dumps() == released
    store.rollback(1, reason="back")
    with BankStore.open(store.path) as reader:
        assert reader.bank.dumps() == released


def test_a_new_store_is_the_empty_bank(store):
    assert store.head.number == 0
    assert store.bank.dumps() == SkillBank.empty().dumps()
    assert [version.reason for version in store.versions()] == ["the store begins"]


def test_every_difference_becomes_an_event_with_its_reason(store):
    bank = small_bank()
    store.publish(bank, reason="import", actor="me", time=5.0)
    revised = bank.without(["g_1", "g_2"]).with_skills([Skill("g_1", "One", "Do better.")])
    version = store.publish(
        revised, reason="shorter", merged={"g_2": "g_1"}, teacher="rules", prompt_hash="ab"
    )
    assert version.counts == {"merged": 1, "revised": 1}
    first, second = store.blame("g_1")
    assert (first.kind, first.reason, first.actor, first.time, first.version) == (
        Kind.ADDED,
        "import",
        "me",
        5.0,
        1,
    )
    assert (second.kind, second.teacher, second.prompt_hash) == (Kind.REVISED, "rules", "ab")
    assert second.entry == Skill("g_1", "One", "Do better.")
    gone = store.blame("g_2")[-1]
    assert (gone.kind, gone.into, gone.entry) == (Kind.MERGED, "g_1", None)
    assert store.diff(1, 2).removed == ("g_2",)
    assert [event.entry_id for event in store.log(2)] == ["g_1", "g_2"]
    assert [event.seq for event in store.log(1, before=store.log(1)[0].seq)] == [gone.seq]


def test_blame_names_trajectories_splits_and_teacher_of_the_entry(store):
    source = Provenance(("env:src:a",), ("generated_validation",), "gpt", "3-x", "loop in 2 of 3")
    store.publish(SkillBank.empty().with_skills([Skill("a", "t", "p", provenance=source)]), reason="evolved")
    store.retire(["a"], reason="harmful", trajectory_ids=["env:src:b"], splits=["train"])
    added, retired = store.blame("a")
    assert (added.trajectory_ids, added.splits, added.teacher) == (
        ("env:src:a",),
        ("generated_validation",),
        "gpt",
    )
    assert (retired.trajectory_ids, retired.splits) == (("env:src:b",), ("train",))


def test_order_of_entries_and_categories_is_part_of_a_version(store):
    bank = SkillBank.empty().with_skills(Skill(name, "t", "p") for name in "abc")
    turned = SkillBank(general=tuple(reversed(bank.general)), generation=2)
    store.publish(bank, reason="1")
    store.publish(turned, reason="2")
    later = turned.with_skills([Skill("d", "t", "p"), Mistake("m", "x", "y")])
    store.publish(later, reason="3")
    with BankStore.open(store.path) as reader:
        assert reader.bank.ids == ("c", "b", "a", "d", "m")
        assert [entry.id for entry in reader.iter_entries()] == list(reader.bank.ids)
        assert [reader.version(number).dumps() for number in (1, 2, 3)] == [
            bank.dumps(),
            turned.dumps(),
            later.dumps(),
        ]


def test_a_reader_takes_in_new_versions_and_keeps_the_entries_it_has(store):
    store.publish(small_bank(), reason="import")
    with BankStore.open(store.path) as reader:
        held = reader.bank.get("z_1")
        assert not reader.refresh()
        store.publish(store.bank.with_skills([Skill("n", "t", "p", category="new")]), reason="more")
        store.retire(["g_1"], reason="useless")
        assert reader.refresh()
        assert reader.bank.dumps() == store.bank.dumps()
        assert reader.bank.get("z_1") is held
        assert reader.head == store.head
        assert reader.bank.version == store.head.name
        assert not reader.refresh()


def test_retire_restore_and_merge_publish_what_the_bank_itself_would_be(store):
    store.publish(small_bank(), reason="import")
    store.retire(["z_1"], reason="useless")
    assert store.bank.dumps() == small_bank().without(["z_1"]).dumps()
    assert store.state("z_1") is State.RETIRED
    store.restore(["z_1"], reason="it was not")
    assert store.bank.get("z_1") == small_bank().get("z_1")
    store.merge(["g_2"], "g_1", reason="the same", revised=Skill("g_1", "One", "Both."))
    assert store.bank.general == (Skill("g_1", "One", "Both."),)
    assert store.get("g_2").id == "g_2"
    assert store.blame("g_2")[-1].into == "g_1"
    assert [version.size for version in store.versions()] == [0, 4, 3, 4, 3]


def test_nothing_is_merged_into_an_entry_that_another_process_retires_meanwhile(store, monkeypatch):
    store.publish(small_bank(), reason="import")
    monkeypatch.setattr(store, "state", lambda entry_id: State.ACTIVE)  # as it was a moment ago
    with BankStore.open(store.path, write=True) as other:
        other.retire(["g_1"], reason="meanwhile")
    with pytest.raises(StoreError, match="'g_1' is not in the bank; merge into an entry that is"):
        store.merge(["g_2"], "g_1", reason="the same")
    monkeypatch.undo()
    assert store.state("g_2") is State.ACTIVE


def test_candidates_stay_out_of_every_bank_until_approved(store):
    store.propose([Skill("c_1", "t", "p", category="heat"), Skill("c_2", "t", "q")], reason="distilled")
    assert store.head.number == 0
    assert [entry.id for entry in store.iter_entries("candidate")] == ["c_2", "c_1"]
    store.reject(["c_2"], reason="injection")
    version = store.approve(["c_1"], reason="trial", actor="reviewer")
    assert version.counts == {"added": 1}
    assert store.bank.categories == ("heat",)
    assert store.bank.ids == ("c_1",)
    assert store.count("rejected") == 1
    assert [(event.kind, event.version) for event in store.blame("c_1")] == [("proposed", None), ("added", 1)]
    with pytest.raises(StoreError, match=r"cannot approve 'c_2'.*candidate.*rejected"):
        store.approve(["c_2"], reason="again")


@pytest.mark.parametrize("verb", ["retire", "restore", "approve", "reject"])
def test_an_unknown_id_changes_nothing(store, verb):
    store.publish(small_bank(), reason="import")
    before = store.log()
    with pytest.raises(StoreError, match="'nobody'"):
        getattr(store, verb)(["g_1", "nobody"] if verb == "retire" else ["nobody"], reason="x")
    assert store.log() == before
    assert store.bank.dumps() == small_bank().dumps()


def test_rollback_serves_the_old_prompts_byte_for_byte(store):
    from skill_gym.skillbanks.rendering import render
    from skill_gym.skillbanks.retrieval import ByTaskType
    from skill_gym.trajectory import Task

    task = Task(id="1", key="e:s:1", env_id="e", split="train", task_type="zebra", goal="stripes")

    def prompt() -> str:
        (found,) = ByTaskType(store.bank).retrieve([task])
        return render(found).text

    old = SkillBank.empty().with_skills(
        [Skill("a", "A", "First."), Skill("z", "Z", "Last.", category="zebra")]
    )
    store.publish(old, reason="1")
    before = prompt()
    store.publish(old.without(["a"]).with_skills([Skill("b", "B", "Worse.")]), reason="2")
    assert prompt() != before
    version = store.rollback(1, reason="success fell")
    assert prompt() == before
    assert (version.number, version.name) == (3, old.version)
    assert store.blame("b")[-1].reason == "success fell"


def test_two_writers_do_not_overwrite_each_other(store):
    store.publish(small_bank(), reason="import")
    with BankStore.open(store.path, write=True) as other:
        mine = other.bank.with_skills([Skill("mine", "t", "p")])
        store.retire(["g_1"], reason="meanwhile")
        with pytest.raises(StoreConflict, match="refresh"):
            other.publish(mine, reason="late")
        assert other.refresh()
        other.publish(other.bank.with_skills([Skill("mine", "t", "p")]), reason="again")
    assert store.refresh()
    assert "mine" in store.bank
    assert "g_1" not in store.bank


def test_publishing_the_same_bank_again_makes_no_version(store):
    store.publish(small_bank(), reason="import")
    assert store.publish(small_bank(), reason="again").number == 1
    assert len(store.versions()) == 2


def test_an_entry_that_a_file_would_lose_is_refused_and_nothing_changes(store):
    store.publish(small_bank(), reason="import")
    bad = store.bank.with_skills([Skill("ok", "t", "p"), Skill("bad", "t", "p", extra={"x": {1}})])
    with pytest.raises(BankError, match="'bad'"):
        store.publish(bad, reason="x")
    with pytest.raises(BankError, match="title"):
        store.add_entries([Skill("ok", "t", "p"), Skill("bad", " ", "p")], reason="x")
    assert store.bank.dumps() == small_bank().dumps()
    assert store.state("ok") is None
    store.publish(store.bank.with_skills([Skill("ok", "t", "p")]), reason="still usable")


def test_versions_are_found_by_name_also_when_too_large_to_be_named(store, monkeypatch):
    from skill_gym.skillbanks import store as module

    monkeypatch.setattr(module, "NAMED_UP_TO", 1)
    bank = small_bank()
    store.publish(bank, reason="import")
    store.retire(["g_1"], reason="x")
    assert [version.name for version in store.versions()][1:] == ["", ""]
    assert store.version(bank.version).dumps() == bank.dumps()
    with pytest.raises(StoreError, match="no version '7-ab'"):
        store.version("7-ab")


def test_many_entries_are_appended_as_one_version(store):
    entries = [Skill(f"s_{number}", "t", "p", category=f"c{number % 3}") for number in range(1203)]
    store.propose([Skill("s_7", "t", "old")], reason="early")
    version = store.add_entries(iter(entries), reason="bulk")
    assert (version.size, version.counts) == (1203, {"added": 1203})
    assert store.count() == 1203
    assert [entry.id for entry in store.iter_entries()] == list(store.bank.ids)
    assert store.bank.dumps() == SkillBank.empty().with_skills(entries).dumps()
    with pytest.raises(BankError, match="'s_1202' is taken"):
        store.add_entries([Skill("x", "t", "p"), Skill("s_1202", "t", "p")], reason="twice")
    with pytest.raises(BankError, match="'y' is taken"):
        store.add_entries([Skill("y", "t", "p"), Skill("y", "t", "p")], reason="twice")
    assert store.count() == 1203


def test_a_walk_over_the_entries_sees_one_state(store):
    store.add_entries((Skill(f"s_{number}", "t", "p") for number in range(50)), reason="bulk")
    walk = store.iter_entries()
    seen = [next(walk).id]
    store.retire([f"s_{number}" for number in range(10, 50)], reason="meanwhile")
    seen += [entry.id for entry in walk]
    assert len(seen) == 50


def test_a_reader_cannot_write(store):
    with BankStore.open(store.path) as reader, pytest.raises(StoreReadOnly, match="write=True"):
        reader.retire(["g_1"], reason="x")


def test_evidence_is_kept_by_entry_and_task_type(store):
    store.save_evidence({("a", "heat"): {"with": 3, "won": 0.5}, ("a", ""): {"with": 9}})
    store.save_evidence({("a", "heat"): {"with": 4}})
    with BankStore.open(store.path) as reader:
        assert reader.load_evidence() == {("a", ""): {"with": 9}, ("a", "heat"): {"with": 4}}
    assert store.head.number == 0


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_vectors_lie_beside_the_store(store, dtype):
    rows = np.random.default_rng(0).normal(size=(1200, 8)).astype(dtype)
    keys = [number.to_bytes(4, "big") for number in range(1200)]
    assert store.vectors.load("m", keys) == {}
    store.vectors.save("m", dict(zip(keys, rows, strict=True)))
    with BankStore.open(store.path) as reader:
        found = reader.vectors.load("m", [*keys, b"none"])
        assert len(found) == 1200
        assert all(np.array_equal(found[key], row) for key, row in zip(keys, rows, strict=True))
        assert reader.vectors.load("other", keys) == {}
        assert (reader.vectors.width("m"), reader.vectors.count("m")) == (8, 1200)


def test_vectors_of_another_size_are_refused(store):
    store.vectors.save("m", {b"a": np.zeros(8, np.float32)})
    with pytest.raises(StoreError, match="have 8 numbers of float32, got 16 of float32"):
        store.vectors.save("m", {b"b": np.zeros(16, np.float32)})
    assert list(store.vectors.load("m", [b"a", b"b"])) == [b"a"]


ENTRY = st.tuples(
    st.sampled_from("abcdefgh"),
    st.sampled_from(["", "x", "y", "mistake"]),
    st.sampled_from(["p", "q", "ü\ud800"]),
)


def bank_of(entries, generation):
    unique = {name: (place, text) for name, place, text in entries}
    made = [
        Mistake(name, text, "avoid") if place == "mistake" else Skill(name, "t", text, category=place or None)
        for name, (place, text) in unique.items()
    ]
    filled = SkillBank.empty().with_skills(made)
    return SkillBank(filled.general, filled.task_specific, filled.mistakes, {"n": generation}, generation)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(ENTRY, max_size=8), min_size=1, max_size=6))
def test_any_series_of_banks_is_rebuilt_byte_for_byte(tmp_path_factory, series):
    path = tmp_path_factory.mktemp("series") / "bank.db"
    texts = []
    with BankStore.open(path, write=True) as store, BankStore.open(path) as reader:
        assert len(reader.bank) == 0
        for generation, entries in enumerate(series, start=1):
            bank = bank_of(entries, generation)
            store.publish(bank, reason="next")
            texts.append(bank.dumps())
            assert reader.refresh()
            assert reader.bank.dumps() == bank.dumps()
        with BankStore.open(path) as late:
            assert late.bank.dumps() == texts[-1]
            assert [entry.id for entry in late.iter_entries()] == list(late.bank.ids)
            assert [late.version(number).dumps() for number in range(1, len(texts) + 1)] == texts
            assert [version.size for version in late.versions()][-1] == len(late.bank)
