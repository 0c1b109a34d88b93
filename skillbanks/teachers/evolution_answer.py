"""Reads a model's changes to a bank: what they cite must bear them out, then they are a teacher's answer."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from skill_gym.skillbanks.categories import own_category
from skill_gym.skillbanks.proposals import learnt_from
from skill_gym.skillbanks.skill import Provenance, Skill
from skill_gym.skillbanks.teacher import Lost, MistakeProposal, Proposal, TeacherAnswer, TeacherRequest
from skill_gym.skillbanks.teachers.evolution_forms import GENERAL, Changes, NewMistake, NewSkill
from skill_gym.trajectory import Trajectory


@dataclass(frozen=True, slots=True)
class Cited:
    """Something that an answer may cite: an episode, or a cause of several.

    Attributes:
        text: As it is shown.
        episodes: The episodes that it stands for.
    """

    text: str
    episodes: tuple[Trajectory, ...]


def faults(changes: Changes, cited: Mapping[str, Cited]) -> str:
    """What is wrong with an answer that fits its form: evidence that does not bear it out.

    Args:
        changes: The answer.
        cited: What was shown, by name.
    """
    return "; ".join(_faults(changes, cited))


def _faults(changes: Changes, cited: Mapping[str, Cited]) -> Iterator[str]:
    new: dict[str, NewSkill | NewMistake] = {
        **{f"skills.{number}": one for number, one in enumerate(changes.skills)},
        **{f"mistakes.{number}": one for number, one in enumerate(changes.mistakes)},
    }
    for where, entry in new.items():
        episodes = _episodes(entry.sources, cited)
        if all(episode.solved for episode in episodes):
            yield f"{where} cites no failed episode"
        types = {own_category(episode.task.task_type) for episode in episodes}
        if entry.task_type != GENERAL and types != {entry.task_type}:
            yield (
                f"{where} is for {entry.task_type}, but it cites episodes of {', '.join(sorted(types))}; "
                f"cite episodes of {entry.task_type} only, or let it be {GENERAL}"
            )
    for number, one in enumerate(changes.retirements):
        failed = [episode for episode in _episodes(one.sources, cited) if not episode.solved]
        if not any(one.id in episode.skill_ids for episode in failed):
            yield f"retirements.{number} cites no failed episode that was played with {one.id}"
    changed = [one.replaces for one in changes.revisions] + [one.id for one in changes.retirements]
    for entry_id, count in Counter(changed).items():
        if count > 1:
            yield f"{entry_id} is revised or retired {count} times"


def read_changes(
    changes: Changes,
    cited: Mapping[str, Cited],
    request: TeacherRequest,
    teacher: str,
    lost: Sequence[Lost] = (),
) -> TeacherAnswer:
    """The changes as proposals, each with the episodes that it cites.

    Args:
        changes: A valid answer.
        cited: What was shown, by name.
        request: What was asked.
        teacher: Name of who answered.
        lost: Parts of the request that got no answer.
    """
    kinds = {own_category(one.task.task_type): one.task.task_type for one in request.trajectories}

    def origin(sources: Iterable[str], cause: str) -> Provenance:
        episodes = _episodes(sources, cited)
        count = sum(not episode.solved for episode in episodes)
        types = ", ".join(sorted({own_category(episode.task.task_type) for episode in episodes}))
        told = f"{cause}; seen in {count} of {len(request.trajectories)} failed episodes ({types})"
        return learnt_from(episodes, request, teacher, told)

    revised = [_revised(request, one.replaces) for one in changes.revisions]
    proposals = [
        *(
            Proposal(
                one.title,
                one.principle,
                kinds.get(one.task_type),
                one.when_to_apply,
                origin(one.sources, one.cause),
                one.cause,
            )
            for one in changes.skills
        ),
        *(
            Proposal(
                one.title,
                one.principle,
                old.category,
                one.when_to_apply,
                origin(one.sources, one.cause),
                one.cause,
                old.keywords,
                replaces=old.id,
            )
            for one, old in zip(changes.revisions, revised, strict=True)
        ),
    ]
    mistakes = [
        MistakeProposal(
            one.description,
            one.how_to_avoid,
            one.why_it_happens,
            kinds.get(one.task_type),
            origin(one.sources, one.why_it_happens),
        )
        for one in changes.mistakes
    ]
    failed = {one.task.key for one in request.trajectories}
    causes: dict[str, set[str]] = {}
    for proposal in proposals:
        causes.setdefault(proposal.cause, set()).update(
            failed.intersection(proposal.provenance.trajectory_ids)
        )
    explained = {key for one in proposals for key in one.provenance.trajectory_ids}
    explained |= {key for one in mistakes for key in one.provenance.trajectory_ids}
    unanswered = {key for part in lost for key in part.evidence}
    unexplained = (one.task.key for one in request.trajectories if one.task.key not in explained | unanswered)
    return TeacherAnswer(
        proposals=tuple(proposals),
        mistakes=tuple(mistakes),
        causes={cause: len(keys) for cause, keys in causes.items()},
        unexplained=tuple(dict.fromkeys(unexplained)),
        retire={one.id: one.reason for one in changes.retirements},
        lost=tuple(lost),
    )


def _episodes(sources: Iterable[str], cited: Mapping[str, Cited]) -> list[Trajectory]:
    return list({id(one): one for name in sources for one in cited[name].episodes}.values())


def _revised(request: TeacherRequest, skill_id: str) -> Skill:
    entry = request.bank.get(skill_id)
    if not isinstance(entry, Skill):
        raise TypeError(f"expected the id of a skill, got that of a mistake, {skill_id!r}")
    return entry
