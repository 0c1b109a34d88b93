"""Entries and SKILL.md files turn into each other without loss; errors name file and field."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skill_gym.skillbanks.skill import BankError, Mistake, Provenance, Skill
from skill_gym.skillbanks.skill_md import read_skill_md, skill_name, valid_name, write_skill_md
from skill_gym.skillbanks.skillrl_format import write_entry

yaml = pytest.importorskip("yaml")

FOREIGN = """---
name: pdf-forms
description: Fill PDF forms; use it when the user has one.
license: Apache-2.0
metadata:
  author: someone
  version: 1.0
allowed-tools: Read Bash(python:*)
---

# PDF forms

1. Look at the fields.

## Example

None of ours.
"""


def same(one, other) -> bool:
    return type(one) is type(other) and (
        json.dumps(write_entry(one)) == json.dumps(write_entry(other))
        and getattr(one, "category", None) == getattr(other, "category", None)
    )


@pytest.mark.parametrize(
    "entry",
    [
        Skill(
            "gen_001", "Look first", "Open it, then look.", "At a closed thing.", example="> open fridge 1"
        ),
        Skill("h", "T", "P", category="heat", keywords=("mug", "cup"), extra={"weight": 0.5, "n": None}),
        Mistake("err_001", "Loops.", "Count.", "It forgets.", category="cool"),
        Mistake("err_002", "Loops.", "Count."),
        Skill(
            "x", "T", "P", provenance=Provenance(("a:b:c",), ("train",), "gpt", "1-x", "2 of 3", {"k": [1]})
        ),
        Skill("y", " spaced ", "## Example\n\nis part of it\n", " "),
        Skill("z", "Ünï 😀\u2028", "P \ud800 \x00 \x85", "a\r\nb", extra={"skill_md": "somebody's"}),
        Skill("skill", "--- # : 'x'", "---\nname: y\n---"),
    ],
    ids=lambda entry: entry.id,
)
def test_an_entry_comes_back_as_it_was(entry):
    text = write_skill_md(entry)
    text.encode("utf-8")
    found = read_skill_md(text, "SKILL.md")
    assert same(found.entry, entry)
    assert found.entry == entry
    assert write_skill_md(found.entry, found.name) == text
    assert valid_name(found.name)


TEXT = st.text(max_size=40).filter(str.strip)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.builds(Skill, TEXT, TEXT, TEXT, st.none() | st.text(), st.none() | TEXT, st.none() | st.text()),
        st.builds(Mistake, TEXT, TEXT, TEXT, st.text()),
    )
)
def test_any_entry_comes_back_as_it_was(entry):
    found = read_skill_md(write_skill_md(entry), "SKILL.md").entry
    assert same(found, entry) or found == entry


def test_the_file_is_of_the_standard_and_says_the_skill():
    entry = Skill(
        "gen_001", "Look First", "Open it.", "At a closed thing.", provenance=Provenance(teacher="gpt")
    )
    text = write_skill_md(entry, evidence={"heat": {"with": 3}})
    head, body = text.removeprefix("---\n").split("---\n")
    fields = yaml.safe_load(head)
    assert fields["name"] == "gen-001-look-first"
    assert fields["description"] == "Look First. Use when: At a closed thing."
    assert all(isinstance(value, str) for value in fields["metadata"].values())
    assert json.loads(fields["metadata"]["skill-gym-provenance"]) == {"teacher": "gpt"}
    assert body == "\n# Look First\n\nOpen it.\n\n## When to apply\n\nAt a closed thing.\n"
    assert read_skill_md(text, "SKILL.md").evidence == {"heat": {"with": 3}}


def test_what_a_person_edits_in_the_file_counts():
    entry = Skill("y", "Spaced", "Do it.", "Now.", extra={"weight": 2})
    text = write_skill_md(entry).replace("Now.", "Later.").replace('name: "y"', "name: y\nlicense: MIT")
    found = read_skill_md(text, "SKILL.md").entry
    assert found.when_to_apply == "Later."
    assert found.extra == {"weight": 2, "skill_md": {"front_matter": {"license": "MIT"}}}
    described = write_skill_md(found).replace("Spaced. Use when: Later.", "Mine.")
    again = read_skill_md(described, "SKILL.md").entry
    assert 'description: "Mine."' in write_skill_md(again)


def test_another_authors_skill_is_read_and_given_back_unchanged():
    entry = read_skill_md(FOREIGN, "pdf-forms/SKILL.md", "pdf-forms").entry
    assert (entry.id, entry.title) == ("pdf-forms", "PDF forms")
    assert entry.when_to_apply == "Fill PDF forms; use it when the user has one."
    assert entry.principle.startswith("1. Look at the fields.\n\n## Example")
    assert write_skill_md(entry) == FOREIGN
    assert write_skill_md(read_skill_md(FOREIGN.replace("\n", "\r\n"), "x").entry) == FOREIGN.replace(
        "\n", "\r\n"
    )


def test_another_authors_skill_that_was_revised_keeps_its_other_fields():
    from dataclasses import replace

    entry = replace(read_skill_md(FOREIGN, "x").entry, principle="Shorter.", category="forms")
    text = write_skill_md(entry)
    fields = yaml.safe_load(text.removeprefix("---\n").split("\n---\n")[0])
    assert fields["license"] == "Apache-2.0"
    assert fields["metadata"]["author"] == "someone"
    assert same(read_skill_md(text, "x").entry, entry)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("name: pdf-forms", "name: PDF_Forms", "name 'PDF_Forms' is not of 1 to 64"),
        ("name: pdf-forms", f"name: {'a' * 65}", "name has 65 characters"),
        ("name: pdf-forms", "name: -pdf", "name '-pdf'"),
        ("name: pdf-forms", "name: a--b", "name 'a--b'"),
        ("name: pdf-forms", "name: other", "folder is 'pdf-forms'"),
        ("name: pdf-forms\n", "", "name is missing"),
        ("description: Fill", "descriptions: Fill", "description is missing"),
        (
            "description: Fill PDF forms; use it when the user has one.",
            "description: ''",
            "description is no text",
        ),
        ("Fill PDF forms", "F" * 1025, "description has .* the standard allows 1024"),
        ("license: Apache-2.0", f"compatibility: {'c' * 501}", "compatibility has 501"),
        ("license: Apache-2.0", "name: pdf-forms", "name stands twice, again in line 4"),
        ("Fill PDF forms;", "Fill: PDF forms;", "not YAML in line 3"),
        ("  author: someone\n  version: 1.0\n", "  - a\n", "metadata must be"),
        ("---\nname", "name", "no front matter"),
        ("\n---\n\n#", "\n\n#", "no front matter"),
        ("license: Apache-2.0", "license: [unclosed", "not YAML"),
        ("  author: someone", "  skill-gym-kind: spell", "skill-gym-kind must be skill or mistake"),
        (
            "  author: someone",
            "  skill-gym-kind: skill\n  skill-gym-fields: '{' #",
            "skill-gym-fields is not JSON",
        ),
        ("  author: someone", "  skill-gym-kind: skill", "skill_id is empty"),
    ],
)
def test_errors_name_file_and_field(old, new, said):
    assert old in FOREIGN
    with pytest.raises(BankError, match=rf"^skills/SKILL\.md: .*{said}"):
        read_skill_md(FOREIGN.replace(old, new, 1), "skills/SKILL.md", "pdf-forms")


def test_names_keep_to_the_standard_for_any_id():
    assert skill_name(Skill("gen_001", "Look First!", "p")) == "gen-001-look-first"
    assert skill_name(Skill("look-first", "T", "p")) == "look-first"
    assert valid_name(skill_name(Skill("\ud800", "日本", "p")))
    assert valid_name(skill_name(Skill("a" * 63 + " b", "T", "p")))
