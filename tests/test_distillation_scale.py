"""Any number of episodes within the model's context: samples, order, plans, and the released memories."""

import json
import random
from collections import Counter
from pathlib import Path

import pytest
from distilled_records import CAUSES, GOALS, cited, material, records, teaching
from scripted_distiller import episodes
from teacher_server import Asked, Said, completion, error, loopback_key  # noqa: F401

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.categories import own_category
from skill_gym.skillbanks.distillation import distil
from skill_gym.skillbanks.lint import Severity, lint_bank
from skill_gym.skillbanks.memories.record import MemoryRecord, read_memories
from skill_gym.skillbanks.memories.task_type import task_type_of
from skill_gym.skillbanks.teacher import TeacherError, TeacherRequest
from skill_gym.skillbanks.teachers.distil_plan import plan
from skill_gym.skillbanks.teachers.distil_questions import careful_tokens
from skill_gym.skillbanks.teachers.distilling import DistillationConfig

pytestmark = pytest.mark.usefixtures("loopback_key")


def test_order_of_the_records_does_not_matter_and_the_seed_does():
    given = records(120)
    mixed = random.Random(3).sample(given, len(given))

    def asked(memories: list[MemoryRecord], seed: int) -> Counter[str]:
        with teaching(DistillationConfig(seed=seed)) as (teacher, server):
            distil(SkillBank.empty(), [], teacher, memories=memories, max_new=None)
        return Counter(material(server))

    assert asked(given, 0) == asked(mixed, 0)
    assert asked(given, 0) != asked(given, 1)


def test_a_sample_is_drawn_over_all_categories_and_outcomes():
    given = records(600)
    kinds = {(task_type_of(one), one.success) for one in given}
    with teaching() as (teacher, _):
        result = distil(SkillBank.empty(), [], teacher, memories=given, max_episodes=len(kinds), max_new=None)
        half = distil(SkillBank.empty(), [], teacher, memories=given, max_episodes=6, max_new=None)
        other = distil(SkillBank.empty(), [], teacher, memories=given, max_episodes=6, max_new=None, seed=1)
    assert len(kinds) == 12
    assert {name: (rate.solved, rate.episodes) for name, rate in result.success.items()} == dict.fromkeys(
        sorted(GOALS), (1, 2)
    )
    assert {name: rate.episodes for name, rate in half.success.items()} == dict.fromkeys(sorted(GOALS), 1)

    def read(result: object) -> set[str]:
        return {name for entry in result.bank for name in cited(entry)}

    assert read(half) != read(other)


def test_two_thousand_records_within_four_thousand_tokens():
    given = records(2000)
    by_cause = {
        (task_type, bad): {one.id for one in given if one.mistakes and one.mistakes[0].bad_action == bad}
        for task_type, causes in CAUSES.items()
        for _, bad in causes
    }
    with teaching(context_tokens=4096) as (teacher, server):
        result = distil(SkillBank.empty(), [], teacher, memories=given, max_new=None)
    assert result.error is None
    assert result.lost == ()
    for asked in server.requests:
        schema = json.dumps(asked.body["response_format"])
        said = "".join(message["content"] for message in asked.body["messages"])
        assert careful_tokens(said) + careful_tokens(schema) // 2 + asked.body["max_tokens"] <= 4096
    seen = [
        name
        for form in ("PatternList", "FailureList")
        for text in material(server, form)
        for name in episodes(text)
    ]
    assert len(seen) == 2000
    merging = material(server, "MergedList")
    assert len(merging) >= 12
    assert any("Seen: Seen in several episodes." in text for text in merging), "a second level"
    assert set(result.bank.categories) == {own_category(name) for name in GOALS}
    # What the lessons were merged from is known to the last episode, and nothing else is.
    for (task_type, bad), ids in by_cause.items():
        told = [
            skill for skill in result.bank.task_specific[own_category(task_type)] if bad in skill.principle
        ]
        assert told, bad
        assert set().union(*map(cited, told)) <= ids
    most = max(by_cause, key=lambda key: len(by_cause[key]))
    (told,) = [
        skill for skill in result.bank.task_specific[own_category(most[0])] if most[1] in skill.principle
    ]
    assert set(cited(told)) == by_cause[most]


def test_the_plan_counts_what_is_asked_about_episodes():
    given = records(300)
    request = TeacherRequest((), SkillBank.empty(), kind="distillation", memories=tuple(given))
    planned = plan(request, context_tokens=8192)
    with teaching(context_tokens=8192) as (teacher, server):
        distil(SkillBank.empty(), [], teacher, memories=given, max_new=None)
    reading = len(material(server, "PatternList")) + len(material(server, "FailureList"))
    assert sum(n for name, n in planned.questions.items() if name.startswith("lessons")) == reading
    # A model that finds less to say needs fewer questions for merging.
    assert len(server.requests) <= planned.count <= 4 * len(server.requests)
    assert planned.largest <= 8192
    assert planned.prompt_tokens > planned.reply_tokens > 0
    with pytest.raises(TeacherError, match="no room"):
        plan(request, context_tokens=1000)


RELEASED = {
    "alfworld": (
        ("alfworld",),
        223,
        {"pick_and_place", "look_at_obj_in_light", "clean", "heat", "cool", "pick_two"},
    ),
    "webshop": (
        ("webshop_001-100", "webshop_101-200"),
        200,
        {"apparel", "footwear", "home_decor", "electronics", "accessories", "beauty_health", "other"},
    ),
    "search": (
        ("search",),
        196,
        {"direct_retrieval", "multi_hop_reasoning", "entity_attribute_lookup", "comparison"},
    ),
}


@pytest.mark.parametrize("name", RELEASED)
def test_the_released_memories_become_valid_banks(name: str, shared_data: Path):
    files, count, categories = RELEASED[name]
    given = [
        one for file in files for one in read_memories(shared_data / "skillrl" / "memories" / f"{file}.json")
    ]
    with teaching(context_tokens=32_768) as (teacher, server):
        result = distil(SkillBank.empty(), [], teacher, memories=given, max_new=None, numbering="released")
    assert result.error is None
    assert result.lost == ()
    read = [text for form in ("PatternList", "FailureList") for text in material(server, form)]
    assert sum(len(episodes(text)) for text in read) == count
    bank = SkillBank.loads(result.bank.dumps())
    assert bank == result.bank
    assert not [found for found in lint_bank(bank) if found.severity is Severity.ERROR]
    key = {"alfworld": "task", "webshop": "product", "search": "query_type"}[name]
    assert set(bank.metadata[f"{key}_distribution"]) == categories
    ids = {one.id for one in given}
    assert all(set(cited(entry)) <= ids and cited(entry) for entry in bank)
    failed = {one.id for one in given if not one.success}
    assert bank.mistakes
    assert all(set(cited(mistake)) <= failed for mistake in bank.mistakes)
