"""The teacher without a model finds planted faults and says what to do instead."""

import pickle
from dataclasses import replace

import pytest
from planted_episodes import COUNTER, FAIL, FAULTS, SHELF, episode, planted, solved

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.diagnosis import Cause, diagnose
from skill_gym.skillbanks.episode_facts import read_episode
from skill_gym.skillbanks.goals import COOL, HEAT, PLACE
from skill_gym.skillbanks.rule_teacher import RuleTeacher
from skill_gym.skillbanks.teacher import Proposal, TeacherError, TeacherRequest


def ask(*failures, bank=None, successes=()):
    return RuleTeacher().ask(
        TeacherRequest(tuple(failures), bank or SkillBank.empty(), successes=tuple(successes))
    )


def causes(trajectory) -> list[str]:
    return [finding.cause.value for finding in diagnose(trajectory).findings]


def test_every_cause_has_a_planted_episode():
    assert set(FAULTS) == {cause.value for cause in Cause}


@pytest.mark.parametrize("cause", list(FAULTS))
def test_planted_cause_is_found_and_answered(cause):
    trajectory = planted(cause)
    assert cause in causes(trajectory)
    answer = ask(trajectory)
    assert answer.causes[cause] == 1
    proposal = next(item for item in answer.proposals if item.cause == cause)
    assert proposal.task_type == trajectory.task.task_type
    assert "{" not in proposal.principle
    assert proposal.provenance.trajectory_ids == (trajectory.task.key,)
    assert proposal.provenance.splits == ("valid_seen",)
    assert proposal.provenance.teacher == "rules"
    assert proposal.provenance.bank_version == SkillBank.empty().version
    assert "1 of 1 failed episodes" in proposal.provenance.evidence
    assert all(len(item.principle.split()) <= 30 for item in answer.proposals)


def test_no_cause_is_seen_where_there_is_none():
    assert causes(solved()) == []
    held = episode(
        "put a mug in shelf.",
        PLACE,
        [COUNTER, ("take mug 1 from countertop 1", "You pick up the mug 1 from the countertop 1.")],
    )
    assert causes(held) == ["object held but not delivered"]
    broken = episode("put a mug in shelf.", PLACE, [COUNTER, SHELF], ended="broken")
    assert causes(broken) == []
    assert causes(episode("put a mug in shelf.", PLACE, [])) == ["places never visited"]


def test_heat_is_undone_by_cold_and_clean_is_not():
    facts = read_episode(
        episode(
            "put a hot mug in shelf.",
            HEAT,
            [
                COUNTER,
                ("take mug 1 from countertop 1", "You pick up the mug 1 from the countertop 1."),
                ("clean mug 1 with sinkbasin 1", "You clean the mug 1 using the sinkbasin 1."),
                ("heat mug 1 with microwave 1", "You heat the mug 1 using the microwave 1."),
                ("cool mug 1 with fridge 1", "You cool the mug 1 using the fridge 1."),
            ],
        )
    )
    assert facts.held == "mug 1"
    assert facts.held_changes == {"clean", "cool"}


def test_opened_containers_are_not_reported_closed():
    opened = ("open fridge 1", "You open the fridge 1. The fridge 1 is open. In it, you see a plate 1.")
    facts = read_episode(
        episode(
            "put a plate in shelf.",
            PLACE,
            [("go to fridge 1", "You arrive at fridge 1. The fridge 1 is closed."), opened],
        )
    )
    assert facts.closed == ()
    assert facts.sightings == {"plate 1": "fridge 1"}
    assert facts.visits == {"fridge 1": 1}
    assert "fridge 1" not in facts.unvisited
    assert len(facts.unvisited) == 6


def test_a_cause_in_several_task_types_makes_one_general_skill():
    one = planted("goal object seen but not taken")
    other = episode("heat some mug and put it in shelf.", HEAT, [COUNTER, SHELF])
    answer = ask(one, other)
    general = [item for item in answer.proposals if item.cause == "goal object seen but not taken"]
    assert general[0].task_type is None
    assert set(general[0].provenance.trajectory_ids) == {one.task.key, other.task.key}
    assert "2 of 2 failed episodes" in general[0].provenance.evidence


