"""Measurements in a process of their own."""

import json

import pytest

from skill_gym.benchmarks.process import in_new_process

MODULE = """
import os, sys
def told(*arguments):
    print("not the answer")
    return {"process": os.getpid(), "arguments": arguments}
def fails():
    print("why it failed", file=sys.stderr)
    sys.exit(3)
def holds():
    from skill_gym.benchmarks.process import memory_mb
    before = memory_mb()
    held = b"x" * (64 << 20)
    return before, memory_mb(), memory_mb("VmHWM"), memory_mb("RssAnon")
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "measured.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "measured"


def test_a_function_runs_elsewhere_and_gives_json(module):
    import os

    given = ["a 'quoted' folder", 3, {"split": "all", "data": None}]
    found = in_new_process(module, "told", *given)
    assert found["arguments"] == json.loads(json.dumps(given))
    assert found["process"] != os.getpid()


def test_a_failure_tells_what_was_written(module):
    with pytest.raises(RuntimeError, match=r"measured\.fails failed(.|\n)*why it failed"):
        in_new_process(module, "fails")


def test_memory_grows_with_what_is_held(module):
    # In a new process: a busy one gives memory again that it had before, and does not grow.
    before, after, peak, anonymous = in_new_process(module, "holds")
    assert 56 < after - before < 80
    assert peak >= after >= anonymous > 56
