"""The command ``skill-gym bank``: looks at banks, and keeps one in a store with its history."""

import argparse
import difflib
import json
from pathlib import Path

from skill_gym.benchmarks import store_command
from skill_gym.benchmarks.bank_page import serve_command
from skill_gym.benchmarks.bank_text import entry_line, sentence, shown
from skill_gym.skillbanks.bank import BankError
from skill_gym.skillbanks.bank_source import is_store, open_bank, split_version
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.skill_folders import write_skill_folders
from skill_gym.skillbanks.skillrl_format import write_entry
from skill_gym.skillbanks.store import BankStore

BANK = (
    "a starter bank (alfworld, webshop, search), a bank file, a folder of SKILL.md folders, or STORE@VERSION"
)


def add_actions(command: argparse.ArgumentParser) -> None:
    """Adds the actions on banks and on stores."""
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")

    show = actions.add_parser("show", help="print the entries, or the skill block that a task would get")
    _add_bank(show)
    show.add_argument("--task", metavar="GOAL", help="print the block for this goal instead")
    show.add_argument("--max-tokens", type=int, default=2000, help="budget of the block")
    show.set_defaults(run=run_show)

    validate = actions.add_parser("validate", help="check a bank; names the entry and field of an error")
    _add_bank(validate)
    validate.set_defaults(run=run_validate)

    diff = actions.add_parser("diff", help="what changed from one bank, or a store's version, to another")
    diff.add_argument("old", help=BANK)
    diff.add_argument("new", help="likewise")
    diff.set_defaults(run=run_diff)

    given = actions.add_parser("export", help="write a bank as a file or as SKILL.md folders")
    given.add_argument("bank", help=BANK)
    given.add_argument("out", type=Path, help="a new file (.json, .jsonl), or a new folder")
    given.set_defaults(run=run_export)

    lint = actions.add_parser(
        "lint",
        help="read a bank for what must not stand in it: injections, secrets, addresses, answers, ...",
        description="Prints the findings; the exit code is 1 when one of them keeps an entry out of a bank.",
    )
    lint.add_argument("bank", help=BANK)
    lint.add_argument("--env", metavar="ID", help="also check commands and tags against this environment's")
    lint.add_argument("--candidates", action="store_true", help="read a store's candidates instead")
    lint.add_argument("--duplicates", action="store_true", help="also name entries that say the same")
    lint.set_defaults(run=run_lint)

    store_command.add_actions(actions)
    serve_command.add_action(actions)


def run_show(options: argparse.Namespace) -> int:
    """Prints a bank, or the skill block that a goal would get."""
    from skill_gym.skillbanks.rendering import render
    from skill_gym.skillbanks.retrieval import ByTaskType
    from skill_gym.trajectory import Task

    bank = open_bank(options.bank, options.env)
    if options.task:
        task = Task(id="", key="", env_id="", split="", task_type="", goal=options.task)
        (found,) = ByTaskType(bank).retrieve([task])
        block = render(found, max_tokens=options.max_tokens)
        print(block.text)
        left_out = ", ".join(block.dropped_skill_ids) or "nothing"
        print(
            f"\n[category {found.category or 'none'} by {found.task_type_source}, "
            f"confidence {found.confidence:.2f}; about {block.tokens} tokens; left out: {left_out}]"
        )
        return 0
    print(f"bank {bank.version}: {len(bank)} entries")
    for entry in bank:
        place = entry.category or ("mistake" if isinstance(entry, Mistake) else "general")
        text = entry.description if isinstance(entry, Mistake) else f"{entry.title}: {entry.principle}"
        print(shown(f"{entry.id:10} {place:24} {text}"))
    return 0


def run_validate(options: argparse.Namespace) -> int:
    """Checks a bank."""
    bank = open_bank(options.bank, options.env)
    parts = [f"{len(bank.general)} general"]
    parts += [f"{name} {len(skills)}" for name, skills in bank.task_specific.items()]
    print(f"valid: version {bank.version}; {', '.join(parts)}; {len(bank.mistakes)} mistakes")
    return 0


def run_diff(options: argparse.Namespace) -> int:
    """Prints what changed, entry by entry."""
    old, new = open_bank(options.old), open_bank(options.new)
    difference = old.diff(new)
    print(f"{old.version} ({len(old)} entries) -> {new.version} ({len(new)} entries)")
    for entry_id in difference.added:
        print(shown(f"+ {entry_id}: {sentence(new.get(entry_id))}"))
    for entry_id in difference.removed:
        print(shown(f"- {entry_id}: {sentence(old.get(entry_id))}"))
    for entry_id in difference.changed:
        print(shown(f"~ {entry_id}"))
        before, after = (
            json.dumps(write_entry(bank.get(entry_id)), indent=1, ensure_ascii=False).splitlines()
            for bank in (old, new)
        )
        for line in difflib.unified_diff(before, after, lineterm="", n=0):
            if not line.startswith(("---", "+++", "@@")):
                print(shown(f"    {line}"))
    if not difference:
        print("no entry differs" + ("" if old.dumps() == new.dumps() else "; order or metadata do"))
    return 0


def run_export(options: argparse.Namespace) -> int:
    """Writes a bank to a file or folder."""
    out: Path = options.out
    if out.exists():
        raise BankError(f"{out} is there already; give a new place, or remove it first")
    place, version = split_version(options.bank)
    if out.suffix == ".jsonl" and version is None and is_store(place):
        with BankStore.open(place) as store, open(out, "x", encoding="utf-8", newline="\n") as file:
            for entry in store.iter_entries():
                file.write(entry_line(entry) + "\n")
        print(f"wrote {out}")
        return 0
    bank = open_bank(options.bank)
    if out.suffix == ".jsonl":
        out.write_text("".join(entry_line(entry) + "\n" for entry in bank), encoding="utf-8", newline="\n")
    elif out.suffix == ".json":
        bank.save(out)
    else:
        evidence = {}
        if is_store(place):
            with BankStore.open(place) as store:
                evidence = {key: value for key, value in store.load_evidence().items() if key[0] in bank}
        write_skill_folders(bank, out, evidence=evidence)
    print(f"wrote {out}: {len(bank)} entries, version {bank.version}")
    return 0


def run_lint(options: argparse.Namespace) -> int:
    """Prints what is wrong with a bank's entries."""
    from skill_gym.registration import env_class
    from skill_gym.skillbanks.duplicates import find_duplicates
    from skill_gym.skillbanks.lint import Lint, Severity, lint_bank

    metadata = None if options.env is None else env_class(options.env).metadata
    entries: tuple[Skill | Mistake, ...]
    if options.candidates:
        with BankStore.open(options.bank) as store:
            entries = tuple(store.iter_entries("candidate"))
    else:
        entries = tuple(open_bank(options.bank))
    findings = lint_bank(entries, Lint(metadata=metadata))
    for finding in findings:
        print(shown(str(finding)))
    if options.duplicates:
        for entry_id, duplicate in find_duplicates(entries).items():
            print(shown(f"{entry_id}: {duplicate}"))
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    print(f"{len(entries)} entries: {errors} errors, {len(findings) - errors} warnings")
    return 1 if errors else 0


def _add_bank(command: argparse.ArgumentParser) -> None:
    command.add_argument("bank", help=BANK)
    command.add_argument("--env", default="skill_gym/ALFWorld-v0", metavar="ID", help="what starter means")