def test_advice_names_the_places_where_others_found_the_object():
    lost = episode(
        "put a mug in shelf.",
        PLACE,
        [SHELF, ("go to sinkbasin 1", "You arrive at sinkbasin 1. On the sinkbasin 1, you see nothing.")],
    )
    without = [item.principle for item in ask(lost).proposals]
    assert not any("countertop" in text and "found one" in text for text in without)
    winner = solved(number=5)
    answer = ask(lost, successes=[winner])
    found = next(item for item in answer.proposals if "earlier episodes found one" in item.principle)
    assert "mug first at a countertop" in found.principle
    assert set(found.provenance.trajectory_ids) == {lost.task.key, winner.task.key}


def test_what_the_bank_says_already_is_not_said_again():
    trajectory = planted("closed containers never opened")
    bank, said = SkillBank.empty(), 0
    while proposals := ask(trajectory, bank=bank).proposals:
        assert not {item.fingerprint for item in proposals} & {entry.fingerprint for entry in bank}
        bank = bank.with_skills([proposals[0].skill(bank.fresh_id(), "cool")])
        said += 1
        assert said < 20
    assert said >= 2
    assert ask(trajectory, bank=bank).known
    # Another case and other stops say the same thing.
    loud = replace(bank.skills[0], principle=bank.skills[0].principle.upper().replace(".", "!"))
    assert loud.fingerprint == bank.skills[0].fingerprint


def test_answers_are_the_same_every_time_and_best_supported_first():
    failures = [planted("missing transformation", number=n) for n in range(3)] + [planted("loop")]
    answer = ask(*failures)
    assert answer == ask(*failures)
    assert answer.proposals[0].cause == "missing transformation"


def test_a_persons_goal_still_gets_advice_on_conduct():
    trajectory = episode("Kindly chill a plate", COOL, [COUNTER, SHELF, COUNTER, SHELF, COUNTER, SHELF])
    assert causes(trajectory) == ["places never visited", "loop"]
    assert ask(trajectory).proposals


def test_unexplained_failures_are_named():
    visited = [
        (f"go to {place}", f"You arrive at {place}. On the {place}, you see nothing.")
        for place in (
            "cabinet 1",
            "countertop 1",
            "fridge 1",
            "microwave 1",
            "shelf 1",
            "shelf 2",
            "sinkbasin 1",
        )
    ]
    trajectory = episode("put a plate in shelf.", PLACE, visited)
    answer = ask(trajectory)
    assert answer.proposals == ()
    assert answer.unexplained == (trajectory.task.key,)


@pytest.mark.parametrize(
    "fields",
    [{"title": ""}, {"principle": " "}, {"principle": "word " * 81}, {"task_type": 3}, {"title": None}],
)
def test_invalid_proposals_are_typed_errors(fields):
    with pytest.raises(TeacherError) as caught:
        Proposal(**{"title": "T", "principle": "P", **fields})
    assert caught.value.fault == "invalid answer"
    assert pickle.loads(pickle.dumps(caught.value)).fault == "invalid answer"


def test_an_object_taken_up_again_is_not_misplaced():
    goal, task_type, exchanges = FAULTS["object put in the wrong place"]
    again = ("take mug 1 from sinkbasin 1", "You pick up the mug 1 from the sinkbasin 1.")
    trajectory = episode(goal, task_type, [*exchanges, again])
    assert causes(trajectory) == ["object held but not delivered"]


def test_replies_without_a_command_are_no_loop():
    lost = episode("put a mug in shelf.", PLACE, [COUNTER, *[("", "Nothing happens.")] * 8])
    assert "loop" not in causes(lost)
    assert "loop" in causes(episode("put a mug in shelf.", PLACE, [COUNTER, *[FAIL] * 8]))
