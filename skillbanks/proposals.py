"""What all rules share that propose skills: where a proposal comes from, and which are best."""

from collections.abc import Iterable, Sequence

from skill_gym.skillbanks.skill import Provenance
from skill_gym.skillbanks.teacher import Proposal, TeacherRequest
from skill_gym.trajectory import Trajectory


def learnt_from(
    episodes: Iterable[Trajectory], request: TeacherRequest, teacher: str, evidence: str
) -> Provenance:
    """Provenance of a proposal that rests on these episodes of a request, each named once, in their order."""
    episodes = list(episodes)
    return Provenance(
        trajectory_ids=tuple(dict.fromkeys(episode.task.key for episode in episodes)),
        splits=tuple(sorted({episode.task.split for episode in episodes})),
        teacher=teacher,
        bank_version=request.bank.version,
        evidence=evidence,
    )


def best_first(weighed: Sequence[tuple[float, Proposal]]) -> tuple[Proposal, ...]:
    """Proposals by falling weight, one text once; of equal weight the earlier one comes first."""
    best: dict[str, Proposal] = {}
    for _, proposal in sorted(weighed, key=lambda item: -item[0]):
        best.setdefault(proposal.fingerprint, proposal)
    return tuple(best.values())
