"""What a collection makes of its episodes, told on the terminal: memories and demonstrations."""

import argparse
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from skill_gym.agents.replay_check import ReplayCheck
from skill_gym.benchmarks.collect_demonstrations import select, write_selection
from skill_gym.benchmarks.collect_folder import (
    DEMONSTRATIONS_FILE,
    FAILURES_FILE,
    MEMORIES_FILE,
    REJECTED_FILE,
)
from skill_gym.benchmarks.collect_memories import collect_memories
from skill_gym.benchmarks.progress import CountBar
from skill_gym.benchmarks.teacher_options import open_teacher
from skill_gym.skillbanks.memories.rule_writer import RuleWriter
from skill_gym.skillbanks.memories.writer import MemoryWriter
from skill_gym.trajectory import Trajectory

Episodes = Callable[[], Iterable[Trajectory]]
"""Gives the episodes, read as they are needed, as often as it is called."""

_SHOWN = 3
"""Failures that are told on the terminal; the file has all."""


def make_memories(options: argparse.Namespace, episodes: Episodes, count: int) -> bool:
    """Writes memories of the episodes; whether some are missing."""
    teacher = open_teacher(options, options.folder)
    if teacher is None:
        return _ask(options, RuleWriter(), episodes, count, dict)
    # Pydantic is wanted by those only who ask a model.
    from skill_gym.skillbanks.teachers.memory_writer import ModelWriter

    with teacher:
        missing = _ask(options, ModelWriter(teacher.asker), episodes, count, teacher.postfix)
        for line in teacher.report():
            print(f"  {line}")
        return missing


def _ask(
    options: argparse.Namespace,
    writer: MemoryWriter,
    episodes: Episodes,
    count: int,
    figures: Callable[[], Mapping[str, str]],
) -> bool:
    with CountBar(count, "memories") as bar:
        report = collect_memories(options.folder, episodes(), writer, on_done=lambda: bar.advance(figures()))
    solved = sum(record.success for record in report.records)
    print(
        f"{len(report.records)} memories in {options.folder / MEMORIES_FILE}, written by {writer.name}: "
        f"{solved} of successes, {len(report.records) - solved} of failures, {report.written} of them new"
    )
    for number, what in (
        (sum(not record.success and not record.mistakes for record in report.records), "name no cause"),
        (sum("replaced_values" in record.extra for record in report.records), "had values replaced"),
        (report.broken, "episodes broke and have none"),
        (report.doubles, "episodes were there twice"),
    ):
        if number:
            print(f"  {number} {what}")
    if report.stopped:
        print(f"  stopped asking: {report.stopped}")
    for failure in report.failures[:_SHOWN]:
        print(f"  no memory of {failure.task_key}: {failure.message}")
    if report.failures:
        print(f"  {len(report.failures)} without a memory, see {options.folder / FAILURES_FILE}")
    return bool(report.failures)


def choose_demonstrations(
    options: argparse.Namespace, episodes: Episodes, arguments: Mapping[str, Any]
) -> bool:
    """Chooses demonstrations of the episodes; whether there are any.

    Args:
        options: Parsed, see ``collect_command``.
        episodes: Gives them, as often as asked.
        arguments: Of the environment that they were played in.
    """
    # The split is the task's own, and a replay asks no expert.
    same = {name: value for name, value in arguments.items() if name not in ("split", "expert")}
    check = ReplayCheck(same)
    try:
        selection = select(
            episodes(),
            max_invalid=options.max_invalid,
            best=options.best,
            fault=None if options.no_verify else check.fault,
        )
    finally:
        check.close()
    write_selection(options.folder, episodes(), selection)
    verified = "not replayed" if options.no_verify else "each won again when replayed"
    print(f"{len(selection.accepted)} demonstrations in {options.folder / DEMONSTRATIONS_FILE}, {verified}")
    for reason, count in selection.reasons.items():
        print(f"  {count} rejected: {reason}")
    if selection.rejected:
        print(f"  all rejected ones are listed in {options.folder / REJECTED_FILE}")
    return bool(selection.accepted)
