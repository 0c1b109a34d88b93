"""Claim: a bank store whose writers are killed at any moment loses nothing and shows nothing half."""

import hashlib
import json
import random
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from skill_gym.benchmarks.claim import Bound, Claim, Figure, options
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.store import BankStore, StoreError

CLAIM = (
    "a writer killed with SIGKILL at random moments, again and again on one store, tears no version and "
    "loses no acknowledged one; readers in other processes see whole versions only, within a second"
)
BOUNDS = (
    Bound("torn", "<=", 0),
    Bound("lost", "<=", 0),
    Bound("half_updates", "<=", 0),
    Bound("damaged", "<=", 0),
    Bound("seen_ms_p99", "<=", 1000),
)
STAMPED, BATCH = 40, 25
"""Entries that every version revises together, and entries that are added or retired together."""

LONGEST_S = 0.15
"""A writer is killed at a moment drawn evenly from so many seconds after its first write began."""


def write(path: str, seed: int) -> None:
    """Publishes without end; to be run in a process of its own, which tells before and after each."""
    draw = random.Random(seed)
    with BankStore.open(path, write=True) as store:
        while True:
            stamp = store.head.number + 1
            tell("begins", stamp)
            _one_change(store, draw, stamp)
            tell("acknowledged", store.head.number, digest(store.bank))


def _one_change(store: BankStore, draw: random.Random, stamp: int) -> None:
    bank, kind = store.bank, draw.random()
    batches = [entry.id for entry in bank if entry.id.startswith("batch_")]
    if len(bank) == 0 or kind < 0.5:
        store.publish(stamped(bank, stamp), reason=f"stamp {stamp}")
    elif kind < 0.65:
        entries = (Skill(f"batch_{stamp}_{number}", "T", f"Principle {number}.") for number in range(BATCH))
        store.add_entries(entries, reason="a batch")
    elif kind < 0.8 and batches:
        store.retire(batches, reason="all batches")
    elif kind < 0.9 and "pair_a" in bank:
        store.retire(["pair_a", "pair_b"], reason="both")
    elif "pair_a" not in bank:
        store.restore(["pair_a", "pair_b"], reason="both")
    else:
        store.rollback(draw.randrange(1, stamp), reason="back")


def stamped(bank: SkillBank, stamp: int) -> SkillBank:
    """The bank with one new text in all stamped entries and in the metadata."""
    text = f"Stamp {stamp}."
    kept = [entry for entry in bank if not entry.id.startswith("stamped_")]
    if not kept:
        kept = [Skill("pair_a", "A", "One of two."), Mistake("pair_b", "The other of two.", "Keep both.")]
    places = (None, "heat", "cool")
    new = [Skill(f"stamped_{i}", "T", text, category=places[i % 3]) for i in range(STAMPED)]
    made = SkillBank.empty().with_skills([*kept, *new])
    return SkillBank(
        made.general, made.task_specific, made.mistakes, {"stamp": text}, generation=bank.generation + 1
    )


def faults(bank: SkillBank, name: str) -> list[str]:
    """What is half about a bank; nothing for a whole one."""
    found = []
    if name != bank.version:
        found.append(f"content {bank.version} under the name {name}")
    if len(bank) == 0:
        return found
    texts = {e.principle for e in bank.skills if e.id.startswith("stamped_")} | {bank.metadata.get("stamp")}
    if len(texts) != 1 or sum(entry.id.startswith("stamped_") for entry in bank) != STAMPED:
        found.append(f"stamps {sorted(map(str, texts))}")
    if ("pair_a" in bank) != ("pair_b" in bank):
        found.append("half a pair")
    batches: dict[str, int] = {}
    for entry in bank:
        if entry.id.startswith("batch_"):
            stamp = entry.id.split("_")[1]
            batches[stamp] = batches.get(stamp, 0) + 1
    found += [f"{count} of batch {stamp}" for stamp, count in batches.items() if count != BATCH]
    return found


def read(path: str, seed: int) -> None:
    """Looks at every new head until its standard input ends, then tells what it saw."""
    draw = random.Random(seed)
    seen, wrong, waits = 0, [], []
    with BankStore.open(path) as store:
        last = store.head.number
        while not select.select([sys.stdin], [], [], 0.002)[0]:
            if not store.refresh():
                continue
            now, head = time.time(), store.head
            waits.append(now - head.time)
            wrong += faults(store.bank, head.name)
            if head.number <= last:
                wrong.append(f"version {head.number} after {last}")
            last, seen = head.number, seen + 1
            if draw.random() < 0.02:
                number = draw.randrange(last + 1)
                wrong += faults(store.version(number), store.versions()[number].name)
    tell("read", seen, wrong, waits)


