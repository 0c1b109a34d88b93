"""The command ``skill-gym distill``: episodes and memory records become a bank."""

import argparse
from contextlib import ExitStack
from pathlib import Path

from skill_gym.benchmarks import distill_report
from skill_gym.benchmarks.bank_text import shown
from skill_gym.benchmarks.distill_sources import Sources, read_sources
from skill_gym.benchmarks.teacher_options import add_teacher_arguments
from skill_gym.registration import SUITE

_RULES_NEW = 12

DESCRIPTION = """Reads episodes (JSON lines, as evaluate --trajectories and collect write them) and memory
records (a JSON list, as collect and SkillRL write them), asks the teacher what they teach, and writes a bank
in the released format. Every skill knows the episodes that it came from. Rules read episodes only.

Exit code: 0 done, 1 a part of the work got no answer (the same command with --replace then asks for that part
alone, as answers are kept), 2 a mistake in the call or its input."""

EPILOG = """examples:
  skill-gym collect --episodes 100 --failure-rate 0.3 --memories --folder runs/a
  skill-gym distill runs/a --out bank.json
      rules read the episodes of the collection: no model, no cost
  skill-gym distill runs/a/memories.json --teacher openai:gpt-4o --price 2.5,10 --plan
      what a model would be asked of the memory records, and what it would cost
  skill-gym distill runs/a/memories.json --out bank.json --teacher openai:gpt-4o --price 2.5,10 \\
      --teacher-budget-usd 2
  skill-gym distill runs/a --out bank.json --teacher openai:MODEL --teacher-url http://127.0.0.1:8000/v1
  skill-gym bank lint bank.json
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Adds the options."""
    command.description, command.epilog = DESCRIPTION, EPILOG
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument(
        "sources",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="episodes, memory records, or folders of collections, of which the episodes are read",
    )
    command.add_argument("--out", type=Path, help="the bank file to write (.json), or a bank store")
    command.add_argument("--replace", action="store_true", help="write over the file")
    command.add_argument(
        "--bank", help="bank to start from, as for evaluate; none if left out, a store's own for a store"
    )
    command.add_argument(
        "--env",
        choices=tuple(SUITE),
        metavar="ID",
        help=f"refuse files of another environment than this ({', '.join(SUITE)})",
    )
    command.add_argument(
        "--general", type=_range, default=(8, 12), metavar="MIN-MAX", help="general skills wanted (8-12)"
    )
    command.add_argument(
        "--per-category", type=_range, default=(4, 6), metavar="MIN-MAX", help="of each task type (4-6)"
    )
    command.add_argument(
        "--mistakes", type=_range, default=(8, 12), metavar="MIN-MAX", help="to warn of (8-12); 0 for none"
    )
    command.add_argument(
        "--max-new",
        type=int,
        metavar="N",
        help=f"most skills that may enter the bank; {_RULES_NEW} for rules, no further limit for a model",
    )
    command.add_argument(
        "--max-habits",
        type=int,
        metavar="N",
        help="most habits of a world that may enter besides (all of which the teacher is certain)",
    )
    command.add_argument(
        "--max-episodes", type=int, metavar="N", help="read a sample over task types and outcomes only"
    )
    command.add_argument("--seed", type=int, default=0, help="of the sample and of the order (%(default)s)")
    command.add_argument(
        "--batch-size", type=int, default=8, metavar="N", help="most episodes in a question (%(default)s)"
    )
    command.add_argument(
        "--episode-tokens", type=int, default=1500, metavar="N", help="longest episode (%(default)s)"
    )
    command.add_argument(
        "--lessons", type=int, default=4, metavar="N", help="most lessons of a question (%(default)s)"
    )
    command.add_argument(
        "--answer-tokens",
        type=int,
        metavar="N",
        help="longest answer, hidden thoughts included; a sixth of the context, at most 16384, if left out",
    )
    command.add_argument(
        "--numbering",
        choices=("released", "evolved"),
        default="released",
        help="ids as in released banks (gen_001, hea_001), or as of evolution (dyn_001)",
    )
    command.add_argument("--strict", action="store_true", help="stop at the first part without an answer")
    command.add_argument(
        "--plan", action="store_true", help="only say what would be read, asked and paid; needs no key"
    )
    command.add_argument("--json", type=Path, metavar="FILE", help="write what became of every proposal")
    command.add_argument(
        "--folder", type=Path, help="ledger and kept answers of the teacher (OUT with the ending .teacher)"
    )
    add_teacher_arguments(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Distils; exit code 1 when a part got no answer."""
    from skill_gym.benchmarks.distill_guard import guard
    from skill_gym.benchmarks.distill_target import Target
    from skill_gym.skillbanks.distillation import distil
    from skill_gym.skillbanks.rule_teacher import RuleTeacher

    distill_report.check_place(options.json)
    sources = read_sources(options.sources, options.env)
    print("\n".join(map(shown, sources.told)))
    print(f"\n{sources.table()}\n")
    rules = options.teacher == "rules"
    if options.plan:
        print("rules ask nobody" if rules else _plan(options, sources))
        return 0
    if options.out is None:
        raise ValueError("--out is missing; name a bank file (.json) or a store, or look first with --plan")
    target = Target.open(options.out, options.bank, sources.env_id, replace=options.replace)
    examiner, told = guard(sources)
    if told:
        print(told)
    usual = _RULES_NEW if rules else None
    with ExitStack() as stack:
        model = None
        if not rules:
            from skill_gym.benchmarks.distill_model import DistillingModel

            model = stack.enter_context(DistillingModel(options, sources, target.bank))
        evolution = distil(
            target.bank,
            sources.trajectories,
            RuleTeacher() if model is None else model.teacher,
            memories=sources.memories,
            max_new=usual if options.max_new is None else options.max_new,
            max_new_habits=options.max_habits,
            max_episodes=options.max_episodes,
            seed=options.seed,
            guard=examiner,
            numbering=options.numbering,
        )
        paid = [] if model is None else model.report()
    print("\n".join(map(shown, [*distill_report.lines(evolution), *paid])))
    if evolution.error:
        distill_report.write(options.json, evolution)
        print(f"nothing was written: {shown(evolution.error)}")
        return 1
    print(shown(target.write(evolution, sources)))
    distill_report.write(options.json, evolution)
    return 1 if evolution.lost else 0


def _plan(options: argparse.Namespace, sources: Sources) -> str:
    from skill_gym.benchmarks.distill_model import told_plan
    from skill_gym.skillbanks.bank_source import open_bank

    return told_plan(options, sources, open_bank(options.bank or "none", sources.env_id))


def _range(text: str) -> tuple[int, int]:
    least, dash, most = text.partition("-")
    if not least.isdecimal() or (dash and not most.isdecimal()):
        raise argparse.ArgumentTypeError(f"expected MIN-MAX or a number, e.g. 8-12, got {text!r}")
    found = int(least), int(most) if dash else int(least)
    if found[0] > found[1]:
        raise argparse.ArgumentTypeError(f"expected MIN-MAX with MIN at most MAX, got {text!r}")
    return found
