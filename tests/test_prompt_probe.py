"""Prompts that cannot fit the sampler's context are refused before a run, those that may not are named."""

import pytest
from toy_env import TOY_ID, ToyEnv
from toy_training import toy_config, toy_model, toy_trainer

from skill_gym.agents.env_stack import EnvStack
from skill_gym.agents.prompt_probe import TASKS, probe_prompts
from skill_gym.agents.sections import ConfigError
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import Skill

BANK = SkillBank.empty().with_skills([Skill("g_1", "Keys", "word " * 100)])


class Counter:
    """A policy that counts words."""

    def __init__(self, context_length):
        self.context_length = context_length

    def count_tokens(self, text):
        return len(text.split())


def probe(tmp_path, context, *settings, bank=BANK):
    config = toy_config(tmp_path / "run", tmp_path, "sampler.max_new_tokens=40", *settings)
    policy = Counter(context)
    stack = EnvStack(config, count_tokens=policy.count_tokens)
    return probe_prompts(config, stack, ToyEnv().tasks, bank, policy)


def test_a_few_tasks_are_played_and_measured(tmp_path):
    probed = probe(tmp_path, 10_000)
    assert len({one.task_id for one in probed}) == len(probed) == TASKS
    for one in probed:
        first, *later = one.prompts
        # The skill block stands before the first prompt only.
        assert first > 100 > max(later, default=0)
        assert one.conversation == sum(one.prompts) + sum(one.replies[: len(later)])
        assert one.at(len(one.prompts)) == one.conversation
        if later:
            assert one.at(100) > 90 * min(later)
    assert probe(tmp_path, 10_000) == probed


def test_a_first_prompt_that_cannot_fit_is_refused_with_what_to_change(tmp_path):
    first = max(one.prompts[0] for one in probe(tmp_path, 10_000))
    with pytest.raises(ConfigError) as refused:
        probe(tmp_path, first + 39)
    text = str(refused.value)
    assert f"has {first} tokens, 1 too many for the sampler's context of {first + 39}" in text
    assert "lower sampler.max_new_tokens (40)" in text
    assert "lower bank.max_tokens (2000; skills take 110)" in text
    assert "env.layout=step" in text
    with pytest.raises(ConfigError) as refused:
        probe(tmp_path, 30, "sampler.context_length=30", "env.layout=step", bank=SkillBank.empty())
    text = str(refused.value)
    assert "bank.max_tokens" not in text
    assert "raise sampler.context_length (30)" in text
    assert "lower env.history (2)" in text


def test_prompts_that_mostly_grow_too_long_are_refused(tmp_path):
    shown = probe(tmp_path, 10_000, "env.layout=step", "env.max_steps=8")
    sizes = sorted(size for one in shown for size in one.prompts)
    first = max(one.prompts[0] for one in shown)
    assert sizes[len(sizes) // 2] > first
    with pytest.raises(ConfigError, match="most prompts of episodes played at random"):
        probe(tmp_path, first + 40, "env.layout=step", "env.max_steps=8")


def test_long_conversations_are_refused_or_named(tmp_path, caplog):
    shown = probe(tmp_path, 10_000, "env.max_steps=8")
    sizes = sorted(one.conversation for one in shown)
    assert "a conversation" not in caplog.text
    with pytest.raises(ConfigError, match="most conversations played at random"):
        probe(tmp_path, sizes[len(sizes) // 2] + 39, "env.max_steps=8")
    probe(tmp_path, sizes[-1] + 45, "env.max_steps=8")
    assert "a conversation of 8 turns has about" in caplog.text


def test_conversations_that_end_early_are_estimated_to_their_limit(tmp_path, caplog):
    # Random play mostly jams the lock within a few turns; the policy may not.
    probe(tmp_path, 700, "env.max_steps=100")
    assert "a conversation of 100 turns has about" in caplog.text


def test_players_without_a_context_have_no_limit(tmp_path):
    config = toy_config(tmp_path / "run", tmp_path)
    assert probe_prompts(config, EnvStack(config), ToyEnv().tasks, BANK, object()) == []


def test_the_trainer_asks_before_its_run_begins(tmp_path):
    model = toy_model(tmp_path / "model")
    settings = ("sampler.context_length=16", f"env.id={TOY_ID}")
    with pytest.raises(ConfigError, match=r"too many for the sampler's context of 16"):
        toy_trainer(toy_config(tmp_path / "run", model, *settings))
    # What was refused may be tried again in the same folder.
    with toy_trainer(toy_config(tmp_path / "run", model, "run.iterations=0")) as trainer:
        trainer.train()


@pytest.mark.parametrize("env_id", ["skill_gym/ALFWorld-v0", "skill_gym/WebShop-v0", "skill_gym/Search-v0"])
def test_every_environment_of_the_suite_can_be_measured(tmp_path, env_id):
    config = toy_config(
        tmp_path / "run", tmp_path, f"env.id={env_id}", "env.split=generated", "env.max_steps=6"
    )
    policy = Counter(100_000)
    stack = EnvStack(config, count_tokens=policy.count_tokens)
    tasks = stack(BANK, "training")().get_wrapper_attr("tasks")
    probed = probe_prompts(config, stack, tasks, BANK, policy)
    assert len(probed) == TASKS
    assert all(one.prompts[0] > 100 for one in probed)
