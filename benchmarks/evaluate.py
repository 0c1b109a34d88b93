"""Evaluation: a policy plays each task of a split exactly once, however many slots play at a time."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

import gymnasium as gym

from skill_gym.agents.policy import Policy, Sampling
from skill_gym.agents.rollout import Episode, Played, play
from skill_gym.benchmarks.evaluation import Evaluation, TaskResult
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.leaks import LeakError, LeakPolicy, check_leak, ids_from_tasks
from skill_gym.text_env import TextEnv
from skill_gym.trajectory import Task

logger = logging.getLogger(__name__)

GREEDY = Sampling(temperature=0.0)


def evaluate(
    make_env: Callable[[], gym.Env[str, str]],
    policy: Policy,
    *,
    tasks: Iterable[Task | str] | None = None,
    slots: int = 16,
    sampling: Sampling = GREEDY,
    seed: int = 0,
    on_played: Callable[[Played], None] | None = None,
    allow_leak: bool = False,
    leak_policy: LeakPolicy = "ever",
) -> Evaluation:
    """Plays each task exactly once and reports how it went.

    The seed of an episode is derived from ``seed`` and the task's key alone, so the result depends neither on
    the number of slots nor on which other tasks are played (as far as the policy's answers depend on their
    request only).

    Args:
        make_env: Makes an environment with the whole stack, e.g. ``partial(suite.make, env_id, bank=bank)``.
        policy: Who plays.
        tasks: Tasks or their ids, in the order of the result; None plays the environment's whole split.
        slots: Episodes under way at a time, at least 1.
        sampling: How replies are drawn; greedy by default. Its seed is replaced for each reply.
        seed: Seed of the whole evaluation.
        on_played: Called with each episode as it ends, in the order of their ends, e.g. to advance a progress
            bar or to keep the trajectories.
        allow_leak: Evaluate even if skills of the bank come from the tasks' own split.
        leak_policy: Which skills of the tasks' split are refused, see ``leaked_ids``; those that came from
            one of the tasks are, under either.

    Returns:
        One result per task, in the order of the tasks. Broken episodes are in it, marked as such.

    Raises:
        ValueError: No tasks, a task twice, an unknown task, or fewer than one slot.
        LeakError: A skill of the bank came from a split or a task that is evaluated on.
    """
    if slots < 1:
        raise ValueError(f"slots must be at least 1, got {slots}")
    probe = make_env()
    chosen = _tasks(probe, tasks)
    bank = probe.get_wrapper_attr("bank") if probe.has_wrapper_attr("bank") else None
    probe.close()
    if bank is not None and not allow_leak:
        _check_leak(bank, chosen, leak_policy)
    episodes = [Episode(ticket=task.id, task_id=task.id, seed=episode_seed(seed, task)) for task in chosen]
    results: dict[str, TaskResult] = {}
    started = time.perf_counter()
    for played in play(make_env, policy, episodes, slots=min(slots, len(episodes)), sampling=sampling):
        results[played.episode.task_id] = TaskResult.of(played.trajectory, played.completions)
        if on_played is not None:
            on_played(played)
    evaluation = Evaluation(
        env_id=chosen[0].env_id,
        splits=tuple(dict.fromkeys(task.split for task in chosen)),
        policy=policy.name,
        bank_version="" if bank is None else bank.version,
        seed=seed,
        temperature=sampling.temperature,
        results=tuple(results[task.id] for task in chosen),
        seconds=time.perf_counter() - started,
    )
    if evaluation.broken:
        logger.warning("%d of %d episodes broke; they count as not solved", evaluation.broken, len(chosen))
    return evaluation


def episode_seed(seed: int, task: Task) -> int:
    """Seed of a task's episode, in [0, 2**31): a hash of the evaluation's seed and the task's key."""
    return int.from_bytes(sha256(f"{seed}:{task.key}".encode()).digest()[:4], "big") >> 1


def _check_leak(bank: SkillBank, tasks: Sequence[Task], policy: LeakPolicy) -> None:
    for env_id, split in dict.fromkeys((task.env_id, task.split) for task in tasks):
        check_leak(bank, split, env_id=env_id, policy=policy)
    if ids := ids_from_tasks(bank, [task.key for task in tasks]):
        raise LeakError(
            f"{len(ids)} entries of the bank came from tasks that are evaluated on: {', '.join(ids[:50])}; "
            "evaluate on a split that evolution never reads, or remove them with "
            "bank.without(error.skill_ids)",
            ids,
        )


def _tasks(env: gym.Env[str, str], wanted: Iterable[Task | str] | None) -> list[Task]:
    inner = env.unwrapped
    if not isinstance(inner, TextEnv):
        raise TypeError(f"expected make_env to make a wrapped TextEnv, got {type(inner).__name__} inside")
    if wanted is None:
        chosen = list(inner.tasks)
    else:
        chosen = [inner.find_task(task if isinstance(task, str) else task.id) for task in wanted]
    if not chosen:
        raise ValueError("no tasks to evaluate on; pass at least one, or tasks=None for the whole split")
    seen: set[str] = set()
    for task in chosen:
        if task.id in seen:
            raise ValueError(f"task {task.id!r} is there twice; each task is evaluated once")
        seen.add(task.id)
    return chosen
