"""Who examines a teacher's proposals knows the environment: its commands, and what validation asks."""

import pytest

from skill_gym.agents.stage import Stage
from skill_gym.benchmarks.suite import make
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import Skill


def stage(env_id, **arguments):
    def make_env(bank, role):
        assert role == "validation"
        return lambda: make(env_id, bank=bank, split="generated_validation", size=40, **arguments)

    return Stage(None, make_env, None, None)


def refusals(guard, *texts):
    skills = [Skill(f"c_{number}", f"Advice {number}", text) for number, text in enumerate(texts)]
    return [verdict.reason.partition(":")[0] for verdict in guard.screen(SkillBank.empty(), skills)]


def test_gold_answers_of_validation_are_refused():
    found = stage("skill_gym/Search-v0")
    env = found.make_env(SkillBank.empty(), "validation")()
    task = env.get_wrapper_attr("tasks")[0]
    (answer, *_) = env.unwrapped.gold_answers(task)
    env.close()
    words = " ".join(word for word in task.goal.rstrip("?").split() if len(word) > 3)
    guard = found.guard(SkillBank.empty())
    told = refusals(guard, f"Known is {answer}, which has to do with {words}.", task.goal, "Search twice.")
    assert told == ["benchmark answer in principle", "benchmark answer in principle", ""]


@pytest.mark.parametrize(
    ("env_id", "foreign"),
    [
        ("skill_gym/ALFWorld-v0", "First `teleport to the goal` and then go on."),
        ("skill_gym/WebShop-v0", "First purchase[anything] and then go on."),
        ("skill_gym/Search-v0", "First reply <action>look</action> and then go on."),
    ],
)
def test_commands_that_the_environment_lacks_are_refused(env_id, foreign):
    guard = stage(env_id).guard(SkillBank.empty())
    assert refusals(guard, foreign, "Look before you leap.") == ["command grammar in principle", ""]
