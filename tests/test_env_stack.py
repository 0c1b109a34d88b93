import pytest

from skill_gym.agents.config import load_config
from skill_gym.agents.env_stack import EnvStack
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import Skill

BANK = SkillBank(
    general=(
        Skill("g1", "mug", "A mug is usually in a cabinet.", keywords=("mug",)),
        Skill("g2", "plate", "A plate is usually on a shelf.", keywords=("plate",)),
    ),
    task_specific={
        name: (Skill(name, "Kind", f"Advice on {name}.", category=name),)
        for name in ("look_at_obj_in_light", "pick_heat_then_place_in_recep")
    },
)


def shown(*settings: str) -> tuple[str, set[str]]:
    config = load_config(None, ["env.task_types=[look]", *settings])
    env = EnvStack(config)(BANK, "training")()
    prompt, info = env.reset(options={"task": env.unwrapped.tasks[0].id})
    return prompt, set(info["skill_ids"])


@pytest.mark.parametrize(
    ("settings", "ids"),
    [
        ((), {"look_at_obj_in_light"}),
        (("bank.by_keywords=false",), {"g1", "g2", "look_at_obj_in_light"}),
        (("bank.hierarchy=false",), {"g1", "g2", "look_at_obj_in_light", "pick_heat_then_place_in_recep"}),
    ],
)
def test_bank_settings_choose_what_is_shown(settings, ids):
    assert shown(*settings)[1] == ids


@pytest.mark.parametrize("think", [True, False])
def test_think_asks_for_a_thought(think):
    prompt, _ = shown(f"env.think={think}")
    assert ("Think in <think>" in prompt) == think


def test_an_argument_that_the_environment_lacks_is_refused_at_once():
    config = load_config(None, ["env.id=skill_gym/WebShop-v0", "+env.options.world=3"])
    with pytest.raises(ValueError, match="WebShop-v0 has no argument 'world'"):
        EnvStack(config)(BANK, "training")
