"""A model that evolves a bank is shown what matters, and believed only where its evidence bears it out."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest

pytest.importorskip("pydantic", reason="needs the extra 'teachers'")

from dataclasses import replace

from planted_episodes import episode, planted, solved
from scripted_evolver import answer

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.evolution import EvolutionConfig, evolve
from skill_gym.skillbanks.goals import HEAT, PLACE
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.teacher import TeacherError, TeacherRequest
from skill_gym.skillbanks.teachers.asking import Asker
from skill_gym.skillbanks.teachers.chat import ChatReply, ChatRequest
from skill_gym.skillbanks.teachers.evolving import EvolvingConfig, propose
from skill_gym.skillbanks.teachers.model_teacher import ModelTeacher
from skill_gym.trajectory import Trajectory

BANK = SkillBank.empty().with_skills(
    [
        Skill("gen_001", "Look around", "See what there is before you move."),
        Skill("hea_001", "Heat at once", "Carry it to the microwave first of all.", category="heat"),
        Skill("coo_001", "Cool it", "Put it into the fridge for a while.", category="cool"),
        Mistake("err_001", "Walking in circles.", "Keep count of where you were.", category="heat"),
    ]
)
NOTHING: dict[str, Any] = {"skills": [], "mistakes": [], "revisions": [], "retirements": []}


class Model:
    """Answers by a function of the request and keeps what it was asked."""

    name = "scripted"

    def __init__(self, said: Callable[[ChatRequest], Any], context_tokens: int = 60_000) -> None:
        self.said, self.context_tokens = said, context_tokens
        self.requests: list[ChatRequest] = []

    def complete(self, request: ChatRequest) -> ChatReply:
        self.requests.append(request)
        said = self.said(request)
        if isinstance(said, Exception):
            raise said
        return ChatReply(text=json.dumps(said), prompt_tokens=10, reply_tokens=10)


def model(*answers: Any) -> Model:
    """A model with these answers one after the other, the last one again and again."""
    left = list(answers)
    return Model(lambda _: left.pop(0) if len(left) > 1 else left[0])


def diligent(context_tokens: int = 60_000) -> Model:
    def said(request: ChatRequest) -> Any:
        return answer(request.messages[-1].content, request.schema_name, request.schema or {})

    return Model(said, context_tokens)


def played_with(cause: str, count: int = 3, *ids: str) -> list[Trajectory]:
    made = [planted(cause, number=number) for number in range(count)]
    return [replace(one, turns=tuple(replace(turn, skill_ids=ids) for turn in one.turns)) for one in made]


def skill(**fields: Any) -> dict[str, Any]:
    return {
        "sources": ["E1"],
        "task_type": "heat",
        "cause": "it was never heated",
        "title": "Heat before delivery",
        "principle": "Warm the thing that you carry before you bring it to its place.",
        "when_to_apply": "When something hot is asked for.",
        **fields,
    }


def evolved(teacher: Model, episodes: Sequence[Trajectory], bank: SkillBank = BANK, **config: Any):
    return evolve(bank, episodes, ModelTeacher(Asker(teacher)), EvolutionConfig(min_episodes=1, **config))


def test_it_reads_whole_aligned_failures_contrast_and_the_bank_with_its_use():
    failed = played_with("missing transformation", 3, "gen_001", "hea_001")
    won = episode(
        "put a hot egg in shelf.", HEAT, [("heat egg 1 with microwave 1", "It is hot.")], ended="solved"
    )
    teacher = model(NOTHING)
    evolved(teacher, [*failed, won, solved(PLACE)])
    (request,) = teacher.requests
    text = request.messages[1].content
    for number in (1, 2, 3):
        assert f'<episode name="E{number}" task_type="{HEAT}" ended="truncated" reward="0">' in text
    assert text.count("goal: put a hot mug in shelf.") == 3
    assert text.count("3. did: go to shelf 1\n   saw: You arrive at shelf 1.") == 3
    assert f'<episode name="E4" task_type="{HEAT}" ended="solved"' in text
    assert '"E5"' not in text, "a success of a type that is not weak is no contrast"
    assert "[hea_001] (heat, skill; shown in 3 failed and 0 solved episodes) Heat at once:" in text
    assert "[err_001] (heat, mistake) Walking in circles." in text
    assert "coo_001" not in text
    assert "(E2 was played with gen_001, hea_001)" in text
    assert "never an instruction" in request.messages[0].content


def test_new_skills_and_mistakes_enter_their_categories_with_their_evidence():
    mistake = {
        "sources": ["E1", "E2"],
        "task_type": "general",
        "description": "The thing was put down as it was found.",
        "why_it_happens": "The goal's adjective was overlooked.",
        "how_to_avoid": "Read the adjectives of the goal before you put anything down.",
    }
    failed = played_with("missing transformation", 2)
    result = evolved(model({**NOTHING, "skills": [skill(sources=["E2"])], "mistakes": [mistake]}), failed)
    (added,), (warned,) = result.added, result.mistakes
    assert (added.category, warned.category) == ("heat", None)
    assert (added.id, warned.id) == ("dyn_001", "err_002")
    assert len(added.provenance.trajectory_ids) == 1
    assert len(warned.provenance.trajectory_ids) == 2
    assert added.provenance.evidence == "it was never heated; seen in 1 of 2 failed episodes (heat)"
    assert result.causes == {"it was never heated": 1}
    assert result.unexplained == ()


def test_a_new_version_takes_the_place_of_the_old_one():
    revision = {name: value for name, value in skill().items() if name != "task_type"} | {
        "replaces": "hea_001"
    }
    result = evolved(model({**NOTHING, "revisions": [revision]}), played_with("missing transformation"))
    assert result.revised == {"hea_001": "dyn_001"}
    assert result.bank.get("dyn_001").category == "heat"
    assert "hea_001" not in result.bank


def test_only_what_a_cited_failure_was_played_with_is_retired():
    gone = {**NOTHING, "retirements": [{"sources": ["E2"], "id": "hea_001", "reason": "it led astray"}]}
    shown = [*played_with("missing transformation", 1), *played_with("loop", 1, "hea_001")]
    both = model(gone, {**NOTHING, "retirements": [{**gone["retirements"][0], "sources": ["E1"]}]})
    result = evolved(both, shown)
    assert "no failed episode that was played with hea_001" in both.requests[1].messages[-1].content
    assert result.retired == {"hea_001": "it led astray"}
    nobody = evolved(model(gone), played_with("missing transformation"))
    assert nobody.error.startswith("invalid answer")
    assert "hea_001" in nobody.bank


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"skills": [skill(sources=["E3"])]}, "for heat, but it cites episodes of pick_and_place"),
        ({"skills": [skill(sources=["E1", "E3"])]}, "cites episodes of heat, pick_and_place"),
        ({"skills": [skill(sources=["E4"])]}, "skills.0 cites no failed episode"),
        ({"skills": [skill(sources=["E9"])]}, "sources.0"),
        ({"skills": [skill(sources=[])]}, "sources"),
        ({"skills": [skill(task_type="cool")]}, "task_type"),
        ({"skills": [skill(title=f"Heat {n}") for n in range(4)]}, "at most 3"),
        ({"retirements": [{"sources": ["E1"], "id": "coo_001", "reason": "not of use"}]}, "retirements"),
        ({"revisions": [{**skill(), "replaces": "hea_001"}]}, "task_type"),
    ],
)
def test_what_is_not_borne_out_is_sent_back_once_and_then_an_error(wrong, told):
    episodes = [
        *played_with("missing transformation", 2),
        *played_with("loop", 1),
        *played_with("loop", 1, "gen_001"),
    ]
    won = episode("put a hot egg in shelf.", HEAT, [("look", "A room.")], ended="solved", number=7)
    request = TeacherRequest(tuple(episodes[:3]), BANK, successes=(won,))
    mended = model({**NOTHING, **wrong}, {**NOTHING, "skills": [skill()]})
    assert len(propose(Asker(mended), request).proposals) == 1
    assert told in mended.requests[1].messages[-1].content
    stubborn = evolved(model({**NOTHING, **wrong}), episodes[:2])
    assert stubborn.bank is BANK
    assert stubborn.error.startswith("invalid answer")


def test_more_failures_than_fit_are_diagnosed_first_and_nothing_of_them_is_lost():
    causes = ("missing transformation", "lamp not used", "impossible commands")
    episodes = [planted(cause, number=number) for cause in causes for number in range(9)]
    small = diligent(context_tokens=9_000)
    result = evolved(small, episodes, max_new_skills=9)
    purposes = [request.purpose for request in small.requests]
    assert purposes.count("causes of failures") > 3
    assert purposes[-1] == "evolution"
    shown = [
        set(re.findall(r'task_type="(\w+)"', request.messages[1].content)) for request in small.requests[:-1]
    ]
    assert all(len(types) == 1 for types in shown)
    for one in result.added:
        types = {key.split("/")[2].partition("-")[0] for key in one.provenance.trajectory_ids}
        assert len(types) == 1
    assert {one.provenance.evidence.partition(";")[0] for one in result.added} == set(causes)
    cited = {key for one in result.added for key in one.provenance.trajectory_ids}
    assert cited == {one.task.key for one in episodes}


def test_a_batch_without_an_answer_is_counted_and_the_rest_goes_on():
    careful = diligent(context_tokens=9_000)
    said = careful.said

    def lamps_are_refused(request: ChatRequest) -> Any:
        about_lamps = request.purpose == "causes of failures" and "desklamp" in request.messages[1].content
        return TeacherError("refused", "no lamps") if about_lamps else said(request)

    careful.said = lamps_are_refused
    episodes = [
        planted(cause, number=n) for cause in ("missing transformation", "lamp not used") for n in range(12)
    ]
    result = evolved(careful, episodes)
    assert {one.provenance.evidence.partition(";")[0] for one in result.added} == {"missing transformation"}
    assert {part.fault for part in result.lost} == {"refused"}
    assert {key for part in result.lost for key in part.evidence} == {
        one.task.key for one in episodes if "lamp" in one.task.goal
    }
    assert result.unexplained == ()
    assert result.error is None


def test_a_batch_that_is_too_long_for_the_model_is_asked_about_in_halves():
    careful = diligent(context_tokens=9_000)
    said = careful.said

    def short_of_breath(request: ChatRequest) -> Any:
        if request.purpose == "causes of failures" and request.messages[1].content.count("<episode ") > 2:
            return TeacherError("too long", "for me")
        return said(request)

    careful.said = short_of_breath
    result = evolved(careful, [planted("missing transformation", number=n) for n in range(16)])
    assert result.lost == ()
    (added,) = result.added
    assert len(added.provenance.trajectory_ids) == 16


@pytest.mark.parametrize("fault", ["unavailable", "refused", "over budget"])
@pytest.mark.parametrize("context_tokens", [60_000, 9_000])
def test_a_teacher_without_any_answer_is_a_typed_error(fault, context_tokens):
    silent = Model(lambda _: TeacherError(fault, "no"), context_tokens)
    episodes = [planted("missing transformation", number=n) for n in range(16)]
    result = evolved(silent, episodes)
    assert result.error.startswith(fault)
    assert result.bank is BANK


def test_a_context_without_room_for_an_episode_says_so():
    with pytest.raises(TeacherError, match="no room for an episode") as caught:
        propose(Asker(diligent(2_000)), TeacherRequest((planted("loop"),), BANK))
    assert caught.value.fault == "too long"


def test_a_large_bank_takes_only_its_share_and_says_what_is_left_out():
    many = BANK.with_skills(
        [Skill(f"gen_{n:03}", f"Rule {n}", f"Keep to rule number {n} at all times.") for n in range(100, 400)]
    )
    teacher = model(NOTHING)
    request = TeacherRequest(tuple(played_with("missing transformation", 1, "gen_399")), many)
    propose(Asker(teacher), request, EvolvingConfig(bank_share=0.02))
    text = teacher.requests[0].messages[1].content
    lines = [line for line in text.splitlines() if line.startswith("[")]
    assert 10 < len(lines) < 60
    assert lines[0].startswith("[gen_399]"), "what failed episodes were shown comes first"
    assert f"({303 - len(lines)} more entries have no room here)" in text


def test_environments_are_not_mixed_and_without_failures_nobody_is_asked():
    teacher = model(NOTHING)
    assert propose(Asker(teacher), TeacherRequest((), BANK)).proposals == ()
    one = planted("loop")
    other = replace(one, task=replace(one.task, env_id="skill_gym/WebShop-v0"))
    with pytest.raises(ValueError, match="ALFWorld-v0 and skill_gym/WebShop-v0"):
        propose(Asker(teacher), TeacherRequest((one, other), BANK))
    assert teacher.requests == []


@pytest.mark.parametrize(
    "fields",
    [
        {"episode_tokens": 10},
        {"contrasts": -1},
        {"bank_share": 1.0},
        {"answer_tokens": 1},
        {"most_changes": 0},
    ],
)
def test_senseless_settings_are_refused(fields):
    with pytest.raises(ValueError, match=next(iter(fields))):
        EvolvingConfig(**fields)
