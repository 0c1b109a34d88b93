"""The command ``skill-gym evolve``: the failures of a validation make the next version of a bank."""

import argparse
from contextlib import ExitStack
from pathlib import Path

from skill_gym.benchmarks import distill_report
from skill_gym.benchmarks.bank_text import shown
from skill_gym.benchmarks.distill_sources import read_sources
from skill_gym.benchmarks.distill_target import Target
from skill_gym.benchmarks.store_command import user
from skill_gym.benchmarks.teacher_options import OpenTeacher, add_teacher_arguments, open_teacher
from skill_gym.registration import SUITE
from skill_gym.skillbanks.evolution import Evolution, EvolutionConfig, evolve
from skill_gym.skillbanks.store import BankStore
from skill_gym.skillbanks.teacher import Teacher

_DEFAULTS = EvolutionConfig()

DESCRIPTION = """Reads the episodes of a validation (JSON lines, as evaluate --trajectories and training write
them), hands the failures of the weak task types to the teacher together with what the bank says, and writes
the next version: new skills and mistakes, new versions of old ones, entries taken out. Do not evaluate the
bank on those episodes' split afterwards.

Exit code: 0 done, 1 a part of the work got no answer, 2 a mistake in the call or its input."""

EPILOG = """examples:
  skill-gym evaluate --policy tiny --bank bank.json --split generated_validation --trajectories seen.jsonl
  skill-gym evolve seen.jsonl --bank bank.json --out next.json
      rules read the failures: no model, no cost
  skill-gym evolve seen.jsonl --bank bank.json --out next.json --teacher openai:gpt-4o --price 2.5,10 \\
      --teacher-budget-usd 1
  skill-gym evolve seen.jsonl --out banks/store --teacher openai:MODEL --teacher-url http://127.0.0.1:8000/v1
      a store keeps all versions, with the reason of each
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Adds the options."""
    command.description, command.epilog = DESCRIPTION, EPILOG
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument("episodes", nargs="+", type=Path, metavar="FILE", help="episodes of a validation")
    command.add_argument(
        "--bank", help="bank to start from, as for evaluate; none if left out, a store's own for a store"
    )
    command.add_argument("--out", type=Path, required=True, help="the bank file to write (.json), or a store")
    command.add_argument("--replace", action="store_true", help="write over the file")
    command.add_argument(
        "--env",
        choices=tuple(SUITE),
        metavar="ID",
        help=f"refuse files of another environment than this ({', '.join(SUITE)})",
    )
    command.add_argument(
        "--threshold",
        type=float,
        default=_DEFAULTS.update_threshold,
        metavar="X",
        help="a task type with less success is weak (%(default)s)",
    )
    command.add_argument(
        "--rule",
        choices=("rate", "interval"),
        default=_DEFAULTS.rule,
        help="compare the rate, or the upper end of its 95%% interval (%(default)s)",
    )
    for option, default, what in (
        ("--min-episodes", _DEFAULTS.min_episodes, "task types with fewer episodes are not judged"),
        ("--max-failures", _DEFAULTS.max_failures, "failed episodes that the teacher reads"),
        ("--max-new", _DEFAULTS.max_new_skills, "most skills that may enter"),
        ("--max-mistakes", _DEFAULTS.max_new_mistakes, "most mistakes that may enter"),
        ("--seed", 0, "of the order of the failures"),
    ):
        command.add_argument(option, type=int, default=default, metavar="N", help=f"{what} (%(default)s)")
    command.add_argument(
        "--max-habits",
        type=int,
        metavar="N",
        help="most habits of a world that may enter besides (all of which the teacher is certain)",
    )
    command.add_argument("--json", type=Path, metavar="FILE", help="write what became of every proposal")
    command.add_argument(
        "--folder", type=Path, help="ledger and kept answers of the teacher (OUT with the ending .teacher)"
    )
    add_teacher_arguments(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Evolves; exit code 1 when a part got no answer."""
    from skill_gym.benchmarks.distill_guard import guard
    from skill_gym.skillbanks.rule_teacher import RuleTeacher

    config = EvolutionConfig(
        update_threshold=options.threshold,
        rule=options.rule,
        min_episodes=options.min_episodes,
        max_failures=options.max_failures,
        max_new_skills=options.max_new,
        max_new_habits=options.max_habits,
        max_new_mistakes=options.max_mistakes,
    )
    distill_report.check_place(options.json)
    sources = read_sources(options.episodes, options.env)
    if sources.memories:
        raise ValueError("evolution reads whole episodes; memory records are for skill-gym distill")
    print("\n".join(map(shown, sources.told)))
    print(f"\n{sources.table()}\n")
    target = Target.open(options.out, options.bank, sources.env_id, replace=options.replace)
    examiner, told = guard(sources)
    if told:
        print(told)
    with ExitStack() as stack:
        model = _open(options, stack)
        teacher = RuleTeacher() if model is None else _taught_by(model)
        evolution = evolve(
            target.bank, sources.trajectories, teacher, config, seed=options.seed, guard=examiner
        )
        paid = [] if model is None else model.report()
    spared = [f"{name} is left alone: {why}" for name, why in evolution.spared.items()]
    read = [] if evolution.teacher == "" else distill_report.lines(evolution)
    print("\n".join(map(shown, [*spared, *read, *paid])))
    if evolution.error:
        distill_report.write(options.json, evolution)
        print(f"nothing was written: {shown(evolution.error)}")
        return 1
    print(shown(_write(target, evolution)))
    distill_report.write(options.json, evolution)
    return 1 if evolution.lost else 0


def _open(options: argparse.Namespace, stack: ExitStack) -> OpenTeacher | None:
    """The model, open until the stack is left; None for rules."""
    folder = options.folder or options.out.with_suffix(".teacher")
    if options.teacher != "rules":
        folder.mkdir(parents=True, exist_ok=True)
    model = open_teacher(options, folder)
    return None if model is None else stack.enter_context(model)


def _taught_by(model: OpenTeacher) -> Teacher:
    from skill_gym.skillbanks.teachers.model_teacher import ModelTeacher

    return ModelTeacher(model.asker)


def _write(target: Target, evolution: Evolution) -> str:
    """Writes the next version, whole or not at all, and says so."""
    bank = evolution.bank
    if bank is target.bank:
        return f"nothing new: the bank stays at {bank.version}, nothing was written"
    if target.path.suffix == ".json":
        bank.save(target.path)
    else:
        weak = ", ".join(f"{name} ({evolution.success[name].rate:.2f})" for name in evolution.weak)
        with BankStore.open(target.path, write=True) as store:
            store.publish(
                bank,
                reason=f"success is low on {weak}",
                merged=evolution.revised,
                teacher=evolution.teacher,
                actor=user(),
            )
    return f"wrote {target.path}: {len(bank)} entries, version {bank.version}"
