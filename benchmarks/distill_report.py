"""What ``skill-gym distill`` says in the end: what became of every proposal, and what was lost."""

from collections.abc import Iterator

from skill_gym.benchmarks.bank_text import sentence
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
    for item in evolution.skipped:
        yield f"  {item.title} [{item.task_type or 'general'}]: {item.reason}"
    if evolution.unexplained:
        yield f"no lesson cites {len(evolution.unexplained)} of the failed episodes"
    if evolution.lost:
        episodes = len({evidence for part in evolution.lost for evidence in part.evidence})
        yield f"without an answer: {len(evolution.lost)} questions, about {episodes} episodes"
        for part in evolution.lost:
            yield f"  {part.purpose} ({len(part.evidence)} episodes): {part.fault}: {part.reason}"
