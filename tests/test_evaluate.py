"""Evaluation: each task once, the same with any number of slots, nothing dropped, no leaks."""

import json
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import Any

import gymnasium as gym
import pytest
from toy_env import TOY_ID, ToyEnv

from skill_gym.agents.policy import Completion, PolicyError, Request, Sampling
from skill_gym.agents.scripted import ExpertPolicy
from skill_gym.benchmarks.evaluate import episode_seed, evaluate
from skill_gym.benchmarks.evaluation import Evaluation, EvaluationError, paired_difference
from skill_gym.benchmarks.suite import make
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.leaks import LeakError
from skill_gym.skillbanks.skill import Provenance, Skill

make_env = partial(make, TOY_ID, split="validation", size=30, expert="planner")


def run(policy: Any = None, **options: Any) -> Evaluation:
    return evaluate(make_env, policy or ExpertPolicy(failure_rate=0.3), **{"slots": 4, **options})


@pytest.fixture(scope="module")
def erring() -> Evaluation:
    return run()


def test_results_do_not_depend_on_the_number_of_slots(erring):
    """Invariant 5."""
    assert 0 < erring.success().successes < 30
    for slots in (1, 7, 64):
        assert run(slots=slots) == erring


@pytest.mark.parametrize("env_id", ["skill_gym/ALFWorld-v0"])
def test_results_on_games_do_not_depend_on_the_number_of_slots_either(env_id):
    games = partial(
        make, env_id, split="generated_validation", size=12, expert="planner", max_episode_steps=20
    )
    policy = ExpertPolicy(failure_rate=0.3)
    one, many = (evaluate(games, policy, slots=slots) for slots in (1, 64))
    assert one == many
    assert [result.task_id for result in one.results] == [task.id for task in games().unwrapped.tasks]


def test_each_task_is_played_exactly_once_in_the_order_of_the_split(erring):
    played: list[str] = []
    again = run(on_played=lambda one: played.append(one.trajectory.task.id))
    tasks = [task.id for task in make_env().unwrapped.tasks]
    assert Counter(played) == Counter(tasks)
    assert [result.task_id for result in again.results] == tasks
    assert again == erring


def test_a_subset_gives_the_same_results_as_the_whole(erring):
    chosen = [result.task_id for result in erring.results[20:3:-3]]
    part = run(tasks=chosen)
    whole = {result.task_id: result for result in erring.results}
    assert list(part.results) == [whole[task_id] for task_id in chosen]


def test_another_seed_gives_another_evaluation(erring):
    assert run(seed=1).results != erring.results
    task = make_env().unwrapped.tasks[0]
    assert episode_seed(0, task) != episode_seed(1, task)
    assert 0 <= episode_seed(0, task) < 2**31


def test_rates_steps_and_validity_are_counted_by_type(erring):
    assert erring.task_types == ("look_in_box", "open_box")
    by_type = [erring.success(task_type) for task_type in erring.task_types]
    assert [rate.trials for rate in by_type] == [15, 15]
    assert sum(rate.successes for rate in by_type) == sum(result.solved for result in erring.results)
    assert erring.mean_steps == sum(result.steps for result in erring.results) / 30
    assert erring.valid_share == 1.0
    assert (erring.broken, erring.reply_tokens) == (0, 0)
    assert (erring.env_id, erring.splits, erring.policy) == (TOY_ID, ("validation",), "expert-0.3")
    with pytest.raises(ValueError, match="no task of type 'fly'"):
        erring.success("fly")


def test_the_table_has_a_row_per_type_and_one_for_all():
    lines = run(ExpertPolicy()).table().splitlines()
    assert lines[0] == "| task type | tasks | solved | success | 95% interval | mean steps | valid | broken |"
    assert lines[2:] == [
        "| look_in_box | 15 | 15 | 100.0% | 79.6% to 100.0% | 4.0 | 100.0% | 0 |",
        "| open_box | 15 | 15 | 100.0% | 79.6% to 100.0% | 3.0 | 100.0% | 0 |",
        "| all | 30 | 30 | 100.0% | 88.6% to 100.0% | 3.5 | 100.0% | 0 |",
    ]


class Tokens(ExpertPolicy):
    """An expert whose replies have tokens."""

    def answer(self, requests: Any) -> list[Completion]:
        return [replace(done, prompt_ids=(1, 2, 3), token_ids=(4, 5)) for done in super().answer(requests)]


def test_tokens_are_counted():
    evaluation = run(Tokens(), tasks=["validation/open_box-0"])
    assert (evaluation.results[0].prompt_tokens, evaluation.results[0].reply_tokens) == (9, 6)
    assert evaluation.reply_tokens == 6


class Refuses(ExpertPolicy):
    """An expert that cannot answer for one task."""

    def submit(self, request: Request) -> None:
        if request.info["task"] == "validation/open_box-4" and "cellar." in request.messages[-1]["content"]:
            raise PolicyError("no answer")
        super().submit(request)


