"""A cold start from exported files: the same tokens, the same weights as where the player plays itself."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sft_episodes import ENV, SMALL, export, played
from tiny_model import save_tiny_model, tiny_tokenizer

from skill_gym.agents.chat import ChatTokens
from skill_gym.agents.cold_start import ColdStartConfig, cold_start, new_tokenizer
from skill_gym.agents.demonstration_source import Exported, PlayedNow
from skill_gym.agents.demonstration_tokens import encode
from skill_gym.agents.demonstrations import DemonstrationConfig, demonstrations
from skill_gym.agents.imitation import ImitationConfig, ImitationError
from skill_gym.agents.sft_export import ExportConfig, export_demonstrations
from skill_gym.agents.sft_folder import SftFolder
from skill_gym.agents.sft_formats import FORMATS
from skill_gym.agents.sft_prompts import PromptConfig
from skill_gym.agents.sft_ruler import ruler_of
from skill_gym.agents.sft_schema import faults
from skill_gym.agents.tiny_policy import TinyPolicyConfig
from skill_gym.benchmarks.warm_up import evaluation
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.habit_practice import HabitPractice

PLAYED = DemonstrationConfig(
    env=ENV, practice=HabitPractice(), episodes=16, held_out=4, max_tokens=100, generator=SMALL
)
CONFIG = ColdStartConfig(
    demonstrations=PLAYED,
    policy=TinyPolicyConfig(
        vocab_size=500,
        phrases=60,
        hidden_size=64,
        intermediate_size=64,
        layers=1,
        heads=2,
        context_length=1024,
    ),
    imitation=ImitationConfig(warmup_steps=2, log_steps=2),
    accuracy_games=2,
)


def samples_of(source, tokenizer):
    return [sample for chunk in source.samples(tokenizer, 0.2) for sample in chunk]


def same(one, other) -> bool:
    names = ("token_ids", "positions", "advantages", "turns")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Exported for a policy from scratch, which needs a tokenizer of its own."""
    out = tmp_path_factory.mktemp("export") / "out"
    ruler = ruler_of(new_tokenizer(PlayedNow(PLAYED), CONFIG.policy), "new", keep=True)
    export_demonstrations(PLAYED, ExportConfig(out=str(out)), ruler)
    return out


def test_exported_demonstrations_are_the_same_tokens_with_the_same_masks(folder):
    exported = SftFolder.open(folder)
    assert faults(exported) == []
    tokenizer = exported.tokenizer
    mine, theirs = samples_of(PlayedNow(PLAYED), tokenizer), samples_of(Exported(exported), tokenizer)
    assert len(mine) == len(theirs) == 16
    assert all(same(one, other) for one, other in zip(mine, theirs, strict=True))
    assert any(not all(one.learn) for one in exported.episodes("train")), "no noise to mask in this test"
    chat = ChatTokens(tiny_tokenizer())
    held_out = PlayedNow(PLAYED).held_out(chat.count_tokens)
    assert [one.task_key for one in held_out] == [one.task_key for one in exported.episodes("validation")]


def test_the_command_that_is_told_in_the_end_asks_as_the_policy_learnt(folder, tmp_path):
    told = evaluation(ENV, "runs/p", SftFolder.open(folder))
    assert told == evaluation(ENV, "runs/p", None)
    assert "--layout transcript --think" in told
    export(played(count=4, think=False), tmp_path / "silent", prompts=PromptConfig(layout="step"))
    told = evaluation(ENV, "runs/p", SftFolder.open(tmp_path / "silent"))
    assert "--layout step --split" in told


