"""Nothing that an agent is shown tells in which world it is."""

import pytest

from skill_gym.alfworld.worlds import WORLDS, true_habits
from skill_gym.benchmarks import suite
from skill_gym.benchmarks.laptop import LAPTOP_GAMES
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.habit_practice import habit_bank

GAMES = 24
# Numbers that no id holds by chance.
HERE, THERE = WORLDS["test"][34_567], WORLDS["test"][76_543]


def make(world, split="generated_test", bank=None):
    return suite.make(
        "skill_gym/ALFWorld-v0",
        bank=SkillBank.empty() if bank is None else bank,
        think=True,
        split=split,
        world=world,
        size=GAMES,
        generator=dict(LAPTOP_GAMES),
    )


def opening(env, task):
    prompt, info = env.reset(seed=0, options={"task": task})
    told = ("goal", "task", "task_type", "admissible_commands", "observation", "skill_ids", "bank_version")
    return prompt, {name: info[name] for name in told}


@pytest.mark.parametrize("split", ["generated", "generated_validation", "generated_test"])
def test_first_prompts_ids_and_names_are_the_same_in_every_world(split):
    here, there = make(HERE, split), make(THERE, split)
    tasks = [task.id for task in here.unwrapped.tasks]
    assert tasks == [task.id for task in there.unwrapped.tasks]
    for task in tasks:
        shown = opening(here, task)
        assert shown == opening(there, task)
        assert str(HERE) not in f"{shown} {here.unwrapped.task.goal}"


def test_worlds_differ_nevertheless():
    """Else the test above would prove nothing: the same commands find other things."""
    differing = 0
    for task in [task.id for task in make(HERE).unwrapped.tasks]:
        seen = []
        for world in (HERE, THERE):
            env = make(world)
            _, info = env.reset(options={"task": task})
            told = ""
            for command in info["admissible_commands"]:
                if command.startswith("go to"):
                    told += env.step(f"<action>{command}</action>")[0]
            seen.append(told)
        differing += seen[0] != seen[1]
    assert differing > GAMES / 2


def test_keys_tell_worlds_apart_for_leak_checks_only():
    here, there = ([task.key for task in make(world).unwrapped.tasks] for world in (HERE, THERE))
    assert not set(here) & set(there)
    assert not any(str(HERE) in key for key in here)


def test_ids_of_skills_do_not_name_the_world():
    bank = habit_bank(true_habits(HERE))
    assert not any(str(HERE) in f"{skill.id} {skill.title} {skill.principle}" for skill in bank.skills)
    prompt, _ = opening(make(HERE, bank=bank), make(HERE).unwrapped.tasks[0].id)
    assert str(HERE) not in prompt
