import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from statistics import fmean

import gymnasium as gym
import pytest
from toy_env import TOY_ID, TOY_STEPS

from skill_gym.agents.policy import Completion, PolicyError, Request, Sampling
from skill_gym.agents.rollout import Episode, play, reply_seed
from skill_gym.agents.scripted import ExpertPolicy
from skill_gym.benchmarks import rollout_speed
from skill_gym.benchmarks.latency_engine import LATENCIES, Latency, LatencyEngine, ReplyLengths, Work
from skill_gym.benchmarks.lock_step import Batch, play_in_lock_step
from skill_gym.benchmarks.rollout_drivers import TimedEnv, WatchedPolicy, drive_in_lock_step, drive_queue
from skill_gym.benchmarks.rollout_engine import compare
from skill_gym.benchmarks.rollout_quota import Quota, drive_by_quota
from skill_gym.wrappers import RecordTrajectory, TaggedAction, TaskPrompt

TEN = ReplyLengths(mean=10, spread=0)
"""Every reply has ten tokens."""


def make_env(layout: str = "step") -> gym.Env[str, str]:
    return TaskPrompt(TaggedAction(gym.make(TOY_ID, expert="planner")), layout=layout)


def toy_tasks() -> list[str]:
    return [task.id for task in gym.make(TOY_ID).unwrapped.tasks]


def short(ticket: str, group: int = 0) -> Episode:
    """Three turns for the expert."""
    return Episode(ticket, toy_tasks()[0], seed=1, group=group)


def long(ticket: str, group: int = 0) -> Episode:
    """Four turns for the expert."""
    return Episode(ticket, toy_tasks()[1], seed=2, group=group)


def expert_engine(slots: int, lengths: ReplyLengths = TEN, failure_rate: float = 0.0) -> LatencyEngine:
    return LatencyEngine(ExpertPolicy(failure_rate), slots=slots, lengths=lengths)


def in_lock_step(
    engine: LatencyEngine, episodes: Sequence[Episode], rows: int, layout: str = "step"
) -> list[Batch]:
    make = partial(make_env, layout)
    return list(play_in_lock_step(make, engine, episodes, rows=rows, sampling=Sampling()))


def request(ticket: str, text: str) -> Request:
    info = {"expert_command": "look", "admissible_commands": ("look",), "step": 0}
    return Request(ticket, ({"role": "user", "content": text},), info)


@pytest.mark.parametrize("layout", ["step", "transcript"])
def test_lock_step_and_queue_play_the_same_episodes(layout: str) -> None:
    episodes = [
        Episode(f"{task}/{seed}", task, seed=seed, group=group)
        for group, task in enumerate(toy_tasks())
        for seed in range(2)
    ]
    lengths = ReplyLengths(mean=6)
    batches = in_lock_step(expert_engine(5, lengths, 0.5), episodes, 5, layout)
    ours = play(
        partial(make_env, layout),
        expert_engine(3, lengths, 0.5),
        episodes,
        slots=3,
        sampling=Sampling(),
    )
    theirs = {one.episode.ticket: one for batch in batches for one in batch.played}
    assert [len(batch.played) for batch in batches] == [5, 5, 5, 5, 4]
    assert {one.episode.ticket: one for one in ours} == theirs
    assert len({len(one.trajectory.turns) for one in theirs.values()}) > 2
    assert {one.trajectory.ended for one in theirs.values()} >= {"solved", "failed"}


def test_finished_episode_costs_tokens_only_in_lock_step() -> None:
    episodes = [short("a"), long("b")]
    (batch,) = in_lock_step(expert_engine(2), episodes, 2)
    assert (batch.steps, batch.asked, batch.tokens, batch.wasted) == (4, 8, 80, 10)
    assert [len(one.completions) for one in batch.played] == [3, 4]
    engine = expert_engine(2)
    drive = drive_queue(make_env, engine, episodes, slots=2, sampling=Sampling())
    assert (drive.asked, drive.work.tokens, drive.wasted) == (7, 70, 0)


