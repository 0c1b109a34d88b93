"""The recipes: every setting is known, the released hyper-parameters are kept, and one of them trains."""

from pathlib import Path

import pytest
from toy_env import TOY_ID
from toy_training import toy_model

from skill_gym.agents.config import ConfigError, load_config
from skill_gym.agents.env_stack import EnvStack, open_bank
from skill_gym.agents.learner_memory import learner_bytes
from skill_gym.agents.llamafactory_recipe import recipe
from skill_gym.benchmarks.cli import main
from skill_gym.registration import SUITE

RECIPES = Path(__file__).resolve().parent.parent / "recipes"
TRAINING = sorted(path for path in RECIPES.glob("*.yaml") if path.name != "llamafactory_sft.yaml")
RELEASED = {
    "alfworld": (16, 8, 64, 1e-6, 0.01, 0.001, 128, 512, 4096, 50, 2, 0.4, 5, 10, True),
    "webshop": (16, 8, 64, 1e-6, 0.01, 0.001, 64, 768, 6000, 15, 2, 0.4, 5, 10, True),
    "search": (256, 4, 512, 1e-6, 0.001, 0.0, 256, 700, 5000, 4, 4, 0.0, 200, 5, False),
}
"""Of SkillRL's released scripts: batch, group, validation, rate, KL, entropy, mini-batch, reply, prompt,
steps, history, validation temperature, test and save frequency, evolution."""


@pytest.mark.parametrize("file", TRAINING, ids=lambda file: file.stem)
def test_every_recipe_is_a_configuration(file, monkeypatch):
    monkeypatch.setenv("MODEL_PATH", "models/mine")
    monkeypatch.delenv("SEARCH_CORPUS", raising=False)
    config = load_config(file)
    assert config.model.path == "models/mine"
    assert config.env.id in SUITE
    assert config.run.folder == f"runs/{file.stem}"
    assert open_bank(config.bank, config.env.id) is not None
    # The environment knows every argument.
    generated = load_config(file, ["env.split=generated", "validation.split=generated_validation"])
    for role in ("training", "validation"):
        env = EnvStack(generated)(open_bank(config.bank, config.env.id), role)()
        env.reset(seed=0)
        env.close()


@pytest.mark.parametrize("name", list(RELEASED))
def test_the_released_hyper_parameters_are_kept(name, monkeypatch):
    monkeypatch.setenv("MODEL_PATH", "tiny")
    config = load_config(RECIPES / f"{name}.yaml")
    found = (
        config.rollout.tasks_per_iteration,
        config.rollout.group_size,
        config.validation.tasks,
        config.grpo.lr,
        config.grpo.kl_coef,
        config.grpo.entropy_coef,
        config.grpo.mini_batch_size,
        config.sampler.max_new_tokens,
        (config.sampler.context_length or 0) - config.sampler.max_new_tokens,
        config.env.max_steps,
        config.env.history,
        config.validation.temperature,
        config.validation.every,
        config.run.checkpoint_every,
        config.evolution.enable_dynamic_update,
    )
    assert found == RELEASED[name]
    assert (config.grpo.clip_low, config.grpo.clip_high, config.grpo.dual_clip) == (0.2, 0.2, 3.0)
    assert (config.bank.top_k, config.run.iterations, config.env.layout) == (6, 150, "step")


@pytest.mark.parametrize("name", list(RELEASED))
@pytest.mark.parametrize("gpus", [4, 8])
def test_seven_billion_weights_fit_four_to_eight_gpus_of_80_gb(name, gpus, monkeypatch):
    monkeypatch.setenv("MODEL_PATH", "tiny")
    config = load_config(RECIPES / f"{name}.yaml")
    assert (config.model.dtype, config.model.offload_reference, config.model.lora_rank) == (
        "bfloat16",
        True,
        0,
    )
    assert (config.sampler.backend, config.sampler.sleep) == ("server", True)
    need = learner_bytes(7_615_616_512, ranks=gpus, weight_bytes=2) / 1e9
    told = (RECIPES / "alfworld.yaml").read_text()
    assert need < 72
    assert f"{need:.0f} GB" in told
    # While the server plays, the learner's weights, masters and moments stand beside its share.
    resting = 7.615616512 * (2 + 12 / gpus)
    assert resting + 0.45 * 80 < 80
    commands = [
        line.removeprefix("#").strip() for line in (RECIPES / f"{name}.yaml").read_text().splitlines()
    ]
    assert (
        f"torchrun --nproc-per-node 4 -m skill_gym.benchmarks train --config recipes/{name}.yaml" in commands
    )
    served = next(line for line in commands if "--max-model-len" in line).split()
    assert int(served[served.index("--max-model-len") + 1]) == config.sampler.context_length
    assert "--enable-sleep-mode" in served


