"""One round of evolution in a run whose bank is not the run's alone."""

from collections.abc import Sequence
from dataclasses import replace

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.evolution import Evolution, EvolutionConfig, evolve
from skill_gym.skillbanks.guard import Guard
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.store_events import Origin
from skill_gym.skillbanks.teacher import Teacher
from skill_gym.trajectory import Trajectory


def evolve_beside(
    bank: SkillBank,
    kept_out: Sequence[Skill | Mistake],
    trajectories: Sequence[Trajectory],
    teacher: Teacher,
    config: EvolutionConfig,
    *,
    seed: int,
    guard: Guard | None = None,
) -> Evolution:
    """Evolution that brings back nothing of what others keep out of the bank.

    The teacher sees those entries, so that it proposes them neither again nor under their ids; a new version
    of one is left out, since it would come back in other words. The next bank has none of them.

    Args:
        bank: What evolves.
        kept_out: Entries that are not in it.
        trajectories: As for ``evolve``, like the rest.
        teacher: Who proposes.
        config: Thresholds.
        seed: Order of the failures.
        guard: Who examines the proposals.
    """
    if not kept_out:
        return evolve(bank, trajectories, teacher, config, seed=seed, guard=guard)
    shown = replace(bank.with_skills(kept_out), generation=bank.generation)
    evolution = evolve(shown, trajectories, teacher, config, seed=seed, guard=guard)
    out = {entry.id for entry in kept_out}
    again = {new for old, new in evolution.revised.items() if old in out}
    after = evolution.bank.without(name for name in evolution.bank.ids if name in out | again)
    categories = {
        name: skills for name, skills in after.task_specific.items() if skills or name in bank.task_specific
    }
    after = replace(after, task_specific=categories, generation=bank.generation)
    return replace(
        evolution,
        bank=bank if after == bank else replace(after, generation=bank.generation + 1),
        added=tuple(skill for skill in evolution.added if skill.id not in again),
        revised={old: new for old, new in evolution.revised.items() if old not in out},
        retired={name: why for name, why in evolution.retired.items() if name not in out},
        previous_version=bank.version,
    )


def sources(entries: Sequence[Skill | Mistake], trajectories: Sequence[Trajectory]) -> Origin:
    """Episodes behind a change: the entries' own where they name any, else all that were seen."""
    if any(entry.provenance is not None and entry.provenance.trajectory_ids for entry in entries):
        return {}
    tasks = [one.task for one in trajectories if one.ended != "broken"]
    return {
        "trajectory_ids": list(dict.fromkeys(task.key for task in tasks)),
        "splits": list(dict.fromkeys(task.split for task in tasks)),
    }


def evolution_reason(iteration: int, evolution: Evolution) -> str:
    """Why the bank changes, in words."""
    told = [f"validation after iteration {iteration}"]
    if evolution.weak:
        weak = (f"{name} ({evolution.success[name].rate:.2f})" for name in evolution.weak)
        told.append(f"success is low on {', '.join(weak)}")
    return "; ".join([*told, *(f"{name}: {why}" for name, why in evolution.retired.items())])
