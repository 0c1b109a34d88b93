import json
import re

import gymnasium as gym
import pytest

from skill_gym.benchmarks.cli import main
from skill_gym.benchmarks.evaluation import Evaluation
from skill_gym.benchmarks.play import play
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.trajectory import read_trajectories

EVALUATE = ["evaluate", "--split", "generated_test", "--limit", "12", "--failure-rate", "0.7"]


def test_evaluate_gives_the_same_results_with_any_number_of_slots(tmp_path, capsys):
    files = [tmp_path / f"{slots}.json" for slots in (1, 5, 12)]
    for slots, file in zip((1, 5, 12), files, strict=True):
        assert main([*EVALUATE, "--slots", str(slots), "--json", str(file)]) == 0
    first, *others = [Evaluation.load(file) for file in files]
    assert len({result.task_id for result in first.results}) == 12
    assert 0 < first.success().value < 1
    assert all(other == first for other in others)
    assert "95% interval" in capsys.readouterr().out


def test_evaluate_compares_with_an_earlier_evaluation(tmp_path, capsys):
    file = tmp_path / "weak.json"
    assert main([*EVALUATE, "--json", str(file)]) == 0
    assert main(["evaluate", "--split", "generated_test", "--limit", "12", "--compare", str(file)]) == 0
    weak = Evaluation.load(file).success().value
    assert f"{1 - weak:+.1%}" in capsys.readouterr().out


def test_evaluate_keeps_the_episodes(tmp_path):
    file = tmp_path / "episodes.jsonl"
    assert main([*EVALUATE, "--trajectories", str(file), "--bank", "none"]) == 0
    episodes = list(read_trajectories(file))
    assert len(episodes) == 12
    assert not any(episode.skill_ids for episode in episodes)


def test_evaluate_asks_for_thoughts_and_plays_rooms_of_a_chosen_size(tmp_path):
    file = tmp_path / "episodes.jsonl"
    call = [*EVALUATE, "--trajectories", str(file), "--bank", "none", "--generator", "room_scale=0.3"]
    assert main([*call, "--think"]) == 0
    assert main(call) == 0
    episodes = list(read_trajectories(file))
    thinking, plain = episodes[:12], episodes[12:]
    assert all("Think in <think>" in episode.turns[0].prompt for episode in thinking)
    assert not any("<think>" in episode.turns[0].prompt for episode in plain)
    assert main([*EVALUATE, "--trajectories", str(file), "--bank", "none"]) == 0
    default = list(read_trajectories(file))[24:]
    admissible = [sum(len(one.turns[0].admissible) for one in group) for group in (plain, default)]
    assert admissible[0] < admissible[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "--split", "nowhere"], "unknown split 'nowhere'"),
        (["evaluate", "--split", "valid_seen", "--data", "/nowhere"], "/nowhere"),
        (["evaluate", "--policy", "no such model"], "no model 'no such model'"),
        (["evaluate", "--limit", "0"], "no tasks"),
        (["evaluate", "--generator", "room_scale"], "write e.g. room_scale=0.5"),
        (["evaluate", "--compare", "/nowhere.json"], "nowhere.json"),
        (["evaluate", "--env", "skill_gym/WebShop-v0", "--world", "3"], "no argument 'world'; it has split,"),
        (["play", "--task", "nothing"], "no task 'nothing'"),
        (["play", "--env", "skill_gym/Nothing-v0"], "`Nothing` doesn't exist"),
        (["play", "--env-options", "colour=3"], "no argument 'colour'"),
        (["cold-start", "--env-options", "colour=3"], "no argument 'colour'"),
        (["bank", "validate", "/nowhere.json"], "cannot read the skill bank"),
        (["train", "grpo.lrr=3"], "did you mean grpo.lr"),
        (["train", "--resume", "run.folder=/nowhere"], "no run to resume in /nowhere"),
        (["train", "run.folder=/proc/run"], "cannot be written"),
    ],
)
def test_a_mistake_in_the_call_is_told_in_one_line_with_a_mend(arguments, message, capsys):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_bank_show_prints_the_block_of_a_goal(capsys):
    assert main(["bank", "show", "starter", "--task", "put a hot apple in fridge"]) == 0
    shown = capsys.readouterr().out
    assert "category heat by template" in shown
    starter = SkillBank.starter("alfworld")
    assert starter.task_specific["heat"][0].principle in shown
    assert starter.task_specific["cool"][0].principle not in shown


