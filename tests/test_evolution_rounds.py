"""Round after round of new failures brings new skills, where they belong, from episodes that failed so."""

from itertools import count

import pytest

pytest.importorskip("pydantic", reason="needs the extra 'teachers'")
pytest.importorskip("openai", reason="needs the extra 'teachers'")

from planted_episodes import planted
from scripted_evolver import answer
from teacher_server import Asked, TeacherServer, loopback_key

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.categories import own_category
from skill_gym.skillbanks.evolution import evolve
from skill_gym.skillbanks.rule_teacher import RuleTeacher
from skill_gym.skillbanks.teacher import Teacher
from skill_gym.skillbanks.teachers.asking import Asker
from skill_gym.skillbanks.teachers.model_teacher import ModelTeacher
from skill_gym.skillbanks.teachers.opening import open_chat_model

pytestmark = pytest.mark.usefixtures(loopback_key.__name__)

ROUNDS = (
    ("missing transformation", "wrong object taken"),
    ("goal object seen but not taken", "closed containers never opened"),
    ("stopped after one of two objects", "lamp not used"),
    ("impossible commands", "object put in the wrong place"),
    ("loop", "object held but not delivered"),
)


def play_rounds(teacher: Teacher) -> list[set[str]]:
    """The planted causes that each round's new skills name, after a look at every one of them."""
    bank, answered, numbers = SkillBank.starter("alfworld"), [], count()
    for number, causes in enumerate(ROUNDS):
        episodes = {}
        for cause in causes:
            for _ in range(4):
                episode = planted(cause, number=next(numbers))
                episodes[episode.task.key] = (cause, episode)
        result = evolve(bank, [episode for _, episode in episodes.values()], teacher, seed=number)
        assert result.error is None
        assert result.unexplained == ()
        assert result.bank.generation == bank.generation + 1
        named = set()
        for skill in result.added:
            cited = [episodes[key] for key in skill.provenance.trajectory_ids]
            ((cause, task_type),) = {(cause, episode.task.task_type) for cause, episode in cited}
            assert len(cited) == 4
            assert skill.category == own_category(task_type)
            assert skill in result.bank.task_specific[skill.category]
            if skill.provenance.evidence.startswith(cause):
                named.add(cause)
        answered.append(named)
        assert len(result.bank) == len(bank) + len(result.added)
        assert len({entry.fingerprint for entry in result.bank}) == len(result.bank)
        bank = result.bank
    return answered


def test_five_rounds_with_rules():
    """An episode may show more causes than the planted one; at least one skill of a round names that."""
    assert all(len(named) >= 1 for named in play_rounds(RuleTeacher(habits=False)))


def test_five_rounds_with_a_model():
    def said(asked: Asked):
        schema = asked.body["response_format"]["json_schema"]
        return answer(asked.text, schema["name"], schema["schema"])

    with TeacherServer(said) as server, open_chat_model("openai:any", base_url=server.url) as model:
        assert play_rounds(ModelTeacher(Asker(model))) == [set(causes) for causes in ROUNDS]
    assert len(server.requests) == 5
