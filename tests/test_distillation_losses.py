"""What a model leaves unanswered in a distillation: told, counted, and no reason to lose the rest."""

import json
from collections import Counter
from pathlib import Path

import pytest
from distilled_records import CAUSES, GOALS, cited, each, material, teaching
from scripted_distiller import answer, episodes
from teacher_server import Asked, Said, completion, error, loopback_key  # noqa: F401

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.categories import own_category
from skill_gym.skillbanks.distillation import distil
from skill_gym.skillbanks.goals import COOL, HEAT
from skill_gym.skillbanks.memories.task_type import task_type_of
from skill_gym.skillbanks.teachers.distilling import DistillationConfig

REFUSAL = completion(None, refusal="I had rather not.")

pytestmark = pytest.mark.usefixtures("loopback_key")


def test_unknown_evidence_is_sent_back_once():
    tried: Counter[str] = Counter()

    def careless(asked: Asked) -> Said:
        said = answer(asked)
        first = asked.body["messages"][1]["content"]
        tried[first] += 1
        if asked.schema_name == "FailureList" and tried[first] == 1:
            said["entries"][0]["sources"] = ["E1", "E77"]
        return said

    with teaching(answers=careless) as (teacher, server):
        result = distil(SkillBank.empty(), [], teacher, memories=each(), max_new=None)
    assert result.lost == ()
    mended = [asked for asked in server.requests if len(asked.body["messages"]) == 4]
    assert len(mended) == 6
    assert all("sources" in asked.text and "'E1' or 'E2'" in asked.text for asked in mended)


def test_a_heading_is_no_rule():
    def curt(asked: Asked) -> Said:
        said = answer(asked)
        if asked.schema_name == "SkillEntryList" and len(asked.body["messages"]) == 2:
            said["entries"][0]["principle"] = "Search/Find/Place"
        return said

    with teaching(answers=curt) as (teacher, server):
        result = distil(SkillBank.empty(), [], teacher, memories=each(), max_new=None)
    mended = [asked for asked in server.requests if len(asked.body["messages"]) == 4]
    assert len(mended) == 7
    assert all("has 1 words; say in a sentence what to do" in asked.text for asked in mended)
    assert result.lost == ()
    assert not any("Search/Find/Place" in skill.principle for skill in result.bank.skills)


def test_evidence_that_stays_unknown_loses_the_batch_and_nothing_else():
    def stubborn(asked: Asked) -> Said:
        said = answer(asked)
        if (
            "Kind of task: heat" in asked.body["messages"][1]["content"]
            and asked.schema_name == "FailureList"
        ):
            said["entries"][0]["sources"] = ["E77"]
        return said

    given = each(3)
    with teaching(answers=stubborn) as (teacher, _):
        result = distil(SkillBank.empty(), [], teacher, memories=given, max_new=None)
    (lost,) = result.lost
    assert lost.purpose == "lessons of heat, failed"
    assert lost.fault == "invalid answer"
    assert set(lost.evidence) == {one.id for one in given if task_type_of(one) == HEAT and not one.success}
    assert set(result.bank.categories) == {own_category(name) for name in GOALS}
    assert not any(CAUSES[HEAT][0][1] in skill.principle for skill in result.bank.skills)
    assert json.loads(json.dumps(result.to_dict()))["lost"][0]["fault"] == "invalid answer"


def test_strict_stops_at_the_first_lost_part():
    def stubborn(asked: Asked) -> Said:
        return REFUSAL if asked.schema_name == "MistakeEntryList" else answer(asked)

    with teaching(DistillationConfig(strict=True), answers=stubborn) as (teacher, _):
        result = distil(SkillBank.empty(), [], teacher, memories=each(), max_new=None)
    assert result.error is not None
    assert result.error.startswith("refused")
    assert len(result.bank) == 0


def test_a_teacher_that_is_gone_is_an_error_and_no_empty_bank():
    with teaching(answers=lambda _: error(404, "no such model")) as (teacher, _):
        result = distil(SkillBank.empty(), [], teacher, memories=each(), max_new=None)
    assert "no part of the distillation came to an end" in str(result.error)
    assert result.lost == ()


def test_a_rerun_asks_only_for_what_was_lost(tmp_path: Path):
    down = True

    def shaky(asked: Asked) -> Said:
        text = asked.body["messages"][1]["content"]
        lost = down and asked.schema_name == "FailureList" and "Kind of task: cool" in text
        return REFUSAL if lost else answer(asked)

    kept = tmp_path / "answers.sqlite"
    with teaching(answers=shaky, cache=kept) as (teacher, _):
        first = distil(SkillBank.empty(), [], teacher, memories=each(), max_new=None)
    down = False
    with teaching(answers=shaky, cache=kept) as (teacher, server):
        second = distil(SkillBank.empty(), [], teacher, memories=each(), max_new=None)
    assert [part.purpose for part in first.lost] == ["lessons of cool, failed"]
    assert second.lost == ()
    reading = material(server, "PatternList") + material(server, "FailureList")
    assert [("cool" in text) for text in reading] == [True]
    with teaching() as (teacher, _):
        whole = distil(SkillBank.empty(), [], teacher, memories=each(), max_new=None)
    assert second.bank == whole.bank


def test_a_batch_too_long_for_the_model_is_read_in_halves():
    def short(asked: Asked) -> Said:
        text = asked.body["messages"][1]["content"]
        if len(episodes(text)) > 2:
            return error(
                400, "This model's maximum context length is 10 tokens", code="context_length_exceeded"
            )
        return answer(asked)

    with teaching(answers=short) as (teacher, server):
        result = distil(SkillBank.empty(), [], teacher, memories=each(5), max_new=None)
    assert result.lost == ()
    read = [text for form in ("PatternList", "FailureList") for text in material(server, form)]
    assert Counter(len(episodes(text)) for text in read) == {5: 12, 3: 12, 2: 24, 1: 12}
    told = next(one for one in result.bank.task_specific["cool"] if CAUSES[COOL][0][1] in one.principle)
    assert len(cited(told)) == 5


def test_a_context_without_room_for_an_episode_says_so():
    with teaching(context_tokens=1500) as (teacher, _):
        result = distil(SkillBank.empty(), [], teacher, memories=each(), max_new=None)
    assert "a context of 1500 tokens has no room for an episode" in str(result.error)
