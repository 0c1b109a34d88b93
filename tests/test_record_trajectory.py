"""RecordTrajectory: one faithful record per episode, in info and in a file that is never torn."""

import copy
import logging
import multiprocessing
import pickle
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from toy_env import TOY_ID, ToyEnv

from skill_gym.text_env import Outcome
from skill_gym.trajectory import Trajectory, read_trajectories
from skill_gym.wrappers import RecordTrajectory, TaggedAction, TaskPrompt

TASK = "train/open_box-0"  # red box; keys: blue, green, red
SOLUTION = ("take red key", "go to cellar", "open red box")


def make(path: Path | None = None, *, steps: int = 8, layout: str = "transcript") -> RecordTrajectory:
    env = TaskPrompt(TaggedAction(gym.make(TOY_ID, max_episode_steps=steps)), layout=layout)
    return RecordTrajectory(env, path, policy_name="hand")


def play(env: gym.Env[str, str], *replies: str, seed: int | None = 5) -> Trajectory:
    _, info = env.reset(seed=seed, options={"task": TASK})
    for reply in replies:
        assert "trajectory" not in info
        info = env.step(reply)[4]
    trajectory = info["trajectory"]
    assert isinstance(trajectory, Trajectory)
    return trajectory


def act(*commands: str) -> list[str]:
    return [f"<action>{command}</action>" for command in commands]


def test_a_solved_episode_is_recorded_turn_by_turn():
    env = make(layout="step")
    prompt, info = env.reset(seed=5, options={"task": TASK})
    seen = [(prompt, info["observation"], info["admissible_commands"])]
    for reply in act(*SOLUTION):
        prompt, _, _, _, info = env.step(reply)
        seen.append((prompt, info["observation"], info["admissible_commands"]))
    trajectory = info["trajectory"]
    assert trajectory.task == env.unwrapped.task
    assert (trajectory.ended, trajectory.boundary, trajectory.total_reward) == ("solved", None, 1.0)
    assert (trajectory.seed, trajectory.policy, trajectory.bank_version) == (5, "hand", "")
    assert [turn.command for turn in trajectory.turns] == list(SOLUTION)
    assert [turn.reply for turn in trajectory.turns] == act(*SOLUTION)
    assert [(turn.prompt, turn.observation, turn.admissible) for turn in trajectory.turns] == seen[:-1]
    assert [turn.reward for turn in trajectory.turns] == [0.0, 0.0, 1.0]
    assert all(turn.valid for turn in trajectory.turns)
    assert trajectory.meta == {"final_observation": "The box opens. There is a coin in it.", "layout": "step"}


@pytest.mark.parametrize(
    ("commands", "ended"),
    [
        (("go to cellar", "open red box"), "failed"),
        (("look", "look", "look"), "truncated"),
        (SOLUTION, "solved"),
    ],
)
def test_the_end_is_named(commands, ended):
    # The solution needs exactly the three steps of the limit: done beats out of time.
    assert play(make(steps=3), *act(*commands)).ended == ended


def test_valid_means_readable_and_admissible_and_reasons_are_kept():
    trajectory = play(make(steps=3), "look", *act("eat the key", "look"))
    assert [turn.valid for turn in trajectory.turns] == [False, False, True]
    assert [turn.command for turn in trajectory.turns] == ["", "eat the key", "look"]
    assert trajectory.meta["invalid_reasons"] == {
        "0": "no <action>...</action> in the reply",
        "1": "'eat the key' is not admissible",
    }


def test_without_other_wrappers_the_reply_is_the_command():
    env = RecordTrajectory(gym.make(TOY_ID, max_episode_steps=2))
    trajectory = play(env, "look", "eat the key")
    assert [turn.command for turn in trajectory.turns] == ["look", "eat the key"]
    assert [turn.valid for turn in trajectory.turns] == [True, False]
    assert trajectory.turns[0].prompt == trajectory.turns[0].observation


class Retrieverless(ToyEnv):
    """The toy with a search service that fails at every second step."""

    def advance(self, command: str) -> Outcome:
        outcome = super().advance(command)
        return outcome._replace(truncated=True, info={"broken": "connection refused"})


