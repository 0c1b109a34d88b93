import random
from collections.abc import Iterator

import pytest
from tiny_model import tiny_tokenizer

from skill_gym.agents.batching import BatchPolicy
from skill_gym.agents.chat import ChatTokens
from skill_gym.agents.demonstrations import (
    DemonstrationConfig,
    demonstrations,
    encode,
    load_bank,
    said,
    vary_bank,
)
from skill_gym.agents.packing import make_samples
from skill_gym.agents.policy import Sampling
from skill_gym.agents.rollout import Episode, play
from skill_gym.agents.tiny_policy import TinyPolicyConfig, train_tokenizer
from skill_gym.benchmarks.suite import make
from skill_gym.skillbanks.bank import SkillBank

FEW = DemonstrationConfig(episodes=12, held_out=6, noise=0.0, all_skills=1.0, no_skills=0.0)


def own_tokenizer():
    plain = DemonstrationConfig(episodes=12, no_skills=1.0, all_skills=0.0)
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
    shown = {one.task_id: one for one in demonstrations(FEW, count_tokens=chat.count_tokens)}
    policy = Repeating(chat, {name: iter(one.replies) for name, one in shown.items()})
    played = list(
        play(
            lambda: make(
                "skill_gym/ALFWorld-v0",
                size=FEW.episodes,
                bank=SkillBank.starter("alfworld"),
                layout="transcript",
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
    noisy = DemonstrationConfig(episodes=12, noise=0.4, seed=3)
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
    few = list(demonstrations(DemonstrationConfig(episodes=6)))
    more = list(demonstrations(DemonstrationConfig(episodes=9)))
    assert few == more[: len(few)]


def test_held_out_games_are_others():
    training = {one.task_id for one in demonstrations(FEW)}
    assert training.isdisjoint(one.task_id for one in demonstrations(FEW, held_out=True))


def test_a_bank_is_shown_whole_in_part_or_not_at_all():
    bank = load_bank("alfworld")
    rng = random.Random(0)
    assert vary_bank(bank, rng, all_skills=1.0, no_skills=0.0) is bank
    assert len(vary_bank(bank, rng, all_skills=0.0, no_skills=1.0)) == 0
    parts = [vary_bank(bank, rng, all_skills=0.0, no_skills=0.0) for _ in range(5)]
    assert len({part.ids for part in parts}) == 5
    for part in parts:
        assert set(part.ids) < set(bank.ids)


@pytest.mark.parametrize("wrong", [{"episodes": 0}, {"all_skills": 0.7, "no_skills": 0.7}, {"noise": 1.0}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=r"got|must be"):
        DemonstrationConfig(**wrong)
