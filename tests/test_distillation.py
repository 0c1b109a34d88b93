"""Experience becomes a bank: habits, evidence that adds up, and statements that are taken back."""

import pytest
from planted_episodes import COUNTER, SHELF, episode, planted, solved

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.distillation import distil
from skill_gym.skillbanks.evolution import EvolutionConfig, evolve
from skill_gym.skillbanks.goals import HEAT, PLACE
from skill_gym.skillbanks.habit_evidence import MEMORY
from skill_gym.skillbanks.leaks import leaked_ids
from skill_gym.skillbanks.retrieval import ByTaskType
from skill_gym.skillbanks.rule_teacher import RuleTeacher
from skill_gym.skillbanks.skill import Skill
from skill_gym.skillbanks.teacher import Proposal, TeacherAnswer, TeacherError
from skill_gym.trajectory import Trajectory

CABINET = ("open cabinet 1", "You open the cabinet 1. The cabinet 1 is open. In it, you see a mug 1.")
BARE = ("open cabinet 1", "You open the cabinet 1. The cabinet 1 is open. In it, you see nothing.")
EGGS = (
    "go to countertop 1",
    "You arrive at countertop 1. On the countertop 1, you see a egg 1, and a fork 1.",
)
SINK = ("go to sinkbasin 1", "You arrive at sinkbasin 1. On the sinkbasin 1, you see a spoon 1.")
MUG_AT_SINK = ("go to sinkbasin 1", "You arrive at sinkbasin 1. On the sinkbasin 1, you see a mug 1.")


def in_cabinet(count: int, start: int = 0) -> list[Trajectory]:
    """Solved episodes in which the mug was in the cabinet and nowhere else."""
    return [
        episode("put a hot mug in shelf.", HEAT, [EGGS, SINK, SHELF, CABINET], number=number, ended="solved")
        for number in range(start, start + count)
    ]


def at_sink(count: int, start: int = 500) -> list[Trajectory]:
    return [
        episode("put a hot mug in shelf.", HEAT, [EGGS, SHELF, BARE, MUG_AT_SINK], number=number)
        for number in range(start, start + count)
    ]


def mug_skill(bank: SkillBank) -> Skill | None:
    return next((skill for skill in bank.general if skill.title == "mug"), None)


def test_successes_alone_make_a_bank_of_habits():
    result = distil(SkillBank.empty(), in_cabinet(8), RuleTeacher())
    skill = mug_skill(result.bank)
    assert skill is not None
    assert skill.principle == "A mug is usually in a cabinet."
    assert skill.keywords == ("mug",)
    assert skill.provenance is not None
    assert "8 of 8 in a cabinet, 8 rooms with one" in skill.provenance.evidence
    assert skill.provenance.trajectory_ids == tuple(item.task.key for item in in_cabinet(8))
    assert "A shelf is usually empty." in {item.principle for item in result.added}
    assert result.error is None
    assert set(leaked_ids(result.bank, "valid_seen")) == set(result.bank.ids)
    assert SkillBank.loads(result.bank.dumps()) == result.bank


def test_the_habit_is_shown_for_goals_that_name_the_thing():
    bank = distil(SkillBank.empty(), in_cabinet(8), RuleTeacher()).bank
    mug, pan = in_cabinet(1)[0].task, episode("put a pan in shelf.", PLACE, [SHELF]).task
    shown = [{skill.title for skill in found.general} for found in ByTaskType(bank).retrieve([mug, pan])]
    assert "mug" in shown[0]
    assert "mug" not in shown[1]


def test_failures_give_advice_and_habits_together():
    result = distil(SkillBank.empty(), [*at_sink(6), planted("loop")], RuleTeacher())
    assert result.failures_read == 7
    assert {"loop", "goal object seen but not taken"} <= set(result.causes)
    principles = [skill.principle for skill in result.added]
    assert "A mug is usually in a sinkbasin." in principles
    # The habit has more evidence than the advice on where one was found, which would say the same.
    assert not any(text.startswith("Look for a mug first") for text in principles)


def test_advice_about_one_thing_is_for_goals_that_name_it():
    result = distil(SkillBank.empty(), [planted("wrong object taken")], RuleTeacher())
    (skill,) = [item for item in result.added if item.title == "Only The Named Kind (mug)"]
    assert skill.keywords == ("mug",)


def test_evidence_adds_up_and_no_room_counts_twice():
    at_once = distil(SkillBank.empty(), in_cabinet(8), RuleTeacher()).bank
    half = distil(SkillBank.empty(), in_cabinet(1), RuleTeacher()).bank
    assert mug_skill(half) is None
    whole = distil(half, in_cabinet(7, start=1), RuleTeacher()).bank
    assert whole.metadata[MEMORY] == at_once.metadata[MEMORY]
    assert mug_skill(whole).principle == mug_skill(at_once).principle
    assert mug_skill(whole).provenance.evidence == mug_skill(at_once).provenance.evidence
    again = distil(whole, in_cabinet(8), RuleTeacher())
    assert again.bank is whole
    assert "mug" in {item.title for item in again.skipped}


