"""Skills on trial in training: arms for whole groups, evidence from them alone, and rulings on the bank."""

import json
import random
from collections.abc import Iterator

import pytest
from toy_training import toy_config, toy_model, toy_trainer

from skill_gym.agents.canaries import canaries_fell
from skill_gym.agents.metrics import read_metrics
from skill_gym.agents.rollout import Episode, Played
from skill_gym.agents.ruling import Ruling
from skill_gym.agents.skill_trials import SkillTrials, SkillTrialsConfig
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.evolution import Evolution
from skill_gym.skillbanks.retrieval import ByTaskType
from skill_gym.skillbanks.skill import Skill
from skill_gym.skillbanks.store_events import Event, Kind
from skill_gym.trajectory import Task, Trajectory, Turn, read_trajectories

HEAT = "pick_heat_then_place_in_recep"
TASK = Task("t", "env:x:t", "env", "train", HEAT, "heat an egg")
BANK = SkillBank.empty().with_skills(
    [Skill("gen_001", "Old", "Useful at first."), Skill("gen_002", "B", "C.")]
)
CONFIG = SkillTrialsConfig(enable=True, min_effect=0.3, alpha=0.1, run_length=200, keep_effect=0.1)


def evolution(trials: SkillTrials, bank: SkillBank, *skills: Skill, **fields: object) -> Evolution:
    after = trials.known(bank).with_skills(skills)
    return Evolution(after, added=skills, **fields)


def play(trials: SkillTrials, bank: SkillBank, number: int, chance, *, groups: int = 8) -> list[Played]:
    """Groups of an iteration, whose success depends on the ids that their arm shows."""
    rng, played = random.Random(number), []
    retriever = ByTaskType(bank)
    for group in range(groups):
        arm = trials.arm(number, group, TASK, retriever)
        shown, record = arm.apply(retriever, TASK, retriever.retrieve([TASK])[0])
        # Siblings share their luck: the worst case for whoever counts them one by one.
        solved = rng.random() < chance(shown.ids)
        for sibling in range(4):
            turn = Turn("", "", "", "", True, float(solved), skill_ids=shown.ids)
            ended = "solved" if solved else "failed"
            meta = {"bank_arm": record} if arm else {}
            trajectory = Trajectory(TASK, (turn,), ended, bank.version, meta=meta)
            played.append(Played(Episode(f"{number}.{group}.{sibling}", "t", 0, group), trajectory, ()))
    return played


def run(trials: SkillTrials, bank: SkillBank, chance, iterations: int) -> Iterator[SkillBank]:
    for number in range(iterations):
        trials.observe(number, play(trials, bank, number, chance))
        bank = trials.rule(bank).bank
        yield bank


def test_a_helpful_candidate_enters_and_a_harmful_one_does_not():
    trials = SkillTrials(CONFIG, seed=1)
    good, bad = Skill("dyn_001", "Good", "Helps."), Skill("dyn_002", "Bad", "Harms.")
    bank = trials.propose(BANK, evolution(trials, BANK, good, bad))
    assert bank is BANK

    def chance(ids: tuple[str, ...]) -> float:
        return 0.4 + 0.5 * ("dyn_001" in ids) - 0.35 * ("dyn_002" in ids)

    banks = run(trials, bank, chance, 150)
    while trials.trials.open_ids:
        bank = next(banks)
    assert "dyn_001" in bank
    assert "dyn_002" not in bank
    assert bank.generation == BANK.generation + 1
    assert trials.utility.of("dyn_001", HEAT).mean > 0.2 > -0.05 > trials.utility.of("dyn_002", HEAT).mean
    assert trials.book.get("dyn_001").usage > 0
    # Neither is proposed again, nor is its id.
    assert {"dyn_001", "dyn_002"} <= set(trials.known(bank).ids)
    assert trials.metrics()["trials/admitted"] == 1


def test_a_skill_of_the_bank_that_begins_to_harm_is_taken_out():
    trials = SkillTrials(CONFIG, seed=2)
    banks = list(run(trials, BANK, lambda ids: 0.8 - 0.7 * ("gen_002" in ids), 150))
    assert "gen_002" not in banks[-1]
    assert "gen_001" not in trials.rule(banks[-1]).retired or "gen_001" in banks[20]


