"""What each command of the command line does; heavy imports wait until one runs."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def env_arguments(options: argparse.Namespace) -> dict[str, Any]:
    """The environment's arguments that the options name.

    Raises:
        ValueError: The environment has no such argument.
    """
    from skill_gym.registration import check_arguments

    given = {
        "split": options.split,
        "data": options.data,
        "task_types": options.task_types,
        "world": options.world,
        "generator": key_values(options.generator, "--generator", "room_scale=0.5") or None,
    }
    given |= key_values(options.env_options, "--env-options", "observation=text_rich")
    arguments = {name: value for name, value in given.items() if value is not None}
    check_arguments(options.env, arguments)
    return arguments


def key_values(settings: Sequence[str], option: str, example: str) -> dict[str, Any]:
    """Values by name, read as JSON where they are; which names there are, the environment knows."""
    values: dict[str, Any] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise ValueError(f"expected KEY=VALUE for {option}, got {setting!r}; write e.g. {example}")
        try:
            values[name] = json.loads(value)
        except ValueError:
            values[name] = value
    return values


def experts_of(env_id: str) -> Sequence[str]:
    """The environment's experts, the one that knows only what it has read first.

    Raises:
        ValueError: It has none.
    """
    from skill_gym.registration import env_class

    experts: Sequence[str] = env_class(env_id).metadata.get("experts", ())
    if not experts:
        raise ValueError(f"{env_id} has no expert; choose another --policy")
    return experts


def _open_bank(name: str, env_id: str) -> Any:
    from skill_gym.skillbanks.bank_source import open_bank

    return open_bank(name, env_id)


def run_play(options: argparse.Namespace) -> int:
    """A person plays one episode."""
    from skill_gym.benchmarks.play import play
    from skill_gym.registration import env_class

    kwargs = {**env_class(options.env).metadata.get("person", {}), **env_arguments(options)}
    if options.expert:
        kwargs["expert"] = options.expert
    bank = _open_bank(options.bank, options.env)
    play(options.env, bank=bank, task=options.task, seed=options.seed, record_to=options.record, **kwargs)
    return 0


def run_evaluate(options: argparse.Namespace) -> int:
    """A policy plays every task once; exit code 1 when episodes broke."""
    from functools import partial

    from skill_gym.agents.policy import Sampling
    from skill_gym.benchmarks import suite
    from skill_gym.benchmarks.evaluate import evaluate
    from skill_gym.benchmarks.evaluation import Evaluation, paired_difference
    from skill_gym.benchmarks.players import open_player, token_counter
    from skill_gym.benchmarks.progress import EpisodeBar
    from skill_gym.registration import step_limit

    kwargs = env_arguments(options)
    if options.max_steps is not None:
        kwargs |= step_limit(options.env, options.max_steps)
    if options.policy == "expert":
        kwargs["expert"] = options.expert or experts_of(options.env)[0]
    earlier = Evaluation.load(options.compare) if options.compare else None
    policy = open_player(
        options.policy,
        backend=options.backend,
        failure_rate=options.failure_rate,
        seed=options.seed,
        base_url=options.base_url,
        url=options.url,
        slots=options.slots,
    )
    if options.structure != "none" and not hasattr(policy, "chat"):
        raise ValueError(f"--structure holds a model's tokens, and {policy.name} has none; leave it out")
    make_env = partial(
        suite.make,
        options.env,
        bank=_open_bank(options.bank, options.env),
        layout=options.layout,
        think=options.think,
        max_tokens=options.max_skill_tokens,
        count_tokens=token_counter(policy),
        record_to=options.trajectories,
        policy_name=policy.name,
        **kwargs,
    )
    probe = make_env()
    tasks = [task.id for task in probe.get_wrapper_attr("tasks")[: options.limit]]
    probe.close()
    with EpisodeBar(len(tasks), "evaluating") as bar:
        evaluation = evaluate(
            make_env,
            policy,
            tasks=tasks,
            slots=options.slots,
            seed=options.seed,
            sampling=Sampling(
                temperature=options.temperature,
                max_new_tokens=options.max_new_tokens,
                structure=options.structure,
            ),
            on_played=bar.played,
            allow_leak=options.allow_leak,
            leak_policy=options.leak_policy,
        )
    print(f"{evaluation.policy} on {', '.join(evaluation.splits)}, bank {evaluation.bank_version}\n")
    print(evaluation.table())
    if evaluation.measures:
        print(f"\n{evaluation.measures.table()}")
    count, seconds = len(evaluation.results), evaluation.seconds
    print(f"\n{count} tasks in {seconds:.1f} s, {evaluation.reply_tokens} tokens said")
    if earlier is not None:
        print(f"against {options.compare}: {paired_difference(earlier, evaluation)} (paired, 95% interval)")
    if options.json:
        evaluation.save(options.json)
    return 1 if evaluation.broken else 0


def run_train(options: argparse.Namespace) -> int:
    """Trains, or goes on with a run."""
    from skill_gym.agents.config import load_config, to_dict
    from skill_gym.benchmarks.progress import TrainingBar

    config = load_config(options.config, options.settings)
    if options.resume and options.config is None:
        # What the run was started with need not be said again.
        stored = Path(config.run.folder) / "config.yaml"
        if not stored.is_file():
            raise ValueError(
                f"no run to resume in {config.run.folder}; set run.folder=FOLDER to the run's own"
            )
        config = load_config(stored, options.settings)
    if options.show:
        from omegaconf import OmegaConf

        print(OmegaConf.to_yaml(to_dict(config)))
        return 0
    from skill_gym.agents.trainer import Trainer

    with (
        Trainer(config, resume=options.resume) as trainer,
        TrainingBar(config.run.iterations, done=trainer.iteration) as trainer.progress,
    ):
        trainer.train()
    print(f"run folder: {config.run.folder} (tensorboard --logdir {config.run.folder})")
    return 0


def run_demo(options: argparse.Namespace) -> int:
    """Runs the whole loop and names its report."""
    from skill_gym.benchmarks.demo import run_demo as demo

    report = demo(
        options.folder,
        games=options.games,
        iterations=options.iterations,
        world=options.world,
        backend=options.backend,
        seed=options.seed,
        fresh=options.fresh,
        settings=options.settings,
    )
    print(f"\nreport: {report}")
    return 0
