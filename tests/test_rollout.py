import logging
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from time import sleep
from typing import Any

import gymnasium as gym
import pytest
from toy_env import TOY_ID, TOY_STEPS

from skill_gym.agents.policy import Completion, Policy, PolicyError, PromptTooLong, Request, Sampling
from skill_gym.agents.rollout import Episode, Played, Rollout, play, reply_seed
from skill_gym.agents.scripted import ExpertPolicy, RandomPolicy
from skill_gym.wrappers.record_trajectory import RecordTrajectory
from skill_gym.wrappers.tagged_action import TaggedAction
from skill_gym.wrappers.task_prompt import TaskPrompt


def make_env(layout: str = "step") -> gym.Env[str, str]:
    return TaskPrompt(TaggedAction(gym.make(TOY_ID, expert="planner")), layout=layout)


def task_ids() -> list[str]:
    env = gym.make(TOY_ID)
    return [task.id for task in env.unwrapped.tasks]


def episodes(repeats: int = 1) -> list[Episode]:
    return [
        Episode(f"{task}/{repeat}", task, seed=repeat, group=number)
        for number, task in enumerate(task_ids())
        for repeat in range(repeats)
    ]


def playing(
    policy: Policy,
    what: Iterable[Episode] | None = None,
    *,
    make: Callable[[], gym.Env[str, str]] = make_env,
    slots: int = 4,
    sampling: Sampling | None = None,
    **options: Any,
) -> Rollout:
    return play(
        make,
        policy,
        episodes() if what is None else what,
        slots=slots,
        sampling=sampling or Sampling(),
        **options,
    )


class Scheduled:
    """Answers with an inner policy, each request after ``delay`` polls; keeps what it was asked."""

    name = "scheduled"

    def __init__(self, inner: Policy, delay: Callable[[Request], int] = lambda request: 1) -> None:
        self.inner = inner
        self.delay = delay
        self.polls = 0
        self.asked: list[Request] = []
        self.most_under_way = 0
        self.aborted: set[str] = set()
        self._due: dict[str, tuple[int, Request]] = {}

    def submit(self, request: Request) -> None:
        self.asked.append(request)
        self._due[request.ticket] = (self.polls + self.delay(request), request)
        self.most_under_way = max(self.most_under_way, len(self._due))

    def poll(self) -> list[Completion]:
        self.polls += 1
        ready = [request for due, request in self._due.values() if due <= self.polls]
        for request in ready:
            del self._due[request.ticket]
            self.inner.submit(request)
        return [self.finish(completion) for completion in self.inner.poll()]

    def finish(self, completion: Completion) -> Completion:
        return replace(completion, prompt_ids=(1, 2, 3), token_ids=(4, 5), logprobs=(0.0, 0.0))

    def abort(self, tickets: set[str]) -> None:
        self.aborted |= tickets
        for ticket in tickets:
            self._due.pop(ticket, None)


class Counted(gym.Wrapper[str, str, str, str]):
    """Counts what is done to all environments of a rollout."""

    made = closed = resets = steps = 0

    def __init__(self, env: gym.Env[str, str]) -> None:
        super().__init__(env)
        type(self).made += 1

    def reset(self, **options: Any) -> tuple[str, dict[str, Any]]:
        type(self).resets += 1
        return self.env.reset(**options)

    def step(self, action: str) -> tuple[str, Any, bool, bool, dict[str, Any]]:
        type(self).steps += 1
        return self.env.step(action)

    def close(self) -> None:
        type(self).closed += 1
        super().close()


@pytest.fixture
def counted() -> type[Counted]:
    return type("Counted", (Counted,), {})


def comparable(played: Iterable[Played]) -> dict[str, tuple[Any, ...]]:
    return {each.episode.ticket: (each.trajectory, [c.text for c in each.completions]) for each in played}


def test_expert_solves_every_task_and_each_is_played_once() -> None:
    played = list(playing(ExpertPolicy()))
    assert sorted(each.episode.task_id for each in played) == sorted(task_ids())
    for each in played:
        assert each.trajectory.solved
        assert each.trajectory.task.id == each.episode.task_id
        assert each.trajectory.policy == "expert"
        assert each.trajectory.seed == each.episode.seed
        assert [c.text for c in each.completions] == [turn.reply for turn in each.trajectory.turns]


