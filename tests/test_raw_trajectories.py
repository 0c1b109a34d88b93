import pytest

from skill_gym.benchmarks.raw_trajectories import RawTrajectoryTeacher
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.rendering import about_tokens, render
from skill_gym.skillbanks.retrieval import ByTaskType
from skill_gym.skillbanks.teacher import TeacherRequest
from skill_gym.trajectory import Task, Trajectory, Turn

PLACE = "pick_and_place_simple"


def episode(number: int, ended: str = "solved", turns: int = 4) -> Trajectory:
    task = Task(f"{number}", f"env:0:{number}", "env", "validation", PLACE, f"put mug {number} in shelf")
    steps = tuple(
        Turn(f"You see cup {step}.", "", "", f"go to desk {step}", True, 0.0) for step in range(turns)
    )
    return Trajectory(task, steps, ended, meta={"final_observation": "You win."})


def ask(*episodes: Trajectory, max_tokens: int = 200, max_new: int = 9):
    failed = tuple(one for one in episodes if not one.solved)
    solved = tuple(one for one in episodes if one.solved)
    request = TeacherRequest(failed, SkillBank.empty(), max_new=max_new, successes=solved)
    return RawTrajectoryTeacher(max_tokens=max_tokens).ask(request).proposals


def test_solved_episodes_are_told_as_they_went():
    (proposal,) = ask(episode(1), episode(2, "truncated"))
    assert proposal.title == "put mug 1 in shelf"
    assert proposal.principle.startswith("> go to desk 0 You see cup 1. > go to desk 1")
    assert proposal.principle.endswith("> go to desk 3 You win.")
    assert proposal.provenance.trajectory_ids == ("env:0:1",)
    assert proposal.provenance.splits == ("validation",)
    assert len(ask(*map(episode, range(5)), max_new=2)) == 2


def test_a_long_episode_keeps_the_last_steps_that_fit_and_is_shown_under_the_budget():
    (proposal,) = ask(episode(1, turns=90))
    assert about_tokens(proposal.principle) <= 160
    assert "desk 0 " not in proposal.principle
    assert proposal.principle.endswith("You win.")
    bank = SkillBank.empty().with_skills([proposal.skill("dyn_001", PLACE), proposal.skill("dyn_002", PLACE)])
    (found,) = ByTaskType(bank).retrieve([episode(3).task])
    block = render(found, max_tokens=200)
    assert block.skill_ids == ("dyn_002",)
    assert block.dropped_skill_ids == ("dyn_001",)
    with pytest.raises(ValueError, match="more than 40"):
        RawTrajectoryTeacher(max_tokens=40)
