"""Memories of collected episodes: each is asked for once, kept at once, and put in the episodes' order."""

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from skill_gym.benchmarks.collect_folder import (
    FAILURES_FILE,
    JOURNAL_FILE,
    MEMORIES_FILE,
    TRAJECTORIES_FILE,
    CollectError,
)
from skill_gym.skillbanks.atomic_file import write_atomically
from skill_gym.skillbanks.memories.identity import MemoryIds, trajectory_id
from skill_gym.skillbanks.memories.record import MemoryRecord, write_memories
from skill_gym.skillbanks.memories.writer import MemoryWriter
from skill_gym.skillbanks.teacher import TeacherError
from skill_gym.skillbanks.teachers.json_lines import JsonLines
from skill_gym.trajectory import Trajectory

UNAVAILABLE_IN_A_ROW = 3
"""After so many failures of this kind, one after the other, nobody is asked any more."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An episode without a memory: which, and what the teacher's error was."""

    trajectory_id: str
    task_key: str
    fault: str
    message: str


@dataclass(slots=True)
class MemoryReport:
    """What came of asking for memories.

    Attributes:
        records: All memories, in the order of the episodes, those of earlier runs included.
        written: How many are new.
        failures: Episodes without one; the next run asks again.
        broken: Episodes that broke, of which there is none.
        doubles: Episodes that were there before, word for word.
        stopped: Why asking ended early; "" if it did not.
    """

    records: list[MemoryRecord] = field(default_factory=list)
    written: int = 0
    failures: list[Failure] = field(default_factory=list)
    broken: int = 0
    doubles: int = 0
    stopped: str = ""


def collect_memories(
    folder: Path,
    trajectories: Iterable[Trajectory],
    writer: MemoryWriter,
    *,
    on_done: Callable[[], None] = lambda: None,
) -> MemoryReport:
    """Writes ``memories.json`` for the episodes, asking only for what ``memories.jsonl`` does not have.

    Args:
        folder: Where the two files go, and ``memories_failed.json`` where there are failures.
        trajectories: The episodes, read as they are needed.
        writer: Who makes the records.
        on_done: Called after each episode, in the calling thread.

    Raises:
        CollectError: Another writer has made the memories that there are.
        ValueError: Another process is writing, or the journal cannot be read.
    """
    journal = JsonLines(folder / JOURNAL_FILE)
    try:
        known = _known(journal, writer, folder)
        report = _ask(trajectories, writer, journal, known, on_done)
    finally:
        journal.close()
    write_memories(folder / MEMORIES_FILE, report.records)
    _write_failures(folder / FAILURES_FILE, report.failures)
    return report


def _known(journal: JsonLines, writer: MemoryWriter, folder: Path) -> dict[str, MemoryRecord]:
    records = [
        MemoryRecord.from_row(row, f"{folder / JOURNAL_FILE}, line {number}")
        for number, row in enumerate(journal.earlier, 1)
    ]
    others = {str(record.extra.get("teacher")) for record in records} - {writer.name}
    if others:
        raise CollectError(
            f"{folder} holds memories written by {', '.join(sorted(others))}, not by {writer.name}; use "
            f"another --folder with --from {folder / TRAJECTORIES_FILE}, or --fresh"
        )
    return {str(record.extra.get("trajectory_id")): record for record in records}


def _ask(
    trajectories: Iterable[Trajectory],
    writer: MemoryWriter,
    journal: JsonLines,
    known: dict[str, MemoryRecord],
    on_done: Callable[[], None],
) -> MemoryReport:
    report = MemoryReport()
    ids = MemoryIds(known.values())
    found: dict[str, MemoryRecord | None] = {}
    asked: dict[Future[MemoryRecord], Trajectory] = {}
    unavailable = 0

    def take(futures: Iterable[Future[MemoryRecord]]) -> None:
        nonlocal unavailable
        for future in futures:
            trajectory = asked.pop(future)
            try:
                record = future.result()
            except TeacherError as error:
                report.failures.append(_failure(trajectory, error))
                unavailable = unavailable + 1 if error.fault == "unavailable" else 0
                if error.fault == "over budget" or unavailable >= UNAVAILABLE_IN_A_ROW:
                    report.stopped = str(error)
            else:
                unavailable = 0
                journal.append(record.to_row())
                found[trajectory_id(trajectory)] = record
                report.written += 1
            on_done()

    threads = ThreadPoolExecutor(writer.concurrency, "memories")
    try:
        for trajectory in _tellable(trajectories, report, found, on_done):
            own = trajectory_id(trajectory)
            found[own] = known.get(own)
            if own in known:
                on_done()
            elif report.stopped:
                report.failures.append(
                    _failure(trajectory, TeacherError("unavailable", "not asked any more"))
                )
                on_done()
            else:
                asked[threads.submit(writer.write, trajectory, ids.of(trajectory))] = trajectory
                if len(asked) >= 2 * writer.concurrency:
                    take(wait(asked, return_when=FIRST_COMPLETED).done)
        while asked:
            take(wait(asked, return_when=FIRST_COMPLETED).done)
    finally:
        threads.shutdown(wait=True, cancel_futures=True)
    report.records = [record for record in found.values() if record is not None]
    return report


def _tellable(
    trajectories: Iterable[Trajectory],
    report: MemoryReport,
    found: dict[str, MemoryRecord | None],
    on_done: Callable[[], None],
) -> Iterator[Trajectory]:
    """The episodes that can have a memory, each once."""
    for trajectory in trajectories:
        if trajectory.ended == "broken":
            report.broken += 1
        elif trajectory_id(trajectory) in found:
            report.doubles += 1
        else:
            yield trajectory
            continue
        on_done()


def _failure(trajectory: Trajectory, error: TeacherError) -> Failure:
    return Failure(trajectory_id(trajectory), trajectory.task.key, error.fault, str(error))


def _write_failures(path: Path, failures: list[Failure]) -> None:
    if not failures:
        path.unlink(missing_ok=True)
        return
    rows = [
        {
            "task_key": failure.task_key,
            "trajectory_id": failure.trajectory_id,
            "fault": failure.fault,
            "message": failure.message,
        }
        for failure in failures
    ]
    write_atomically(path, json.dumps(rows, indent=2, ensure_ascii=False))
