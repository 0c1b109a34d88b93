"""What the rules warn of: one mistake for each cause of failure that was found."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from skill_gym.skillbanks.advice import Advice
from skill_gym.skillbanks.proposals import learnt_from
from skill_gym.skillbanks.teacher import MistakeProposal, TeacherRequest
from skill_gym.trajectory import Trajectory


class FoundCause(NamedTuple):
    """A cause with the episodes that show it.

    Attributes:
        name: Of the cause.
        advice: What is said about it.
        episodes: In which it was found; at least one.
        example: Half a sentence on what one of them shows.
    """

    name: str
    advice: Advice
    episodes: Sequence[Trajectory]
    example: str


def mistakes_from(
    found: Iterable[FoundCause], request: TeacherRequest, teacher: str
) -> tuple[MistakeProposal, ...]:
    """The mistakes, those of most episodes first; what the bank warns of already is not said again.

    A mistake that was made in tasks of one type alone belongs to that type.
    """
    known = {entry.fingerprint for entry in request.bank}
    weighed = sorted(found, key=lambda cause: -len(cause.episodes))
    proposals = (_mistake(cause, request, teacher) for cause in weighed if cause.advice.mistake)
    return tuple(proposal for proposal in proposals if proposal.fingerprint not in known)


def _mistake(cause: FoundCause, request: TeacherRequest, teacher: str) -> MistakeProposal:
    types = sorted({episode.task.task_type for episode in cause.episodes})
    count = len({episode.task.key for episode in cause.episodes})
    evidence = (
        f"{cause.name} in {count} of {len(request.trajectories)} failed episodes ({', '.join(types)}), "
        f"e.g. {cause.example}"
    )
    return MistakeProposal(
        description=cause.advice.mistake,
        how_to_avoid=cause.advice.general,
        why_it_happens=cause.advice.reason,
        task_type=types[0] if len(types) == 1 else None,
        provenance=learnt_from(cause.episodes, request, teacher, evidence),
    )
