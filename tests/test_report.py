from dataclasses import replace

import pytest

from skill_gym.benchmarks.evaluation import Evaluation, TaskResult
from skill_gym.benchmarks.report import RunStory, write_report
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import Provenance, Skill
from skill_gym.trajectory import Task, Trajectory, Turn

TYPES = ("look_at_obj_in_light", "pick_and_place_simple")


def evaluation(solved: int, games: int = 40) -> Evaluation:
    results = tuple(
        TaskResult(
            task_id=f"{number}",
            task_key=f"toy:0:{number}",
            task_type=TYPES[number % 2],
            ended="solved" if number < solved else "truncated",
            reward=float(number < solved),
            steps=7,
            valid_steps=6,
        )
        for number in range(games)
    )
    return Evaluation("toy", ("generated_test",), "tiny", "0-abc", 0, 0.4, results, 3.0)


@pytest.fixture
def story() -> RunStory:
    task = Task("1", "toy:0:1", "toy", "generated_test", TYPES[0], "look at the cd")
    turn = Turn("You see a desk.", "p", "<action>go | away</action>", "", False, 0.0)
    first = SkillBank.starter("alfworld")
    learnt = Skill("dyn_001", "Open | It", "Open closed things.", provenance=Provenance(evidence="3 of 4"))
    metrics = [
        {"iteration": 1, "success": 0.1, "bank/size": 42, "time/iteration": 9.0},
        {"iteration": 2, "success": 0.25, "validation/success": 0.2, "bank/size": 43, "loss/kl": 0.01},
    ]
    return RunStory(
        title="A run",
        machine={"cores": "2"},
        before=evaluation(5),
        after=evaluation(25),
        others={"Without skills": evaluation(4)},
        metrics=metrics,
        first_bank=first,
        last_bank=first.with_skills([learnt]),
        seconds={"train": 12.3},
        episodes=[("Before", Trajectory(task, (turn,), "truncated"))],
        notes=("It is small.",),
    )


def test_report_states_both_rates_their_paired_difference_and_what_was_learnt(tmp_path, story):
    report = write_report(tmp_path / "new", story)
    text = report.read_text()
    assert "12.5% [" in text
    assert "62.5% [" in text
    assert "+50.0% [" in text
    assert "20 games gained, 0 lost" in text
    assert "The interval excludes zero: the policy got better." in text
    assert "| dyn_001 | general | **Open \\| It**: Open closed things. | 3 of 4 |" in text
    assert "| 2 | 0.25 | 0.2 | 0.01 | 43 |  |" in text
    assert "(not valid)" in text
    for plot in ("success_by_iteration", "success_by_task_type", "growth_of_the_skill_bank"):
        assert (report.parent / f"{plot}.png").read_bytes().startswith(b"\x89PNG")
        assert f"({plot}.png)" in text


def test_report_does_not_claim_a_difference_that_is_not_there(tmp_path, story):
    text = write_report(tmp_path, replace(story, after=evaluation(6))).read_text()
    assert "The interval includes zero" in text
    assert "got better" not in text


def test_report_says_when_a_policy_got_worse(tmp_path, story):
    text = write_report(tmp_path, replace(story, before=evaluation(30), after=evaluation(5))).read_text()
    assert "got worse" in text
