"""Settings from a file and overrides, ours and SkillRL's; what is unknown is an error with a hint."""

import logging

import pytest

from skill_gym.agents.aliases import ALIASES, CHOICES, NO_EFFECT
from skill_gym.agents.config import ConfigError, TrainConfig, flat, load_config, to_dict, write_config


def get(config, name):
    return flat(to_dict(config))[name]


def test_nothing_given_is_the_defaults():
    assert load_config() == TrainConfig()


def test_the_released_hyper_parameters_are_the_defaults():
    config = flat(to_dict(TrainConfig()))
    released = {
        "rollout.tasks_per_iteration": 16,
        "rollout.group_size": 8,
        "grpo.lr": 1e-6,
        "grpo.kl_coef": 0.01,
        "grpo.invalid_penalty": 0.1,
        "grpo.clip_low": 0.2,
        "grpo.clip_high": 0.2,
        "grpo.dual_clip": 3.0,
        "bank.top_k": 6,
        "bank.task_specific_top_k": None,
        "bank.max_tokens": 2000,
        "evolution.enable_dynamic_update": False,
        "evolution.update_threshold": 0.4,
        "evolution.max_new_skills": 3,
        "validation.every": 5,
        "validation.temperature": 0.4,
        "env.max_steps": None,
        "env.history": 2,
    }
    assert {name: config[name] for name in released} == released