def test_a_failed_retriever_breaks_the_episode():
    trajectory = play(RecordTrajectory(Retrieverless()), "look")
    assert (trajectory.ended, trajectory.boundary) == ("broken", "retriever")
    assert trajectory.meta["error"] == "connection refused"
    assert len(trajectory.turns) == 1


def test_an_abandoned_episode_is_broken_with_its_error_and_turns(tmp_path):
    env = make(tmp_path / "t.jsonl")
    env.reset(seed=1, options={"task": TASK})
    env.step(act("look")[0])
    trajectory = env.abandon("policy", RuntimeError("out of memory"))
    assert (trajectory.ended, trajectory.boundary) == ("broken", "policy")
    assert trajectory.meta["error"] == "RuntimeError: out of memory"
    assert len(trajectory.turns) == 1
    assert list(read_trajectories(tmp_path / "t.jsonl")) == [trajectory]
    with pytest.raises(RuntimeError, match="no episode is under way"):
        env.abandon("env", "again")


def test_a_step_after_the_end_is_refused_and_leaves_the_record_alone(tmp_path):
    env = make(tmp_path / "t.jsonl")
    trajectory = play(env, *act(*SOLUTION))
    with pytest.raises(RuntimeError, match="call reset"):
        env.step("<action>look</action>")
    assert list(read_trajectories(tmp_path / "t.jsonl")) == [trajectory]


def test_a_reset_in_mid_episode_leaves_no_record(tmp_path):
    env = make(tmp_path / "t.jsonl")
    env.reset(options={"task": TASK})
    env.step("<action>look</action>")
    trajectory = play(env, *act(*SOLUTION))
    assert len(trajectory.turns) == 3
    assert list(read_trajectories(tmp_path / "t.jsonl")) == [trajectory]


def test_every_episode_is_in_the_file_as_soon_as_it_ends(tmp_path):
    path = tmp_path / "t.jsonl"
    env = make(path)
    assert not path.exists()
    kept = []
    for seed in range(3):
        kept.append(play(env, *act(*SOLUTION), seed=seed))
        assert list(read_trajectories(path)) == kept


@pytest.mark.parametrize(
    "torn", ['{"format": 1, "task"', "x" * 200_000], ids=["short", "longer than a block"]
)
def test_the_torn_line_of_a_killed_writer_is_cut_off_and_logged(tmp_path, caplog, torn):
    path = tmp_path / "t.jsonl"
    first = play(make(path), *act(*SOLUTION))
    with open(path, "a", encoding="utf-8") as file:
        file.write(torn)
    with caplog.at_level(logging.WARNING):
        second = play(make(path), *act(*SOLUTION), seed=6)
    assert list(read_trajectories(path)) == [first, second]
    assert f"torn last line of {len(torn)} bytes" in caplog.text


def test_a_file_of_nothing_but_a_torn_line_starts_anew(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text("{", encoding="utf-8")
    trajectory = play(make(path), *act(*SOLUTION))
    assert list(read_trajectories(path)) == [trajectory]


def _write_many(path: str) -> None:
    env = make(Path(path))
    for seed in range(20):
        play(env, *act(*SOLUTION), seed=seed)


def test_two_processes_can_write_to_one_file(tmp_path):
    path = str(tmp_path / "t.jsonl")
    writers = [multiprocessing.Process(target=_write_many, args=(path,)) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert sorted(str(trajectory.seed) for trajectory in read_trajectories(path)) == sorted(
        str(seed) for seed in [*range(20), *range(20)]
    )


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_a_copy_in_mid_episode_records_the_same(copied):
    env = make()
    env.reset(seed=5, options={"task": TASK})
    env.step("<action>take red key</action>")
    twin = copied(env)
    ends: list[Any] = []
    for one in (env, twin):
        one.step("<action>go to cellar</action>")
        ends.append(one.step("<action>open red box</action>")[4]["trajectory"])
    assert ends[0] == ends[1]
    assert len(ends[0].turns) == 3


def test_bad_arguments_are_named(tmp_path):
    with pytest.raises(ValueError, match="got the folder"):
        make(tmp_path)
    with pytest.raises(ValueError, match="does not exist; make it first"):
        make(tmp_path / "no" / "t.jsonl")
    with pytest.raises(TypeError, match="expected a TextEnv inside, got CartPoleEnv"):
        RecordTrajectory(gym.make("CartPole-v1"))
