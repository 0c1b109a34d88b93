from collections.abc import Iterator
from dataclasses import replace

import pytest
from tiny_model import tiny_tokenizer

from skill_gym.agents.batching import BatchPolicy
from skill_gym.agents.chat import ChatTokens
from skill_gym.agents.demonstrations import (
    DemonstrationConfig,
    demonstrations,
    encode,
    in_chunks,
    said,
    said_command,
)
from skill_gym.agents.packing import make_samples
from skill_gym.agents.policy import Sampling
from skill_gym.agents.rollout import Episode, play
from skill_gym.agents.tiny_policy import TinyPolicyConfig, train_tokenizer
from skill_gym.benchmarks.suite import make
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.habit_practice import HabitPractice

ENV = "skill_gym/ALFWorld-v0"
BARE = HabitPractice(none=1.0, wrong=0.0, irrelevant=0.0, household=1.0)


def alfworld(**settings) -> DemonstrationConfig:
    return DemonstrationConfig(env=ENV, **{"practice": HabitPractice(), **settings})


FEW = alfworld(episodes=12, held_out=6, noise=0.0)


def own_tokenizer():
    plain = alfworld(episodes=12)
    frames = [text for one in demonstrations(plain) for text in (*one.prompts, *one.replies)]
    return train_tokenizer(frames, [], TinyPolicyConfig(vocab_size=600, phrases=60))


@pytest.fixture(scope="module", params=["our template", "chatml"])
def chat(request) -> ChatTokens:
    return ChatTokens(own_tokenizer() if request.param == "our template" else tiny_tokenizer())


class Repeating(BatchPolicy):
    """Says what the explorer said, in the tokens of a policy that was asked in the real rollout."""

    def __init__(self, chat: ChatTokens, replies: dict[str, Iterator[str]]) -> None:
        super().__init__("repeating")
        self.chat, self.replies = chat, replies

    def answer(self, requests):
        answers = []
        for request in requests:
            reply = next(self.replies[request.info["task"]])
            one = said(request.messages[-1]["content"], reply, self.chat, request.previous)
            assert one.prompt_ids == self.chat.request_ids(request)
            answers.append(type(one)(request.ticket, one.prompt_ids, one.token_ids, one.logprobs, reply))
        return answers


def test_demonstrations_are_the_tokens_that_are_seen_at_play(chat):
    # Without a world all games are of one environment.
    config = replace(FEW, practice=BARE)
    shown = {one.task_id: one for one in demonstrations(config, count_tokens=chat.count_tokens)}
    policy = Repeating(chat, {name: iter(one.replies) for name, one in shown.items()})
    played = list(
        play(
            lambda: make(
                ENV,
                size=FEW.episodes,
                bank=SkillBank.empty(),
                layout="transcript",
                think=True,
                max_tokens=FEW.max_tokens,
                count_tokens=chat.count_tokens,
            ),
            policy,
            [Episode(name, name, seed=0) for name in shown],
            slots=5,
            sampling=Sampling(max_new_tokens=64),
        )
    )
    assert len(played) == FEW.episodes
    for one in played:
        assert one.trajectory.ended == "solved"
        (sample,) = make_samples([one], [[0.0] * len(one.completions)])
        mine = encode(shown[one.episode.task_id], chat)
        assert mine.token_ids.tolist() == sample.token_ids.tolist()
        assert mine.positions.tolist() == sample.positions.tolist()


def test_only_replies_with_their_end_are_learnt(chat):
    one = next(demonstrations(FEW))
    sample = encode(one, chat)
    spoken = "".join(
        chat.text(sample.token_ids[sample.positions][sample.turns == turn])
        for turn in range(len(one.replies))
    )
    assert spoken == "".join(one.replies)
    ends = [sample.token_ids[sample.positions][sample.turns == turn][-1] for turn in range(len(one.replies))]
    assert set(ends) <= chat.stop_ids


def test_noise_is_read_but_not_learnt(chat):
    noisy = alfworld(episodes=12, noise=0.4, seed=3)
    episodes = list(demonstrations(noisy))
    assert any(not all(one.learn) for one in episodes)
    for one in episodes:
        sample = encode(one, chat)
        assert set(sample.turns.tolist()) == {turn for turn, learn in enumerate(one.learn) if learn}


def test_what_the_world_answers_can_weigh_a_little(chat):
    one = next(demonstrations(FEW))
    plain, more = encode(one, chat), encode(one, chat, read_weight=0.25)
    assert more.token_ids.tolist() == plain.token_ids.tolist()
    said_tokens = more.turns >= 0
    assert more.positions[said_tokens].tolist() == plain.positions.tolist()
    assert set(more.advantages[~said_tokens].tolist()) == {0.25}
    first_prompt = plain.positions[0]
    assert more.positions.min() == first_prompt, "the instructions are not to be learnt"


def test_the_same_config_gives_the_same_episodes_and_more_games_change_none():
    few = list(demonstrations(alfworld(episodes=6)))
    more = list(demonstrations(alfworld(episodes=9)))
    assert few == more[: len(few)]


def test_chunks_are_the_same_games(monkeypatch):
    monkeypatch.setattr("skill_gym.agents.demonstrations.CHUNK", 4)
    config = alfworld(episodes=10, first_game=3)
    chunks = in_chunks(config)
    assert [(one.first_game, one.episodes) for one in chunks] == [(3, 4), (7, 4), (11, 2)]
    assert [one for chunk in chunks for one in demonstrations(chunk)] == list(demonstrations(config))


def test_a_range_of_a_setting_is_drawn_for_each_game():
    rooms = [
        one.prompts[0].count("cabinet") + one.prompts[0].count("drawer")
        for scale in (0.3, [0.3, 2.0], 2.0)
        for one in demonstrations(alfworld(episodes=8, practice=BARE, generator={"room_scale": scale}))
    ]
    small, drawn, large = sum(rooms[:8]), sum(rooms[8:16]), sum(rooms[16:])
    assert small < drawn < large


def test_replies_hold_a_thought_and_the_command():
    for one in demonstrations(FEW):
        for reply in one.replies:
            assert reply.startswith("<think>")
            assert reply.endswith(f"</think><action>{said_command(reply)}</action>")


def test_held_out_games_are_others():
    training = {one.task_id for one in demonstrations(FEW)}
    assert training.isdisjoint(one.task_id for one in demonstrations(FEW, held_out=True))


@pytest.mark.parametrize(
    "wrong",
    [
        {"episodes": 0},
        {"first_game": -1},
        {"workers": 0},
        {"generator": {"room_scale": [0.3, 0.5, 0.9]}},
        {"generator": {"room_scale": [0.9, 0.3]}},
        {"noise": 1.0},
    ],
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=r"got|must be"):
        alfworld(**wrong)