def test_overrides_come_after_the_file(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("grpo:\n  lr: 0.1\n  ppo_epochs: 2\nenv:\n  options: {size: 40}\n")
    config = load_config(file, ["grpo.lr=1e-4"])
    assert (config.grpo.lr, config.grpo.ppo_epochs, config.env.options) == (1e-4, 2, {"size": 40})


def test_what_is_written_is_read_back(tmp_path):
    config = load_config(None, ["env.task_types=[a, b]", "env.options.generator.rooms=3", "bank.top_k=null"])
    assert config.env.task_types == ["a", "b"]
    assert config.env.options == {"generator": {"rooms": 3}}
    write_config(config, tmp_path / "config.yaml")
    assert load_config(tmp_path / "config.yaml") == config


@pytest.mark.parametrize(
    ("override", "name", "value"),
    [
        ("env.skills_only_memory.top_k=4", "bank.top_k", 4),
        ("+env.skills_only_memory.skills_json_path=x.json", "bank.path", "x.json"),
        ("env.skills_only_memory.task_specific_top_k=2", "bank.task_specific_top_k", 2),
        ("++env.skills_only_memory.enable_dynamic_update=True", "evolution.enable_dynamic_update", True),
        ("env.skills_only_memory.update_threshold=0.5", "evolution.update_threshold", 0.5),
        ("env.skills_only_memory.max_new_skills=5", "evolution.max_new_skills", 5),
        ("env.skills_only_memory.max_tokens=900", "bank.max_tokens", 900),
        ("env.skills_only_memory.include_examples=True", "bank.include_examples", True),
        ("env.skills_only_memory.retrieval_mode=template", "bank.retrieval_mode", "template"),
        ("+env.use_skills_only_memory=False", "bank.path", "empty"),
        ("+env.use_skills_only_memory=True", "bank.path", "starter"),
        ("env.env_name=alfworld/AlfredTWEnv", "env.id", "skill_gym/ALFWorld-v0"),
        ("env.env_name=Webshop", "env.id", "skill_gym/WebShop-v0"),
        ("env.env_name=search", "env.id", "skill_gym/Search-v0"),
        ("env.search.search_url=http://a:8000/retrieve", "env.options", {"corpus": "http://a:8000/retrieve"}),
        ("env.search.search_url=[http://a, http://b]", "env.options", {"corpus": ["http://a", "http://b"]}),
        ("env.search.topk=5", "env.options", {"topk": 5}),
        ("env.rollout.n=4", "rollout.group_size", 4),
        ("env.seed=3", "env.seed", 3),
        ("env.max_steps=30", "env.max_steps", 30),
        ("env.history_length=4", "env.history", 4),
        ("data.train_batch_size=8", "rollout.tasks_per_iteration", 8),
        ("data.max_response_length=64", "sampler.max_new_tokens", 64),
        ("actor_rollout_ref.model.path=smollm2", "model.path", "smollm2"),
        ("actor_rollout_ref.actor.optim.lr=1e-5", "grpo.lr", 1e-5),
        ("actor_rollout_ref.actor.kl_loss_coef=0.02", "grpo.kl_coef", 0.02),
        ("actor_rollout_ref.actor.use_kl_loss=False", "grpo.kl_coef", 0.0),
        ("actor_rollout_ref.actor.clip_ratio=0.1", "grpo.clip_high", 0.1),
        ("actor_rollout_ref.actor.use_invalid_action_penalty=False", "grpo.invalid_penalty", 0.0),
        ("actor_rollout_ref.actor.invalid_action_penalty_coef=0.3", "grpo.invalid_penalty", 0.3),
        ("actor_rollout_ref.actor.loss_agg_mode=seq-mean-token-mean", "grpo.aggregation", "sequence-mean"),
        ("algorithm.norm_adv_by_std_in_grpo=False", "grpo.scale", "none"),
        ("actor_rollout_ref.rollout.name=hf", "sampler.backend", "transformers"),
        ("actor_rollout_ref.rollout.val_kwargs.do_sample=False", "validation.temperature", 0.0),
        ("trainer.total_epochs=7", "run.iterations", 7),
        ("trainer.test_freq=-1", "validation.every", 0),
        ("trainer.save_freq=2", "run.checkpoint_every", 2),
    ],
)
def test_skillrl_names_are_taken(override, name, value):
    assert get(load_config(None, [override]), name) == value


def test_skillrl_names_are_taken_in_a_file(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("env:\n  skills_only_memory:\n    top_k: 3\ntrainer:\n  total_epochs: 2\n")
    config = load_config(file)
    assert (config.bank.top_k, config.run.iterations) == (3, 2)


def test_every_alias_leads_to_a_setting():
    known = flat(to_dict(TrainConfig()))
    # Options are the environment's own arguments, which it checks itself.
    ours = [name for names in ALIASES.values() for name in names if not name.startswith("env.options.")]
    assert ours
    assert not [name for name in ours if name not in known]
    assert not set(ALIASES) & (set(CHOICES) | set(NO_EFFECT))
    assert not set(known) & (set(ALIASES) | set(CHOICES) | set(NO_EFFECT))


def test_what_has_no_effect_is_said(caplog):
    with caplog.at_level(logging.WARNING):
        assert load_config(None, ["trainer.n_gpus_per_node=4"]) == TrainConfig()
    assert "trainer.n_gpus_per_node=4 has no effect" in caplog.text


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("bank.topk=3", "did you mean bank.top_k"),
        ("lr=3", "did you mean grpo.lr"),
        ("env.skills_only_memory.topk=3", "unknown setting 'env.skills_only_memory.topk'"),
        ("grpo.lr=fast", "grpo.lr"),
        ("grpo.lr=-1", "lr must be greater than 0"),
        ("grpo=3", "grpo"),
        ("grpo.lr", "key=value"),
        ("env.layout=chat", "layout"),
        ("env.env_name=Sokoban", "Sokoban is not available"),
        ("env.max_steps=0", "max_steps"),
        ("~grpo.lr", "cannot be deleted|key=value"),
        ("bank.diversity=0.5", "retrieval_mode=embedding"),
        ("sampler.temperature=0", "validation.temperature"),
        ("algorithm.adv_estimator=gae", "gae is not available"),
        ("grpo.algorithm=ppo", "no algorithm"),
        ("actor_rollout_ref.actor.use_kl_loss=maybe", "True or False"),
    ],
)
def test_bad_settings_are_refused_with_a_hint(override, message):
    with pytest.raises(ConfigError, match=message):
        load_config(None, [override])


def test_a_threshold_of_similarity_without_embeddings_is_said_to_do_nothing(caplog):
    config = load_config(None, ["+env.skills_only_memory.similarity_threshold=0.7"])
    assert config.bank.similarity_threshold == 0.7
    assert "no effect" in caplog.text


def test_a_file_that_is_missing_or_no_mapping_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no configuration file"):
        load_config(tmp_path / "none.yaml")
    for text in ("- 1\n", "a: [\n", "grpo: 3\n"):
        (tmp_path / "bad.yaml").write_text(text)
        with pytest.raises(ConfigError):
            load_config(tmp_path / "bad.yaml")