def test_a_policy_from_files_has_the_weights_of_one_whose_player_played(folder, tmp_path):
    inside = cold_start(replace(CONFIG, out=str(tmp_path / "inside")))
    files = replace(CONFIG, demonstrations=None, data=str(folder), out=str(tmp_path / "files"))
    outside = cold_start(files)
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        assert (inside / name).read_bytes() == (outside / name).read_bytes(), name
    results = [json.loads((run.parent / "result.json").read_text()) for run in (inside, outside)]
    for name in ("held_out_loss", "commands", "admissible", "equal_to_expert"):
        if name in results[0]:
            assert results[0][name] == results[1][name]
    # A finished run is not trained again, wherever its data lies now; other data is refused.
    moved = tmp_path / "moved"
    folder.rename(moved)
    try:
        assert cold_start(replace(files, data=str(moved))) == outside
        row = moved / "train.chat.jsonl"
        text = row.read_text()
        row.write_text(text.replace("needed", "wanted", 1))
        with pytest.raises(ImitationError, match="another configuration"):
            cold_start(replace(files, data=str(moved)))
        row.write_text(text)
    finally:
        moved.rename(folder)


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_teaches_the_same_replies(name, tmp_path):
    """Without noise, so that the formats without masks have all episodes."""
    clean = replace(PLAYED, episodes=6, noise=0.0)
    ruler = ruler_of(tiny_tokenizer(), "tiny", keep=True)
    export_demonstrations(clean, ExportConfig(out=str(tmp_path / "out"), formats=(name,)), ruler)
    exported = SftFolder.open(tmp_path / "out")
    assert faults(exported) == []
    mine = samples_of(PlayedNow(clean), exported.tokenizer)
    theirs = samples_of(Exported(exported), exported.tokenizer)
    if name != "trl_completion":
        assert all(same(one, other) for one, other in zip(mine, theirs, strict=True))
        return
    learnt, whole = (
        [token for sample in samples for token in sample.token_ids[sample.positions[sample.turns >= 0]]]
        for samples in (theirs, mine)
    )
    assert learnt == whole


def test_recorded_episodes_written_anew_are_the_same_tokens_as_demonstrations(tmp_path):
    """The way through trajectories: played through the rollout, recorded, shown again, exported, read."""
    plain = DemonstrationConfig(
        env=ENV,
        practice=HabitPractice(none=1.0, wrong=0.0, irrelevant=0.0, household=1.0),
        episodes=6,
        noise=0.0,
        size=6,
        generator=SMALL,
    )
    recorded = played(count=6, bank=SkillBank.empty())
    export(recorded, tmp_path / "out", bank=SkillBank.empty(), validation=0)
    chat = ChatTokens(tiny_tokenizer())
    theirs = [encode(one, chat) for one in SftFolder.open(tmp_path / "out").episodes("train")]
    mine = [encode(one, chat) for one in demonstrations(plain)]
    assert len(mine) == 6
    assert all(same(one, other) for one, other in zip(mine, theirs, strict=True))


def test_a_model_is_trained_further_on_single_steps(tmp_path):
    source = save_tiny_model(tmp_path / "model", layers=1, hidden=32, context=4096)
    few = PromptConfig(layout="step", max_tokens=100)
    export(
        played(count=2, layout="step"), tmp_path / "data", formats=("alpaca",), prompts=few, validation=0.5
    )
    done = cold_start(
        ColdStartConfig(
            data=str(tmp_path / "data"),
            model=str(source),
            out=str(tmp_path / "run"),
            imitation=ImitationConfig(log_steps=1, batch_tokens=8192),
            held_out=2,
            accuracy_games=1,
            dtype="float32",
        )
    )
    assert (done / "model.safetensors").read_bytes() != (source / "model.safetensors").read_bytes()
    result = json.loads((done.parent / "result.json").read_text())
    assert result["commands"] > 0
    assert "admissible" not in result, "alpaca files do not say what else could have been said"


def test_a_tokenizer_of_its_own_is_trained_where_none_came_with_the_files(tmp_path):
    export(played(count=6), tmp_path / "data", validation=0)
    done = cold_start(
        replace(CONFIG, demonstrations=None, data=str(tmp_path / "data"), out=str(tmp_path / "run"))
    )
    assert (done / "tokenizer.json").is_file()
    assert "commands" not in json.loads((done.parent / "result.json").read_text())


def test_something_to_learn_from_is_needed_and_only_one():
    with pytest.raises(ValueError, match="give one of them"):
        ColdStartConfig()
    with pytest.raises(ValueError, match="give one of them"):
        ColdStartConfig(demonstrations=PLAYED, data="runs/sft")
