"""The check of exported files: what it finds itself, and LLaMA-Factory's loader where it is installed."""

import importlib.util
from dataclasses import replace

import pytest
from sft_episodes import export, played
from tiny_model import save_tiny_model, tiny_tokenizer

from skill_gym.agents.chat import ChatTokens
from skill_gym.agents.demonstration_tokens import encode
from skill_gym.agents.sft_folder import SftFolder
from skill_gym.agents.sft_prompts import PromptConfig
from skill_gym.benchmarks.export_check import main, verdicts
from skill_gym.benchmarks.llamafactory_loader import IGNORED, runs, verdict

INSTALLED = importlib.util.find_spec("llamafactory") is not None


def loaded(episodes, *, learn_all: bool = False):
    """What a loader that masks all but replies would give."""
    chat = ChatTokens(tiny_tokenizer())
    for one in episodes:
        sample = encode(one, chat)
        learnt = set(range(len(sample)) if learn_all else sample.positions.tolist())
        ids = sample.token_ids.tolist()
        yield {"input_ids": ids, "labels": [i if n in learnt else IGNORED for n, i in enumerate(ids)]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("check") / "out"
    export(played(count=6), out, prompts=PromptConfig(layout="transcript"))
    return SftFolder.open(out)


def test_a_good_export_passes_and_a_spoilt_one_does_not(folder, tmp_path, capsys):
    assert main([str(folder.path)]) == 0
    assert "nothing is wrong" in capsys.readouterr().out
    export(played(count=6), tmp_path / "out")
    file = tmp_path / "out" / "train.sharegpt.json"
    file.write_text(file.read_text().replace('"human"', '"user"'))
    assert main([str(tmp_path / "out")]) == 1
    assert "train.sharegpt.json, row 1: expected 'human' and 'gpt' in turn" in capsys.readouterr().out


def test_only_replies_may_be_learnt(folder):
    wanted = list(folder.episodes("train", "sharegpt"))
    tokenizer = tiny_tokenizer()
    good = verdict("x", list(loaded(wanted)), tokenizer, wanted)
    assert good.faults == ()
    assert (good.examples, good.replies) == (len(wanted), sum(len(one.replies) for one in wanted))
    assert 0 < good.learnt < good.tokens
    prompts_too = verdict("x", list(loaded(wanted, learn_all=True)), tokenizer, wanted)
    assert len(prompts_too.faults) >= len(wanted)
    one_less = verdict("x", list(loaded(wanted[1:])), tokenizer, wanted)
    assert any("examples, the file has" in fault for fault in one_less.faults)
    other = [replace(one, replies=tuple(f"not {reply}" for reply in one.replies)) for one in wanted]
    assert any("expected" in fault for fault in verdict("x", list(loaded(other)), tokenizer, wanted).faults)
    cut = [{name: ids[40:] for name, ids in row.items()} for row in loaded(wanted)]
    assert any("a prompt is not there" in fault for fault in verdict("x", cut, tokenizer, wanted).faults)


def test_runs_of_learnt_tokens_are_told_apart():
    assert list(runs([IGNORED, 1, 2, IGNORED, IGNORED, 3])) == [[1, 2], [3]]
    assert list(runs([IGNORED])) == []


def test_without_llamafactory_the_mend_is_named(folder, tmp_path):
    if INSTALLED:
        pytest.skip("LLaMA-Factory is installed")
    with pytest.raises(ImportError, match="pip install llamafactory"):
        verdicts(folder, save_tiny_model(tmp_path / "model"), "chatml", 4096)


@pytest.mark.skipif(not INSTALLED, reason="LLaMA-Factory is not installed: pip install llamafactory")
def test_llamafactorys_loader_learns_the_replies_and_nothing_else(tmp_path):
    model = save_tiny_model(tmp_path / "model")
    for layout in ("step", "transcript"):
        export(
            played(count=6),
            tmp_path / layout,
            prompts=PromptConfig(layout=layout),
            formats=("alpaca", "sharegpt"),
        )
        found = verdicts(SftFolder.open(tmp_path / layout), model, "chatml", 32768)
        assert len(found) == 4
        assert [one.faults for one in found] == [()] * 4
        assert all(one.examples == one.expected > 0 for one in found)
