"""The released JSON form is read and written without losing a byte."""

import json

import pytest

from skill_gym.skillbanks.bank import BankError, SkillBank
from skill_gym.skillbanks.skill import Mistake, Provenance, Skill


def skill(number: int = 1, **fields: object) -> dict[str, object]:
    return {"skill_id": f"gen_{number:03d}", "title": "T", "principle": "Do it.", **fields}


def text(**fields: object) -> str:
    return json.dumps(fields, indent=2)


@pytest.mark.parametrize("name", ["alfworld", "search", "webshop"])
def test_released_banks_survive_byte_for_byte(shared_data, tmp_path, name):
    released = shared_data / "skillrl" / "banks" / f"{name}.json"
    bank = SkillBank.load(released)
    bank.save(tmp_path / "bank.json")
    assert (tmp_path / "bank.json").read_bytes() == released.read_bytes()
    assert len(bank) > 40


@pytest.mark.parametrize("category_key", ["task_specific_skills", "query_type_skills"])
def test_category_key_unknown_keys_and_key_order_are_kept(category_key):
    original = text(
        note={"by": ["hand", None]},
        common_mistakes=[
            {
                "how_to_avoid": "b",
                "mistake_id": "err_001",
                "seen": 3,
                "description": "ä",
                "why_it_happens": None,
            }
        ],
        **{category_key: {"zebra": [skill(2, when_to_apply=None, weight=0.5)], "ant": []}},
        general_skills=[{"principle": "p", "skill_id": "gen_001", "title": "t", "tags": []}],
        metadata={"z": 1, "a": {"success": 2}},
    )
    bank = SkillBank.loads(original)
    assert bank.dumps() == original
    assert bank.category_key == category_key
    assert bank.categories == ("zebra", "ant")
    assert bank.general[0].extra == {"tags": []}


def test_missing_and_null_when_to_apply_are_both_fine_and_both_kept():
    original = text(general_skills=[skill(1), skill(2, when_to_apply=None), skill(3, when_to_apply="now")])
    bank = SkillBank.loads(original)
    assert [entry.when_to_apply for entry in bank.general] == [None, None, "now"]
    assert bank.dumps() == original


def test_provenance_and_generation_are_read_back():
    provenance = Provenance(("env:src:a",), ("valid_seen",), "rules", "0-abc", "loop in 2 of 3")
    mistake = Mistake("err_001", "Runs.", "Walk.", category="heat", provenance=provenance)
    learnt = Skill("dyn_001", "T", "P", category="heat", provenance=provenance)
    bank = SkillBank.empty().with_skills([learnt, mistake])
    again = SkillBank.loads(bank.dumps())
    assert again == bank
    assert again.get("dyn_001").provenance == provenance
    assert again.mistakes[0].category == "heat"
    assert again.generation == 1
    assert json.loads(bank.dumps())["task_specific_skills"]["heat"][0]["provenance"]["splits"] == [
        "valid_seen"
    ]


def test_foreign_provenance_is_kept_untouched():
    original = text(
        general_skills=[skill(1, provenance="a friend"), skill(2, provenance={"splits": ["s"], "x": 1})]
    )
    bank = SkillBank.loads(original)
    assert bank.dumps() == original
    assert bank.general[0].provenance is None
    assert bank.general[1].provenance.splits == ("s",)


def test_keywords_are_read_and_written_back():
    original = text(
        general_skills=[
            skill(1, keywords=["mug", "cup"]),
            skill(2, keywords=[]),
            skill(3, keywords="a friend's own"),
            skill(4, keywords=None),
        ]
    )
    bank = SkillBank.loads(original)
    assert [entry.keywords for entry in bank.general] == [("mug", "cup"), (), (), ()]
    assert bank.dumps() == original
    learnt = Skill("dyn_001", "mug", "P", keywords=("mug",))
    grown = bank.with_skills([learnt])
    assert SkillBank.loads(grown.dumps()).get("dyn_001") == learnt
    assert grown.version != bank.with_skills([Skill("dyn_001", "mug", "P")]).version


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", ["not JSON"]),
        ("[]", ["an object", "a list"]),
        ("{}", ["general_skills"]),
        (text(skills=[]), ["'skills'", "general_skills"]),
        (text(general_skills={}), ["general_skills", "a list", "an object"]),
        (text(general_skills=["x"]), ["general_skills[0]", "a string"]),
        (text(general_skills=[{"title": "T", "principle": "P"}]), ["general_skills[0]", "skill_id"]),
        (text(general_skills=[skill(7, title=None)]), ["gen_007", "title", "null"]),
        (text(general_skills=[{"skill_id": "a", "principle": "P"}]), ["(a)", "title missing"]),
        (text(general_skills=[skill(1, principle=3)]), ["gen_001", "principle", "a number"]),
        (text(general_skills=[skill(1, principle=" ")]), ["gen_001", "principle", "empty"]),
        (text(task_specific_skills=[]), ["task_specific_skills", "an object"]),
        (text(task_specific_skills={"heat": [{}]}), ["['heat'][0]", "skill_id, title, principle"]),
        (text(common_mistakes=[{"mistake_id": "e", "description": "d"}]), ["(e)", "how_to_avoid"]),
        (text(task_specific_skills={}, query_type_skills={}), ["both", "merge"]),
        (text(general_skills=[], generation="x"), ["generation", "'x'"]),
        (text(general_skills=[skill(1, provenance={"splits": "valid"})]), ["gen_001", "splits", "list"]),
        ('{"general_skills": [], "general_skills": []}', ["'general_skills'", "twice"]),
        (text(general_skills=[skill(1), skill(1)]), ["gen_001", "twice", "gen_002"]),
        (
            text(
                general_skills=[skill(1)],
                common_mistakes=[{"mistake_id": "gen_001", "description": "d", "how_to_avoid": "h"}],
            ),
            ["gen_001", "twice"],
        ),
    ],
)
def test_errors_name_file_entry_and_field(tmp_path, document, words):
    path = tmp_path / "broken.json"
    path.write_text(document)
    with pytest.raises(BankError) as caught:
        SkillBank.load(path)
    for word in ["broken.json", *words]:
        assert word in str(caught.value)


def test_missing_file_and_binary_file_are_bank_errors(tmp_path):
    with pytest.raises(BankError, match=r"none\.json"):
        SkillBank.load(tmp_path / "none.json")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BankError, match=r"binary\.json"):
        SkillBank.load(tmp_path / "binary.json")
