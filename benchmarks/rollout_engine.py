"""The drivers with a real engine and the bundled policy: the same episodes in lock-step and from a queue."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import perf_counter, process_time
from typing import Any

from skill_gym.agents.models import load_model, resolve_model
from skill_gym.agents.policy import Sampling
from skill_gym.agents.rollout import Episode
from skill_gym.agents.sampler import Backend
from skill_gym.alfworld.worlds import true_habits
from skill_gym.benchmarks import suite
from skill_gym.benchmarks.engine import Engine
from skill_gym.benchmarks.laptop import LAPTOP_GAMES, MAX_STEPS, TEST_SPLIT, held_out_worlds
from skill_gym.benchmarks.players import token_counter
from skill_gym.benchmarks.rollout_drivers import Drive, WatchedPolicy, drive_in_lock_step, drive_queue
from skill_gym.skillbanks.habit_practice import habit_bank


@dataclass(frozen=True, slots=True)
class Timed:
    """A drive and what it took.

    Attributes:
        drive: What was done.
        wall: Seconds.
        cpu: Seconds of this process's CPU time.
    """

    drive: Drive
    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Compared:
    """Both drivers with one engine.

    Attributes:
        sampler: ``vllm`` or ``transformers``.
        lock_step: The released loop's way.
        queue: ``Rollout``.
    """

    sampler: str
    lock_step: Timed
    queue: Timed

    @property
    def same(self) -> float:
        """Share of the episodes that were the same in both, byte for byte."""
        ours, theirs = self.queue.drive.results, self.lock_step.drive.results
        return sum(ours[ticket] == one for ticket, one in theirs.items()) / len(theirs)


def compare(
    model: str,
    *,
    slots: int,
    batches: int,
    siblings: int,
    reply_tokens: int = 64,
    backend: Backend = "auto",
) -> Compared:
    """Plays the same episodes by both drivers.

    The engine gets its weights anew before each, so that its prefix cache is empty.

    Args:
        model: A bundled model or a folder.
        slots: Episodes at once.
        batches: Lock-step's batches; the queue has as many episodes.
        siblings: Episodes of a task.
        reply_tokens: Longest reply.
        backend: Who samples.
    """
    episodes = _episodes(slots * batches, siblings)
    sampling = Sampling(temperature=0.3, max_new_tokens=reply_tokens)
    with Engine(backend, slots=slots) as engine:
        policy = engine.lend(model)
        make_env = partial(_make_env, token_counter(policy))
        weights = load_model(resolve_model(model)).state_dict()
        drive_queue(make_env, WatchedPolicy(policy), episodes[:2], slots=2, sampling=sampling)
        timed = []
        for driver in (drive_in_lock_step, drive_queue):
            policy.load_weights(weights, 0)
            wall, cpu = perf_counter(), process_time()
            drive = driver(make_env, WatchedPolicy(policy), episodes, slots=slots, sampling=sampling)
            timed.append(Timed(drive, perf_counter() - wall, process_time() - cpu))
        return Compared(engine.backend, *timed)


def _make_env(count_tokens: Callable[[str], int] | None = None) -> Any:
    """Simple errands in a world that the policy's skills are about: it solves about half of them."""
    world = held_out_worlds(1)[0]
    return suite.make(
        "skill_gym/ALFWorld-v0",
        bank=habit_bank(true_habits(world)),
        max_tokens=250,
        count_tokens=count_tokens,
        task_types=["pick_and_place_simple"],
        layout="transcript",
        think=True,
        split=TEST_SPLIT,
        world=world,
        size=256,
        generator=dict(LAPTOP_GAMES),
        max_episode_steps=MAX_STEPS,
    )


def _episodes(count: int, siblings: int) -> list[Episode]:
    env = _make_env(None)
    tasks = [task.id for task in env.get_wrapper_attr("tasks")[: -(-count // siblings)]]
    env.close()
    every = [
        Episode(f"{group}.{sibling}", task, seed=1000 * group + sibling, group=group)
        for group, task in enumerate(tasks)
        for sibling in range(siblings)
    ]
    return every[:count]
