import json
from dataclasses import replace

import pytest
import torch
from tiny_model import save_tiny_model

from skill_gym.agents.cold_start import ColdStartConfig, cold_start, command_accuracy, save_policy
from skill_gym.agents.demonstrations import DemonstrationConfig, demonstrations
from skill_gym.agents.imitation import ImitationConfig, ImitationError
from skill_gym.agents.models import load_model, load_tokenizer, resolve_model
from skill_gym.agents.tiny_policy import TinyPolicyConfig
from skill_gym.skillbanks.habit_practice import HabitPractice


def alfworld(**settings) -> DemonstrationConfig:
    return DemonstrationConfig(env="skill_gym/ALFWorld-v0", practice=HabitPractice(), **settings)


SMALL = ColdStartConfig(
    policy=TinyPolicyConfig(
        vocab_size=500,
        phrases=60,
        hidden_size=64,
        intermediate_size=64,
        layers=1,
        heads=2,
        context_length=1024,
    ),
    demonstrations=alfworld(episodes=24, held_out=4, max_tokens=100),
    imitation=ImitationConfig(warmup_steps=2, log_steps=2),
    accuracy_games=1,
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    rows: list[dict[str, float]] = []
    config = replace(SMALL, out=str(tmp_path_factory.mktemp("run")))
    return config, cold_start(config, progress=rows.append), rows


def test_a_policy_from_scratch_is_a_whole_model_folder(run):
    _, folder, _ = run
    model, tokenizer = load_model(resolve_model(folder)), load_tokenizer(folder)
    assert json.loads((folder / "config.json").read_text())["dtype"] == "bfloat16"
    assert model.config.vocab_size >= len(tokenizer)
    assert model.lm_head.weight is model.model.embed_tokens.weight
    # A name that transformers 4 knows, too.
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    assert settings["tokenizer_class"] == "PreTrainedTokenizerFast"


def test_the_run_leaves_its_curve_and_its_config(run):
    _, folder, rows = run
    out = folder.parent
    losses = [row["loss"] for row in rows if "loss" in row]
    assert losses[0] > rows[-2]["held_out_loss"]
    assert {"admissible", "equal_to_expert", "commands"} <= set(rows[-1])
    assert json.loads((out / "config.json").read_text())["demonstrations"]["episodes"] == 24
    trained = [row for row in rows[:-1] if "chunks" not in row]
    assert len((out / "metrics.jsonl").read_text().splitlines()) == len(trained)


def test_more_workers_play_the_same_games(tmp_path, run):
    config, folder, _ = run
    again = cold_start(
        replace(config, out=str(tmp_path), demonstrations=replace(config.demonstrations, workers=2))
    )
    assert (again / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()


def test_a_finished_run_is_not_trained_again(run):
    config, folder, _ = run
    before = (folder / "model.safetensors").read_bytes()
    rows: list[dict[str, float]] = []
    assert cold_start(config, progress=rows.append) == folder
    assert not any("loss" in row for row in rows)
    assert (folder / "model.safetensors").read_bytes() == before


def test_another_configuration_in_the_same_folder_is_refused(run):
    config, _, _ = run
    with pytest.raises(ImitationError, match="another configuration"):
        cold_start(replace(config, imitation=replace(config.imitation, lr=1e-4)))


def test_an_existing_model_is_trained_further(tmp_path):
    source = save_tiny_model(tmp_path / "model", context=4096)
    folder = cold_start(
        replace(
            SMALL,
            model=str(source),
            out=str(tmp_path / "run"),
            demonstrations=alfworld(episodes=3, held_out=1, max_tokens=50),
            dtype="float32",
        )
    )
    before, after = load_model(source).state_dict(), load_model(folder).state_dict()
    assert before.keys() == after.keys()
    assert not all(before[name].equal(after[name]) for name in before)
    assert load_tokenizer(folder).chat_template == load_tokenizer(source).chat_template


def test_accuracy_counts_the_explorers_commands_only(run):
    _, folder, _ = run
    noisy = alfworld(episodes=1, noise=0.5, seed=1)
    (one,) = demonstrations(noisy)
    scores = command_accuracy(load_model(folder), load_tokenizer(folder), [one])
    assert scores["commands"] == sum(one.learn)
    assert 0 <= scores["equal_to_expert"] <= scores["admissible"] <= 1


def test_saving_rounds_the_weights_and_nothing_else(run, tmp_path):
    _, folder, _ = run
    model, tokenizer = load_model(folder), load_tokenizer(folder)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    saved = save_policy(model, tokenizer, tmp_path / "out", dtype="float16")
    assert all(value.equal(before[name]) for name, value in model.state_dict().items())
    again = load_model(saved, "float16").state_dict()
    assert all(again[name].equal(value.to(torch.float16)) for name, value in before.items())
