"""What ``skill-gym distill`` says in the end: what became of every proposal, and what was lost."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from skill_gym.benchmarks.bank_text import sentence
from skill_gym.skillbanks.admission import Skipped
from skill_gym.skillbanks.atomic_file import write_atomically
from skill_gym.skillbanks.evolution import Evolution
from skill_gym.skillbanks.skill import Mistake, Skill


def lines(evolution: Evolution) -> Iterator[str]:
    """What entered, what was left out and why, and what was lost."""
    read = sum(rate.episodes for rate in evolution.success.values())
    broken = f", {evolution.broken} broken ones left out" if evolution.broken else ""
    yield f"{evolution.teacher} read {read} episodes, {evolution.failures_read} of them failed{broken}"
    entries: tuple[Skill | Mistake, ...] = (*evolution.added, *evolution.mistakes)
    yield f"entered: {len(entries)}"
    for entry in entries:
        place = entry.category or ("mistake" if isinstance(entry, Mistake) else "general")
        count = len(entry.provenance.trajectory_ids) if entry.provenance else 0
        yield f"  {entry.id} [{place}, from {count} episodes] {sentence(entry)}"
    for old, new in evolution.revised.items():
        yield f"  {new} takes the place of {old}"
    for name, why in evolution.retired.items():
        yield f"  {name} was taken out: {why}"
    yield f"left out: {len(evolution.skipped)}"
    yield from _left_out(evolution.skipped)
    if evolution.unexplained:
        yield f"no lesson cites {len(evolution.unexplained)} of the failed episodes"
    if evolution.lost:
        episodes = len({evidence for part in evolution.lost for evidence in part.evidence})
        yield f"without an answer: {len(evolution.lost)} questions, about {episodes} episodes"
        for part in evolution.lost:
            yield f"  {part.purpose} ({len(part.evidence)} episodes): {part.fault}: {part.reason}"


def check_place(path: Path | None) -> None:
    """Makes sure, before anything is asked, that the report has a folder to go to.

    Raises:
        ValueError: It has none.
    """
    if path is not None and not path.parent.is_dir():
        raise ValueError(f"there is no folder {path.parent} for --json {path}; make it first")


def write(path: Path | None, evolution: Evolution) -> None:
    """Writes what became of every proposal as JSON; nothing without a path."""
    if path is not None:
        write_atomically(path, json.dumps(evolution.to_dict(), indent=2))


def _left_out(skipped: Iterable[Skipped]) -> Iterator[str]:
    """A line each; many that share a reason are told together (``--json`` names them all)."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for item in skipped:
        by_reason[item.reason].append(f"{item.title} [{item.task_type or 'general'}]")
    for reason, titles in by_reason.items():
        if len(titles) > _NAMED:
            titles = [f"{len(titles)} proposals, such as {', '.join(titles[:2])}"]
        yield from (f"  {title}: {reason}" for title in titles)


_NAMED = 4
"""So many with the same reason are named one by one."""