def test_bank_validate_names_entry_and_field(tmp_path, capsys):
    assert main(["bank", "validate", "starter"]) == 0
    file = tmp_path / "bank.json"
    file.write_text(json.dumps({"general_skills": [{"skill_id": "gen_001", "title": "Open"}]}))
    assert main(["bank", "validate", str(file)]) == 2
    error = capsys.readouterr().err
    assert "gen_001" in error
    assert "principle" in error


def test_train_shows_its_settings_under_skillrls_names_too(capsys):
    assert main(["train", "--show", "+env.skills_only_memory.top_k=4", "data.train_batch_size=3"]) == 0
    shown = capsys.readouterr().out
    assert "top_k: 4" in shown
    assert "tasks_per_iteration: 3" in shown


def player(answers):
    """Somebody at the keyboard, and the screen."""
    screen, said = [], iter(answers)
    return screen, {"ask": lambda commands: next(said), "show": screen.append}


def test_a_person_wins_with_the_experts_hints_and_is_recorded(tmp_path):
    screen = []
    hint = []

    def ask(commands):
        if not hint:
            hint.append("asked")
            return "hint"
        hint.clear()
        return screen[-1].removeprefix("The expert would: ")

    file = tmp_path / "mine.jsonl"
    bank = SkillBank.starter("alfworld")
    won = play(
        "skill_gym/ALFWorld-v0",
        bank=bank,
        seed=3,
        record_to=file,
        ask=ask,
        show=screen.append,
        expert="planner",
    )
    assert won
    assert bank.general[0].principle in screen[0]
    assert not any(bank.general[0].principle in text for text in screen[1:])
    (episode,) = read_trajectories(file)
    assert episode.solved
    assert episode.policy == "person"
    assert episode.skill_ids


def test_a_person_may_list_the_commands_and_leave():
    screen, keyboard = player(["?", "fly away", "quit"])
    assert not play("skill_gym/ALFWorld-v0", bank=SkillBank.empty(), seed=0, **keyboard)
    assert "inventory" in screen[1].splitlines()
    assert screen[2] == "Nothing happens."
    assert "You left after 1 turns" in screen[-1]


def test_a_person_shops_on_pages_that_show_what_was_chosen_and_hears_the_score(monkeypatch, capsys):
    task = gym.make("skill_gym/WebShop-v0").unwrapped.tasks[0]
    typed = iter([f"search[{task.goal}]", "click[next >]", "click[< prev]", "FIRST", "click[buy now]"])

    def ask(commands):
        answer = next(typed)
        return next(one for one in commands if one.startswith("click[b0")) if answer == "FIRST" else answer

    monkeypatch.setattr("skill_gym.benchmarks.play.terminal_asker", lambda: ask)
    assert main(["play", "--env", "skill_gym/WebShop-v0", "--task", task.id]) == 0
    shown = capsys.readouterr().out
    assert "[button] Search [button_]" in shown
    assert SkillBank.starter("webshop").general[0].principle in shown
    assert re.search(r"Not solved, score 0\.\d\d, after 5 turns\.", shown)


def test_cold_start_makes_a_policy_that_can_be_evaluated(tmp_path, capsys):
    small = ["--model", "tiny", "--episodes", "6", "--held-out", "2", "--room-scale", "0.3"]
    assert main(["cold-start", "--out", str(tmp_path), *small]) == 0
    policy = str(tmp_path / "policy")
    assert policy in capsys.readouterr().out
    limits = ["--limit", "2", "--max-steps", "2", "--max-new-tokens", "8"]
    assert main(["evaluate", "--policy", policy, "--backend", "transformers", *limits]) == 0
    assert "| all | 2 |" in capsys.readouterr().out