def test_later_evidence_revises_what_was_said():
    first = distil(SkillBank.empty(), in_cabinet(6), RuleTeacher()).bank
    old = mug_skill(first)
    result = distil(first, at_sink(40), RuleTeacher())
    new = mug_skill(result.bank)
    assert new.principle == "A mug is usually in a sinkbasin."
    assert result.revised == {old.id: new.id}
    assert old.id not in result.bank
    assert [skill.title for skill in result.bank.general].count("mug") == 1
    assert result.bank.generation == first.generation + 1
    assert result.to_dict()["revised"] == {old.id: new.id}


def test_what_does_not_hold_any_more_is_retired():
    first = distil(SkillBank.empty(), in_cabinet(6), RuleTeacher()).bank
    old = mug_skill(first)
    result = distil(first, at_sink(6), RuleTeacher())
    assert mug_skill(result.bank) is None
    assert "More likely wrong than right after 12 rooms" in result.retired[old.id]
    # A bank that has lost its memory is no proof against what it says.
    forgetful = SkillBank(general=first.general)
    assert mug_skill(distil(forgetful, at_sink(1), RuleTeacher()).bank) == old


def test_a_few_exceptions_change_nothing():
    first = distil(SkillBank.empty(), in_cabinet(12), RuleTeacher()).bank
    result = distil(first, at_sink(2), RuleTeacher())
    assert mug_skill(result.bank) == mug_skill(first)
    assert old_ids(first) <= old_ids(result.bank)


def old_ids(bank: SkillBank) -> set[str]:
    return {skill.id for skill in bank.general if skill.title == "mug"}


def test_evolution_takes_habits_besides_its_new_skills():
    episodes = [*at_sink(8), *in_cabinet(1)]
    result = evolve(SkillBank.empty(), episodes, RuleTeacher(), EvolutionConfig(max_new_skills=1))
    titles = [skill.title for skill in result.added]
    assert "mug" in titles
    assert sum(not _is_habit(skill) for skill in result.added) == 1
    none = evolve(
        SkillBank.empty(), episodes, RuleTeacher(), EvolutionConfig(max_new_skills=1, max_new_habits=0)
    )
    assert not any(_is_habit(skill) for skill in none.added)
    assert "over max_new_habits=0" in {item.reason for item in none.skipped}
    with pytest.raises(ValueError, match="max_new_habits"):
        EvolutionConfig(max_new_habits=-1)


def _is_habit(skill: Skill) -> bool:
    return skill.provenance is not None and "habit" in skill.provenance.extra


def test_evolution_reads_strong_task_types_for_facts():
    class Listening:
        name = "listening"

        def ask(self, request):
            self.request = request
            return TeacherAnswer()

    weak = [planted("missing transformation", number=number) for number in range(4)]
    strong = [solved(number=number) for number in range(9)]
    spared = planted("loop", number=50)
    broken = episode("put a mug in shelf.", PLACE, [COUNTER], number=60, ended="broken")
    teacher = Listening()
    evolve(SkillBank.empty(), [*weak, *strong, spared, broken], teacher)
    keys = [sorted(item.task.key for item in part) for part in (weak, [*weak, *strong, spared])]
    assert sorted(item.task.key for item in teacher.request.trajectories) == keys[0]
    assert teacher.request.others == (spared,)
    assert sorted(item.task.key for item in teacher.request.episodes) == keys[1]


def test_a_proposal_replaces_what_it_names_and_counts_against_no_limit():
    class Scripted:
        name = "scripted"

        def ask(self, request):
            proposals = (
                Proposal("New", "New."),
                Proposal("A2", "A again.", replaces="dyn_001"),
                Proposal("Lost", "Of one that is gone.", replaces="dyn_099"),
            )
            return TeacherAnswer(proposals, retire={"dyn_002": "it is over", "gone": "never was"})

    bank = SkillBank.empty().with_skills([Skill(f"dyn_00{n}", f"T{n}", f"Text {n}.") for n in (1, 2, 3)])
    result = distil(bank, [solved()], Scripted(), max_new=1)
    assert result.bank.ids == ("dyn_003", "dyn_004", "dyn_005")
    assert result.revised == {"dyn_001": "dyn_005"}
    assert result.retired == {"dyn_002": "it is over"}
    assert [item.reason for item in result.skipped] == ["over max_new_skills=1"]


def test_broken_episodes_and_teachers_errors_leave_the_bank():
    class Silent:
        name = "silent"

        def ask(self, request):
            raise TeacherError("unavailable", "no quota")

    bank = SkillBank.starter("alfworld")
    broken = [episode("put a mug in shelf.", PLACE, [COUNTER], number=n, ended="broken") for n in range(3)]
    result = distil(bank, broken, Silent())
    assert (result.bank, result.broken, result.error, result.teacher) == (bank, 3, None, "")
    result = distil(bank, in_cabinet(2), Silent())
    assert result.bank is bank
    assert result.error == "unavailable: no quota"


def test_habits_can_be_left_out():
    result = distil(SkillBank.empty(), in_cabinet(8), RuleTeacher(habits=False))
    assert result.bank == SkillBank.empty()
    with pytest.raises(ValueError, match="certainty"):
        RuleTeacher(certainty=0.4)