class Listening(ExpertPolicy):
    """Keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Request] = []

    def submit(self, request: Request) -> None:
        self.asked.append(request)
        super().submit(request)


@pytest.mark.parametrize("recorded", [False, True])
def test_finished_row_is_asked_on_about_its_last_result(recorded: bool) -> None:
    def make() -> gym.Env[str, str]:
        return RecordTrajectory(make_env()) if recorded else make_env()

    player = Listening()
    (batch,) = play_in_lock_step(make, player, [short("a"), long("b")], rows=2, sampling=Sampling())
    assert [one.ticket for one in player.asked][-2:] == ["a#3", "b#3"]
    after = player.asked[-2]
    assert after.sampling.seed == reply_seed(1, 3)
    prompt = after.messages[-1]["content"]
    assert "Now, at step 4:\nThe box opens. There is a coin in it." in prompt
    assert len(batch.played[0].trajectory.turns) == 3
    assert batch.played[0].trajectory.ended == "solved"


def test_rows_are_used_again_and_stop_at_the_step_limit() -> None:
    class Looking(ExpertPolicy):
        def _command(self, request: Request) -> str:
            return "look"

    episodes = [short("a"), short("b"), short("c")]
    batches = list(play_in_lock_step(make_env, Looking(), episodes, rows=2, sampling=Sampling()))
    assert [batch.steps for batch in batches] == [TOY_STEPS, TOY_STEPS]
    ended = [one.trajectory.ended for batch in batches for one in batch.played]
    assert ended == ["truncated"] * 3


def test_lock_step_knows_no_broken_episodes() -> None:
    class Refusing(ExpertPolicy):
        def answer(self, requests: Sequence[Request]) -> list[Completion]:
            return [replace(one, finish_reason="error", text="gone") for one in super().answer(requests)]

    with pytest.raises(PolicyError, match="gone"):
        list(play_in_lock_step(make_env, Refusing(), [short("a")], rows=1, sampling=Sampling()))
    with pytest.raises(ValueError, match="rows must be at least 1"):
        list(play_in_lock_step(make_env, ExpertPolicy(), [short("a")], rows=0, sampling=Sampling()))


def test_virtual_clock_by_hand() -> None:
    engine = expert_engine(2, ReplyLengths(mean=3, spread=0))
    texts = ["a" * 128, "b" * 128, "a" * 128]
    for number, text in enumerate(texts):
        engine.submit(request(str(number), text))
    answered = [[one.ticket for one in engine.poll()] for _ in range(7)]
    # Two slots: the third request waits for three steps and then runs alone.
    assert answered == [[], [], ["0", "1"], [], [], ["2"], []]
    # Two blocks of 16 tokens each; of the third prompt only the last block is computed.
    assert engine.work == Work(steps=6, running=9, tokens=9, prefill=32 + 32 + 16)
    engine.wait(0.5)
    cost = Latency(base=2.0, sequence=0.5, prefill=1000)
    assert cost.seconds(engine.work) == pytest.approx(0.012 + 0.0045 + 0.080 + 0.5)
    assert Latency(2.0, 0.5, None).seconds(engine.work) == pytest.approx(0.5165)
    assert engine.work.occupancy(2) == 9 / 12


def test_work_is_counted_from_any_moment_on() -> None:
    earlier, later = Work(1, 2, 3, 4, 5.0), Work(10, 20, 30, 40, 50.0)
    assert later - earlier == Work(9, 18, 27, 36, 45.0)
    assert Work().occupancy(3) == 0


def test_replies_have_their_length_and_words() -> None:
    engine = expert_engine(1, ReplyLengths(mean=4, spread=0))
    engine.submit(request("one", "hello"))
    (reply,) = [one for _ in range(4) for one in engine.poll()]
    assert reply.text == "<action>look</action>"
    assert len(reply.token_ids) == len(reply.logprobs) == 4


def test_aborted_request_costs_nothing_more_and_may_come_again() -> None:
    engine = expert_engine(2, ReplyLengths(mean=3, spread=0))
    engine.submit(request("a", "first"))
    assert engine.poll() == []
    engine.abort({"a"})
    assert engine.poll() == []
    assert engine.work.tokens == 1
    engine.submit(request("a", "second"))
    assert [[one.ticket for one in engine.poll()] for _ in range(3)] == [[], [], ["a"]]


def test_reply_lengths_depend_on_the_seed_alone() -> None:
    lengths = ReplyLengths(mean=60, spread=0.5, most=200)
    drawn = [lengths.draw(seed) for seed in range(4000)]
    assert drawn == [lengths.draw(seed) for seed in range(4000)]
    assert fmean(drawn) == pytest.approx(60, rel=0.03)
    assert min(drawn) >= 1
    assert max(drawn) == 200
    assert {ReplyLengths(mean=7, spread=0).draw(seed) for seed in range(50)} == {7}


def test_environments_that_take_time_stop_the_engine() -> None:
    engine = expert_engine(1)

    def make() -> gym.Env[str, str]:
        return TimedEnv(make_env(), engine, 0.25)

    drive = drive_queue(make, engine, [short("a"), long("b")], slots=1, sampling=Sampling())
    # Two resets and seven steps.
    assert drive.work.waited == pytest.approx(9 * 0.25)
    batch = expert_engine(2)
    stepped = partial(batch.wait, 0.25)
    together = drive_in_lock_step(
        make_env, batch, [short("a"), long("b")], slots=2, sampling=Sampling(), on_step=stepped
    )
    # One reset and four steps of both.
    assert together.work.waited == pytest.approx(5 * 0.25)


def test_occupancy_by_hand() -> None:
    episodes = [short("a"), long("b"), short("c")]
    queue = drive_queue(make_env, expert_engine(2), episodes, slots=2, sampling=Sampling())
    # "c" takes the place of "a" after 30 steps; 10 later "b" ends and the queue is found empty.
    assert queue.work == Work(60, 100, 100, queue.work.prefill, 0.0)
    assert queue.occupancy == 1
    theirs = drive_in_lock_step(make_env, expert_engine(2), episodes, slots=2, sampling=Sampling())
    # 40 steps of two rows, of which one is done after 30; then 30 of one row.
    assert (theirs.work.steps, theirs.work.tokens, theirs.wasted) == (70, 110, 10)
    assert theirs.occupancy == pytest.approx(100 / 140)
    assert list(theirs.longest) == [4, 3]
    assert theirs.results == queue.results


def test_requests_that_the_engine_has_not_begun_lower_the_occupancy() -> None:
    episodes = [short("a"), long("b"), short("c")]
    drive = drive_queue(make_env, expert_engine(1), episodes, slots=2, sampling=Sampling())
    assert (drive.work.steps, drive.work.running) == (100, 100)
    assert drive.occupancy == 0.5


def test_iterations_carry_over_what_is_under_way() -> None:
    episodes = [short("a", 0), short("b", 0), long("c", 1), long("d", 1)]

    def drive(iterations: int, more: Iterable[Episode] = ()) -> object:
        return drive_by_quota(
            make_env,
            expert_engine(4),
            [*episodes, *more],
            Quota(groups=1, iterations=iterations, warm_up=0),
            slots=4,
            sampling=Sampling(),
        )

    one = drive(1)
    # Group 0 is whole after 30 steps; the fourth reply of the others is under way and comes to its end.
    assert one.work == Work(40, 140, 140, one.work.prefill, 0.0)
    assert (one.trained, dict(one.ages), one.wasted) == (2, {0: 1}, 0)
    two = drive(2)
    # Group 1 ended in the pause: the second iteration has it at once.
    assert two.work.steps == 40
    assert (two.trained, dict(two.ages), two.mean_age) == (4, {0: 1, 1: 1}, 0.5)
    with pytest.raises(ValueError, match="4 episodes ran out in iteration 3 of 3"):
        drive(3)


def test_iteration_waits_for_a_group_that_is_too_old() -> None:
    slow = [long("a", 0), long("b", 0)]
    quick = [short(f"{group}.{one}", group) for group in range(1, 5) for one in range(2)]
    for most, ages in ((4, {0: 2}), (1, {0: 1, 1: 1})):
        found = drive_by_quota(
            make_env,
            expert_engine(4),
            [*slow, *quick],
            Quota(groups=1, iterations=2, warm_up=0, max_age=most),
            slots=4,
            sampling=Sampling(),
        )
        assert sum(found.ages.values()) == 2
        assert max(found.ages) <= most, ages


def test_watched_policy_counts_polls_and_tokens() -> None:
    engine = expert_engine(2, ReplyLengths(mean=3, spread=0))
    watched = WatchedPolicy(engine)
    watched.submit(request("a", "x"))
    watched.poll()
    watched.submit(request("b", "y"))
    while engine.work.tokens < 6:
        watched.poll()
    assert watched.work == Work(steps=4, running=6, tokens=6)


def test_drivers_agree_with_a_real_model() -> None:
    found = compare("tiny", slots=2, batches=1, siblings=1, reply_tokens=4, backend="transformers")
    ours, theirs = found.queue.drive, found.lock_step.drive
    assert found.sampler == "transformers"
    assert ours.wasted == 0
    assert ours.work.tokens == sum(one.tokens for one in ours.results.values())
    assert theirs.work.tokens - theirs.wasted == sum(one.tokens for one in theirs.results.values())
    assert found.same == 1


def test_claim_has_its_figures(tmp_path: object, capsys: pytest.CaptureFixture[str]) -> None:
    file = f"{tmp_path}/claim.json"
    code = rollout_speed.main(
        ["--slots", "8", "--batches", "1", "--iterations", "1", "--engine-batches", "0", "--json", file]
    )
    with open(file, encoding="utf-8") as lines:
        figures = json.load(lines)["figures"]
    assert figures["wasted_tokens"] == 0
    assert figures["lock_step_wasted_tokens"] > 0
    assert figures["same_episodes"] == 1
    assert 1 < figures["ceiling_ratio"] <= 50
    assert figures["occupancy"] == 1
    assert figures["wall_ratio"] > 1
    told = capsys.readouterr().out
    assert all(name in told for name in LATENCIES)
    assert code == (0 if "\nHOLDS" in told else 1)


def test_slots_have_to_hold_whole_groups() -> None:
    with pytest.raises(ValueError, match="multiple of 8"):
        rollout_speed.main(["--slots", "12"])
    with pytest.raises(ValueError, match="slots must be at least 1"):
        expert_engine(0)
