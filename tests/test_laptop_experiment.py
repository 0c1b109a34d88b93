import json
from dataclasses import replace
from pathlib import Path

import pytest
from laptop_small import small_model, small_size

from skill_gym.agents.sections import ConfigError
from skill_gym.alfworld.worlds import WORLDS
from skill_gym.benchmarks import laptop_experiment
from skill_gym.benchmarks.evaluation import Evaluation
from skill_gym.benchmarks.laptop import DEMO, VARIANTS, held_out_worlds, laptop_config
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.trajectory import read_trajectories


@pytest.fixture(scope="module")
def ablated(tmp_path_factory):
    """All variants in one world with one seed: the folder, the figures, and the exit code."""
    root = tmp_path_factory.mktemp("laptop")
    size = small_size(small_model(root / "model"))
    patch = pytest.MonkeyPatch()
    patch.setattr(laptop_experiment, "FULL", size)
    out = root / "out.json"
    options = ["--backend", "transformers", "--ablations", "--json", str(out)]
    code = laptop_experiment.main(["--folder", str(root / "runs"), *options])
    patch.undo()
    figures = json.loads(out.read_text())["figures"]
    return root / "runs" / f"world-{held_out_worlds(1)[0]}" / "seed-0", figures, code


def test_all_ablations_end_in_one_table(ablated):
    folder, figures, code = ablated
    text = (folder.parent.parent / "report.md").read_text()
    for name in VARIANTS:
        assert f"| **{name}** |" in text
        assert f"{name}_success" in figures
    # A random model solves nothing, so the claim is refused unless the interval allows it.
    assert figures["games"] == 3
    assert code == (0 if figures["skills_low"] >= 0 and figures["both_low"] >= 0 else 1)


def test_variants_share_what_they_have_in_common(ablated):
    folder, _, _ = ablated
    phases = list(json.loads((folder / "seconds.json").read_text()))
    assert phases.count("cold-collect") == 1
    assert {"cold-none", "cold-skills", "cold-flat", "cold-raw", "random-none", "random-collect"} <= set(
        phases
    )
    assert {f"train-{name}" for name in VARIANTS} <= set(phases)


def test_each_ablation_takes_away_what_it_names(ablated):
    folder, _, _ = ablated

    def bank(name):
        return SkillBank.load(folder / f"{name}.json")

    assert bank("train-no-evolution") == bank("cold-bank")
    assert len(bank("train-no-skills")) == 0
    none = list(read_trajectories(folder / "trained-no-skills-none.jsonl"))
    assert not any(one.skill_ids for one in none)
    cold, random = (Evaluation.load(folder / f"{start}-none.json") for start in ("cold", "random"))
    assert cold.policy == random.policy
    config = (folder / "train-no-hierarchy" / "config.yaml").read_text()
    assert "hierarchy: false" in config
    assert str(folder / "random-policy") in (folder / "train-no-cold-start" / "config.yaml").read_text()


def test_splits_of_a_world_are_kept_apart(tmp_path):
    config = laptop_config(DEMO, world=7, seed=0, folder=tmp_path)
    assert (config.env.split, config.validation.split) == ("generated", "generated_validation")
    assert config.env.options["world"] == 7
    # The validations come after the games that the first bank was distilled from.
    assert config.validation.first == DEMO.collect
    assert config.validation.fresh
    assert config.env.think
    assert config.evolution.enable_dynamic_update
    assert not laptop_config(
        DEMO, world=7, seed=0, folder=tmp_path, variant="no-evolution"
    ).evolution.enable_dynamic_update


def test_held_out_worlds_are_the_test_range():
    assert held_out_worlds(3) == list(WORLDS["test"][:3])
    with pytest.raises(ValueError, match="from 1 to"):
        held_out_worlds(0)
    with pytest.raises(ConfigError, match="lrr"):
        laptop_config(replace(DEMO, settings=("grpo.lrr=1",)), world=0, seed=0, folder=Path("x"))