@pytest.mark.parametrize("policy", [partial(ExpertPolicy, 0.3, seed=1), partial(RandomPolicy, 4)])
@pytest.mark.parametrize("layout", ["step", "transcript"])
def test_results_do_not_depend_on_the_number_of_slots(policy: Callable[[], Policy], layout: str) -> None:
    results = [
        comparable(playing(policy(), episodes(3), slots=slots, make=lambda: make_env(layout)))
        for slots in (1, 5, 36, 100)
    ]
    assert all(result == results[0] for result in results[1:])
    assert len(results[0]) == 36
    assert len({len(trajectory.turns) for trajectory, _ in results[0].values()}) > 1


def test_members_of_a_group_draw_differently() -> None:
    group = [Episode(f"g{seed}", task_ids()[0], seed) for seed in range(6)]
    replies = {tuple(c.text for c in each.completions) for each in playing(RandomPolicy(), group)}
    assert len(replies) > 3


def test_finished_episode_costs_no_tokens_and_no_steps(counted: type[Counted]) -> None:
    policy = Scheduled(ExpertPolicy(0.2), delay=lambda request: 1 + len(request.ticket) % 3)
    rollout = playing(policy, episodes(2), make=lambda: counted(make_env()))
    turns = sum(len(each.trajectory.turns) for each in rollout)
    assert len(policy.asked) == turns == counted.steps == rollout.stats.steps
    assert len({request.ticket for request in policy.asked}) == turns
    assert (rollout.stats.prompt_tokens, rollout.stats.new_tokens) == (3 * turns, 2 * turns)


def test_no_episode_waits_for_another() -> None:
    slow = task_ids()[0]
    policy = Scheduled(ExpertPolicy(), delay=lambda request: 1000 if request.info["task"] == slow else 1)
    played = list(playing(policy, slots=2))
    # All others have come and gone through one slot before the slow one has had two replies.
    assert played[-1].episode.task_id == slow
    asked_slow = [number for number, request in enumerate(policy.asked) if request.info["task"] == slow]
    assert asked_slow[0] == 0
    assert asked_slow[1] == len(policy.asked) - len(asked_slow) + 1


class Steady(Scheduled):
    """Takes the same time for every poll, so that shares of time can be foretold."""

    def poll(self) -> list[Completion]:
        sleep(0.003)
        return super().poll()


def test_slots_are_filled_as_long_as_episodes_are_left(counted: type[Counted]) -> None:
    policy = Steady(ExpertPolicy())
    rollout = playing(policy, slots=3, make=lambda: counted(make_env()))
    list(rollout)
    assert policy.most_under_way == 3
    assert (counted.made, counted.resets, counted.closed) == (3, 12, 3)
    assert 0.8 < rollout.stats.occupancy <= 1


def test_no_more_environments_are_made_than_there_are_episodes(counted: type[Counted]) -> None:
    list(playing(ExpertPolicy(), episodes()[:2], slots=50, make=lambda: counted(make_env())))
    assert (counted.made, counted.closed) == (2, 2)
    assert list(playing(ExpertPolicy(), [], make=lambda: counted(make_env()))) == []
    assert counted.made == 2


def test_step_layout_asks_with_one_message_and_no_past() -> None:
    policy = Scheduled(ExpertPolicy())
    (played,) = playing(policy, episodes()[:1])
    assert [[m["role"] for m in request.messages] for request in policy.asked] == [["user"]] * len(
        policy.asked
    )
    assert all(request.previous is None for request in policy.asked)
    prompts = [turn.prompt for turn in played.trajectory.turns]
    assert [request.messages[0]["content"] for request in policy.asked] == prompts


def test_transcript_layout_grows_one_conversation() -> None:
    policy = Scheduled(ExpertPolicy())
    (played,) = playing(policy, episodes()[:1], make=lambda: make_env("transcript"))
    assert len(policy.asked) == len(played.trajectory.turns) > 1
    for step, request in enumerate(policy.asked):
        said = [(turn.prompt, turn.reply) for turn in played.trajectory.turns]
        expected = [text for pair in said[:step] for text in pair] + [said[step][0]]
        assert [message["content"] for message in request.messages] == expected
        assert [message["role"] for message in request.messages] == (["user", "assistant"] * (step + 1))[:-1]
        assert request.previous == (played.completions[step - 1] if step else None)


def test_request_carries_info_step_and_a_seed_of_its_own() -> None:
    policy = Scheduled(ExpertPolicy())
    list(playing(policy, [Episode("a", task_ids()[0], 7)], sampling=Sampling(temperature=0.5, seed=99)))
    for step, request in enumerate(policy.asked):
        assert request.info["step"] == step
        assert request.info["expert_command"] in request.info["admissible_commands"]
        assert request.sampling == Sampling(temperature=0.5, seed=reply_seed(7, step))


