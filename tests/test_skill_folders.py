"""Banks and folders of SKILL.md folders turn into each other without loss."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from skill_gym.skillbanks.bank import BankError, SkillBank
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.skill_folders import read_skill_folders, write_skill_folders
from skill_gym.skillbanks.store import BankStore

pytest.importorskip("yaml")


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def foreign_folders(folder: Path, count: int = 50) -> Path:
    """Skills as other authors write them: many forms of front matter, scripts, binary assets, line ends."""
    for number in range(count):
        skill = folder / f"skill-{number:02d}"
        skill.mkdir(parents=True)
        description = [
            f"Does {number}; use it when {number} is wanted.",
            f'"Quoted: {number} # no comment"',
            f">\n  Folded {number}\n  on two lines",
            f"|-\n  Literal {number}\n  kept",
            f"'single ''quoted'' {number} 日本 😀'",
        ][number % 5]
        more = ["", "license: MIT\n", "metadata:\n  author: a\n  version: '1.0'\n", "allowed-tools: Read\n"][
            number % 4
        ]
        body = [
            "\n# Title {}\n\nDo it.\n",
            "No heading {}.",
            "",
            "\n\n## Only a section {}\n---\n- a\n- b\n\n",
        ][number % 4]
        text = f"---\nname: skill-{number:02d}\ndescription: {description}\n{more}---\n{body.format(number)}"
        text = text.replace("\n", "\r\n") if number % 7 == 0 else text
        (skill / "SKILL.md").write_bytes(text.encode())
        if number % 3 == 0:
            (skill / "scripts").mkdir()
            (skill / "scripts" / "run.py").write_bytes(b"print('hi')\r\n")
        if number % 10 == 0:
            (skill / "logo.png").write_bytes(bytes(range(256)))
    return folder


def test_fifty_foreign_folders_survive_folder_bank_store_bank_folder(tmp_path):
    folder = foreign_folders(tmp_path / "skills")
    bank = read_skill_folders(folder).bank
    assert len(bank) == 50
    with BankStore.open(tmp_path / "bank.db", write=True) as store:
        store.publish(bank, reason="import")
    with BankStore.open(tmp_path / "bank.db") as reader:
        stored = SkillBank.loads(reader.bank.dumps())
    write_skill_folders(stored, tmp_path / "out")
    written = tree(tmp_path / "out")
    written.pop("bank.json")
    assert written == tree(folder)
    assert read_skill_folders(tmp_path / "out").bank.dumps() == bank.dumps()


@pytest.mark.parametrize("name", ["alfworld", "search", "webshop"])
def test_starter_banks_survive_as_folders(tmp_path, name):
    bank = SkillBank.starter(name)
    write_skill_folders(bank, tmp_path / "out")
    assert read_skill_folders(tmp_path / "out").bank.dumps() == bank.dumps()


@pytest.mark.parametrize("name", ["alfworld", "search", "webshop"])
def test_released_banks_survive_as_folders_byte_for_byte(shared_data, tmp_path, name):
    released = (shared_data / "skillrl" / "banks" / f"{name}.json").read_text(encoding="utf-8")
    write_skill_folders(SkillBank.loads(released), tmp_path / "out")
    found = read_skill_folders(tmp_path / "out")
    assert found.bank.dumps() == released
    assert found.evidence == {}


def test_order_empty_categories_metadata_and_counters_are_kept(tmp_path):
    bank = SkillBank(
        general=(Skill("z", "T", "p"), Skill("a", "T", "p")),
        task_specific={"heat": (), "cool": (Skill("Same Name", "T", "p", category="cool"),)},
        mistakes=(Mistake("same-name", "d", "h"),),
        metadata={"n": [1, None]},
        generation=7,
        category_key="query_type_skills",
        extra={"note": "x"},
    )
    evidence = {
        ("z", "heat"): {"with": 3, "won": 1},
        ("z", ""): {"with": 4},
        ("same-name", "cool"): {"with": 1},
    }
    write_skill_folders(bank, tmp_path / "out", evidence=evidence)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "a",
        "bank.json",
        "same-name",
        "same-name-t",
        "z",
    ]
    found = read_skill_folders(tmp_path / "out")
    assert found.bank.dumps() == bank.dumps()
    assert found.evidence == evidence


def test_entries_of_one_name_get_folders_of_their_own(tmp_path):
    bank = SkillBank.empty().with_skills(Skill(f"{'Ä' * n}", "日本", "p") for n in range(1, 4))
    bank = bank.with_skills([Skill("x" * 80 + end, "T", "p") for end in "abc"])
    write_skill_folders(bank, tmp_path / "out")
    assert all(len(path.name) <= 64 for path in (tmp_path / "out").iterdir())
    assert read_skill_folders(tmp_path / "out").bank.dumps() == bank.dumps()


def test_a_bank_skill_keeps_files_that_were_put_beside_it(tmp_path):
    write_skill_folders(SkillBank.empty().with_skills([Skill("a", "T", "p")]), tmp_path / "one")
    (tmp_path / "one" / "a" / "notes.md").write_text("more", encoding="utf-8")
    bank = read_skill_folders(tmp_path / "one").bank
    write_skill_folders(bank, tmp_path / "two")
    assert tree(tmp_path / "two") == tree(tmp_path / "one")
    assert read_skill_folders(tmp_path / "two").bank.dumps() == bank.dumps()


def test_folders_put_in_come_last_and_removed_ones_are_gone(tmp_path, caplog):
    bank = SkillBank.empty().with_skills([Skill("b", "T", "p"), Skill("a", "T", "p", category="heat")])
    write_skill_folders(bank, tmp_path / "out")
    foreign_folders(tmp_path / "out", 1)
    (tmp_path / "out" / "b" / "SKILL.md").unlink()
    (tmp_path / "out" / "b").rmdir()
    found = read_skill_folders(tmp_path / "out").bank
    assert found.ids == ("skill-00", "a")
    assert "1 skills have no folder any more, for example b" in caplog.text


def test_one_skills_folder_alone_is_a_bank(tmp_path):
    folder = foreign_folders(tmp_path / "skills", 1) / "skill-00"
    assert read_skill_folders(folder).bank.ids == ("skill-00",)


def test_a_corrupt_file_names_file_and_field(tmp_path):
    folder = foreign_folders(tmp_path / "skills", 3)
    text = (folder / "skill-01" / "SKILL.md").read_text(encoding="utf-8")
    (folder / "skill-01" / "SKILL.md").write_text(text.replace("skill-01", "skill-1"), encoding="utf-8")
    with pytest.raises(
        BankError, match=r"skill-01/SKILL\.md: name is 'skill-1' but the folder is 'skill-01'"
    ):
        read_skill_folders(folder)
    (folder / "skill-01" / "SKILL.md").write_bytes(b"---\nname: \xff\n---\n")
    with pytest.raises(BankError, match=r"skill-01/SKILL\.md: .*UTF-8"):
        read_skill_folders(folder)


def test_what_cannot_be_carried_is_refused(tmp_path, monkeypatch):
    folder = foreign_folders(tmp_path / "skills", 2)
    monkeypatch.setattr("skill_gym.skillbanks.skill_folders.LARGEST", 100)
    with pytest.raises(BankError, match=r"logo\.png: the files beside SKILL\.md exceed 100 bytes"):
        read_skill_folders(folder)
    (folder / "skill-00" / "logo.png").unlink()
    (folder / "skill-00" / "link").symlink_to("/etc/hostname")
    with pytest.raises(BankError, match="link: a link"):
        read_skill_folders(folder)
    with pytest.raises(BankError, match="no folder in it has a SKILL"):
        read_skill_folders(tmp_path)
    with pytest.raises(BankError, match="not empty"):
        write_skill_folders(SkillBank.empty(), folder)


@pytest.mark.parametrize("place", ["../outside.txt", "/tmp/outside.txt", "SKILL.md"])
def test_a_file_never_lands_outside_its_folder(tmp_path, place):
    bad = Skill("a", "T", "p", extra={"skill_md": {"files": {place: "x"}}})
    with pytest.raises(BankError, match="lies outside its folder"):
        write_skill_folders(SkillBank.empty().with_skills([bad]), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_ids_that_stand_twice_are_named(tmp_path):
    write_skill_folders(SkillBank.empty().with_skills([Skill("a", "T", "p")]), tmp_path / "out")
    (tmp_path / "out" / "b").mkdir()
    text = (tmp_path / "out" / "a" / "SKILL.md").read_text(encoding="utf-8").replace('name: "a"', "name: b")
    (tmp_path / "out" / "b" / "SKILL.md").write_text(text, encoding="utf-8")
    with pytest.raises(BankError, match=r"b/SKILL\.md: the id 'a' is that of 'a' too"):
        read_skill_folders(tmp_path / "out")


def test_a_broken_frame_is_named(tmp_path):
    write_skill_folders(SkillBank.empty().with_skills([Skill("a", "T", "p")]), tmp_path / "out")
    frame = json.loads((tmp_path / "out" / "bank.json").read_text(encoding="utf-8"))
    del frame["order"]
    (tmp_path / "out" / "bank.json").write_text(json.dumps(frame), encoding="utf-8")
    with pytest.raises(BankError, match=r"bank\.json: .*'order'"):
        read_skill_folders(tmp_path / "out")


def test_a_revised_skill_of_another_author_survives_too(tmp_path):
    bank = read_skill_folders(foreign_folders(tmp_path / "skills", 12)).bank
    revised = SkillBank(
        tuple(replace(skill, principle=f"{skill.principle} Better.") for skill in bank.general)
    )
    write_skill_folders(revised, tmp_path / "out")
    assert read_skill_folders(tmp_path / "out").bank.dumps() == revised.dumps()
