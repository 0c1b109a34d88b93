"""Validation failures make the next bank, round after round, without leaking into its own evaluation."""

import json
import pickle

import pytest
from planted_episodes import FAULTS, episode, planted, solved

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.evolution import EvolutionConfig, LeakError, check_leak, evolve, leaked_ids
from skill_gym.skillbanks.goals import COOL, HEAT, LOOK, PLACE, TWO
from skill_gym.skillbanks.rule_teacher import RuleTeacher
from skill_gym.skillbanks.success import SuccessRate
from skill_gym.skillbanks.teacher import Proposal, TeacherAnswer, TeacherError


class Scripted:
    """A teacher that says what it is told to and remembers what it was asked."""

    name = "scripted"

    def __init__(self, *proposals: Proposal, error: TeacherError | None = None) -> None:
        self.proposals, self.error, self.requests = proposals, error, []

    def ask(self, request):
        self.requests.append(request)
        if self.error:
            raise self.error
        return TeacherAnswer(self.proposals)


def proposals(count: int, task_type: str | None = None) -> list[Proposal]:
    return [Proposal(f"T{number}", f"Principle number {number}.", task_type) for number in range(count)]


def failures(cause: str, count: int = 4) -> list:
    return [planted(cause, number=number) for number in range(count)]


def test_five_rounds_with_new_failures_add_skills_every_time():
    bank = SkillBank.starter("alfworld")
    rounds = [
        ("missing transformation", "wrong object taken"),
        ("goal object seen but not taken", "closed containers never opened"),
        ("stopped after one of two objects", "lamp not used"),
        ("impossible commands", "object put in the wrong place"),
        ("loop", "object held but not delivered"),
    ]
    added = []
    for number, causes in enumerate(rounds):
        episodes = [episode for cause in causes for episode in failures(cause)]
        result = evolve(bank, episodes, RuleTeacher(habits=False), seed=number)
        assert result.bank.generation == bank.generation + 1
        assert set(causes) <= set(result.causes)
        added.append(len(result.added))
        bank = result.bank
    assert all(1 <= count <= 3 for count in added)
    assert len(bank) == len(SkillBank.starter("alfworld")) + sum(added)
    assert len({entry.fingerprint for entry in bank}) == len(bank)


def test_same_failures_again_bring_something_new_or_nothing_twice():
    bank, counts = SkillBank.empty(), []
    for _ in range(8):
        result = evolve(bank, failures("missing transformation"), RuleTeacher())
        counts.append(len(result.added))
        bank = result.bank
    assert counts[0] > 0
    assert counts[-1] == 0
    assert evolve(bank, failures("missing transformation"), RuleTeacher()).bank is bank
    assert len({entry.fingerprint for entry in bank}) == len(bank) == sum(counts)


def test_only_weak_task_types_with_enough_episodes_are_taught():
    episodes = [
        *failures("missing transformation", 3),
        *(solved(HEAT, number=n, goal="put a hot mug in shelf.") for n in range(10, 11)),
        *failures("wrong object taken", 1),
        *(solved(PLACE, number=n) for n in range(10, 14)),
        *failures("lamp not used", 2),
    ]
    teacher = Scripted(*proposals(1))
    result = evolve(SkillBank.empty(), episodes, teacher)
    assert result.weak == (HEAT,)
    assert result.success == {HEAT: SuccessRate(1, 4), PLACE: SuccessRate(4, 5), LOOK: SuccessRate(0, 2)}
    assert "0.80, not below update_threshold=0.4" in result.spared[PLACE]
    assert "2 episodes, fewer than min_episodes=3" in result.spared[LOOK]
    (request,) = teacher.requests
    assert {item.task.task_type for item in request.trajectories} == {HEAT}
    assert len(request.trajectories) == result.failures_read == 3
    assert len(request.successes) == 5


def test_interval_rule_waits_until_the_weakness_is_sure():
    episodes = [*failures("missing transformation", 4), solved(HEAT, number=9)]
    assert evolve(SkillBank.empty(), episodes, Scripted(*proposals(1))).added
    sure = EvolutionConfig(rule="interval")
    result = evolve(SkillBank.empty(), episodes, Scripted(*proposals(1)), sure)
    assert result.added == ()
    assert "interval" in result.spared[HEAT]
    assert evolve(
        SkillBank.empty(), failures("missing transformation", 12), Scripted(*proposals(1)), sure
    ).added


def test_limit_holds_over_all_types_and_the_rest_is_reported():
    result = evolve(SkillBank.empty(), failures("loop"), Scripted(*proposals(5), *proposals(1)))
    assert [skill.id for skill in result.added] == ["dyn_001", "dyn_002", "dyn_003"]
    assert [(item.title, item.reason) for item in result.skipped] == [
        ("T3", "over max_new_skills=3"),
        ("T4", "over max_new_skills=3"),
        ("T0", "says the same as 'T0' of this round"),
    ]
    again = evolve(result.bank, failures("loop"), Scripted(*proposals(4)))
    assert [skill.id for skill in again.added] == ["dyn_004"]
    assert [item.reason for item in again.skipped] == [f"says the same as dyn_00{n}" for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("task_type", "category"),
    [(None, None), (HEAT, "heat"), (TWO, "pick_two"), (LOOK, "look_at_obj_in_light")],
)
def test_skills_enter_the_category_of_their_task_type(task_type, category):
    for bank in (SkillBank.starter("alfworld"), SkillBank.empty()):
        result = evolve(bank, failures("loop"), Scripted(*proposals(1, task_type)))
        assert result.added[0].category == category
        place = result.bank.general if category is None else result.bank.task_specific[category]
        assert place[-1] == result.added[0]


