"""The bank is immutable and versioned."""

import copy
import os
import pickle
from dataclasses import FrozenInstanceError

import pytest

from skill_gym.skillbanks import atomic_file
from skill_gym.skillbanks.bank import BankError, SkillBank
from skill_gym.skillbanks.skill import Mistake, Skill


def small() -> SkillBank:
    return SkillBank(
        general=(Skill("gen_001", "A", "Do a."),),
        task_specific={"heat": (Skill("hea_001", "H", "Heat it.", category="heat"),)},
        mistakes=(Mistake("err_001", "Runs.", "Walk."),),
    )


def test_adding_makes_the_next_generation_and_leaves_the_old_bank_alone():
    bank = small()
    before = bank.dumps()
    grown = bank.with_skills(
        [Skill("dyn_001", "C", "Cool it.", category="cool"), Skill("dyn_002", "H", "Hot.", category="heat")]
    )
    assert bank.dumps() == before
    assert (bank.generation, grown.generation) == (0, 1)
    assert grown.ids == ("gen_001", "hea_001", "dyn_002", "dyn_001", "err_001")
    assert grown.version != bank.version
    assert grown.version.startswith("1-")
    with pytest.raises(FrozenInstanceError):
        bank.general = ()
    with pytest.raises(TypeError):
        bank.task_specific["heat"] = ()


def test_adding_nothing_is_no_new_version():
    bank = small()
    assert bank.with_skills([]) is bank
    assert bank.without([]) is bank


def test_version_tells_content_apart_and_ignores_the_order_of_a_files_keys():
    bank = small()
    assert small().version == bank.version
    reordered = SkillBank.loads(
        '{"common_mistakes": [{"how_to_avoid": "Walk.", "mistake_id": "err_001", "description": "Runs."}],'
        '"task_specific_skills": {"heat": [{"title": "H", "skill_id": "hea_001", "principle": "Heat it."}]},'
        '"general_skills": [{"principle": "Do a.", "skill_id": "gen_001", "title": "A",'
        '"when_to_apply": null}]}'
    )
    assert reordered == bank
    assert reordered.version == bank.version
    other = SkillBank(general=(Skill("gen_001", "A", "Do b."),))
    assert other.version != SkillBank(general=bank.general).version


def test_removing_takes_skills_and_mistakes_and_keeps_the_category():
    rest = small().without(["hea_001", "err_001"])
    assert rest.ids == ("gen_001",)
    assert rest.categories == ("heat",)
    with pytest.raises(BankError, match="gen_999"):
        small().without(["gen_999"])


def test_diff_names_added_removed_and_changed():
    bank = small()
    other = bank.without(["gen_001", "hea_001"]).with_skills(
        [Skill("gen_001", "A", "New."), Skill("dyn_001", "D", "D")]
    )
    difference = bank.diff(other)
    assert (difference.added, difference.removed, difference.changed) == (
        ("dyn_001",),
        ("hea_001",),
        ("gen_001",),
    )
    assert not bank.diff(small())


def test_fresh_ids_follow_the_highest_number_of_their_prefix():
    bank = small().with_skills([Skill("dyn_007", "D", "D"), Mistake("dyn_009", "d", "h")])
    assert bank.fresh_id() == "dyn_010"
    assert bank.fresh_ids(2, "gen") == ("gen_002", "gen_003")
    assert SkillBank.empty().fresh_id() == "dyn_001"


def test_taken_id_and_wrong_place_are_refused():
    with pytest.raises(BankError, match="'err_001' stands twice"):
        small().with_skills([Skill("err_001", "E", "E")])
    with pytest.raises(BankError, match="stands under 'heat'"):
        SkillBank(task_specific={"heat": (Skill("x", "X", "X", category="cool"),)})


def test_get_finds_skills_and_mistakes():
    assert small().get("err_001").description == "Runs."
    assert "hea_001" in small()
    with pytest.raises(BankError, match="nothing_1"):
        small().get("nothing_1")


def test_banks_pickle_and_copy_with_their_version():
    bank = SkillBank.starter("alfworld").with_skills([Skill("dyn_001", "D", "D", category="new")])
    for twin in (pickle.loads(pickle.dumps(bank)), copy.deepcopy(bank)):
        assert twin == bank
        assert twin.version == bank.version
        assert hash(twin) == hash(bank)
    assert pickle.loads(pickle.dumps(SkillBank.empty())).version == SkillBank.empty().version


def test_a_save_that_fails_leaves_the_old_file_and_no_rest(tmp_path, monkeypatch):
    path = tmp_path / "bank.json"
    small().save(path)
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(atomic_file.os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        SkillBank.starter("alfworld").save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["bank.json"]


def test_saved_bank_loads_equal(tmp_path):
    bank = small().with_skills([Skill("dyn_001", "D", "D")])
    bank.save(tmp_path / "bank.json")
    again = SkillBank.load(tmp_path / "bank.json")
    assert again == bank
    assert again.version == bank.version
    assert not (tmp_path / "bank.json").read_text().endswith("\n")


def test_empty_bank_has_no_entries_but_a_version():
    assert len(SkillBank.empty()) == 0
    assert SkillBank.empty().version.startswith("0-")


def test_starter_bank_covers_all_task_types_with_short_principles():
    bank = SkillBank.starter("alfworld")
    assert 8 <= len(bank.general) <= 10
    assert len(bank.mistakes) == 8
    assert set(bank.categories) == {
        "pick_and_place",
        "look_at_obj_in_light",
        "clean",
        "heat",
        "cool",
        "pick_two",
    }
    for skills in bank.task_specific.values():
        assert 4 <= len(skills) <= 5
    assert all(len(skill.principle.split()) <= 25 for skill in bank.skills)
    assert SkillBank.loads(bank.dumps()).dumps() == bank.dumps()
    with pytest.raises(BankError, match="alfworld"):
        SkillBank.starter("chess")


def test_starter_bank_repeats_no_sentence_of_the_released_one(shared_data):
    released = SkillBank.load(shared_data / "skillrl" / "banks" / "alfworld.json")
    ours = SkillBank.starter("alfworld")
    assert not {entry.fingerprint for entry in ours} & {entry.fingerprint for entry in released}
    assert not {skill.title for skill in ours.skills} & {skill.title for skill in released.skills}
