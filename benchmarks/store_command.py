"""The actions of ``skill-gym bank`` on a store: import, log, blame, rollback, retire, restore."""

import argparse
import datetime
import getpass
from pathlib import Path

from skill_gym.benchmarks.bank_text import lines_of, lint_refusal, sentence, shown
from skill_gym.skillbanks.bank import BankError, SkillBank
from skill_gym.skillbanks.bank_source import open_bank
from skill_gym.skillbanks.skill_folders import read_skill_folders
from skill_gym.skillbanks.store import BankStore
from skill_gym.skillbanks.store_events import Event, Version


def add_actions(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the actions."""
    log = actions.add_parser("log", help="the latest events of a store, or its versions")
    _add_store(log)
    log.add_argument("--limit", type=int, default=20, help="how many; 0 for all")
    log.add_argument("--versions", action="store_true", help="versions instead of events")
    log.set_defaults(run=run_log)

    blame = actions.add_parser("blame", help="everything that happened to an entry, and why")
    _add_store(blame)
    blame.add_argument("id", help="the entry")
    blame.set_defaults(run=run_blame)

    taken = actions.add_parser(
        "import",
        help="put a bank into a store, which is made if need be",
        description="The bank becomes the store's next version; what differs becomes events. --append adds "
        "entries instead. A file of JSON lines (an entry a line, as in a bank file, skills with their "
        "category) is appended as a stream, however large.",
    )
    _add_store(taken)
    taken.add_argument("source", help="a bank as for show, or a file of JSON lines (.jsonl)")
    taken.add_argument("--append", action="store_true", help="add the entries to those there are")
    _add_origin(taken, required=False)
    taken.set_defaults(run=run_import)

    rollback = actions.add_parser("rollback", help="publish an earlier version again")
    _add_store(rollback)
    rollback.add_argument("version", help="its number or name, as log --versions gives them")
    _add_origin(rollback, required=True)
    rollback.set_defaults(run=run_rollback)

    for name, help_text in (
        ("retire", "take entries out of a store's bank; they stay in its history"),
        ("restore", "put entries back that were retired, merged or rejected"),
        ("approve", "put candidates into the bank"),
        ("reject", "turn candidates down"),
    ):
        action = actions.add_parser(name, help=help_text)
        _add_store(action)
        action.add_argument("ids", nargs="+", metavar="ID", help="the entries")
        _add_origin(action, required=True)
        if name in ("approve", "restore"):
            action.add_argument("--despite-lint", action="store_true", help="let in what the lint keeps out")
        action.set_defaults(run=run_decision)


def run_log(options: argparse.Namespace) -> int:
    """Prints events or versions, the newest first."""
    if options.limit < 0:
        raise ValueError(f"--limit must be at least 0, got {options.limit}; 0 shows all")
    with BankStore.open(options.store) as store:
        limit = options.limit or None
        if options.versions:
            for version in store.versions()[::-1][:limit]:
                print(shown(_version_line(version)))
        else:
            for event in store.log(limit):
                print(shown(_event_line(event)))
    return 0


def run_blame(options: argparse.Namespace) -> int:
    """Prints an entry's life."""
    with BankStore.open(options.store) as store:
        state = store.state(options.id)
        for event in store.blame(options.id):
            print(shown(_event_line(event)))
            for name in ("teacher", "prompt_hash"):
                if getattr(event, name):
                    print(shown(f"    {name}: {getattr(event, name)}"))
            for name in ("splits", "trajectory_ids"):
                if getattr(event, name):
                    print(shown(f"    {name}: {', '.join(getattr(event, name))}"))
            if event.entry is not None:
                print(shown(f"    {sentence(event.entry)}"))
        print(f"now {state}")
    return 0


def run_import(options: argparse.Namespace) -> int:
    """Puts a bank into a store."""
    source = Path(options.source)
    reason = options.reason or f"imported from {source.name}"
    with BankStore.open(options.store, write=True) as store:
        if source.suffix == ".jsonl":
            version = store.add_entries(lines_of(source), reason=reason, actor=options.actor)
        elif source.is_dir():
            found = read_skill_folders(source)
            version = _publish(store, found.bank, options.append, reason, options.actor)
            store.save_evidence(found.evidence)
        else:
            version = _publish(store, open_bank(options.source), options.append, reason, options.actor)
    print(shown(_version_line(version)))
    return 0


def run_rollback(options: argparse.Namespace) -> int:
    """Publishes an earlier version again."""
    which = int(options.version) if options.version.isdecimal() else options.version
    with BankStore.open(options.store, write=True, create=False) as store:
        print(shown(_version_line(store.rollback(which, reason=options.reason, actor=options.actor))))
    return 0


def run_decision(options: argparse.Namespace) -> int:
    """Retires, restores, approves or rejects."""
    with BankStore.open(options.store, write=True, create=False) as store:
        decide = {
            "retire": store.retire,
            "restore": store.restore,
            "approve": store.approve,
            "reject": store.reject,
        }[options.action]
        linted = options.action in ("approve", "restore") and not options.despite_lint
        if linted and (refusal := lint_refusal(store.get(entry_id) for entry_id in options.ids)):
            raise BankError(f"{refusal}; nothing was changed. Leave it out, or say --despite-lint")
        decide(options.ids, reason=options.reason, actor=options.actor)
        for event in store.log(len(set(options.ids)))[::-1]:
            print(shown(_event_line(event)))
    return 0


def _add_store(command: argparse.ArgumentParser) -> None:
    command.add_argument("store", type=Path, help="the store's file")


def _add_origin(command: argparse.ArgumentParser, *, required: bool) -> None:
    command.add_argument("--reason", required=required, type=_reason, help="why; kept for log and blame")
    command.add_argument("--actor", default=user(), help="who does it (%(default)s)")


def _reason(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("expected some words that say why, got none")
    return text


def user() -> str:
    """Who runs this; "" where nobody knows."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def _publish(store: BankStore, bank: SkillBank, append: bool, reason: str, actor: str) -> Version:
    if append:
        return store.add_entries(bank, reason=reason, actor=actor)
    return store.publish(bank, reason=reason, actor=actor)


def _moment(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")


def _version_line(version: Version) -> str:
    counts = ", ".join(f"{count} {kind}" for kind, count in version.counts.items()) or "no entry changed"
    actor = f" ({version.actor})" if version.actor else ""
    return (
        f"version {version.number} {version.name}  {_moment(version.time)}  {version.size} entries; "
        f"{counts}: {version.reason}{actor}"
    )


def _event_line(event: Event) -> str:
    version = "" if event.version is None else f" in version {event.version}"
    into = f" into {event.into}" if event.into else ""
    actor = f" ({event.actor})" if event.actor else ""
    return (
        f"{event.seq:6}  {_moment(event.time)}  {event.kind} {event.entry_id}{into}{version}: "
        f"{event.reason}{actor}"
    )
