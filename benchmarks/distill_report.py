"""What ``skill-gym distill`` says: the plan before, and what became of every proposal after."""

import argparse
from collections.abc import Iterator

from skill_gym.benchmarks.bank_text import sentence
from skill_gym.benchmarks.distill_sources import Sources
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.evolution import Evolution
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.teacher import TeacherRequest
from skill_gym.skillbanks.teachers.distil_evidence import sampled
from skill_gym.skillbanks.teachers.distil_plan import DistillationPlan, plan
from skill_gym.skillbanks.teachers.distilling import DistillationConfig


def config(options: argparse.Namespace) -> DistillationConfig:
    """The settings that the options say."""
    return DistillationConfig(
        general=options.general,
        per_category=options.per_category,
        mistakes=options.mistakes,
        batch_size=options.batch_size,
        episode_tokens=options.episode_tokens,
        lessons_per_batch=options.lessons,
        answer_tokens=options.answer_tokens,
        seed=options.seed,
        strict=options.strict,
    )


def planned(sources: Sources, options: argparse.Namespace, bank: SkillBank) -> DistillationPlan:
    """What a model would be asked."""
    episodes = [episode for episode in sources.trajectories if episode.ended != "broken"]
    memories = list(sources.memories)
    if options.max_episodes is not None:
        episodes, memories = sampled(episodes, memories, options.max_episodes, options.seed)
    request = TeacherRequest(
        tuple(episodes), bank, max_new=None, kind="distillation", memories=tuple(memories)
    )
    return plan(request, config(options), context_tokens=options.teacher_context)


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
