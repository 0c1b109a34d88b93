"""Which skills a reply refers to."""

import pytest

from skill_gym.agents.sft_citations import block_lines, cited, skill_block
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.rendering import render
from skill_gym.skillbanks.retrieval import ByTaskType, Retrieved
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.trajectory import Task

LINES = (
    "Open First: Open closed things before you look for what may be in them.",
    "mug: A mug is usually on a shelf or on a desk.",
    "Going in circles between the same places. Instead: Visit a new place.",
)
IDS = ("gen_001", "place_mug", "err_002")


@pytest.mark.parametrize(
    ("reply", "places"),
    [
        ("As gen_001 says, open it.", (0,)),
        ("OPEN FIRST, then look.", (0,)),
        ("closed things before you look for what may be", (0,)),
        ("A mug is usually on a shelf or on a desk!", (1,)),
        ("a mug is usually on a shelf", ()),
        ("The mug is here.", ()),
        ("I am going in circles between the same places.", (2,)),
        ("err_002 and gen_001", (0, 2)),
        ("gen_0011", ()),
        ("Open the first drawer.", ()),
        ("", ()),
    ],
)
def test_a_reference_is_an_id_a_title_or_a_quotation(reply, places):
    assert cited(LINES, IDS, reply) == places


def test_blocks_are_read_as_they_are_written():
    retrieved = Retrieved(
        general=(Skill("gen_001", "Open First", "Open it.\nThen look."),),
        mistakes=(Mistake("err_002", "Going in circles.", "Stop [now]."),),
    )
    for show_ids in (False, True):
        block = render(retrieved, show_ids=show_ids)
        prompt = f"{block.text}\n\nYou are here.\n- a list"
        assert skill_block(prompt) == block.text
        assert block_lines(block.text) == (
            "Open First: Open it. Then look.",
            "Going in circles. Instead: Stop [now].",
        )
    assert skill_block("You are here.\n\nSkills learned from earlier episodes:") == ""


def test_every_starter_bank_has_a_line_for_every_id():
    for name in ("skill_gym/ALFWorld-v0", "skill_gym/WebShop-v0", "skill_gym/Search-v0"):
        bank = SkillBank.starter(name)
        for category in (*bank.categories, "none"):
            (found,) = ByTaskType(bank, top_k=None).retrieve(
                [Task("a", "k", name, "train", category, "a goal")]
            )
            block = render(found)
            assert len(block_lines(block.text)) == len(block.skill_ids)