def test_broken_episodes_are_counted_and_never_raise_the_rate():
    evaluation = run(Refuses())
    (broken,) = (result for result in evaluation.results if result.ended == "broken")
    assert (broken.task_id, broken.boundary, broken.steps) == ("validation/open_box-4", "policy", 2)
    assert "no answer" in broken.error
    assert evaluation.broken == 1
    assert (evaluation.success().successes, evaluation.success().trials) == (29, 30)
    assert "| all | 30 | 29 | 96.7% |" in evaluation.table()


def test_a_task_that_cannot_begin_is_in_the_result(monkeypatch):
    begin = ToyEnv.begin

    def fragile(self: ToyEnv, task: Any) -> Any:
        if task.id == "validation/open_box-2":
            raise OSError("disk gone")
        return begin(self, task)

    monkeypatch.setattr(ToyEnv, "begin", fragile)
    evaluation = run(ExpertPolicy())
    (broken,) = (result for result in evaluation.results if result.ended == "broken")
    assert (broken.task_id, broken.boundary, broken.steps) == ("validation/open_box-2", "env", 0)
    assert broken.valid_share is None


def test_an_evaluation_survives_the_file(tmp_path, erring):
    path = tmp_path / "evaluation.json"
    for evaluation in (erring, run(Refuses())):
        evaluation.save(path)
        assert Evaluation.load(path) == evaluation
    row = json.loads(path.read_text(encoding="utf-8"))
    assert (row["broken"], row["success"]["successes"], set(row["success_by_type"])) == (
        1,
        29,
        {"look_in_box", "open_box"},
    )


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 9}', '{"format": 1}'])
def test_a_file_that_is_no_evaluation_is_named(tmp_path, text):
    path = tmp_path / "evaluation.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"evaluation\.json: "):
        Evaluation.load(path)


def test_paired_difference_counts_the_pairs(erring):
    perfect = run(ExpertPolicy())
    difference = paired_difference(erring, perfect)
    solved = erring.success().successes
    assert (difference.both, difference.lost, difference.gained, difference.neither) == (
        solved,
        0,
        30 - solved,
        0,
    )
    assert difference.low > 0
    assert paired_difference(erring, perfect, task_type="open_box").trials == 15
    assert paired_difference(perfect, perfect).value == 0


def test_pairs_need_the_same_tasks(erring):
    part = run(tasks=[erring.results[0].task_id])
    with pytest.raises(EvaluationError, match="same tasks; 29 are in one only"):
        paired_difference(part, erring)
    with pytest.raises(EvaluationError, match="no task of type 'fly'"):
        paired_difference(erring, erring, task_type="fly")


def bank(**source: Any) -> SkillBank:
    skill = Skill("dyn_001", "Match", "Take the right key.", "always", provenance=Provenance(**source))
    return SkillBank.empty().with_skills([skill])


@pytest.mark.parametrize(
    "source",
    [
        {"splits": ("train", "validation")},
        {"trajectory_ids": (make_env().unwrapped.tasks[3].key,)},
    ],
    ids=["split", "task"],
)
def test_a_bank_learnt_on_the_split_is_refused(source):
    """Invariant 6."""
    leaky = partial(make_env, bank=bank(**source))
    with pytest.raises(LeakError, match=r"dyn_001.*evaluate on a split that evolution never reads"):
        evaluate(leaky, ExpertPolicy())
    assert evaluate(leaky, ExpertPolicy(), allow_leak=True).success().successes == 30


def test_skills_of_earlier_cycles_pass_by_policy_unless_they_came_from_the_very_tasks():
    def evaluated(**source):
        first = bank(**source)  # generation 1, written for 0
        later = first.with_skills([Skill("s2", "T", "p")]).with_skills([Skill("s3", "T", "q")])
        run = partial(evaluate, policy=ExpertPolicy(), leak_policy="same_cycle")
        with pytest.raises(LeakError, match="dyn_001"):
            run(partial(make_env, bank=first))
        return run(partial(make_env, bank=later))

    earlier = {"splits": ("validation",), "bank_version": "0-aaaaaaaa"}
    assert len(evaluated(**earlier).results) == 30
    with pytest.raises(LeakError, match="came from tasks that are evaluated on: dyn_001"):
        evaluated(**earlier, trajectory_ids=(make_env().unwrapped.tasks[3].key,))


def test_a_bank_learnt_elsewhere_is_welcome_and_named():
    clean = bank(splits=("train",), trajectory_ids=(f"{TOY_ID}:0:train/open_box-0",))
    evaluation = evaluate(partial(make_env, bank=clean), ExpertPolicy())
    assert evaluation.bank_version == clean.version


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"slots": 0}, "slots must be at least 1, got 0"),
        ({"tasks": []}, "no tasks to evaluate on"),
        ({"tasks": ["validation/open_box-0"] * 2}, "is there twice"),
        ({"tasks": ["nowhere"]}, "nowhere"),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        run(**options)


def test_only_text_environments_are_evaluated():
    with pytest.raises(TypeError, match="wrapped TextEnv, got CartPoleEnv"):
        evaluate(partial(gym.make, "CartPole-v1"), ExpertPolicy())


def test_sampling_is_reported():
    assert run(ExpertPolicy(), sampling=Sampling(temperature=0.4)).temperature == 0.4
