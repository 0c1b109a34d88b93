"""A teacher that needs no model: it says what went wrong in episodes and what to do instead."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from skill_gym.skillbanks.advice import ADVICE, CONDITIONS, PURPOSES, STATIONS, WHERE_FOUND, Advice
from skill_gym.skillbanks.cases import Case, found_at, subjects
from skill_gym.skillbanks.cause_mistakes import FoundCause, mistakes_from
from skill_gym.skillbanks.diagnosis import Cause, Diagnosis, diagnose
from skill_gym.skillbanks.habit_proposals import HabitTeaching, propose_habits
from skill_gym.skillbanks.lessons import Lessons
from skill_gym.skillbanks.proposals import best_first, learnt_from
from skill_gym.skillbanks.search_facts import is_search
from skill_gym.skillbanks.search_teacher import SEARCH_LESSONS
from skill_gym.skillbanks.shop_diagnosis import is_visit
from skill_gym.skillbanks.shop_teacher import SHOP_LESSONS
from skill_gym.skillbanks.teacher import Proposal, TeacherAnswer, TeacherRequest
from skill_gym.trajectory import Trajectory

_SEARCH = (Cause.NOT_OPENED, Cause.NOT_VISITED)
_LESSONS: tuple[tuple[Callable[[Trajectory], bool], Lessons], ...] = (
    (is_visit, SHOP_LESSONS),
    (is_search, SEARCH_LESSONS),
)
"""Environments with rules of their own; all other episodes are ALFWorld's."""