def test_a_small_gpu_has_room_for_engine_and_learner(monkeypatch):
    monkeypatch.delenv("MODEL_PATH", raising=False)
    config = load_config(RECIPES / "small_gpu.yaml")
    assert config.model.path == "Qwen/Qwen2.5-1.5B-Instruct"
    # 18.5 million weights: rank 16 on all linear layers of 28.
    need = learner_bytes(1_543_714_304, trained=18_464_768, weight_bytes=2) / 1e9
    assert need < 3.5
    assert config.sampler.gpu_memory * 24 + need < 24 - 8


def test_a_variable_that_is_not_set_is_named_with_the_setting(monkeypatch):
    monkeypatch.delenv("MODEL_PATH", raising=False)
    with pytest.raises(ConfigError, match=r"model\.path.*MODEL_PATH.*model\.path=VALUE"):
        load_config(RECIPES / "alfworld.yaml")
    assert load_config(RECIPES / "alfworld.yaml", ["model.path=tiny"]).model.path == "tiny"
    assert load_config(RECIPES / "laptop.yaml").model.path == "tiny"


def test_show_prints_what_the_variables_say(monkeypatch, capsys):
    monkeypatch.setenv("MODEL_PATH", "models/mine")
    monkeypatch.setenv("SEARCH_CORPUS", "http://127.0.0.1:8000/retrieve")
    assert main(["train", "--config", str(RECIPES / "search.yaml"), "--show"]) == 0
    shown = capsys.readouterr().out
    assert "path: models/mine" in shown
    assert "corpus: http://127.0.0.1:8000/retrieve" in shown
    assert "oc.env" not in shown


def test_a_recipe_trains(tmp_path, monkeypatch):
    monkeypatch.setenv("MODEL_PATH", str(toy_model(tmp_path / "model")))
    small = [
        f"run.folder={tmp_path / 'run'}",
        f"env.id={TOY_ID}",
        "env.split=train",
        "env.max_steps=4",
        "env.think=false",
        "validation.split=validation",
        "validation.tasks=2",
        "sampler.backend=transformers",
        "sampler.url=null",
        "sampler.sleep=false",
        "sampler.max_new_tokens=1",
        "sampler.context_length=null",
        "rollout.tasks_per_iteration=2",
        "rollout.group_size=2",
        "grpo.bf16=false",
        "bank.path=empty",
        "evolution.enable_dynamic_update=false",
        "run.iterations=1",
    ]
    assert main(["train", "--config", str(RECIPES / "alfworld.yaml"), *small]) == 0
    done = load_config(tmp_path / "run" / "config.yaml")
    assert done.model.path == str(tmp_path / "model")
    assert (tmp_path / "run" / "metrics.jsonl").read_text().count("\n") == 1


def test_llamafactorys_recipe_is_the_one_that_stands_beside_exports():
    text = (RECIPES / "llamafactory_sft.yaml").read_text(encoding="utf-8")
    assert text == recipe(folder="data/skill-gym-sft")


def test_llamafactorys_recipe_says_what_is_needed(tmp_path):
    from omegaconf import OmegaConf

    def read(text: str) -> dict:
        (tmp_path / "recipe.yaml").write_text(text)
        return dict(OmegaConf.to_container(OmegaConf.load(tmp_path / "recipe.yaml")))

    datasets = {"skill_gym_alpaca": {}, "skill_gym_alpaca_validation": {}, "skill_gym_sharegpt": {}}
    made = read(recipe(datasets, folder="x y", longest=5000))
    assert (made["dataset"], made["eval_dataset"]) == ("skill_gym_alpaca", "skill_gym_alpaca_validation")
    assert (made["learning_rate"], made["train_on_prompt"], made["mask_history"]) == (1e-4, False, False)
    assert made["cutoff_len"] > 5000 + 256, "longer examples would be cut without a word"
    assert "eval_dataset" not in read(recipe({"skill_gym_sharegpt": {}}))
