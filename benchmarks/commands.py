"""What each command of the command line does; heavy imports wait until one runs."""

import argparse
from functools import partial
from pathlib import Path

from skill_gym.benchmarks.env_options import env_arguments
from skill_gym.benchmarks.player_options import (
    chosen_sampling,
    chosen_stack,
    open_chosen_player,
    playing_arguments,
)


def run_play(options: argparse.Namespace) -> int:
    """A person plays one episode."""
    from skill_gym.benchmarks.play import play
    from skill_gym.registration import env_class
    from skill_gym.skillbanks.bank_source import open_bank

    kwargs = {**env_class(options.env).metadata.get("person", {}), **env_arguments(options)}
    if options.expert:
        kwargs["expert"] = options.expert
    bank = open_bank(options.bank, options.env)
    play(options.env, bank=bank, task=options.task, seed=options.seed, record_to=options.record, **kwargs)
    return 0


def run_evaluate(options: argparse.Namespace) -> int:
    """A policy plays every task once; exit code 1 when episodes broke."""
    from skill_gym.benchmarks.evaluate import evaluate
    from skill_gym.benchmarks.evaluation import Evaluation, paired_difference
    from skill_gym.benchmarks.players import token_counter
    from skill_gym.benchmarks.progress import EpisodeBar

    arguments = playing_arguments(options)
    earlier = Evaluation.load(options.compare) if options.compare else None
    policy = open_chosen_player(options)
    make_env = partial(
        chosen_stack(options, arguments),
        count_tokens=token_counter(policy),
        record_to=options.trajectories,
        policy_name=policy.name,
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
            sampling=chosen_sampling(options),
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
    from skill_gym.agents.ranks import open_ranks
    from skill_gym.agents.run_learner import open_run_learner
    from skill_gym.agents.sampler import choose_backend
    from skill_gym.agents.trainer import Trainer

    with open_ranks(config.model.device) as ranks:
        if ranks.size > 1 and choose_backend(config.sampler.backend) == "vllm":
            raise ValueError(
                "vLLM in the trainer's process would take torchrun's other processes for its own; start "
                "a server and set sampler.backend=server sampler.url=..., or sampler.backend=transformers"
            )
        if not ranks.first:
            open_run_learner(config, ranks=ranks).follow()
            return 0
        with (
            Trainer(config, resume=options.resume, ranks=ranks) as trainer,
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