@dataclass(frozen=True, slots=True)
class RuleTeacher:
    """Answers from rules: ``diagnosis`` finds the causes, ``advice`` has the words.

    A cause that is found in several task types makes one general skill, else a skill of its type. Where the
    bank already has the general one, the types get their own; and beyond both there is advice with the facts
    of the episodes (which object, which places). What the bank has, by content, is not said again, so that
    round after round brings something new while there are new causes or new facts. Proposals are ordered by
    the number of episodes that they rest on; advice with facts of single objects counts half, and a second
    piece of advice on the same cause half as much again.

    From all episodes, solved or not, it also learns the habits of the world (``habit_finder``): where kinds
    of things usually lie, which places are usually empty, where the second of two is. These come after the
    advice, those met most often first. What was seen is kept in the bank's metadata, so that evidence adds up
    from round to round, no room counting twice, and later rounds revise or retire what does not hold.

    Episodes of WebShop and of Search have rules of their own, see ``lessons``; they show no habits.

    Args:
        most_places: How many kinds of places a skill names at most.
        habits: Whether to look for habits.
        certainty: Least probability with which a habit must hold more often than not, in (0.5, 1).
        mistakes: Whether to warn of a mistake for each cause where a bank is distilled.

    Raises:
        ValueError: The certainty is out of its range.
    """

    most_places: int = 3
    habits: bool = True
    certainty: float = 0.9
    mistakes: bool = False

    def __post_init__(self) -> None:
        if not 0.5 < self.certainty < 1:
            raise ValueError(
                f"certainty must be between 0.5 and 1, got {self.certainty}; pass habits=False to find none"
            )

    @property
    def name(self) -> str:
        """``rules``."""
        return "rules"

    def ask(self, request: TeacherRequest) -> TeacherAnswer:
        """Diagnoses failed episodes and finds habits in all; never raises a TeacherError.

        Raises:
            ValueError: There are memory records, whose actions are abstract: rules find nothing there.
        """
        if request.memories:
            raise ValueError(
                f"rules read episodes and not memory records, got {len(request.memories)}; give the "
                f"trajectories "
                "that they were made of, or take a model as the teacher (on the command line: --teacher "
                "openai:MODEL)"
            )
        for plays, lessons in _LESSONS:
            if any(plays(trajectory) for trajectory in request.episodes):
                return self._with_lessons(plays, lessons, request)
        teaching = HabitTeaching(TeacherAnswer(), frozenset())
        if self.habits:
            teaching = propose_habits(request, self.name, certainty=self.certainty, most=self.most_places)
        diagnoses = [diagnose(trajectory) for trajectory in request.trajectories]
        cases: dict[Cause, list[Case]] = defaultdict(list)
        for diagnosis in diagnoses:
            for finding in diagnosis.findings:
                cases[finding.cause].append(Case(diagnosis, finding))
        has = {entry.fingerprint for entry in request.bank}
        candidates: list[tuple[float, Proposal]] = []
        known: list[str] = []
        solved = [diagnose(trajectory) for trajectory in request.successes]
        for cause in Cause:
            group = cases.get(cause, [])
            if not group:
                continue
            levels = [*self._common(cause, group, request), *self._typed(cause, group, request)]
            fresh = [(weight, proposal) for weight, proposal in levels if proposal.fingerprint not in has]
            known += [proposal.title for _, proposal in levels if proposal.fingerprint in has]
            # The types' own wording is held back while the general skill is still to be said.
            if any(proposal.task_type is None for _, proposal in fresh):
                fresh = [(weight, proposal) for weight, proposal in fresh if proposal.task_type is None]
            concrete = list(self._concrete(cause, group, [*diagnoses, *solved], request, teaching.placed))
            fresh += [(weight, proposal) for weight, proposal in concrete if proposal.fingerprint not in has]
            known += [proposal.title for _, proposal in concrete if proposal.fingerprint in has]
            fresh.sort(key=lambda item: -item[0])
            # The more is said about a cause already, the less further advice on it weighs.
            said = sum(proposal.fingerprint in has for _, proposal in (*levels, *concrete))
            candidates += [(weight / (1 + said + rank), item) for rank, (weight, item) in enumerate(fresh)]
        made = (
            FoundCause(
                cause.value,
                ADVICE[cause],
                [case.diagnosis.trajectory for case in group],
                group[0].finding.evidence,
            )
            for cause, group in sorted(cases.items(), key=lambda item: list(Cause).index(item[0]))
        )
        return TeacherAnswer(
            mistakes=mistakes_from(made, request, self.name) if self._warns(request) else (),
            # Of equal weight the cause nearer to the goal comes first.
            proposals=(*best_first(candidates), *teaching.answer.proposals),
            causes={cause.value: len(group) for cause, group in cases.items()},
            known=(*known, *teaching.answer.known),
            unexplained=tuple(item.trajectory.task.key for item in diagnoses if not item.findings),
            retire=teaching.answer.retire,
            memory=teaching.answer.memory,
        )

    def _with_lessons(
        self, plays: Callable[[Trajectory], bool], lessons: Lessons, request: TeacherRequest
    ) -> TeacherAnswer:
        """Parts the episodes of an environment from the others, and joins what is said about both."""

        def part(own: bool) -> TeacherRequest:
            return replace(
                request,
                trajectories=tuple(one for one in request.trajectories if plays(one) == own),
                successes=tuple(one for one in request.successes if plays(one) == own),
                others=tuple(one for one in request.others if plays(one) == own),
            )

        ours, theirs = (
            lessons.teach(part(True), self.name, mistakes=self._warns(request)),
            part(False),
        )
        if not theirs.episodes:
            return ours
        answer = self.ask(theirs)
        return replace(
            answer,
            proposals=(*ours.proposals, *answer.proposals),
            mistakes=(*ours.mistakes, *answer.mistakes),
            causes={**ours.causes, **answer.causes},
            known=(*ours.known, *answer.known),
            unexplained=(*ours.unexplained, *answer.unexplained),
        )

    def _warns(self, request: TeacherRequest) -> bool:
        return self.mistakes and request.kind == "distillation"

    def _common(
        self, cause: Cause, cases: Sequence[Case], request: TeacherRequest
    ) -> Iterable[tuple[float, Proposal]]:
        if len({case.task_type for case in cases}) > 1:
            advice = ADVICE[cause]
            yield len(cases), _proposal(advice, advice.general, None, cause, cases, request)

    def _typed(
        self, cause: Cause, cases: Sequence[Case], request: TeacherRequest
    ) -> Iterable[tuple[float, Proposal]]:
        for task_type in sorted({case.task_type for case in cases}):
            own = [case for case in cases if case.task_type == task_type]
            change, station = STATIONS.get(task_type, ("", ""))
            text = ADVICE[cause].typed.format(
                purpose=PURPOSES.get(task_type, "the goal object"), change=change, station=station
            )
            yield len(own), _proposal(ADVICE[cause], text, task_type, cause, own, request)

    def _concrete(
        self,
        cause: Cause,
        cases: Sequence[Case],
        episodes: Sequence[Diagnosis],
        request: TeacherRequest,
        placed: frozenset[str],
    ) -> Iterable[tuple[float, Proposal]]:
        groups: dict[tuple[str, ...], list[Case]] = defaultdict(list)
        for case in cases:
            for key in subjects(case):
                groups[key].append(case)
        for key, own in groups.items():
            types = {case.task_type for case in own}
            advice, text, sources = self._words(cause, key, own, episodes)
            # Where it usually lies is said by the habit already, with more evidence.
            if text and not (advice is WHERE_FOUND and key[0] in placed):
                task_type = types.pop() if len(types) == 1 else None
                proposal = _proposal(advice, text, task_type, cause, own, request, sources)
                if key[0]:
                    keywords = () if cause is Cause.REFUSED else (key[0],)
                    title = f"{proposal.title} ({key[0]})"
                    proposal = replace(proposal, title=title, keywords=keywords)
                yield len(own) / 2, proposal

    def _words(
        self, cause: Cause, key: tuple[str, ...], cases: Sequence[Case], episodes: Sequence[Diagnosis]
    ) -> tuple[Advice, str, list[Diagnosis]]:
        advice = ADVICE[cause]
        if cause is Cause.REFUSED:
            condition = CONDITIONS.get(key[0], "")
            return advice, advice.concrete.format(verb=key[0], condition=condition) if condition else "", []
        wanted, target, wrong = (*key, "", "")[:3]
        sources: list[Diagnosis] = []
        places = Counter(place for case in cases for place in case.fact("places"))
        if cause in (*_SEARCH, Cause.ONE_OF_TWO):
            found, sources = found_at(wanted, target, episodes)
            if found and cause in _SEARCH:
                return (
                    WHERE_FOUND,
                    WHERE_FOUND.concrete.format(object=wanted, places=self._list(found)),
                    sources,
                )
            places = found if cause is Cause.ONE_OF_TWO else places
        if not advice.concrete or ("{places}" in advice.concrete and not places):
            return advice, "", []
        change, station = STATIONS.get(cases[0].task_type, ("", ""))
        text = advice.concrete.format(
            object=wanted,
            target=target,
            wrong=wrong,
            places=self._list(places),
            seen=f", seen at a {self._list(places)}" if places else "",
            change=change,
            station=station,
        )
        return advice, text, sources

    def _list(self, places: Counter[str]) -> str:
        # Most common first, equal ones by name, so that the same episodes give the same words.
        names = [name for name, _ in sorted(places.items(), key=lambda item: (-item[1], item[0]))]
        return " or ".join(names[: self.most_places])


def _proposal(
    advice: Advice,
    principle: str,
    task_type: str | None,
    cause: Cause,
    cases: Sequence[Case],
    request: TeacherRequest,
    sources: Sequence[Diagnosis] = (),
) -> Proposal:
    episodes = [*(case.diagnosis.trajectory for case in cases), *(source.trajectory for source in sources)]
    types = sorted({case.task_type for case in cases})
    count = len({case.key for case in cases})
    evidence = (
        f"{cause.value} in {count} of {len(request.trajectories)} failed episodes ({', '.join(types)}), "
        f"e.g. {cases[0].finding.evidence}"
    )
    if sources:
        evidence += f"; places from {len(sources)} episodes that saw the object"
    return Proposal(
        title=advice.title,
        principle=principle,
        task_type=task_type,
        when_to_apply=advice.when,
        provenance=learnt_from(episodes, request, "rules", evidence),
        cause=cause.value,
    )
