"""SkillRL's and verl's names for our settings, so that their scripts' overrides can be pasted."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from skill_gym.agents.algorithms import algorithm_settings
from skill_gym.agents.sections import ConfigError

logger = logging.getLogger(__name__)

Settings = Iterable[tuple[str, Any]]

ALGORITHM = "grpo.algorithm"
"""Names a whole set of settings (``ALGORITHMS``); it is read before all others, so that those can differ."""

ALIASES: dict[str, tuple[str, ...]] = {
    # The skill bank (SkillRL's own table).
    "env.skills_only_memory.skills_json_path": ("bank.path",),
    "env.skills_only_memory.retrieval_mode": ("bank.retrieval_mode",),
    "env.skills_only_memory.embedding_model_path": ("bank.embedding_model_path",),
    "env.skills_only_memory.top_k": ("bank.top_k",),
    "env.skills_only_memory.task_specific_top_k": ("bank.task_specific_top_k",),
    "env.skills_only_memory.similarity_threshold": ("bank.similarity_threshold",),
    "env.skills_only_memory.max_tokens": ("bank.max_tokens",),
    "env.skills_only_memory.include_examples": ("bank.include_examples",),
    "env.skills_only_memory.enable_dynamic_update": ("evolution.enable_dynamic_update",),
    "env.skills_only_memory.update_threshold": ("evolution.update_threshold",),
    "env.skills_only_memory.max_new_skills": ("evolution.max_new_skills",),
    # Environment and rollout.
    "env.history_length": ("env.history",),
    "env.search.search_url": ("env.options.corpus",),
    "env.search.topk": ("env.options.topk",),
    "env.rollout.n": ("rollout.group_size",),
    "data.train_batch_size": ("rollout.tasks_per_iteration",),
    "data.val_batch_size": ("validation.tasks",),
    "data.max_response_length": ("sampler.max_new_tokens",),
    "actor_rollout_ref.rollout.temperature": ("sampler.temperature",),
    "actor_rollout_ref.rollout.top_p": ("sampler.top_p",),
    "actor_rollout_ref.rollout.max_model_len": ("sampler.context_length",),
    "actor_rollout_ref.rollout.max_num_seqs": ("sampler.slots",),
    "actor_rollout_ref.rollout.val_kwargs.temperature": ("validation.temperature",),
    # Learning.
    "actor_rollout_ref.model.path": ("model.path",),
    "actor_rollout_ref.ref.fsdp_config.param_offload": ("model.offload_reference",),
    "actor_rollout_ref.model.enable_gradient_checkpointing": ("grpo.gradient_checkpointing",),
    "actor_rollout_ref.actor.optim.lr": ("grpo.lr",),
    "actor_rollout_ref.actor.optim.lr_warmup_steps": ("grpo.warmup_steps",),
    "actor_rollout_ref.actor.optim.weight_decay": ("grpo.weight_decay",),
    "actor_rollout_ref.actor.grad_clip": ("grpo.max_grad_norm",),
    "actor_rollout_ref.actor.clip_ratio": ("grpo.clip_low", "grpo.clip_high"),
    "actor_rollout_ref.actor.clip_ratio_low": ("grpo.clip_low",),
    "actor_rollout_ref.actor.clip_ratio_high": ("grpo.clip_high",),
    "actor_rollout_ref.actor.clip_ratio_c": ("grpo.dual_clip",),
    "actor_rollout_ref.actor.kl_loss_coef": ("grpo.kl_coef",),
    "actor_rollout_ref.actor.entropy_coeff": ("grpo.entropy_coef",),
    "actor_rollout_ref.actor.invalid_action_penalty_coef": ("grpo.invalid_penalty",),
    "actor_rollout_ref.actor.ppo_epochs": ("grpo.ppo_epochs",),
    "actor_rollout_ref.actor.ppo_mini_batch_size": ("grpo.mini_batch_size",),
    "actor_rollout_ref.actor.ppo_max_token_len_per_gpu": ("grpo.micro_batch_tokens",),
    "algorithm.gamma": ("grpo.gamma",),
    "algorithm.gigpo.step_advantage_w": ("grpo.step_weight",),
    "algorithm.gigpo.similarity_thresh": ("grpo.state_similarity",),
    # The run.
    "trainer.total_epochs": ("run.iterations",),
    "trainer.total_training_steps": ("run.iterations",),
    "trainer.save_freq": ("run.checkpoint_every",),
    "trainer.max_actor_ckpt_to_keep": ("run.keep_last",),
    "trainer.experiment_name": ("run.name",),
    "trainer.default_local_dir": ("run.folder",),
    "trainer.val_before_train": ("validation.before_training",),
}
"""The same setting under another name."""

NO_EFFECT: dict[str, str] = {
    "actor_rollout_ref.actor.fsdp_config.optimizer_offload": "only the reference can be",
    "actor_rollout_ref.actor.fsdp_config.param_offload": "only the reference can be",
    "actor_rollout_ref.actor.ppo_micro_batch_size_per_gpu": "see grpo.micro_batch_tokens",
    "actor_rollout_ref.model.use_remove_padding": "replies are never padded; prompts by length",
    "actor_rollout_ref.ref.log_prob_micro_batch_size_per_gpu": "see grpo.micro_batch_tokens",
    "actor_rollout_ref.rollout.enable_chunked_prefill": "the engine decides",
    "actor_rollout_ref.rollout.enforce_eager": "the engine decides",
    "actor_rollout_ref.rollout.free_cache_engine": "the engine decides",
    "actor_rollout_ref.rollout.gpu_memory_utilization": "the engine decides",
    "actor_rollout_ref.rollout.log_prob_micro_batch_size_per_gpu": "see grpo.micro_batch_tokens",
    "actor_rollout_ref.rollout.tensor_model_parallel_size": "one device",
    "data.filter_overlong_prompts": "a prompt that is too long is an error of its episode",
    "data.max_prompt_length": "see sampler.context_length",
    "data.return_raw_chat": "tasks come from the environment",
    "data.train_files": "tasks come from the environment; files of questions are env.data",
    "data.truncation": "a prompt is never cut",
    "data.val_files": "tasks come from the environment; files of questions are env.data",
    "env.resources_per_worker.num_cpus": "environments run in this process",
    "env.search.log_requests": "requests are counted, and failures logged",
    "env.search.timeout": "a search has one deadline, retries included; see RemoteIndex",
    "trainer.critic_warmup": "there is no critic",
    "trainer.logger": "TensorBoard and metrics.jsonl are always written; for W&B set run.wandb_project",
    "trainer.n_gpus_per_node": "one device",
    "trainer.nnodes": "one device",
    "trainer.project_name": "see run.name, and run.wandb_project",
}
"""Settings of the released scripts that mean nothing here, and why; taken with a warning."""


def _true(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{key} must be True or False, got {value!r}")
    return value


def _algorithm(key: str, value: Any) -> Settings:
    try:
        settings = algorithm_settings(str(value))
    except ValueError as error:
        raise ConfigError(f"{key}: {error}") from error
    return [(f"grpo.{name}", setting) for name, setting in settings.items()]


def _one_of(key: str, value: Any, choices: dict[str, Settings]) -> Settings:
    if str(value) not in choices:
        raise ConfigError(f"{key}={value} is not available; use one of {', '.join(choices)}")
    return choices[str(value)]


CHOICES: dict[str, Callable[[str, Any], Settings]] = {
    "env.use_skills_only_memory": lambda key, value: () if _true(key, value) else [("bank.path", "empty")],
    "env.env_name": lambda key, value: _one_of(
        key,
        value,
        {
            "alfworld/AlfredTWEnv": [("env.id", "skill_gym/ALFWorld-v0")],
            "Webshop": [("env.id", "skill_gym/WebShop-v0")],
            "search": [("env.id", "skill_gym/Search-v0")],
        },
    ),
    ALGORITHM: _algorithm,
    "algorithm.adv_estimator": lambda key, value: _one_of(
        key, value, {name: _algorithm(key, name) for name in ("grpo", "rloo", "gigpo")}
    ),
    "algorithm.gigpo.mode": lambda key, value: _one_of(
        key, value, {"mean_norm": [("grpo.scale", "none")], "mean_std_norm": [("grpo.scale", "std")]}
    ),
    "algorithm.gigpo.enable_similarity": lambda key, value: (
        () if _true(key, value) else [("grpo.state_similarity", 1.0)]
    ),
    "algorithm.use_kl_in_reward": lambda key, value: (
        [("grpo.kl_in", "reward"), ("grpo.kl_estimator", "k1")] if _true(key, value) else ()
    ),
    "algorithm.norm_adv_by_std_in_grpo": lambda key, value: [
        ("grpo.scale", "std" if _true(key, value) else "none")
    ],
    "actor_rollout_ref.actor.use_kl_loss": lambda key, value: (
        () if _true(key, value) else [("grpo.kl_coef", 0.0)]
    ),
    "actor_rollout_ref.actor.kl_loss_type": lambda key, value: _one_of(
        key,
        value,
        {
            "low_var_kl": [("grpo.kl_estimator", "k3")],
            "k3": [("grpo.kl_estimator", "k3")],
            "kl": [("grpo.kl_estimator", "k1")],
            "k1": [("grpo.kl_estimator", "k1")],
            "mse": [("grpo.kl_estimator", "k2")],
            "k2": [("grpo.kl_estimator", "k2")],
        },
    ),
    "actor_rollout_ref.actor.use_invalid_action_penalty": lambda key, value: (
        () if _true(key, value) else [("grpo.invalid_penalty", 0.0)]
    ),
    "actor_rollout_ref.actor.loss_agg_mode": lambda key, value: _one_of(
        key,
        value,
        {
            "token-mean": [("grpo.aggregation", "token-mean")],
            "seq-mean-token-mean": [("grpo.aggregation", "sequence-mean")],
        },
    ),
    "actor_rollout_ref.rollout.name": lambda key, value: _one_of(
        key, value, {"vllm": [("sampler.backend", "vllm")], "hf": [("sampler.backend", "transformers")]}
    ),
    "actor_rollout_ref.rollout.val_kwargs.do_sample": lambda key, value: (
        () if _true(key, value) else [("validation.temperature", 0.0)]
    ),
    "trainer.test_freq": lambda _, value: [("validation.every", max(0, int(value)))],
}
"""Settings whose values mean something else here; what we do not have is refused, not ignored."""


def translate(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Our settings for one setting of SkillRL, verl or ourselves.

    Args:
        key: Dotted; Hydra's leading ``+`` (add) and ``++`` (add or override) are taken.
        value: Parsed.

    Yields:
        Our dotted names with values; the given one when it is no alias.

    Raises:
        ConfigError: The value asks for something that is not available.
    """
    if key.startswith("~"):
        raise ConfigError(f"{key!r}: a setting cannot be deleted; set it to null, or leave it out")
    key = key.lstrip("+")
    if key in NO_EFFECT:
        logger.warning("%s=%s has no effect here: %s", key, value, NO_EFFECT[key])
    elif key in CHOICES:
        yield from CHOICES[key](key, value)
    else:
        for name in ALIASES.get(key, (key,)):
            yield name, value
