"""What the rules of an environment teach: advice for each cause of failure, by task type."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from skill_gym.skillbanks.advice import Advice
from skill_gym.skillbanks.cause_mistakes import FoundCause, mistakes_from
from skill_gym.skillbanks.proposals import best_first, learnt_from
from skill_gym.skillbanks.teacher import Proposal, TeacherAnswer, TeacherRequest
from skill_gym.trajectory import Trajectory


class CauseFinding(Protocol):
    """A cause in an episode."""

    @property
    def cause(self) -> StrEnum:
        """What went wrong."""
        ...

    @property
    def evidence(self) -> str:
        """Half a sentence on what the episode shows."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Names for the advice with facts, if any."""
        ...


class _Case(NamedTuple):
    trajectory: Trajectory
    finding: CauseFinding

    @property
    def task_type(self) -> str:
        return self.trajectory.task.task_type


@dataclass(frozen=True, slots=True)
class Lessons:
    """The rules of one environment.

    Attributes:
        diagnose: Finds the causes in an episode; none in one that ended well.
        advice: Cause -> what to do instead, in a report's order.
        purposes: Task type -> what its ``{purpose}`` is.
        any_purpose: That of other types.
    """

    diagnose: Callable[[Trajectory], Sequence[CauseFinding]]
    advice: Mapping[StrEnum, Advice]
    purposes: Mapping[str, str]
    any_purpose: str

    def teach(self, request: TeacherRequest, teacher: str, *, mistakes: bool = False) -> TeacherAnswer:
        """Answers a request whose episodes were all played in the environment.

        A cause that is found in several task types makes one general skill, and further ones for each type
        once the bank has it; a cause with names has them in the end. What the bank has, by content, is not
        said again. Proposals come in the order of the number of episodes that they rest on.

        Args:
            request: Failed episodes and the bank.
            teacher: Who answers, for provenance.
            mistakes: Whether to warn of mistakes as well.
        """
        cases: dict[StrEnum, list[_Case]] = defaultdict(list)
        unexplained = []
        for trajectory in request.trajectories:
            findings = self.diagnose(trajectory)
            for finding in findings:
                cases[finding.cause].append(_Case(trajectory, finding))
            if not findings:
                unexplained.append(trajectory.task.key)
        has = {entry.fingerprint for entry in request.bank}
        weighed: list[tuple[float, Proposal]] = []
        known: list[str] = []
        for cause in self.advice:
            levels = list(self._levels(cause, cases.get(cause, []), request, teacher))
            fresh = [item for item in levels if item[1].fingerprint not in has]
            known += [proposal.title for _, proposal in levels if proposal.fingerprint in has]
            if any(proposal.task_type is None for _, proposal in fresh):
                fresh = fresh[:1]
            said = len(levels) - len(fresh)
            weighed += [(weight / (1 + said + rank), item) for rank, (weight, item) in enumerate(fresh)]
        made = (
            FoundCause(
                cause.value,
                self.advice[cause],
                [case.trajectory for case in group],
                group[0].finding.evidence,
            )
            for cause in self.advice
            if (group := cases.get(cause, []))
        )
        return TeacherAnswer(
            proposals=best_first(weighed),
            mistakes=mistakes_from(made, request, teacher) if mistakes else (),
            causes={cause.value: len(cases[cause]) for cause in self.advice if cases.get(cause)},
            known=tuple(known),
            unexplained=tuple(unexplained),
        )

    def _levels(
        self, cause: StrEnum, cases: Sequence[_Case], request: TeacherRequest, teacher: str
    ) -> Iterable[tuple[float, Proposal]]:
        """What can be said about a cause: for all types, for each, and with the names."""
        advice = self.advice[cause]
        types = sorted({case.task_type for case in cases})
        if len(types) > 1:
            yield len(cases), _proposal(advice, advice.general, None, cases, request, teacher)
        for task_type in types:
            own = [case for case in cases if case.task_type == task_type]
            purpose = self.purposes.get(task_type, self.any_purpose)
            text = advice.typed.format(purpose=purpose)
            yield len(own), _proposal(advice, text, task_type, own, request, teacher)
        for task_type in types:
            own = [case for case in cases if case.task_type == task_type and case.finding.names]
            names = Counter(name for case in own for name in case.finding.names)
            if advice.concrete and names:
                # Most common first, equal ones by name, so that the same episodes give the same words.
                listed = sorted(names, key=lambda name: (-names[name], name))[:3]
                purpose = self.purposes.get(task_type, self.any_purpose)
                text = advice.concrete.format(purpose=purpose, names=" or ".join(listed))
                yield len(own) / 2, _proposal(advice, text, task_type, own, request, teacher)


def _proposal(
    advice: Advice,
    principle: str,
    task_type: str | None,
    cases: Sequence[_Case],
    request: TeacherRequest,
    teacher: str,
) -> Proposal:
    episodes = [case.trajectory for case in cases]
    count = len({episode.task.key for episode in episodes})
    types = sorted({case.task_type for case in cases})
    cause = cases[0].finding.cause.value
    evidence = (
        f"{cause} in {count} of {len(request.trajectories)} failed episodes ({', '.join(types)}), "
        f"e.g. {cases[0].finding.evidence}"
    )
    return Proposal(
        title=advice.title,
        principle=principle,
        task_type=task_type,
        when_to_apply=advice.when,
        provenance=learnt_from(episodes, request, teacher, evidence),
        cause=cause,
    )
