import re
from dataclasses import replace

import pytest

from skill_gym.alfworld.habit_sentences import say_place
from skill_gym.alfworld.worlds import true_habits
from skill_gym.benchmarks.evaluation import Evaluation, TaskResult
from skill_gym.benchmarks.intervals import PairedDifference
from skill_gym.benchmarks.laptop import DEMO, held_out_worlds
from skill_gym.benchmarks.pooling import student
from skill_gym.benchmarks.report import LaptopStory, verdict, write_report
from skill_gym.benchmarks.run_result import RunResult
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import Provenance, Skill
from skill_gym.trajectory import Task, Trajectory, Turn

TYPES = ("look_at_obj_in_light", "pick_and_place_simple")
WORLD = held_out_worlds(1)[0]


def evaluation(solved: int, games: int = 40) -> Evaluation:
    results = tuple(
        TaskResult(
            task_id=f"{number}",
            task_key=f"toy:0:{number}",
            task_type=TYPES[number % 2],
            ended="solved" if number < solved else "truncated",
            reward=float(number < solved),
            steps=7,
            valid_steps=6,
            prompt_tokens=700,
        )
        for number in range(games)
    )
    return Evaluation("toy", ("generated_test",), "tiny", "0-abc", 0, 0.4, results, 3.0)


def episode(number: int, ended: str, turns: int = 1) -> Trajectory:
    task = Task(f"{number}", f"toy:0:{number}", "toy", "generated_test", TYPES[0], f"look at cd {number}")
    turn = Turn("You see a desk.", "SKILLS", "<action>go | away</action>", "", False, 0.0, (), ("dyn_001",))
    return Trajectory(task, (turn,) * turns, ended)


def run(with_skills: int, *, variant="full", seed: int = 0, world: int = WORLD) -> RunResult:
    thing, places = next(iter(true_habits(world).places.items()))
    truth = Skill("dyn_001", thing, say_place(thing, places[:1]), provenance=Provenance(evidence="3 | 4"))
    first = SkillBank.empty().with_skills([truth])
    arms = {
        "frozen": evaluation(5),
        "frozen with skills": evaluation(with_skills),
        "trained with skills": evaluation(with_skills),
        "trained without skills": evaluation(6),
    }
    if variant == "no-skills":
        arms = {name: one for name, one in arms.items() if not name.endswith("with skills")}
    metrics = [
        {"iteration": 1, "success": 0.1, "bank/size": 1, "time/iteration": 9.0},
        {"iteration": 2, "success": 0.25, "validation/success": 0.2, "bank/size": 2, "loss/kl": 0.01},
    ]
    return RunResult(
        variant=variant,
        world=world,
        seed=seed,
        arms=arms,
        metrics=metrics,
        first_bank=first,
        last_bank=first.with_skills([Skill("dyn_002", "bed", "A bed is usually empty.")]),
        collected=evaluation(3),
        phases={"cold-none": (12.0, 1000), f"train-{variant}": (30.0, 5000)},
        samples={
            "frozen": {"1": episode(1, "truncated"), "2": episode(2, "truncated")},
            "frozen with skills": {"1": episode(1, "solved", 3), "2": episode(2, "solved", 2)},
        },
    )


@pytest.fixture
def story() -> LaptopStory:
    return LaptopStory(
        title="A run",
        size=DEMO,
        runs={"full": [run(25)]},
        machine={"cores": "2"},
        command="skill-gym demo",
        notes=("It is small.",),
    )


def line(text: str, start: str) -> str:
    return next(row for row in text.splitlines() if row.startswith(start))


def test_report_states_rates_paired_differences_and_verdicts(tmp_path, story):
    report = write_report(tmp_path / "new", story)
    text = report.read_text()
    assert "solved **12.5%**. With skills distilled from its own episodes it solved **62.5%**" in text
    assert "12.5% [" in line(text, "| **frozen** |")
    assert "62.5% [" in line(text, "| **frozen with skills** |")
    alone = line(text, "| what skills alone do")
    assert "**+50.0% [" in alone
    assert "20 gained, 0 lost" in alone
    assert "Better: the interval excludes zero." in alone
    assert "No difference seen." in line(text, "| what GRPO and the evolving bank add")
    assert "| 2 | 0.25 | 0.2 | 0.01 | 2 |  |" in text
    assert "| **all** |  | 42 | 6,000 |" in text
    for plot in ("success", "success_by_task_type", "growth_of_the_skill_bank"):
        assert (report.parent / f"{plot}.png").read_bytes().startswith(b"\x89PNG")
        assert f"({plot}.png)" in text
    assert "Ablations" not in text


def test_report_puts_habits_beside_the_truth(tmp_path, story):
    text = write_report(tmp_path, story).read_text()
    thing, places = next(iter(true_habits(WORLD).places.items()))
    assert f"| {thing} | {places[0]} | {', '.join(places)} | yes | 3 \\| 4 |" in text
    assert "| bed | empty | not empty | no |" in text
    assert "before GRPO: 1 of 1 statements right" in text
    assert "After: 1 of 2 statements right" in text


def test_report_shows_the_shortest_game_that_skills_gained_with_its_first_prompt(tmp_path, story):
    text = write_report(tmp_path, story).read_text()
    assert "*look at cd 2*" in text
    assert "*look at cd 1*" not in text
    assert "SKILLS" in text
    assert "(not valid)" in text


def test_report_does_not_claim_a_difference_that_is_not_there(tmp_path, story):
    text = write_report(tmp_path, replace(story, runs={"full": [run(6)]})).read_text()
    alone = line(text, "| what skills alone do")
    assert "Not shown: the interval includes zero." in alone
    needed = int(re.search(r"About ([\d,]+) games would settle", alone)[1].replace(",", ""))
    # More than were played, and so many that an interval narrowed by the square root leaves zero out.
    assert 40 < needed < 40 * 100
    text = write_report(tmp_path, replace(story, runs={"full": [run(0)]})).read_text()
    assert "Worse: the interval excludes zero." in line(text, "| what skills alone do")


def test_a_barely_missed_interval_asks_for_more_games_than_were_played():
    barely = PairedDifference(both=30, lost=8, gained=18, neither=44, low=-0.0004, high=0.196)
    said = verdict(barely, student([0.1]))
    assert "Not shown" in said
    assert int(re.search(r"About ([\d,]+) games", said)[1]) > barely.trials


def test_several_runs_are_judged_over_runs_too(tmp_path, story):
    text = write_report(tmp_path, replace(story, runs={"full": [run(5), run(20, seed=1)]})).read_text()
    alone = line(text, "| what skills alone do")
    assert "over 2 runs" in alone
    assert "whether others would, 2 runs do not show" in alone
    assert "seeds 0, 1" in text
    # The same game of two seeds is two games.
    assert "| **frozen** |" in text
    assert "15 gained, 0 lost" in alone


def test_ablations_stand_in_one_table_against_the_whole(tmp_path, story):
    runs = {"full": [run(25)], "no-skills": [run(0, variant="no-skills")]}
    report = write_report(tmp_path, replace(story, runs=runs))
    text = report.read_text()
    row = line(text, "| **no-skills** |")
    assert "15.0% [" in row
    assert "-47.5% [" in row
    assert (report.parent / "ablations.png").is_file()
    # Phases that variants share were done once.
    assert "| **all** |  | 72 | 11,000 |" in text
