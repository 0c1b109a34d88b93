import threading
from collections.abc import Callable
from time import sleep
from typing import Any

import gymnasium as gym
import pytest
from test_rollout import Scheduled, episodes, make_env, playing, task_ids

from skill_gym.agents.policy import Completion, Request
from skill_gym.agents.scripted import ExpertPolicy, RandomPolicy


class Waiting(gym.Wrapper[str, str, str, str]):
    """An environment whose steps wait: ``before`` is called with the task and the step's number."""

    def __init__(
        self, env: gym.Env[str, str], before: Callable[[str, int], None], waits: bool = True
    ) -> None:
        super().__init__(env)
        self.before = before
        self.inside = self.closed = False
        self.env.unwrapped.waits = waits  # type: ignore[attr-defined]

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        assert threading.current_thread() is threading.main_thread()
        self.count = 0
        return self.env.reset(seed=seed, options=options)

    def step(self, action: str) -> Any:
        assert not self.inside, "two steps of one environment at once"
        assert not self.closed
        self.inside = True
        try:
            self.count += 1
            self.before(self.env.unwrapped.task.id, self.count)  # type: ignore[attr-defined]
            return self.env.step(action)
        finally:
            self.inside = False

    def close(self) -> None:
        assert not self.inside, "closed while it steps"
        self.closed = True
        self.env.close()


class OneThread(Scheduled):
    """A policy that may only be asked from the thread that plays."""

    def submit(self, request: Request) -> None:
        assert threading.current_thread() is threading.main_thread()
        super().submit(request)

    def poll(self) -> list[Completion]:
        assert threading.current_thread() is threading.main_thread()
        return super().poll()


def uneven(task: str, step: int) -> None:
    sleep((task_ids().index(task) * 7 + step * 3) % 5 / 500)


def test_results_are_those_of_stepping_one_by_one() -> None:
    def found(slots: int, waits: bool) -> dict[str, str]:
        make = lambda: Waiting(make_env(), uneven, waits)  # noqa: E731
        policy = OneThread(RandomPolicy(5))
        rollout = playing(policy, episodes(2), slots=slots, make=make)
        return {each.episode.ticket: each.trajectory.to_json() for each in rollout}

    plain = found(1, waits=False)
    assert len(plain) == 24
    assert found(1, waits=True) == found(5, waits=True) == found(50, waits=True) == plain


def test_steps_of_all_slots_wait_at_once_and_only_in_environments_that_wait() -> None:
    together = threading.Barrier(4)
    seen = set()

    def meet(task: str, step: int) -> None:
        seen.add(threading.current_thread())
        if step == 1:
            together.wait(timeout=20)

    played = list(playing(ExpertPolicy(), make=lambda: Waiting(make_env(), meet)))
    assert all(each.trajectory.solved for each in played)
    assert len(played) == 12
    assert threading.main_thread() not in seen

    seen.clear()
    count = threading.active_count()
    here = lambda task, step: seen.add(threading.current_thread())  # noqa: E731
    list(playing(ExpertPolicy(), make=lambda: Waiting(make_env(), here, waits=False)))
    assert seen == {threading.main_thread()}
    assert threading.active_count() == count


def test_no_episode_waits_for_a_slow_search() -> None:
    slow = task_ids()[0]
    others_done = threading.Event()

    def hang(task: str, step: int) -> None:
        if task == slow and step == 2:
            assert others_done.wait(timeout=20)

    tickets: list[str] = []
    rollout = playing(ExpertPolicy(), slots=2, make=lambda: Waiting(make_env(), hang))
    for each in rollout:
        assert each.trajectory.solved
        tickets.append(each.episode.task_id)
        if len(tickets) == 11:
            others_done.set()
    assert sorted(tickets) == sorted(task_ids())
    assert tickets[-1] == slow
    stats = rollout.stats
    assert (stats.episodes, stats.steps) == (12, 6 * 3 + 6 * 4)
    assert stats.env_time + stats.policy_time <= stats.wall


def test_waits_of_many_environments_count_once_in_the_clock() -> None:
    rollout = playing(
        ExpertPolicy(), slots=12, make=lambda: Waiting(make_env(), lambda task, step: sleep(0.02))
    )
    list(rollout)
    stats = rollout.stats
    assert stats.step_time >= 0.02 * stats.steps
    assert stats.env_time < stats.step_time / 2
    assert stats.env_time <= stats.wall


def test_environment_that_raises_in_its_thread_costs_its_episode_only() -> None:
    bad = task_ids()[3]
    made: list[Waiting] = []

    def fail(task: str, step: int) -> None:
        if task == bad and step == 2:
            raise OSError("the line is dead")

    def make() -> gym.Env[str, str]:
        made.append(Waiting(make_env(), fail))
        return made[-1]

    rollout = playing(ExpertPolicy(), slots=2, make=make)
    played = list(rollout)
    (broken,) = [each for each in played if not each.trajectory.solved]
    assert (broken.trajectory.ended, broken.trajectory.boundary) == ("broken", "env")
    assert broken.trajectory.meta["error"] == "OSError: the line is dead"
    assert len(broken.trajectory.turns) == len(broken.completions) == 1
    assert len(played) == 12
    assert rollout.stats.broken == {"env": 1}
    assert len(made) == 3
    assert all(env.closed for env in made)


def test_leaving_early_closes_no_environment_that_still_steps() -> None:
    made: list[Waiting] = []
    entered = threading.Event()

    def linger(task: str, step: int) -> None:
        if task == task_ids()[1]:
            entered.set()
            sleep(0.2)

    def make() -> gym.Env[str, str]:
        made.append(Waiting(make_env(), linger))
        return made[-1]

    with playing(ExpertPolicy(), slots=2, make=make) as rollout:
        next(rollout)
        assert entered.wait(timeout=20)
    assert len(made) == 2
    assert all(env.closed and not env.inside for env in made)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("step")]


def test_exit_in_a_thread_ends_the_run() -> None:
    def leave(task: str, step: int) -> None:
        raise SystemExit("enough")

    with pytest.raises(SystemExit, match="enough"):
        list(playing(ExpertPolicy(), make=lambda: Waiting(make_env(), leave)))
