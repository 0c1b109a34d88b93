"""Tokens are counted over the same episodes, as they were sent, and success stands beside them."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from word_vectors import WordVectors

from skill_gym.agents.config import load_config
from skill_gym.agents.explorer_policy import ExplorerPolicy
from skill_gym.benchmarks import context_tokens
from skill_gym.benchmarks.claim import Claim
from skill_gym.benchmarks.context_blocks import section_tokens, tokens_of
from skill_gym.benchmarks.context_cost import LAYOUTS, replayed
from skill_gym.benchmarks.context_episodes import SCENES
from skill_gym.benchmarks.context_play import OTHERS, ArmResult, Stage, play_paired, tell
from skill_gym.benchmarks.context_sources import Sources, arms, read_banks, read_records
from skill_gym.benchmarks.evaluation import Evaluation, TaskResult
from skill_gym.benchmarks.laptop import SETTINGS, held_out_worlds
from skill_gym.benchmarks.released_prompts import released_prompts
from skill_gym.benchmarks.replayed_tokens import ReplayError, Tokens, replay, same_course, tokens
from skill_gym.benchmarks.token_counters import ChatCounter, PlainCounter
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.retrieval import ByTaskType
from skill_gym.trajectory import Task, Trajectory, Turn

WORDS = PlainCounter("words", lambda text: len(text.split()))
TASK = Task("1", "env:0:1", "env", "test", "", "put mug in shelf")


def sources(folder, **changes) -> Sources:
    settings = {"banks": {}, "memories": {}, "episodes": 2, "experience": 16}
    return Sources(counters=[WORDS], model=WordVectors(), folder=folder, **{**settings, **changes})


@pytest.fixture(scope="module")
def alfworld(tmp_path_factory):
    """Two counted episodes, and every arm in both layouts."""
    scene, given = SCENES["ALFWorld"], sources(tmp_path_factory.mktemp("memories"))
    episodes = scene.counted_episodes(None, given.episodes)
    lived = scene.experience_episodes(None, given.experience)
    compared = list(arms("ALFWorld", lived, given))
    shown = {
        (arm.name, layout): replayed(arm, scene, None, episodes, layout)
        for arm in compared
        for layout in LAYOUTS
    }
    return episodes, compared, shown


def test_steps_are_counted_whole_and_a_conversation_with_all_that_was_said():
    turns = (
        Turn("", "one two three", "say a", "a", True, 0.0),
        Turn("", "four five", "b", "b", True, 1.0),
    )
    episode = Trajectory(TASK, turns, "solved")
    assert tokens([episode], WORDS, "step") == Tokens(steps=2, sent=3 + 2, new=5)
    # The second prompt is sent with the first one and its reply.
    assert tokens([episode], WORDS, "transcript") == Tokens(steps=2, sent=3 + (3 + 2 + 2), new=5)
    both = tokens([episode, episode], WORDS, "transcript")
    assert (both.per_step, both.new_per_step) == (5.0, 2.5)
    with pytest.raises(ValueError, match="no steps"):
        tokens([Trajectory(TASK, (), "truncated")], WORDS, "step")


def test_a_transcript_is_what_a_policy_would_send(alfworld):
    pytest.importorskip("transformers")
    from skill_gym.agents.chat import ChatTokens
    from skill_gym.agents.models import load_tokenizer, resolve_model

    chat = ChatTokens(load_tokenizer(resolve_model("tiny")))
    _, _, shown = alfworld
    for episode in shown["starter_skills", "transcript"]:
        messages, recount = [], []
        for turn in episode.turns:
            messages.append({"role": "user", "content": turn.prompt})
            recount.append(len(chat.prompt_ids(messages)))
            messages.append({"role": "assistant", "content": turn.reply})
        counter = ChatCounter("tiny", chat)
        prompts, replies = zip(*((turn.prompt, turn.reply) for turn in episode.turns), strict=True)
        assert counter.conversation(prompts, replies) == recount
        assert tokens([episode], counter, "transcript").sent == sum(recount)
        assert tokens([episode], counter, "step").sent == sum(map(counter.prompt, prompts))


def test_arms_differ_in_their_block_alone(alfworld):
    episodes, compared, shown = alfworld
    assert {arm.name for arm in compared} == {"none", "starter_skills", "raw", "unlike", "whole"}
    assert same_course([episodes, *shown.values()])
    for arm in compared[1:]:
        for layout in LAYOUTS:
            for bare, seen in zip(shown["none", layout], shown[arm.name, layout], strict=True):
                block = arm.block(bare.task)
                assert block.text
                for number, (without, with_) in enumerate(zip(bare.turns, seen.turns, strict=True)):
                    there = layout == "step" or number == 0
                    front = f"{block.text}\n\n" if there else ""
                    assert with_.prompt == front + without.prompt


def test_another_course_is_told(alfworld):
    episodes, compared, _ = alfworld
    one = episodes[0]
    other = replace(one, turns=(replace(one.turns[0], observation="else"), *one.turns[1:]))
    assert not same_course([[one], [other]])
    env = compared[0].make(SCENES["ALFWorld"].env_id, "step", split="generated_test")
    with pytest.raises(ReplayError, match="observation was 'else'"):
        replay(env, other)
    with pytest.raises(ReplayError, match="did not end"):
        replay(env, replace(one, turns=one.turns[:-1]))
    with pytest.raises(ReplayError, match="ended after"):
        replay(env, replace(one, turns=(*one.turns, one.turns[-1])))


def test_sections_add_up_to_the_block():
    bank = SkillBank.starter("alfworld")
    (found,) = ByTaskType(bank).retrieve([replace(TASK, task_type="pick_and_place_simple")])
    parts = section_tokens(found, WORDS.count)
    assert min(parts) > 0
    # Words do not merge across lines; the first line is the block's heading.
    assert sum(parts) + WORDS.count("Skills learned from earlier episodes:") == tokens_of(found, WORDS.count)


class Distracted(ExplorerPolicy):
    """An explorer that says nothing in every third game, so that some fail."""

    def count_tokens(self, text):
        return WORDS.count(text)

    def answer(self, requests):
        lost = {request.ticket for request in requests if len(request.info["goal"]) % 3 == 0}
        return [replace(said, text="") if said.ticket in lost else said for said in super().answer(requests)]


def test_a_policy_plays_the_same_games_in_every_arm_and_is_counted_over_the_same_episodes(tmp_path, capsys):
    policy = Distracted()
    stage = Stage(
        policy=policy,
        config=load_config(None, SETTINGS),
        count_tokens=policy.count_tokens,
        model=WordVectors(),
        folder=tmp_path,
        checkout=None,
        seed=0,
    )
    results = play_paired(stage, held_out_worlds(1), collect=12, games=4, counters=[WORDS])
    assert [*results] == ["none", "skills", *OTHERS]
    games = [
        [one.task_key for one in evaluation.results]
        for r in results.values()
        for evaluation in r.played.values()
    ]
    assert all(one == games[0] and len(one) == 4 for one in games)
    steps = {counted.steps for result in results.values() for counted in result.same["words"]}
    assert len(steps) == 1, "the same episodes"
    none = results["none"].per_step("words")
    assert all(result.per_step("words") > none for name, result in results.items() if name != "none")
    assert results["budget"].per_step("words") <= none + 250
    figures = tell(results, [WORDS])
    assert figures["games"] == 4
    assert figures["tokens_per_step"] == results["skills"].per_step("words")
    assert figures["saving_vs_raw"] == 1 - figures["skills_tokens_per_step"] / figures["raw_tokens_per_step"]
    assert "RetrievalMemory" in capsys.readouterr().out


def evaluation(solved: str) -> Evaluation:
    results = tuple(
        TaskResult(str(at), f"k{at}", "", "solved" if one == "1" else "failed", float(one), 2, 2, 10)
        for at, one in enumerate(solved)
    )
    return Evaluation("env", ("test",), "policy", "", 0, 0.0, results)


def test_tokens_and_success_stand_side_by_side_with_the_difference_of_the_same_games(capsys):
    played = {"none": "0000", "skills": "1110", **dict.fromkeys(OTHERS, "1000")}
    costs = {"none": 100, "skills": 150, **dict.fromkeys(OTHERS, 200)}
    results = {
        name: ArmResult(name, {"1": evaluation(played[name])}, {"words": [Tokens(4, 4 * costs[name], 0)]})
        for name in played
    }
    figures = tell(results, [WORDS])
    assert figures["saving_vs_raw"] == 0.25
    assert (figures["skills_success"], figures["raw_success"], figures["none_success"]) == (0.75, 0.25, 0)
    assert (figures["gain_over_raw"], figures["gain_over_none"]) == (0.5, 0.75)
    assert figures["gain_over_raw_low"] < 0.5 < figures["gain_over_raw_high"]
    assert results["skills"].played_per_step == 5.0
    assert Claim("", figures, context_tokens.BOUNDS).holds
    for worse in ({"saving_vs_whole": 0.19}, {"gain_over_whole_high": -0.01}):
        assert not Claim("", {**figures, **worse}, context_tokens.BOUNDS).holds
    assert "+25.0%" in capsys.readouterr().out


def test_the_whole_command_counts_all_three_environments(tmp_path, monkeypatch, capsys):
    pytest.importorskip("transformers")
    from skill_gym.agents.models import BUNDLED

    class Model(WordVectors):
        def __init__(self, *_, **__):
            super().__init__()

        @property
        def model(self):
            return self

    monkeypatch.setattr(context_tokens, "Embedder", Model)
    bank, out = tmp_path / "bank.json", tmp_path / "out.json"
    SkillBank.starter("webshop").save(bank)
    call = ["--quick", "--no-play", "--episodes", "2", "--tokenizer", str(BUNDLED)]
    assert context_tokens.main([*call, "--bank", str(bank), "--json", str(out)]) == 0
    figures = json.loads(out.read_text())["figures"]
    for name in ("alfworld", "webshop", "search"):
        for layout in LAYOUTS:
            none = figures[f"{name}_{layout}_none_tokens_per_step"]
            skills = figures[f"{name}_{layout}_starter_skills_tokens_per_step"]
            raw = figures[f"{name}_{layout}_raw_tokens_per_step"]
            assert none < min(skills, raw)
            saving = figures[f"{name}_{layout}_starter_skills_saving_vs_raw"]
            assert saving == pytest.approx(1 - skills / raw)
    place = "webshop_step_{}_skills_tokens_per_step"
    assert figures[place.format("released")] == figures[place.format("starter")], "the same bank"
    assert figures["released_code"] == "restated"
    assert "pass --released CHECKOUT" in capsys.readouterr().out


def test_files_that_are_something_else_and_players_that_cannot_read_are_refused(tmp_path, capsys):
    file = tmp_path / "file.json"
    file.write_text('[{"tags": {"environment": "Chess"}}]')
    with pytest.raises(ValueError, match=r"no memory file.*Chess"):
        read_records([file])
    SkillBank.empty().save(file)
    with pytest.raises(ValueError, match="no category belongs"):
        read_banks([file])
    with pytest.raises(SystemExit):
        context_tokens.main(["--policy", "explorer"])
    assert "cannot read trajectories" in capsys.readouterr().err


def test_released_records_are_counted_beside_the_released_bank(shared_data, tmp_path):
    folder = shared_data / "skillrl"
    given = sources(
        tmp_path,
        banks=read_banks([folder / "banks" / "search.json"]),
        memories=read_records([folder / "memories" / "search.json"]),
    )
    lived = SCENES["Search"].experience_episodes(None, given.experience)
    compared = {arm.name: arm for arm in arms("Search", lived, given)}
    assert {"released_skills", "refined", "refined_unlike"} < {*compared}
    question = replace(TASK, goal=given.memories["Search"][0]["content"]["task_meta"]["original_goal"])
    assert compared["refined"].block(question).entries > 0


def test_released_templates_are_filled_with_two_past_steps_and_experience_from_the_second_step_on():
    templates = SimpleNamespace(
        ALFWORLD_TEMPLATE_NO_HIS="first {current_observation} [{admissible_actions}]",
        ALFWORLD_TEMPLATE="{task_description}|{step_count}|{history_length}|{action_history}|{current_step}|"
        "{current_observation}|{admissible_actions}",
        ALFWORLD_TEMPLATE_WITH_MEMORY="{retrieved_memories}|{task_description}|{step_count}|{history_length}|"
        "{action_history}|{current_step}|{current_observation}|{admissible_actions}",
    )
    turns = tuple(
        Turn(f"saw {at}", "", "", f"do {at}", True, 0.0, admissible=("help", "look")) for at in range(4)
    )
    episode = Trajectory(TASK, turns, "failed")
    prompts = released_prompts(templates, episode, lambda goal: f"know {goal}")
    assert prompts[0] == "first saw 0 ['look']"
    history = "[Observation 2: 'saw 1', Action 2: 'do 1']\n[Observation 3: 'saw 2', Action 3: 'do 2']"
    assert prompts[3] == f"know {TASK.goal}|{TASK.goal}|3|2|{history}|4|saw 3|'look'"
    assert released_prompts(templates, episode, None)[3] == prompts[3].removeprefix(f"know {TASK.goal}|")