def tell(*values: Any) -> None:
    """One line of JSON on the standard output, at once."""
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def digest(bank: SkillBank) -> str:
    """Hash of a bank's bytes."""
    return hashlib.sha256(bank.dumps().encode()).hexdigest()


def start(function: str, path: Path, seed: int) -> subprocess.Popen[str]:
    """A new Python process that runs a function of this module."""
    code = f"from skill_gym.benchmarks.store_crash import {function}; {function}({str(path)!r}, {seed})"
    return subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def measure(path: Path, kills: int, readers: int, seed: int) -> dict[str, Figure]:
    """Kills writers on one store while readers look on."""
    draw = random.Random(seed)
    BankStore.open(path, write=True).close()
    looking = [start("read", path, index) for index in range(readers)]
    acknowledged: dict[int, str] = {}
    totals = dict.fromkeys(("torn", "lost", "damaged", "killed_mid_write", "kept_unacknowledged"), 0)
    began = time.perf_counter()
    try:
        for kill in range(kills):
            told = list(_killed_writer(path, seed * 100_003 + kill, draw.uniform(0, LONGEST_S)))
            acknowledged |= {line[1]: line[2] for line in told if line[0] == "acknowledged"}
            totals["killed_mid_write"] += int(told[-1][0] == "begins")
            for name, count in _checked(path, acknowledged, draw).items():
                totals[name] += count
        seconds = time.perf_counter() - began
    finally:
        reports = [_report(process) for process in looking]
    with BankStore.open(path) as store:
        versions = store.head.number
        for number in draw.sample(sorted(acknowledged), min(len(acknowledged), 100)):
            totals["lost"] += int(number > versions or digest(store.version(number)) != acknowledged[number])
    waits = sorted(wait for report in reports for wait in report[3])
    for report in reports:
        for fault in report[2][:5]:
            print(f"a reader saw: {fault}", file=sys.stderr)
    return {
        "kills": kills,
        **totals,
        "half_updates": sum(len(report[2]) for report in reports),
        "readers": len(reports),
        "versions_seen": sum(report[1] for report in reports),
        "versions": versions,
        "acknowledged": len(acknowledged),
        "seen_ms_p50": waits[len(waits) // 2] * 1e3,
        "seen_ms_p99": waits[int(len(waits) * 0.99)] * 1e3,
        "seen_ms_max": waits[-1] * 1e3,
        "store_mb": path.stat().st_size / 1e6,
        "seconds": seconds,
    }


def _killed_writer(path: Path, seed: int, after_s: float) -> Iterator[list[Any]]:
    """What a writer told until it was killed, so long after its first write began."""
    writer = start("write", path, seed)
    first = writer.stdout.readline() if writer.stdout else ""
    time.sleep(after_s)
    writer.kill()
    rest, _ = writer.communicate()
    if not first:
        raise StoreError(f"{path}: the writer ended with {writer.returncode} before its first write")
    # The last line may have been cut by the kill; then the write was not acknowledged.
    yield from (json.loads(line) for line in (first + rest).splitlines(keepends=True) if line.endswith("\n"))


def _checked(path: Path, acknowledged: dict[int, str], draw: random.Random) -> dict[str, int]:
    """What a new process's first look at the store finds wrong."""
    with BankStore.open(path) as store:
        last = max(acknowledged, default=0)
        head = store.head
        lost = int(head.number < last)
        for number in {last, draw.choice(sorted(acknowledged) or [0])} - {0}:
            lost += int(number > head.number or digest(store.version(number)) != acknowledged[number])
        return {
            "lost": lost,
            "torn": int(bool(faults(store.bank, head.name))),
            "damaged": int(store.damage() != ""),
            "kept_unacknowledged": int(head.number > last),
        }


def _report(process: subprocess.Popen[str]) -> list[Any]:
    told, _ = process.communicate("stop\n")
    if process.returncode:
        return ["read", 0, [f"the reader ended with {process.returncode}"], []]
    report: list[Any] = json.loads(told.splitlines()[-1])
    return report


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and gives the exit code."""
    parser = options(__doc__)
    parser.add_argument("--kills", type=int, help="writers to kill; 200, or 60 with --quick, if not given")
    parser.add_argument("--readers", type=int, default=4, help="processes that read meanwhile")
    parser.add_argument("--folder", type=Path, help="where the store goes; a temporary folder if not given")
    parser.add_argument("--seed", type=int, default=0, help="of the moments and the changes")
    given = parser.parse_args(arguments)
    kills = given.kills or (60 if given.quick else 200)
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        figures = measure(Path(folder) / "bank.db", kills, given.readers, given.seed)
    return Claim(CLAIM, figures, BOUNDS).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
