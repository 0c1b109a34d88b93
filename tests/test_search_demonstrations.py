"""The seeker demonstrates: what the cold start plays in Search, and the seeker as a policy."""

import re
from dataclasses import replace

import pytest

from skill_gym.agents.cold_start import ColdStartConfig, cold_start
from skill_gym.agents.config import load_config
from skill_gym.agents.demonstrations import DemonstrationConfig, demonstrations
from skill_gym.agents.env_stack import EnvStack
from skill_gym.agents.explorer_policy import ExplorerPolicy
from skill_gym.agents.imitation import ImitationConfig
from skill_gym.agents.models import load_model
from skill_gym.agents.policy import Sampling
from skill_gym.agents.replies import said_command
from skill_gym.agents.rollout import Episode, play
from skill_gym.agents.tiny_policy import TinyPolicyConfig, train_tokenizer
from skill_gym.benchmarks.suite import make
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.practice import Practice

ENV = "skill_gym/Search-v0"
WORLD = {"scale": 0.25}
PLAIN = DemonstrationConfig(
    env=ENV,
    options={"generator": WORLD},
    size=40,
    episodes=40,
    held_out=10,
    practice=Practice(none=1.0),
    noise=0.0,
)


def test_most_questions_are_answered_rightly() -> None:
    won = list(demonstrations(PLAIN))
    assert len(won) >= 0.9 * PLAIN.episodes
    for one in won:
        assert len(one.replies) <= 4
        assert said_command(one.replies[0]).startswith("<search>")
        assert said_command(one.replies[-1]).startswith("<answer>")
        for text in one.replies:
            assert re.fullmatch(r"<think>.+</think><(search|answer)> \S.*</\1>", text)


def test_what_is_answered_stands_in_what_was_read() -> None:
    for one in demonstrations(PLAIN):
        answer = said_command(one.replies[-1])[len("<answer>") : -len("</answer>")]
        assert answer in " ".join(one.prompts)


def test_mistakes_are_searches_that_are_not_learnt() -> None:
    noisy = list(demonstrations(replace(PLAIN, noise=0.3)))
    mistakes = [
        said_command(reply)
        for one in noisy
        for reply, learnt in zip(one.replies, one.learn, strict=True)
        if not learnt
    ]
    assert mistakes
    assert all(command.startswith("<search>") for command in mistakes), "an answer ends the episode"
    assert not any("<your" in command for command in mistakes)


def test_a_limit_of_steps_is_one_of_turns() -> None:
    short = list(demonstrations(replace(PLAIN, max_steps=2)))
    assert short
    assert {len(one.replies) for one in short} == {2}
    config = load_config(None, [f"env.id={ENV}", "env.max_steps=2", "bank.path=empty"])
    env = EnvStack(config)(SkillBank.empty(), "training")()
    _, info = env.reset(seed=0)
    ends = [env.step("<search>nobody</search>")[2:4] for _ in range(2)]
    assert info["max_turns"] == 2
    assert ends == [(False, False), (False, True)]


@pytest.mark.parametrize("layout", ["transcript", "step"])
@pytest.mark.parametrize("think", [True, False])
def test_the_seeker_is_a_policy(layout: str, think: bool) -> None:
    def env() -> object:
        return make(ENV, size=40, generator=WORLD, bank=SkillBank.empty(), layout=layout, think=think)

    tasks = [task.id for task in env().unwrapped.tasks]  # type: ignore[attr-defined]
    episodes = [Episode(one, one, seed=0) for one in tasks]
    played = list(play(env, ExplorerPolicy(), episodes, slots=5, sampling=Sampling()))
    shown = {one.task_id: one for one in demonstrations(PLAIN)}
    solved = {one.trajectory.task.id: one.trajectory for one in played if one.trajectory.ended == "solved"}
    assert set(solved) == set(shown)
    for task, trajectory in solved.items():
        assert [turn.command for turn in trajectory.turns] == [
            said_command(one) for one in shown[task].replies
        ]


def test_a_name_is_one_token_wherever_it_stands() -> None:
    texts = [text for one in demonstrations(PLAIN) for text in (*one.prompts, *one.replies)]
    tokenizer = train_tokenizer(texts, [], TinyPolicyConfig(vocab_size=3000, phrases=200))
    for one in list(demonstrations(PLAIN))[:10]:
        for reply in one.replies:
            said = re.search(r"<(?:search|answer)> (\w+)", reply)
            assert said is not None
            (token,) = tokenizer(" " + said[1], add_special_tokens=False)["input_ids"]
            assert token in tokenizer(reply, add_special_tokens=False)["input_ids"]
            assert token in tokenizer("".join(one.prompts), add_special_tokens=False)["input_ids"]


def test_a_cold_start_makes_a_policy(tmp_path) -> None:
    rows: list[dict[str, float]] = []
    config = ColdStartConfig(
        demonstrations=replace(PLAIN, episodes=20, held_out=2, noise=0.1),
        policy=TinyPolicyConfig(
            vocab_size=600, phrases=40, hidden_size=64, intermediate_size=64, layers=1, heads=2
        ),
        imitation=ImitationConfig(warmup_steps=2, log_steps=2, read_weight=0.0, batch_tokens=4096),
        accuracy_games=1,
        out=str(tmp_path),
    )
    policy = load_model(cold_start(config, progress=rows.append))
    assert policy.config.max_position_embeddings == 4096
    assert rows[-1]["commands"] > 0
