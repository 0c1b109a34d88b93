"""What a run's figures say of its episodes and replies, and where they go."""

import json

import pytest

from skill_gym.agents.metrics import MetricsWriter, episode_metrics, read_metrics
from skill_gym.agents.policy import Completion
from skill_gym.agents.reply_metrics import reply_metrics
from skill_gym.agents.rollout import Episode, Played
from skill_gym.trajectory import Task, Trajectory, Turn

TASK = Task("a", "k", "e", "train", "heat", "goal")


def trajectory(turns, *, reward=0.0, ended="failed", boundary=None, **meta):
    made = tuple(Turn("", "", "", "", True, reward if one == turns - 1 else 0.0) for one in range(turns))
    return Trajectory(TASK, made, ended, boundary=boundary, meta=meta)


def reply(tokens, *, prompt=3, version=0, cut=False):
    return Completion(
        "t", (1,) * prompt, (2,) * tokens, (-1.0,) * tokens, "", "length" if cut else "stop", version
    )


def played(*replies, **of_trajectory):
    return Played(Episode("t", "a", 0), trajectory(len(replies), **of_trajectory), replies)


def test_lengths_are_those_of_whole_episodes():
    figures = episode_metrics([trajectory(turns) for turns in range(1, 12)])
    assert figures["episode/length"] == 6
    assert (figures["episode/length_p50"], figures["episode/length_p90"]) == (6, 10)
    assert figures["episode/length_max"] == 11


def test_broken_episodes_are_counted_by_where_they_broke():
    figures = episode_metrics(
        [
            trajectory(2, reward=1.0, ended="solved"),
            trajectory(2),
            trajectory(9, ended="broken", boundary="env"),
            trajectory(9, ended="broken", boundary="policy"),
            trajectory(9, ended="broken", boundary="policy"),
        ]
    )
    assert (figures["episode/count"], figures["episode/broken"]) == (2, 3)
    assert [figures[f"episode/broken/{one}"] for one in ("env", "policy", "retriever")] == [1, 2, 0]
    assert figures["episode/length_max"] == 2
    assert (figures["reward"], figures["reward_std"]) == (0.5, 0.5)


def test_skills_that_found_no_room_are_counted_by_episode():
    figures = episode_metrics([trajectory(1, dropped_skill_ids=["g_1", "g_2"]), trajectory(1)])
    assert figures["episode/dropped_share"] == 0.5


def test_replies_are_measured_token_by_token():
    episodes = [
        played(reply(1, version=3), reply(9, version=4, cut=True, prompt=30)),
        played(reply(2, version=4)),
        played(reply(99, version=0), ended="broken", boundary="env"),
    ]
    figures = reply_metrics(episodes, iteration=5, max_new_tokens=10, context_length=80)
    assert (figures["reply/tokens"], figures["reply/tokens_max"]) == (4, 9)
    assert figures["reply/cut_share"] == pytest.approx(1 / 3)
    assert (figures["prompt/tokens"], figures["prompt/tokens_max"]) == (12, 30)
    assert figures["prompt/context_share"] == 0.5
    # One token of twelve is by the weights before the last update.
    assert figures["staleness/mean"] == pytest.approx(1 / 12)
    assert figures["staleness/max"] == 1


def test_players_without_tokens_have_no_such_figures():
    silent = played(Completion("t", (), (), (), "look"))
    assert reply_metrics([silent], iteration=1, max_new_tokens=10, context_length=80) == {}


class Kept:
    def __init__(self):
        self.rows = []
        self.closed = False

    def write(self, iteration, figures):
        self.rows.append((iteration, dict(figures)))

    def close(self):
        self.closed = True


def test_texts_go_to_the_lines_and_numbers_everywhere(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = Kept()
    writer = MetricsWriter(tmp_path, board=board)
    writer.write(1, {"reward": 0.5, "bank/version": "0-abc", "warnings": []})
    writer.write(2, {"reward": 1, "bank/version": "0-abc", "warnings": ["mind the gap"]})
    writer.close()
    assert read_metrics(tmp_path / "metrics.jsonl")[1]["warnings"] == ["mind the gap"]
    assert board.rows == [(1, {"reward": 0.5}), (2, {"reward": 1})]
    assert board.closed
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(one.step, one.value) for one in events.Scalars("reward")] == [(1, 0.5), (2, 1.0)]
    ((tag,),) = [events.Tags()["tensors"]]
    (event,) = events.Tensors(tag)
    assert event.step == 2
    assert b"mind the gap" in event.tensor_proto.string_val[0]


def test_lines_beyond_the_checkpoint_are_played_again(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(json.dumps({"iteration": one}) + "\n" for one in (1, 2, 3)) + '{"iter')
    writer = MetricsWriter(tmp_path, keep_until=2)
    writer.close()
    assert [row["iteration"] for row in writer.kept] == [1, 2]
    assert [row["iteration"] for row in read_metrics(path)] == [1, 2]
