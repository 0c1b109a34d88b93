"""The skill block never exceeds its budget and says what it left out."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.rendering import about_tokens, render
from skill_gym.skillbanks.retrieval import ByTaskType, Retrieved
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.trajectory import Task

WORDS = st.text(alphabet="abcde äß\n", min_size=1, max_size=60)
# Tokenizers whose count of a whole is not the sum of its parts' counts.
TOKENIZERS = {
    "bytes": lambda text: len(text.encode()),
    "about": about_tokens,
    "with a start token": lambda text: 7 + len(text.split()),
    "dearer in long texts": lambda text: math.ceil(len(text) ** 1.3 / 9),
    "dearer without newlines": lambda text: len(text) + (50 if text.count("\n") % 3 else 0),
}


@st.composite
def retrieved(draw):
    def entries(prefix, make):
        count = draw(st.integers(0, 5))
        return tuple(make(f"{prefix}_{number}", draw(WORDS), draw(WORDS)) for number in range(count))

    return Retrieved(
        general=entries("gen", Skill),
        task_specific=entries("hea", Skill),
        mistakes=entries("err", Mistake),
        category=draw(st.sampled_from([None, "heat"])),
    )


@settings(max_examples=150, deadline=None)
@given(retrieved(), st.integers(0, 400), st.sampled_from(sorted(TOKENIZERS)), st.booleans())
def test_block_never_overflows_and_every_entry_is_shown_or_named(found, budget, tokenizer, show_ids):
    count = TOKENIZERS[tokenizer]
    block = render(found, max_tokens=budget, count_tokens=count, show_ids=show_ids)
    assert block.tokens <= budget
    assert block.tokens == (count(block.text) if block.text else 0)
    assert sorted((*block.skill_ids, *block.dropped_skill_ids)) == sorted(found.ids)
    assert block.skill_ids == tuple(name for name in found.ids if name in set(block.skill_ids))
    assert bool(block.text) == bool(block.skill_ids)
    assert block == render(found, max_tokens=budget, count_tokens=count, show_ids=show_ids)


def sample() -> Retrieved:
    return Retrieved(
        general=tuple(Skill(f"gen_{n}", "Title", "five words are in here.") for n in range(4)),
        task_specific=(
            Skill("hea_0", "Heat", "Use the\nmicrowave.", example="heat egg 1"),
            Skill("hea_1", "x", "y"),
        ),
        mistakes=(Mistake("err_0", "Runs.", "Walk."), Mistake("err_1", "Falls.", "Stand.")),
        category="heat",
    )


def test_general_then_category_then_mistakes_one_line_each():
    lines = render(sample()).text.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "Skills learned from earlier episodes",
        *("In every task", *["- Title"] * 4),
        *("In heat tasks", "- Heat", "- x"),
        *("Mistakes and what to do instead", "- Runs. Instead", "- Falls. Instead"),
    ]
    assert "- Heat: Use the microwave." in lines


def test_ids_and_examples_are_shown_on_demand():
    plain, full = render(sample()).text, render(sample(), show_ids=True, include_examples=True).text
    assert "gen_0" not in plain
    assert "heat egg 1" not in plain
    assert "- [hea_0] Heat: Use the microwave. Example: heat egg 1" in full
    assert "- [err_1] Falls." in full


def test_empty_bank_gives_empty_text():
    (found,) = ByTaskType(SkillBank.empty()).retrieve([Task("i", "k", "e", "s", "t", "g")])
    assert render(found).text == ""
    assert render(found).tokens == 0


def test_budget_too_small_for_anything_drops_everything():
    block = render(sample(), max_tokens=3)
    assert (block.text, block.skill_ids, block.tokens) == ("", (), 0)
    assert block.dropped_skill_ids == sample().ids


def test_each_section_keeps_an_entry_while_that_fits():
    whole = render(sample()).tokens
    for budget in range(whole, 0, -1):
        block = render(sample(), max_tokens=budget)
        sections = {name.split("_")[0] for name in block.skill_ids}
        if len(sections) < 3:
            # Only when every section was down to its last entry does a section go, mistakes first.
            assert len(block.skill_ids) == len(sections)
            assert sections in ({"gen", "hea"}, {"gen"}, set())


def test_dear_and_low_ranked_entries_go_first():
    found = Retrieved(
        general=(
            Skill("short_first", "A", "b."),
            Skill("long", "A", "word " * 60),
            Skill("short_last", "A", "c."),
        )
    )
    whole = render(found).tokens
    assert render(found, max_tokens=whole - 1).dropped_skill_ids == ("long",)
    equal = Retrieved(general=tuple(Skill(f"gen_{n}", "A", "same length.") for n in range(3)))
    assert render(equal, max_tokens=render(equal).tokens - 1).dropped_skill_ids == ("gen_2",)


def test_negative_budget_is_refused():
    with pytest.raises(ValueError, match="max_tokens must be at least 0, got -1"):
        render(sample(), max_tokens=-1)


def test_starter_block_is_short_for_every_task_type():
    bank = SkillBank.starter("alfworld")
    from skill_gym.skillbanks.goals import TASK_TYPES

    for found in ByTaskType(bank).retrieve([Task("i", "k", "e", "s", name, "g") for name in TASK_TYPES]):
        assert 250 < len(render(found).text.split()) < 450
