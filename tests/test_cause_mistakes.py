"""The teacher without a model warns of a mistake for each cause, where it is asked to."""

import pytest
from planted_episodes import COUNTER, FAULTS, SHELF, TAKE_EGG, episode, planted, solved
from test_search_teacher import PLANTED as SEARCHING
from test_shop_teacher import PLANTED as SHOPPING

from skill_gym.skillbanks.advice import ADVICE
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.diagnosis import Cause
from skill_gym.skillbanks.distillation import distil
from skill_gym.skillbanks.goals import CLEAN
from skill_gym.skillbanks.guard import Guard
from skill_gym.skillbanks.rule_teacher import RuleTeacher
from skill_gym.skillbanks.search_advice import SEARCH_ADVICE
from skill_gym.skillbanks.search_diagnosis import SearchCause
from skill_gym.skillbanks.shop_advice import SHOP_ADVICE
from skill_gym.skillbanks.shop_diagnosis import ShopCause
from skill_gym.skillbanks.teacher import TeacherRequest
from skill_gym.trajectory import Trajectory

WARNING = RuleTeacher(mistakes=True)
EVERY = [advice for table in (ADVICE, SHOP_ADVICE, SEARCH_ADVICE) for advice in table.values()]


def request(*failures: Trajectory, bank: SkillBank | None = None) -> TeacherRequest:
    return TeacherRequest(failures, bank or SkillBank.empty(), kind="distillation")


def test_every_cause_has_a_mistake_and_a_reason_of_its_own() -> None:
    for table in (ADVICE, SHOP_ADVICE, SEARCH_ADVICE):
        assert len({advice.mistake for advice in table.values()}) == len(table)
    for advice in EVERY:
        for text in (advice.mistake, advice.reason):
            assert text.endswith(".")
            assert "{" not in text
            assert 3 <= len(text.split()) <= 20


@pytest.mark.parametrize(
    "failure",
    [planted("wrong object taken"), SHOPPING[ShopCause.TOO_DEAR], SEARCHING[SearchCause.LATE]],
)
def test_only_a_distillation_that_wants_mistakes_gets_them(failure: Trajectory) -> None:
    (mistake, *_) = WARNING.ask(request(failure)).mistakes
    assert mistake.task_type == failure.task.task_type
    assert mistake.provenance.trajectory_ids == (failure.task.key,)
    assert "1 of 1 failed episodes" in mistake.provenance.evidence
    assert RuleTeacher().ask(request(failure)).mistakes == ()
    assert WARNING.ask(TeacherRequest((failure,), SkillBank.empty())).mistakes == ()


def test_what_was_done_most_often_is_warned_of_first() -> None:
    failures = [planted("loop"), *(planted("missing transformation", number=place) for place in range(3))]
    first, *rest = WARNING.ask(request(*failures)).mistakes
    assert first.description == ADVICE[Cause.NOT_CHANGED].mistake
    assert ADVICE[Cause.LOOP].mistake in [mistake.description for mistake in rest]


def test_a_mistake_of_several_types_belongs_to_all() -> None:
    clean = episode("put a clean mug in shelf.", CLEAN, [COUNTER, TAKE_EGG, SHELF])
    answer = WARNING.ask(request(planted("wrong object taken"), clean))
    (wrong,) = [one for one in answer.mistakes if one.description == ADVICE[Cause.WRONG_OBJECT].mistake]
    assert wrong.task_type is None
    assert "2 of 2 failed episodes" in wrong.provenance.evidence


def test_episodes_of_several_environments_are_warned_of_together() -> None:
    answer = WARNING.ask(request(planted("loop"), SHOPPING[ShopCause.TOO_DEAR], SEARCHING[SearchCause.LATE]))
    said = {mistake.description for mistake in answer.mistakes}
    assert {SHOP_ADVICE[ShopCause.TOO_DEAR].mistake, SEARCH_ADVICE[SearchCause.LATE].mistake} <= said


def test_a_distilled_bank_warns_beside_its_skills_and_once_only() -> None:
    episodes = [*(planted(cause, number=place) for place, cause in enumerate(FAULTS)), solved(number=99)]
    plain = distil(SkillBank.empty(), episodes, RuleTeacher())
    assert plain.mistakes == ()
    made = distil(SkillBank.empty(), episodes, WARNING)
    assert [skill.principle for skill in made.added] == [skill.principle for skill in plain.added]
    assert len(made.mistakes) >= len(FAULTS) - 2
    again = WARNING.ask(request(*episodes, bank=made.bank))
    assert len(again.mistakes) == len(WARNING.ask(request(*episodes)).mistakes) - len(made.mistakes)


@pytest.mark.parametrize("planted_in", [SHOPPING, SEARCHING])
def test_the_words_pass_the_guard(planted_in: dict[object, Trajectory]) -> None:
    answer = WARNING.ask(request(*planted_in.values()))
    entries = [mistake.mistake(f"err_{place:03d}", None) for place, mistake in enumerate(answer.mistakes)]
    refused = [verdict.reason for verdict in Guard().screen(SkillBank.empty(), entries) if not verdict.passes]
    assert refused == []
