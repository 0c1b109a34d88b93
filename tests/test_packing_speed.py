"""What is measured of packing: equal episodes in both layouts, equal mini-batches in both packings."""

from dataclasses import replace

import numpy as np
import pytest

from skill_gym.agents.chat import ChatTokens
from skill_gym.agents.models import load_tokenizer, resolve_model
from skill_gym.agents.random_pass import RandomPass, tokens_of
from skill_gym.benchmarks.packing_growth import growth, ratios
from skill_gym.benchmarks.packing_run import relative_difference, run, run_apart
from skill_gym.benchmarks.recorded_groups import GroupConfig, mean_turns, record_groups, success
from skill_gym.skillbanks.bank import SkillBank

ENV = "skill_gym/ALFWorld-v0"
SHAPE = {
    "vocab_size": 4096,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}


@pytest.fixture(scope="module")
def chat():
    return ChatTokens(load_tokenizer(resolve_model("tiny")))


@pytest.fixture(scope="module")
def groups(chat):
    config = GroupConfig(
        env_id=ENV,
        env={"split": "generated", "max_episode_steps": 6},
        bank=SkillBank.starter(ENV),
        tasks=1,
        siblings=8,
    )
    return {
        bank: {
            layout: record_groups(config if bank else replace(config, bank=SkillBank.empty()), layout, chat)
            for layout in ("step", "transcript")
        }
        for bank in (True, False)
    }


def test_both_layouts_tell_the_same_episodes(groups):
    for step, transcript in zip(groups[True]["step"], groups[True]["transcript"], strict=True):
        for one, other in zip(step.played, transcript.played, strict=True):
            assert [turn.command for turn in one.trajectory.turns] == [
                turn.command for turn in other.trajectory.turns
            ]
    assert success(groups[True]["step"]) == success(groups[True]["transcript"])
    assert 1 < mean_turns(groups[True]["step"]) <= 6


def test_samples_are_what_was_shown_and_said(groups, chat):
    (group, *_), (long, *_) = groups[True]["step"], groups[True]["transcript"]
    played = group.played[0]
    sample = group.samples(siblings=1)[1]
    turn = played.trajectory.turns[1]
    said = chat.text(sample.token_ids[sample.positions].tolist())
    assert said == turn.reply
    assert turn.prompt in chat.tokenizer.decode(sample.token_ids)
    (episode,) = long.samples(siblings=1)
    assert episode.turns.max() == len(played.trajectory.turns) - 1
    (cut,) = long.samples(siblings=1, turns=2)
    assert episode.token_ids[: len(cut)].tolist() == cut.token_ids.tolist()
    assert len(group.samples(siblings=3, turns=2)) == 6


def test_more_siblings_and_longer_blocks_share_more(groups):
    found = growth(groups[True], groups[False], 1_000_000)
    for layout in (0, 1):
        siblings = [found[f"{count} siblings"][layout] for count in (2, 4, 8)]
        assert siblings == sorted(siblings)
        blocks = [
            found[f"skill block of {length} tokens"][layout] for length in ("0", "500", "1,000", "2,000")
        ]
        assert blocks == sorted(blocks)
        assert blocks[0] >= 1


def test_ratios_are_of_padded_single_steps(groups):
    steps = [one.samples() for one in groups[True]["step"]]
    transcripts = [one.samples() for one in groups[True]["transcript"]]
    padded = sum(tokens_of(group, "padded", 4096) for group in steps)
    trees = sum(tokens_of(group, "tree", 4096) for group in transcripts)
    assert ratios(steps, transcripts, 4096)[1] == padded / trees > 1


def test_both_packings_give_the_same_gradient(groups, tmp_path):
    samples = groups[True]["step"][0].samples(siblings=3, turns=2)
    padded = run_apart(samples, "padded", SHAPE, 4096, tmp_path / "padded.npy")
    tokens, seconds, _ = run(str(tmp_path / "padded.npz"), str(tmp_path / "tree.npy"), "tree", SHAPE, 4096)
    assert padded.tokens == tokens_of(samples, "padded", 4096)
    assert tokens == tokens_of(samples, "tree", 4096) < padded.tokens
    assert padded.seconds > 0
    assert seconds > 0
    assert relative_difference(tmp_path / "tree.npy", tmp_path / "padded.npy") < 1e-5
    assert np.linalg.norm(np.load(tmp_path / "padded.npy")) > 0


def test_all_logits_at_once_give_the_same_gradient(groups):
    samples = groups[True]["step"][0].samples(siblings=2, turns=2)
    model = RandomPass(SHAPE)
    gradients = []
    for whole in (False, True):
        model.forget()
        model.run(samples, "tree", 4096, all_logits=whole)
        gradients.append(model.gradient().copy())
    assert np.linalg.norm(gradients[0] - gradients[1]) < 1e-5 * np.linalg.norm(gradients[0])
