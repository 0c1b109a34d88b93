"""What the command cold-start asks for: each environment's recipe, and what is said otherwise."""

from pathlib import Path

import pytest

from skill_gym.agents import cold_start as room
from skill_gym.agents.cold_start import ColdStartConfig
from skill_gym.agents.demonstrations import DemonstrationConfig
from skill_gym.agents.tiny_policy import TinyPolicyConfig
from skill_gym.benchmarks.cli import main
from skill_gym.skillbanks.habit_practice import HabitPractice
from skill_gym.skillbanks.practice import Practice


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch):
    seen: list[ColdStartConfig] = []

    def note(config: ColdStartConfig, **_) -> Path:
        seen.append(config)
        return Path("policy")

    monkeypatch.setattr(room, "cold_start", note)

    def ask(*options: str) -> ColdStartConfig:
        assert main(["cold-start", *options]) == 0
        return seen.pop()

    return ask


def test_alfworld_plays_in_worlds(asked):
    config = asked()
    assert config.demonstrations == DemonstrationConfig(env="skill_gym/ALFWorld-v0", practice=HabitPractice())
    assert config.policy == TinyPolicyConfig()


def test_the_bundled_policys_recipe_means_what_it_meant(asked):
    options = "--episodes 20000 --held-out 60 --passes 6 --minutes 33 --batch-tokens 4096 --lr 0.002"
    scales = "--room-scale 0.3 1.0 --object-scale 0.3 0.7 --habit-strength 0.8 1.0"
    config = asked(*options.split(), *scales.split())
    assert config.demonstrations.episodes == 20000
    assert config.demonstrations.generator == {
        "room_scale": [0.3, 1.0],
        "object_scale": [0.3, 0.7],
        "habit_strength": [0.8, 1.0],
    }
    learning = config.imitation
    assert (learning.passes, learning.minutes, learning.batch_tokens, learning.lr) == (6, 33, 4096, 0.002)


def test_webshop_plays_in_several_shops(asked):
    config = asked("--env", "skill_gym/WebShop-v0")
    played = config.demonstrations
    assert played.practice == Practice()
    assert (played.size, dict(played.generator), played.noise) == (1000, {"seed": [0, 19]}, 0.05)
    assert config.policy.context_length == 8192


def test_search_plays_short_episodes_in_many_worlds(asked):
    config = asked("--env", "skill_gym/Search-v0", "--env-options", "topk=3")
    played = config.demonstrations
    assert (played.size, played.in_a_row, dict(played.generator)) == (20, 20, {"seed": [0, 999]})
    assert played.options["topk"] == 3
    assert played.options["generator"] == {"scale": 0.5, "kinds": ["lookup", "chain"], "hops": [1, 2]}
    assert (config.policy.vocab_size, config.policy.context_length) == (1500, 2048)
    given = asked("--env", "skill_gym/Search-v0", "--split", "train", "--env-options", "data=questions")
    assert dict(given.demonstrations.options) == {"data": "questions"}


def test_what_is_said_goes_before_the_recipe(asked):
    said = ["--noise", "0", "--size", "50", "--generator", "seed=3", "products=200"]
    others = ["--bank", "alfworld", "--env-options", "observation=text_rich", "--read-weight", "0"]
    config = asked("--env", "skill_gym/WebShop-v0", *said, *others, "--policy-size", "layers=2")
    played = config.demonstrations
    assert (played.noise, played.size, played.bank) == (0.0, 50, "alfworld")
    assert dict(played.generator) == {"seed": 3, "products": 200}
    assert played.options == {"observation": "text_rich"}
    assert config.imitation.read_weight == 0
    assert (config.policy.layers, config.policy.vocab_size) == (2, 4096)


def test_tasks_that_are_not_generated_have_no_generator(asked):
    data = ["--split", "train", "--held-out-split", "validation", "--env-options", "data=shop"]
    played = asked("--env", "skill_gym/WebShop-v0", *data).demonstrations
    assert (played.split, played.held_out_split, played.size, played.generator) == (
        "train",
        "validation",
        None,
        {},
    )


def test_an_unknown_size_is_refused_by_name(asked, capsys):
    assert main(["cold-start", "--policy-size", "depth=3"]) != 0
    assert "'depth'" in capsys.readouterr().err