def test_reply_seeds_are_the_same_in_another_process() -> None:
    code = "from skill_gym.agents.rollout import reply_seed; print(reply_seed(7, 3), reply_seed(8, 3))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.split() == [str(reply_seed(7, 3)), str(reply_seed(8, 3))]
    assert len({reply_seed(seed, step) for seed in range(50) for step in range(50)}) == 2500
    assert all(0 <= reply_seed(seed, 0) < 2**31 for seed in range(200))


class Failing(gym.Wrapper[str, str, str, str]):
    """An environment that raises at reset or at its second step when it plays the given task."""

    def __init__(self, env: gym.Env[str, str], task: str, where: str) -> None:
        super().__init__(env)
        self.task, self.where = task, where

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        self.count = 0
        self.bad = options is not None and options["task"] == self.task
        if self.bad and self.where == "reset":
            raise OSError("the disk is gone")
        return self.env.reset(seed=seed, options=options)

    def step(self, action: str) -> Any:
        self.count += 1
        if self.bad and self.count == 2:
            raise OSError("the disk is gone")
        return self.env.step(action)


@pytest.mark.parametrize(("where", "turns"), [("reset", 0), ("step", 1)])
def test_environment_that_raises_costs_its_episode_only(
    where: str, turns: int, counted: type[Counted], caplog: pytest.LogCaptureFixture
) -> None:
    bad = task_ids()[3]
    rollout = playing(
        ExpertPolicy(), episodes(2), slots=2, make=lambda: counted(Failing(make_env(), bad, where))
    )
    played = list(rollout)
    broken = [each for each in played if each.trajectory.ended == "broken"]
    assert [each.episode.task_id for each in broken] == [bad, bad]
    for each in broken:
        assert each.trajectory.boundary == "env"
        assert each.trajectory.meta["error"] == "OSError: the disk is gone"
        assert each.trajectory.task.id == bad
        assert each.trajectory.task.goal
        assert each.trajectory.policy == "expert"
        assert len(each.trajectory.turns) == len(each.completions) == turns
    assert sum(each.trajectory.solved for each in played) == len(played) - 2 == 22
    assert rollout.stats.broken == {"env": 2}
    # Whatever state they were left in, environments that raised are replaced; none is left open.
    assert counted.made == counted.closed == 4
    assert sum("the disk is gone" in record.message for record in caplog.records) == 1


def test_unknown_task_breaks_its_episode_with_the_environments_own_words() -> None:
    played = list(playing(ExpertPolicy(), [Episode("a", "nowhere", 0), *episodes()[:1]], slots=1))
    assert played[0].trajectory.boundary == "env"
    assert "no task 'nowhere'" in played[0].trajectory.meta["error"]
    assert played[0].trajectory.task.id == "nowhere"
    assert played[1].trajectory.solved


class Refusing(Scheduled):
    """Refuses the second request of one task, in one of the ways in which policies fail."""

    def __init__(self, task: str, how: str) -> None:
        super().__init__(ExpertPolicy())
        self.task, self.how = task, how

    def submit(self, request: Request) -> None:
        if request.info["task"] == self.task and request.info["step"] == 1:
            if self.how == "too long":
                raise PromptTooLong("12 tokens are too many")
            if self.how == "bug":
                raise KeyError("12 tokens are too many")
        super().submit(request)

    def finish(self, completion: Completion) -> Completion:
        completion = super().finish(completion)
        if self.how == "error" and completion.ticket == f"{self.task}/0#1":
            return replace(
                completion, text="12 tokens are too many", finish_reason="error", token_ids=(), logprobs=()
            )
        return completion


@pytest.mark.parametrize("how", ["too long", "bug", "error"])
def test_policy_that_fails_a_request_costs_its_episode_only(
    how: str, counted: type[Counted], caplog: pytest.LogCaptureFixture
) -> None:
    bad = task_ids()[3]
    rollout = playing(Refusing(bad, how), slots=2, make=lambda: counted(make_env()))
    played = list(rollout)
    (broken,) = [each for each in played if each.trajectory.ended == "broken"]
    assert broken.episode.task_id == bad
    assert broken.trajectory.boundary == "policy"
    assert "12 tokens are too many" in broken.trajectory.meta["error"]
    assert len(broken.trajectory.turns) == len(broken.completions) == 1
    assert sum(each.trajectory.solved for each in played) == 11
    assert rollout.stats.broken == {"policy": 1}
    assert rollout.stats.episodes == 12
    # The environment is not to blame and goes on.
    assert counted.made == counted.closed == 2
    assert sum("12 tokens" in record.message for record in caplog.records) == 1


