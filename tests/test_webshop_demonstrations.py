"""The shopper demonstrates: what the cold start plays in WebShop, and the shopper as a policy."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from skill_gym.agents.cold_start import ColdStartConfig, cold_start
from skill_gym.agents.demonstrations import DemonstrationConfig, demonstrations
from skill_gym.agents.explorer_policy import ExplorerPolicy
from skill_gym.agents.imitation import ImitationConfig
from skill_gym.agents.models import load_model
from skill_gym.agents.policy import Sampling
from skill_gym.agents.replies import said_command
from skill_gym.agents.rollout import Episode, play
from skill_gym.agents.tiny_policy import TinyPolicyConfig
from skill_gym.benchmarks.suite import make
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.practice import Practice
from skill_gym.wrappers.tagged_action import own_spelling

ENV = "skill_gym/WebShop-v0"
SHOP = {"products": 120, "goals": 60}
PLAIN = DemonstrationConfig(
    env=ENV, generator=SHOP, episodes=40, held_out=10, practice=Practice(none=1.0), noise=0.0
)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.mark.parametrize("observation", ["text", "text_rich"])
def test_most_tasks_are_bought_rightly(observation: str) -> None:
    won = list(demonstrations(replace(PLAIN, options={"observation": observation})))
    assert len(won) >= 0.8 * PLAIN.episodes
    for one in won:
        assert len(one.replies) <= 15
        assert said_command(one.replies[0]).startswith("search[")
        assert said_command(one.replies[-1]) == "click[Buy Now]"
        assert all(re.fullmatch(r"<think>.+</think><action>.+</action>", text) for text in one.replies)


def test_both_kinds_of_page_are_played_alike() -> None:
    plain, rich = (
        list(demonstrations(replace(PLAIN, options={"observation": mode}))) for mode in ("text", "text_rich")
    )
    assert [one.replies for one in plain] == [one.replies for one in rich]
    assert plain != rich


def test_what_is_clicked_can_be_copied_from_the_page() -> None:
    for one in demonstrations(PLAIN):
        for prompt, reply, admissible in zip(one.prompts, one.replies, one.admissible, strict=True):
            command = said_command(reply)
            assert own_spelling(command, admissible) is not None
            if command.startswith("click["):
                assert command[6:-1] in prompt


def test_mistakes_are_searches_and_clicks_that_are_not_learnt() -> None:
    noisy = list(demonstrations(replace(PLAIN, noise=0.3)))
    mistakes = {
        said_command(reply)
        for one in noisy
        for reply, learnt in zip(one.replies, one.learn, strict=True)
        if not learnt
    }
    assert any(command.startswith("search[") for command in mistakes)
    assert any(command.startswith("click[") for command in mistakes)
    assert not any("<your" in command for command in mistakes)


def test_held_out_tasks_are_of_another_shop() -> None:
    held_out = list(demonstrations(PLAIN, held_out=True))
    assert held_out
    goals = {one.prompts[0] for one in demonstrations(PLAIN)}
    assert goals.isdisjoint(one.prompts[0] for one in held_out)


def test_more_episodes_than_goals_are_refused_with_a_mend() -> None:
    with pytest.raises(ValueError, match="or make a larger shop with"):
        list(demonstrations(replace(PLAIN, first_game=55, episodes=10)))


def test_several_shops_have_goals_enough() -> None:
    shops = replace(PLAIN, generator={**SHOP, "seed": [0, 2]}, size=20, episodes=60)
    played = list(demonstrations(shops))
    assert max(int(one.task_id) for one in played) < 20
    goals = Counter(one.prompts[0] for one in played)
    assert len(goals) > 30, "the same shop again and again"


def test_lessons_are_those_of_the_shop() -> None:
    bank = SkillBank.starter(ENV)
    taught = replace(PLAIN, practice=Practice(none=0.0), episodes=12)
    principles = [skill.principle for skill in bank.skills]
    for one in demonstrations(taught, max_tokens=2000):
        assert any(principle in one.prompts[0] for principle in principles)
        assert not any(principle in prompt for principle in principles for prompt in one.prompts[1:])


@pytest.mark.parametrize("layout", ["transcript", "step"])
def test_the_shopper_is_a_policy(layout: str) -> None:
    def env() -> object:
        return make(
            ENV, size=12, generator=SHOP, bank=SkillBank.empty(), layout=layout, disable_env_checker=True
        )

    tasks = [task.id for task in env().unwrapped.tasks]  # type: ignore[attr-defined]
    played = list(
        play(
            env, ExplorerPolicy(), [Episode(one, one, seed=0) for one in tasks], slots=5, sampling=Sampling()
        )
    )
    shopped = {one.task_id: one for one in demonstrations(replace(PLAIN, episodes=12))}
    solved = {one.trajectory.task.id: one.trajectory for one in played if one.trajectory.ended == "solved"}
    assert set(solved) == set(shopped)
    for task, trajectory in solved.items():
        commands = [
            own_spelling(said_command(text), turn.admissible)
            for text, turn in zip(shopped[task].replies, trajectory.turns, strict=True)
        ]
        assert commands == [turn.command for turn in trajectory.turns]


def test_a_cold_start_makes_a_policy(tmp_path) -> None:
    rows: list[dict[str, float]] = []
    config = ColdStartConfig(
        demonstrations=replace(PLAIN, episodes=8, held_out=2, noise=0.1),
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