def test_failures_are_dealt_in_turn_seeded_and_without_broken_ones():
    episodes = [
        *failures("missing transformation", 20),
        *failures("closed containers never opened", 3),
        *failures("loop", 20),
        *(episode("put a mug in shelf.", PLACE, [], number=n, ended="broken") for n in range(50, 55)),
    ]
    config = EvolutionConfig(max_failures=9)

    def read(seed):
        teacher = Scripted(*proposals(1))
        result = evolve(SkillBank.empty(), episodes, teacher, config, seed=seed)
        assert result.broken == 5
        return [item.task for item in teacher.requests[0].trajectories]

    first = read(1)
    types = [task.task_type for task in first]
    assert {name: types.count(name) for name in set(types)} == {HEAT: 3, COOL: 3, PLACE: 3}
    assert len(set(types[:3])) == 3
    assert first == read(1)
    assert first != read(2)


def test_teachers_error_leaves_the_bank_and_stands_in_the_result():
    bank = SkillBank.starter("alfworld")
    result = evolve(bank, failures("loop"), Scripted(error=TeacherError("unavailable", "no quota")))
    assert result.bank is bank
    assert result.error == "unavailable: no quota"
    assert result.added == ()
    assert result.to_dict()["error"] == "unavailable: no quota"


def test_nothing_happens_when_switched_off_or_strong():
    teacher = Scripted(*proposals(1))
    bank = SkillBank.empty()
    off = evolve(bank, failures("loop"), teacher, EvolutionConfig(enable_dynamic_update=False))
    assert off.bank is bank
    assert "switched off" in off.spared[PLACE]
    strong = evolve(bank, [solved(number=n) for n in range(4)], teacher)
    assert strong.bank is bank
    assert evolve(bank, [], teacher).bank is bank
    assert teacher.requests == []


def test_result_is_json_and_carries_the_evidence():
    result = evolve(SkillBank.empty(), failures("missing transformation"), RuleTeacher())
    report = json.loads(json.dumps(result.to_dict()))
    assert report["success"][HEAT]["episodes"] == 4
    assert report["added"][0]["category"] == "heat"
    assert "4 of 4 failed episodes" in report["added"][0]["evidence"]
    assert report["version"] == result.bank.version != report["previous_version"]


def test_a_bank_is_not_evaluated_on_the_split_it_learnt_from(tmp_path):
    result = evolve(SkillBank.starter("alfworld"), failures("loop"), RuleTeacher())
    ids = tuple(skill.id for skill in result.added)
    result.bank.save(tmp_path / "bank.json")
    for bank in (result.bank, SkillBank.load(tmp_path / "bank.json")):
        with pytest.raises(LeakError) as caught:
            check_leak(bank, "valid_seen")
        assert set(caught.value.skill_ids) == set(ids)
        assert all(skill_id in str(caught.value) for skill_id in ids)
        check_leak(bank, "valid_unseen")
    assert pickle.loads(pickle.dumps(caught.value)).skill_ids == caught.value.skill_ids
    assert set(leaked_ids(result.bank, "valid_seen", env_id="skill_gym/ALFWorld-v0")) == set(ids)
    assert leaked_ids(result.bank, "valid_seen", env_id="skill_gym/WebShop-v0") == ()
    check_leak(result.bank.without(ids), "valid_seen")


@pytest.mark.parametrize(
    "fields", [{"update_threshold": 1.5}, {"max_new_skills": 0}, {"min_episodes": 0}, {"rule": "guess"}]
)
def test_senseless_settings_are_refused(fields):
    with pytest.raises(ValueError, match=next(iter(fields))):
        EvolutionConfig(**fields)


def test_interval_is_wilsons():
    low, high = SuccessRate(8, 10).interval
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)
    assert SuccessRate(0, 0).interval == (0.0, 1.0)
    assert SuccessRate(0, 5).interval[0] == 0.0


def test_every_planted_fault_leads_to_a_skill():
    for cause in FAULTS:
        assert evolve(SkillBank.empty(), failures(cause), RuleTeacher()).added


def test_broken_episodes_neither_reach_the_teacher_nor_count():
    broken = [episode("put a mug in shelf.", PLACE, [], number=n, ended="broken") for n in range(5)]
    teacher = Scripted(*proposals(1))
    result = evolve(SkillBank.empty(), [*broken, *failures("loop", 3)], teacher)
    assert result.success[PLACE].episodes == 3
    assert {item.ended for item in teacher.requests[0].trajectories} == {"truncated"}
    assert evolve(SkillBank.empty(), broken, teacher).added == ()
    assert len(teacher.requests) == 1
