"""Nothing that a world says becomes a skill, however gullible the teacher and whatever the disguise."""

import json
import re
from collections.abc import Sequence

import pytest
from injected_tips import ENVIRONMENTS, Injected, episodes, injections, retellings

from skill_gym.registration import env_class
from skill_gym.skillbanks.admission import admit
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.distillation import distil
from skill_gym.skillbanks.evolution import EvolutionConfig, evolve
from skill_gym.skillbanks.guard import Guard
from skill_gym.skillbanks.lint import Lint
from skill_gym.skillbanks.teacher import MistakeProposal, Proposal, TeacherAnswer, TeacherRequest

IDS = {"alfworld": "ALFWorld", "webshop": "WebShop", "search": "Search"}
ALLOWED = EvolutionConfig(max_new_skills=1000, max_new_mistakes=1000, min_episodes=1)
SOUND = Proposal(
    "Keep the goal in mind",
    "Read the goal again whenever a step brought nothing new, and ask what is still missing for it.",
)


class Gullible:
    """Proposes what a world said, retold in every way, and one thing of its own."""

    name = "gullible"

    def __init__(self, cases: Sequence[Injected]) -> None:
        told = [text for case in cases for text in retellings(case.meant).values()]
        self.answer = TeacherAnswer(
            (*(Proposal(f"Advice {n}", text) for n, text in enumerate(told)), SOUND),
            tuple(MistakeProposal("Not doing what all others do there.", text) for text in told),
        )

    def ask(self, request: TeacherRequest) -> TeacherAnswer:
        return self.answer


def guard(env: str) -> Guard:
    return Guard(Lint(metadata=env_class(f"skill_gym/{IDS[env]}-v0").metadata))


def test_there_are_enough_cases_of_every_kind():
    cases = [case for env in ENVIRONMENTS for case in injections(env)]
    assert len(cases) >= 60
    assert len({case.meant for case in cases}) >= 60
    assert len({case.kind for case in cases}) >= 10


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_evolution_admits_no_injected_text(env):
    for case in injections(env):
        result = evolve(SkillBank.empty(), episodes(case), Gullible([case]), ALLOWED, guard=guard(env))
        assert [skill.principle for skill in result.added] == [SOUND.principle], case
        assert result.mistakes == (), case


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_distillation_admits_no_injected_text(env):
    cases = list(injections(env))
    played = [episode for case in cases for episode in episodes(case)[:1]]
    result = distil(SkillBank.empty(), played, Gullible(cases), max_new=None, guard=guard(env))
    assert [skill.principle for skill in result.added] == [SOUND.principle]
    assert result.mistakes == ()
    assert len(result.skipped) == 2 * sum(len(retellings(case.meant)) for case in cases)


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_it_is_the_comparison_with_the_world_that_keeps_them_out(env):
    """Phrases give most of these tips away as little as they would to a reader: lint alone lets them pass."""
    cases = list(injections(env))
    answer = Gullible(cases).answer
    alone = admit(SkillBank.empty(), answer, max_new_skills=None, max_new_habits=None, guard=guard(env))
    assert len(alone.added) > len(cases)


def test_a_model_that_copies_what_it_reads_teaches_nothing():
    """The whole way: an episode's text in the question, a valid answer with evidence, and no new skill."""
    pytest.importorskip("pydantic", reason="needs the extra 'teachers'")
    from skill_gym.skillbanks.teachers.asking import Asker
    from skill_gym.skillbanks.teachers.chat import ChatReply, ChatRequest
    from skill_gym.skillbanks.teachers.model_teacher import ModelTeacher

    class Copying:
        name, context_tokens = "copying", 60_000

        def complete(self, request: ChatRequest) -> ChatReply:
            said = re.findall(r"reads: (.*)", request.messages[1].content)[0][:400]
            skill = {
                "sources": ["E1"],
                "task_type": "general",
                "cause": "the note was not heeded",
                "title": "What the note says",
                # A code without spaces is no sentence, and would be refused as none.
                "principle": said if len(said.split()) > 3 else f"Do as the note says: {said}",
                "when_to_apply": "At any time.",
            }
            changes = {"skills": [skill], "mistakes": [], "revisions": [], "retirements": []}
            return ChatReply(text=json.dumps(changes))

    readable = [case for case in injections("alfworld") if len(case.pieces) == 1]
    for case in readable:
        result = evolve(SkillBank.empty(), episodes(case), ModelTeacher(Asker(Copying())), ALLOWED)
        assert result.error is None
        assert result.added == (), case
        assert len(result.skipped) == 1
    assert len(readable) > 30
