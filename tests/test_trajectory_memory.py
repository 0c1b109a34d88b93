"""Memories of trajectories: what the released class shows of them, and whole episodes in a budget."""

import pytest
from word_vectors import WordVectors

from skill_gym.benchmarks.trajectory_memory import (
    HEADING,
    TrajectoryMemory,
    in_one_shape,
    records_of,
)
from skill_gym.benchmarks.whole_episodes import WholeEpisodes
from skill_gym.trajectory import Task, Trajectory, Turn

MODEL = WordVectors()


def words(text: str) -> int:
    return len(text.split())


def episode(goal: str, turns: int = 4, ended: str = "solved", seen: str = "You see cup") -> Trajectory:
    task = Task(goal, f"env:0:{goal}", "env", "validation", "", goal)
    steps = tuple(Turn(f"{seen} {step}.", "", "", f"go to desk {step}", True, 0.0) for step in range(turns))
    return Trajectory(task, steps, ended, meta={"final_observation": "You win."})


@pytest.fixture
def remember(tmp_path):
    def make(*episodes: Trajectory, **options) -> TrajectoryMemory:
        folder = tmp_path / "memory"
        return TrajectoryMemory(records_of(episodes, folder), MODEL, folder, **options)

    return make


FAILED = episode("put plate in sink", 6, "truncated")


def test_an_episode_is_shown_for_five_steps_with_what_was_seen_after_each(remember):
    shown = remember(episode("put mug in shelf", 7), FAILED).recall("put mug in shelf")
    assert shown.entries == 1
    assert shown.text.startswith(f"{HEADING}\n\n")
    assert '1. Task: "put mug in shelf" (similarity: 1.00)' in shown.text
    assert "   - go to desk 4\n     Observation: You see cup 5.\n   ... (2 steps follow)" in shown.text
    assert "go to desk 5" not in shown.text
    assert "[Plan]: Navigate\n   - For: put mug in shelf" in shown.text
    assert "plate" not in shown.text, "a goal unlike this one"


def test_a_goal_unlike_all_recalls_nothing_unless_the_threshold_goes(remember):
    memory = remember(episode("put mug in shelf"), FAILED)
    assert memory.recall("buy green shoes").entries == 0
    assert "Nothing relevant" in memory.recall("buy green shoes").text
    assert remember(episode("put mug in shelf"), FAILED, threshold=-1.0).recall("buy shoes").entries == 1


def test_long_records_do_not_fit_the_estimated_budget_and_the_first_that_does_not_ends_it(remember):
    long, short = episode("put mug in shelf", 40, seen="A long sight " * 20), episode("put a mug in shelf")
    shown = remember(long, short, FAILED).recall("put mug in shelf")
    assert shown.entries == 0, "the most similar one has more than 4,800 characters of JSON"
    assert "[Plan]" in shown.text


def test_failures_become_mistakes(remember):
    memory = remember(episode("put mug in shelf"), FAILED)
    assert "Most steps went from one place to another" in memory.recall("put plate in sink").text


def test_one_kind_of_outcome_is_refused_and_so_is_one_episode(remember):
    with pytest.raises(ValueError, match="needs solved and failed episodes"):
        remember(episode("put mug in shelf"))
    with pytest.raises(ValueError, match="top_k below 2"):
        remember(episode("put mug in shelf"), FAILED, top_k=1)


def test_released_records_come_into_the_one_shape_that_the_class_reads():
    steps = [{"action": "search[x]"}]
    nested = {
        "content": {"refined_trajectory": steps, "strategic_guidelines": {"strategic_guidelines": {"a": 1}}}
    }
    shaped = in_one_shape(nested)
    assert shaped["content"] == {
        "refined_trajectory": {"refined_trajectory": steps},
        "strategic_guidelines": {"a": 1},
    }
    assert in_one_shape(shaped) == shaped
    assert in_one_shape({"content": {"strategic_guidelines": None}})["content"]["strategic_guidelines"] == {}


def whole(*episodes: Trajectory, max_tokens: int, **options) -> WholeEpisodes:
    return WholeEpisodes(episodes, MODEL, max_tokens=max_tokens, count_tokens=words, **options)


def test_whole_episodes_come_most_similar_first_to_their_end_and_within_the_budget():
    near, far = episode("put mug in shelf", 7), episode("look at lamp", 3)
    shown = whole(far, near, FAILED, max_tokens=500).recall("put mug in shelf")
    assert shown.entries == 2
    assert shown.text.index("put mug in shelf") < shown.text.index("look at lamp")
    assert "   - go to desk 6\n     Observation: You win." in shown.text
    assert "plate" not in shown.text, "not solved"
    for most in range(40, 140, 5):
        less = whole(far, near, max_tokens=most).recall("put mug in shelf")
        assert words(less.text) <= most
    assert whole(far, near, max_tokens=500, top_k=1).recall("put mug in shelf").entries == 1


def test_of_an_episode_that_does_not_fit_the_first_steps_go():
    shown = whole(episode("put mug in shelf", 30), max_tokens=60).recall("put mug in shelf")
    assert shown.entries == 1
    assert "go to desk 0\n" not in shown.text
    assert "steps)\n   - go to desk" in shown.text
    assert shown.text.endswith("Observation: You win.")
    assert 50 < words(shown.text) <= 60
    nothing = whole(episode("put mug in shelf", 30), max_tokens=12).recall("put mug in shelf")
    assert nothing.entries == 0


def test_impossible_limits_are_refused():
    with pytest.raises(ValueError, match="none to remember"):
        whole(FAILED, max_tokens=100)
    with pytest.raises(ValueError, match="at least 1"):
        whole(episode("put mug in shelf"), max_tokens=0)
