import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import gymnasium as gym
import pytest
from tiny_model import tiny_tokenizer
from toy_env import TOY_ID, ToyEnv

from skill_gym.agents.batching import BatchPolicy
from skill_gym.agents.chat import ChatTokens
from skill_gym.agents.demonstration_play import _apart, _as_read
from skill_gym.agents.demonstration_tokens import encode, said
from skill_gym.agents.demonstrations import (
    DemonstrationConfig,
    _between,
    demonstrations,
    in_chunks,
)
from skill_gym.agents.packing import make_samples
from skill_gym.agents.policy import Sampling
from skill_gym.agents.replies import reply, said_command
from skill_gym.agents.rollout import Episode, play
from skill_gym.agents.tiny_policy import TinyPolicyConfig, train_tokenizer
from skill_gym.benchmarks.suite import make
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.habit_practice import HabitPractice
from skill_gym.skillbanks.practice import Practice
from skill_gym.skillbanks.skill import Skill

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


def test_episodes_in_a_row_share_what_is_drawn():
    drawn = [one.prompts[0] for one in demonstrations(alfworld(episodes=8, practice=BARE, in_a_row=4))]
    assert drawn == [one.prompts[0] for one in demonstrations(alfworld(episodes=8, practice=BARE))]
    many = alfworld(episodes=40, practice=BARE, generator={"room_scale": [0.3, 2.0]}, size=1)
    assert len({one.prompts[0] for one in demonstrations(many)}) > 10
    assert len({one.prompts[0] for one in demonstrations(replace(many, in_a_row=20))}) == 2


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


class KeyPlayer:
    """Opens the toy's boxes; believes whoever advises it to look first."""

    def __init__(self, first_observation: str, advice: str) -> None:
        self.colour = first_observation.rpartition("the ")[2].removesuffix(" box.")
        self.thought = ""
        self.held = self.down = self.opened = False
        self.looked = "look around first" not in advice

    def observe(self, command: str, observation: str) -> None:
        self.looked |= command == "look"
        self.held |= observation == f"You take the {self.colour} key."
        self.down = "cellar" in observation if command.startswith("go to") else self.down
        self.opened |= command.startswith("open")

    def command(self, commands):
        self.thought = f"The {self.colour} box."
        if not self.looked:
            return "look"
        if not self.held and not self.down:
            held = next((one for one in commands if one.startswith("drop")), None)
            return held or f"take {self.colour} key"
        if not self.held:
            return "go to hall"
        if not self.down:
            return "go to cellar"
        return f"look in {self.colour} box" if self.opened else f"open {self.colour} box"


class ToyWithPlayer(ToyEnv):
    slots = 0

    @classmethod
    def player(cls, first_observation, advice=""):
        return KeyPlayer(first_observation, advice)

    def admissible_commands(self):
        return (*super().admissible_commands(), "ask[<your question>]")

    def advance(self, command):
        ToyWithPlayer.slots += "<your" in command
        return super().advance("look" if command.startswith("ask") else command)


PLAYED = "skill_gym_tests/ToyWithPlayer-v0"
gym.register(PLAYED, entry_point=ToyWithPlayer, max_episode_steps=30)
TOY = DemonstrationConfig(
    env=PLAYED,
    split="train",
    held_out_split="validation",
    episodes=12,
    held_out=4,
    bank="alfworld",
    practice=Practice(none=1.0),
    noise=0.0,
)


def test_any_environment_with_a_player_can_be_played():
    training, held_out = list(demonstrations(TOY)), list(demonstrations(TOY, held_out=True))
    assert (len(training), len(held_out)) == (12, 4)
    assert {one.task_id.partition("/")[0] for one in held_out} == {"validation"}
    assert {len(one.replies) for one in training} == {3, 4}
    assert all("visitor" in one.prompts[0] for one in training)


def test_mistakes_fill_slots_with_words_of_the_goal():
    ToyWithPlayer.slots = 0
    noisy = list(demonstrations(replace(TOY, episodes=40, noise=0.5)))
    asked = [
        said_command(reply)
        for one in noisy
        for reply in one.replies
        if said_command(reply).startswith("ask[")
    ]
    assert len(asked) > 5
    assert ToyWithPlayer.slots == 0, "the slot itself was sent"
    goals = " ".join(one.prompts[0] for one in noisy)
    assert all(command.removeprefix("ask[").removesuffix("]") in goals for command in asked)


def test_skills_reach_the_player_as_advice(tmp_path):
    lesson = Skill("general_001", "look", "look around first", "")
    SkillBank.empty().with_skills([lesson]).save(tmp_path / "bank.json")
    taught = replace(TOY, bank=str(tmp_path / "bank.json"), practice=Practice(none=0.5))
    looked = Counter(said_command(one.replies[0]) == "look" for one in demonstrations(taught))
    assert set(looked) == {True, False}
    for one in demonstrations(taught):
        assert (said_command(one.replies[0]) == "look") == ("look around first" in one.prompts[0])


@pytest.mark.parametrize(
    ("command", "spoken"),
    [
        ("click[b0ab]", "click[B0AB]"),
        ("click[next >]", "click[Next >]"),
        ("click[navy]", "click[navy]"),
        ("search[a b0]", "search[a b0]"),
        ("take b0ab", "take b0ab"),
    ],
)
def test_what_is_said_is_spelled_as_it_was_read(command, spoken):
    page = "Next > [SEP] B0AB [SEP] navy [SEP] Navy shoe"
    assert _as_read(f"{command[6:-1]} fits.", command, page) == (f"{spoken[6:-1]} fits.", spoken)


@pytest.mark.parametrize(
    ("command", "spoken"),
    [
        ("<search>Velmora mayor</search>", "<search> Velmora mayor</search>"),
        ("<answer>a\nb</answer>", "<answer> a\nb</answer>"),
        ("take <b>key", "take <b>key"),
        ("<b>bold</b> hat", "<b>bold</b> hat"),
    ],
)
def test_text_in_its_own_tag_is_said_behind_a_space(command, spoken):
    assert _apart(command) == spoken
    assert said_command(reply("", spoken)) == command.replace("\n", " ")


def test_a_player_is_needed_and_enough_tasks():
    with pytest.raises(NotImplementedError, match=r"implement ToyEnv.player"):
        next(demonstrations(replace(TOY, env=TOY_ID)))
    few = demonstrations(replace(TOY, options={"size": 3}))
    assert len([next(few) for _ in range(3)]) == 3
    with pytest.raises(ValueError, match="has 3 tasks"):
        next(few)


def test_a_range_of_whole_numbers_draws_whole_ones():
    drawn = [_between([1, 3], random.Random(seed)) for seed in range(20)]
    assert set(drawn) == {1, 2, 3}
    assert not _between([1.0, 3], random.Random(0)).is_integer()


def test_replies_hold_a_thought_and_the_command():
    for one in demonstrations(FEW):
        for text in one.replies:
            assert text.startswith("<think>")
            assert text.endswith(f"</think><action>{said_command(text)}</action>")


def test_held_out_games_are_others():
    training = {one.task_id for one in demonstrations(FEW)}
    assert training.isdisjoint(one.task_id for one in demonstrations(FEW, held_out=True))


@pytest.mark.parametrize(
    "wrong",
    [
        {"episodes": 0},
        {"first_game": -1},
        {"workers": 0},
        {"in_a_row": 0},
        {"generator": {"room_scale": [0.3, 0.5, 0.9]}},
        {"generator": {"room_scale": [0.9, 0.3]}},
        {"noise": 1.0},
    ],
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=r"got|must be"):
        alfworld(**wrong)