def test_a_revision_takes_the_place_of_the_old_when_it_is_admitted():
    trials = SkillTrials(SkillTrialsConfig(enable=True, alpha=0.2, withhold=0), seed=3)
    new = Skill("dyn_001", "Old", "Useful still.")
    bank = trials.propose(BANK, evolution(trials, BANK, new, revised={"gen_001": "dyn_001"}))
    assert "gen_001" in bank
    *_, bank = run(trials, bank, lambda ids: 0.05 + 0.9 * ("dyn_001" in ids), 40)
    assert bank.ids == ("gen_002", "dyn_001")


def test_what_evolution_retires_and_remembers_takes_effect_at_once():
    trials = SkillTrials(CONFIG, seed=0)
    after = Evolution(
        SkillBank(metadata={"memory": 1}), retired={"gen_001": "wrong", "nobody": "unknown"}, added=()
    )
    bank = trials.propose(BANK, after)
    assert (bank.ids, dict(bank.metadata), bank.generation) == (
        ("gen_002",),
        {"memory": 1},
        BANK.generation + 1,
    )


def test_a_reviewers_word_ends_a_trial_and_begins_a_watch_anew():
    trials = SkillTrials(CONFIG, seed=0)
    names = ("dyn_001", "dyn_002", "dyn_003", "dyn_004")
    bank = trials.propose(BANK, evolution(trials, BANK, *(Skill(name, name, name) for name in names)))
    list(run(trials, bank, lambda _: 0.5, 3))
    assert set(trials.watches) == {"gen_001", "gen_002"}
    kinds = dict(zip(names, (Kind.ADDED, Kind.REJECTED, Kind.PROPOSED), strict=False)) | {
        "gen_001": Kind.REVISED,
        "nobody": Kind.RETIRED,
    }
    trials.hear({name: Event(1, kind, name, None, 0.0, "because") for name, kind in kinds.items()})
    assert trials.trials.open_ids == ("dyn_004",)
    assert [trials.trials.verdict(name) for name in names] == ["admit", "retire", "retire", "undecided"]
    assert set(trials.watches) == {"gen_002"}
    # Nothing is left to rule on: the reviewer has put in and kept out.
    assert trials.rule(bank) == Ruling(bank)


def test_broken_episodes_tell_nothing():
    trials = SkillTrials(CONFIG, seed=0)
    broken = Trajectory(TASK, (), "broken", boundary="env", meta={"error": "x"})
    trials.observe(0, [Played(Episode("a", "t", 0), broken, ())])
    assert len(trials.book) == 0


def test_choice_by_utility_leaves_out_what_harms_but_never_a_candidate():
    trials = SkillTrials(SkillTrialsConfig(enable=True, choice="mean"), seed=0)
    trials.propose(BANK, evolution(trials, BANK, Skill("dyn_001", "New", "On trial.")))
    for name in ("gen_002", "dyn_001"):
        for _ in range(30):
            trials.book.observe_pair(name, HEAT, [0], [1])
    inner = ByTaskType(trials.known(BANK))
    chosen = trials.choose(inner, iteration=0, exploring=True, max_tokens=500)
    assert chosen.retrieve([TASK])[0].ids == ("dyn_001", "gen_001")
    plain = SkillTrials(CONFIG, seed=0).choose(inner, iteration=0, exploring=True, max_tokens=500)
    assert plain is inner


def test_exploration_is_for_training_and_changes_with_the_iteration():
    trials = SkillTrials(SkillTrialsConfig(enable=True, choice="thompson"), seed=0)

    def shown(iteration: int, exploring: bool) -> tuple[str, ...]:
        chosen = trials.choose(ByTaskType(BANK), iteration=iteration, exploring=exploring, max_tokens=500)
        return chosen.retrieve([TASK])[0].ids

    assert len({shown(number, True) for number in range(30)}) > 2
    assert {shown(number, False) for number in range(30)} == {BANK.ids}


