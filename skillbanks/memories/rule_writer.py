"""Writes memory records by rules: a success has its chain computed, a failure its causes diagnosed."""

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from skill_gym.skillbanks.advice import ADVICE
from skill_gym.skillbanks.categories import own_category
from skill_gym.skillbanks.diagnosis import diagnose
from skill_gym.skillbanks.lint_injection import find_injections
from skill_gym.skillbanks.memories.abstraction import Abstraction, abstraction_of
from skill_gym.skillbanks.memories.household_chain import household_chain
from skill_gym.skillbanks.memories.identity import extra_of
from skill_gym.skillbanks.memories.link import ChainError, Link
from skill_gym.skillbanks.memories.record import MemoryMistake, MemoryRecord, MemoryStep
from skill_gym.skillbanks.memories.search_chain import search_chain
from skill_gym.skillbanks.memories.shop_chain import shop_chain
from skill_gym.skillbanks.memories.writer import environment_of
from skill_gym.skillbanks.search_advice import SEARCH_ADVICE
from skill_gym.skillbanks.search_diagnosis import diagnose_search
from skill_gym.skillbanks.shop_advice import SHOP_ADVICE
from skill_gym.skillbanks.shop_diagnosis import diagnose_visit
from skill_gym.skillbanks.teacher import TeacherError
from skill_gym.trajectory import Trajectory
from skill_gym.webshop.wish import read_wish

_LEFT_OUT = "[left out: it reads like an order]"


class _Cause(NamedTuple):
    cause: StrEnum
    evidence: str
    when: str


class _World(NamedTuple):
    """The rules of one environment: what a task is, what made a success, what a failure comes from."""

    task: Callable[[Trajectory], str]
    chain: Callable[[Trajectory], tuple[Link, ...]]
    causes: Callable[[Trajectory], Iterable[_Cause]]


class RuleWriter:
    """Makes records without a model; the same episode gives the same record."""

    name = "rules"
    concurrency = 1

    def write(self, trajectory: Trajectory, memory_id: str) -> MemoryRecord:
        """The record of an episode of ALFWorld, WebShop or Search that did not break.

        A failure in which no cause is found has no mistakes.

        Raises:
            TeacherError: ``refused``: another environment, a broken episode, or a success that its own text
                does not explain.
        """
        environment = environment_of(trajectory)
        if environment not in _WORLDS:
            raise TeacherError(
                "refused",
                f"the rules know {', '.join(_WORLDS)}, got an episode of {environment}; ask a model "
                "(--teacher)",
            )
        if trajectory.ended == "broken":
            raise TeacherError("refused", "the episode broke, so it shows nothing of the agent; leave it out")
        world = _WORLDS[environment]
        abstraction = abstraction_of(trajectory)
        links: tuple[Link, ...] = ()
        mistakes: tuple[MemoryMistake, ...] = ()
        if trajectory.solved:
            try:
                links = world.chain(trajectory)
            except ChainError as error:
                raise TeacherError("refused", str(error)) from error
            course = _success(trajectory, links)
        else:
            mistakes = tuple(_mistake(cause, abstraction) for cause in world.causes(trajectory))
            course = _failure(trajectory, mistakes)
        measured = trajectory.meta.get("measures")
        source = measured.get("data_source") if isinstance(measured, dict) else None
        return MemoryRecord(
            id=memory_id,
            environment=environment,
            success=trajectory.solved,
            description=f"{world.task(trajectory)} {course}",
            goal=trajectory.task.goal,
            steps=tuple(_step(link, abstraction) for link in links) if trajectory.solved else None,
            pattern=" -> ".join(_stages(links)) if trajectory.solved else None,
            mistakes=mistakes,
            data_source=source if isinstance(source, str) else None,
            origin=trajectory.task.id,
            extra=extra_of(trajectory, self.name),
        )


def _step(link: Link, abstraction: Abstraction) -> MemoryStep:
    action, observation = _told(link.action, abstraction), abstraction.apply(link.observation)
    return MemoryStep(link.index, action or _LEFT_OUT, observation, abstraction.apply(link.reasoning))


def _told(text: str, abstraction: Abstraction) -> str:
    """The text without values; "" where it quotes what reads like an order to whoever reads the memory."""
    told = abstraction.apply(text)
    return "" if any(find_injections(told)) else told


def _stages(links: Sequence[Link]) -> list[str]:
    """The plan: what is done several times in a row is told once."""
    return [link.stage for at, link in enumerate(links) if at == 0 or links[at - 1].stage != link.stage]


def _mistake(cause: _Cause, abstraction: Abstraction) -> MemoryMistake:
    evidence = _told(cause.evidence, abstraction)
    bad_action = f"{cause.cause}: {evidence}" if evidence else str(cause.cause)
    return MemoryMistake(trigger=cause.when.rstrip("."), bad_action=bad_action)


def _success(trajectory: Trajectory, links: Sequence[Link]) -> str:
    steps, needed = len(trajectory.turns), len(links)
    course = ", then ".join(stage[:1].lower() + stage[1:] for stage in _stages(links))
    detours = f"; {steps - needed} led nowhere or only showed where to look" if steps > needed else ""
    return f"Solved in {_count(steps, 'step')}, {needed} of which made it possible{detours}: {course}."


def _failure(trajectory: Trajectory, mistakes: Sequence[MemoryMistake]) -> str:
    end = "ran out of steps" if trajectory.ended == "truncated" else "ended without success"
    causes = "; ".join(mistake.bad_action for mistake in mistakes) or "no cause was found by rule"
    return f"Not solved: it {end} after {_count(len(trajectory.turns), 'step')}. Causes: {causes}."


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _household_task(trajectory: Trajectory) -> str:
    goal = abstraction_of(trajectory).apply(trajectory.task.goal).strip().rstrip(".")
    return f"ALFWorld task of the type {own_category(trajectory.task.task_type)}: {goal}."


def _household_causes(trajectory: Trajectory) -> Iterable[_Cause]:
    for found in diagnose(trajectory).findings:
        yield _Cause(found.cause, found.evidence, ADVICE[found.cause].when)


def _shop_task(trajectory: Trajectory) -> str:
    wish = read_wish(trajectory.task.goal)
    kinds = [*dict.fromkeys(name for name, _ in wish.options)]
    kinds += ["attribute"] * bool(wish.attributes) + ["price"] * (wish.limit is not None)
    constraints = f"with {', '.join(kinds)} constraints" if kinds else "without further constraints"
    return f"WebShop task to buy an item of the department {trajectory.task.task_type} {constraints}."


def _shop_causes(trajectory: Trajectory) -> Iterable[_Cause]:
    for found in diagnose_visit(trajectory):
        yield _Cause(found.cause, found.evidence, SHOP_ADVICE[found.cause].when)


def _search_task(trajectory: Trajectory) -> str:
    return f"Search task: a question of the type {trajectory.task.task_type}."


def _search_causes(trajectory: Trajectory) -> Iterable[_Cause]:
    for found in diagnose_search(trajectory):
        yield _Cause(found.cause, found.evidence, SEARCH_ADVICE[found.cause].when)


_WORLDS = {
    "Alfworld": _World(_household_task, household_chain, _household_causes),
    "Webshop": _World(_shop_task, shop_chain, _shop_causes),
    "SearchAgent": _World(_search_task, search_chain, _search_causes),
}