def test_first_request_of_every_episode_may_be_refused() -> None:
    rollout = playing(ExpertPolicy(), make=lambda: TaggedAction(gym.make(TOY_ID)))
    played = list(rollout)
    assert len(played) == 12
    assert {each.trajectory.boundary for each in played} == {"policy"}
    assert all("expert='planner'" in each.trajectory.meta["error"] for each in played)
    assert all(each.completions == () for each in played)


@pytest.mark.parametrize("error", [KeyboardInterrupt, PolicyError])
def test_interrupt_and_a_dead_policy_propagate_and_leave_nothing_open(
    error: type[BaseException], counted: type[Counted]
) -> None:
    class Dying(Scheduled):
        def poll(self) -> list[Completion]:
            if self.polls == 4:
                raise error
            return super().poll()

    policy = Dying(ExpertPolicy(), delay=lambda request: 1 + len(self_waiting) % 2)
    self_waiting = policy._due
    with pytest.raises(error):
        list(playing(policy, make=lambda: counted(make_env())))
    assert counted.made == counted.closed == 4
    assert policy.aborted
    assert not policy._due


def test_leaving_early_stops_everything(counted: type[Counted]) -> None:
    policy = Scheduled(ExpertPolicy())
    with playing(policy, make=lambda: counted(make_env())) as rollout:
        first = next(rollout)
    assert first.trajectory.solved
    assert counted.made == counted.closed == 4
    assert not policy._due
    assert rollout.stats.episodes < 12


def test_environment_that_cannot_be_made_stops_the_run() -> None:
    def unmakable() -> gym.Env[str, str]:
        raise FileNotFoundError("no games")

    with pytest.raises(FileNotFoundError, match="no games"):
        list(playing(ExpertPolicy(), make=unmakable))


def test_ticket_twice_and_no_slots_are_refused() -> None:
    with pytest.raises(ValueError, match="two episodes have the ticket 'a'"):
        list(playing(ExpertPolicy(), [Episode("a", task_ids()[0], 0)] * 2))
    with pytest.raises(ValueError, match="slots must be at least 1"):
        playing(ExpertPolicy(), slots=0)


def test_recorder_of_the_caller_is_used(tmp_path) -> None:
    path = tmp_path / "played.jsonl"
    make = lambda: RecordTrajectory(make_env(), path, policy_name="me")  # noqa: E731
    (played,) = playing(ExpertPolicy(), episodes()[:1], make=make)
    assert played.trajectory.policy == "me"
    assert path.read_text().splitlines() == [played.trajectory.to_json()]


def test_step_limit_ends_an_episode_as_truncated() -> None:
    (played,) = playing(ExpertPolicy(reply="{command}"), episodes()[:1])
    assert (played.trajectory.ended, len(played.completions)) == ("truncated", TOY_STEPS)


def test_stats_and_callback_tell_what_goes_on() -> None:
    seen: list[str] = []
    rollout = playing(ExpertPolicy(), on_played=lambda played: seen.append(played.episode.ticket))
    assert rollout.stats.episodes == 0
    first = next(rollout)
    assert seen == [first.episode.ticket]
    rest = list(rollout)
    assert seen == [first.episode.ticket, *(each.episode.ticket for each in rest)]
    stats = rollout.stats
    assert stats.episodes == 12
    assert stats.steps == sum(len(each.trajectory.turns) for each in [first, *rest])
    assert stats.broken == {}
    assert 0 < stats.policy_time < stats.wall
    assert 0 < stats.env_time < stats.wall
    assert stats.env_time + stats.policy_time <= stats.wall


def test_completion_that_nobody_asked_for_is_said(caplog: pytest.LogCaptureFixture) -> None:
    class Chatty(Scheduled):
        def poll(self) -> list[Completion]:
            return [*super().poll(), Completion("ghost", (), (), (), "boo")]

    caplog.set_level(logging.WARNING)
    assert all(each.trajectory.solved for each in playing(Chatty(ExpertPolicy())))
    assert "'ghost', which nobody asked" in caplog.text