def test_state_round_trips():
    trials = SkillTrials(CONFIG, seed=4)
    trials.propose(
        BANK, evolution(trials, BANK, Skill("dyn_002", "A", "B", category="heat"), Skill("dyn_001", "C", "D"))
    )
    *_, bank = run(trials, BANK, lambda _: 0.5, 5)
    again = SkillTrials(CONFIG, seed=4)
    again.restore(json.loads(json.dumps(trials.to_json())))
    assert list(again.candidates) == ["dyn_002", "dyn_001"]
    for one in (trials, again):
        list(run(one, bank, lambda _: 0.5, 3))
    assert again.to_json() == trials.to_json()


def test_canaries_compare_what_both_played():
    def episode(task: str, ended: str) -> Played:
        boundary = "env" if ended == "broken" else None
        one = Task(task, f"k{task}", "env", "train", "heat", "")
        return Played(Episode(task, task, 0), Trajectory(one, (), ended, boundary=boundary), ())

    names = [str(number) for number in range(12)]
    good, bad = ([episode(name, ended) for name in names] for ended in ("solved", "failed"))
    assert canaries_fell(good, bad)
    assert not canaries_fell(good, good)
    assert not canaries_fell(good, [episode(name, "broken") for name in names])


@pytest.mark.parametrize(
    "settings", [{"show": 1.0}, {"withhold": 1.0}, {"per_group": 0}, {"canaries": -1}, {"min_effect": 0}]
)
def test_settings_are_checked(settings):
    with pytest.raises(ValueError, match=r"trials\.|min_effect"):
        SkillTrialsConfig(**settings)


SETTINGS = ("trials.enable=true", "trials.canaries=2", "trials.withhold=0.3", "trials.choice=thompson")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return toy_model(tmp_path_factory.mktemp("model"))


def test_training_with_trials(tmp_path, model):
    """Groups share their arm, new skills wait outside of the bank, and a resumed run goes on the same."""
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    with toy_trainer(toy_config(whole, model, *SETTINGS)) as trainer:
        trainer.train()
        assert len(trainer.bank) == 0, "in six iterations nothing has proved itself"
        assert trainer.trials is not None
        assert set(trainer.trials.trials.open_ids) == set(trainer.trials.candidates)
        assert trainer.trials.candidates
        tried = list(trainer.trials.candidates)
    arms = set()
    for number in (3, 4, 5, 6):
        played = list(read_trajectories(whole / "trajectories" / f"iteration-{number:06d}.jsonl"))
        by_task: dict[str, set[str]] = {}
        for one in played:
            by_task.setdefault(one.task.id, set()).add(json.dumps(one.meta.get("bank_arm")))
        assert all(len(same) == 1 for same in by_task.values())
        arms |= set().union(*by_task.values())
    drawn = [json.loads(arm) for arm in arms - {"null"}]
    assert any(arm["candidates"] for arm in drawn)
    assert any(arm["held_back"] for arm in drawn)
    assert {name for arm in drawn for name in arm["candidates"]} <= set(tried)
    assert read_metrics(whole / "metrics.jsonl")[-1]["trials/open"] == len(tried)

    with toy_trainer(toy_config(halves, model, *SETTINGS, "run.iterations=4")) as trainer:
        trainer.train()
    with toy_trainer(toy_config(halves, model, *SETTINGS), resume=True) as trainer:
        trainer.train()
    last = "iteration-000006.jsonl"
    assert (whole / "trajectories" / last).read_text() == (halves / "trajectories" / last).read_text()


def test_an_admission_that_makes_canaries_fail_is_undone(tmp_path, model, monkeypatch):
    with toy_trainer(toy_config(tmp_path / "run", model, *SETTINGS, "run.iterations=1")) as trainer:
        before = trainer.bank
        trials = trainer.trials
        assert trials is not None
        better = before.with_skills([Skill("dyn_001", "New", "Proved itself.")])
        monkeypatch.setattr(trials, "rule", lambda bank: Ruling(better))
        monkeypatch.setattr("skill_gym.agents.canaries.canaries_fell", lambda before, after: True)
        trainer.train()
        assert trainer.bank == before
    names = {path.name for path in (tmp_path / "run" / "trajectories").iterdir()}
    assert names >= {"canaries-before-000001.jsonl", "canaries-after-000001.jsonl"}
    assert read_metrics(tmp_path / "run" / "metrics.jsonl")[-1]["trials/rolled_back"] == 1
