"""A planted cause counts only where it alone makes an episode fail; a teacher scores by what it names."""

import json
from pathlib import Path

import pytest

from skill_gym.alfworld.goal_sentence import read_sentence
from skill_gym.alfworld.notebook import kind
from skill_gym.benchmarks import planted_causes
from skill_gym.benchmarks.claim import Claim
from skill_gym.benchmarks.planted_causes import main, measure
from skill_gym.benchmarks.planted_causes_play import Fault, Plant, Scene, Stage, planted, play_pair
from skill_gym.benchmarks.planted_causes_scores import Diagnosed, confusion, diagnosed, figures, plant_table
from skill_gym.benchmarks.planted_causes_table import GROUNDS, Ground
from skill_gym.dice import Dice
from skill_gym.skillbanks.diagnosis import Cause
from skill_gym.skillbanks.search_diagnosis import SearchCause
from skill_gym.skillbanks.shop_diagnosis import ShopCause
from skill_gym.skillbanks.teacher import TeacherAnswer, TeacherRequest

CAUSES = {"alfworld": Cause, "webshop": ShopCause, "search": SearchCause}
SETTINGS = {"split": "generated", "size": 200}


@pytest.fixture(scope="module")
def household() -> Stage:
    ground = GROUNDS["alfworld"]
    return Stage(ground.env_id, ground.noise, **SETTINGS)


class SaysNothing:
    """A teacher without an idea."""

    name = "says nothing"

    def ask(self, request: TeacherRequest) -> TeacherAnswer:
        return TeacherAnswer()


class SaysEverything:
    """A teacher that names every cause there is."""

    name = "says everything"

    def ask(self, request: TeacherRequest) -> TeacherAnswer:
        return TeacherAnswer(causes={cause.value: 1 for kind in CAUSES.values() for cause in kind})


class Idle(Fault):
    """Changes nothing, and says that it took place."""

    def happened(self, scene: Scene) -> bool:
        return True


class GivesUp(Fault):
    """Only looks around."""

    def say(self, scene: Scene) -> str:
        self.acted += 1
        return "look"


class Unnoticed(GivesUp):
    """Fails, but not in the way that was meant."""

    def happened(self, scene: Scene) -> bool:
        return False


class NowhereToGo(GivesUp):
    """Has no place in any task."""

    def furnish(self, scene: Scene) -> bool:
        return False


class EmptyHouse(GivesUp):
    """Takes all things away, so that nobody can solve the task."""

    def furnish(self, scene: Scene) -> bool:
        world = scene.env.world
        world.contents = dict.fromkeys(world.contents, ())
        world._changed("inreceptacle")
        return True


@pytest.mark.parametrize(
    ("make", "verdict"),
    [
        (Idle, "solved all the same"),
        (GivesUp, "planted"),
        (Unnoticed, "did not happen"),
        (NowhereToGo, "no place for it"),
        (EmptyHouse, "control failed"),
    ],
)
def test_a_fault_counts_only_if_it_alone_makes_the_episode_fail(
    household: Stage, make: type[Fault], verdict: str
) -> None:
    pair = play_pair(household, household.env.tasks[0].id, make, "seed 0")
    assert pair.verdict == verdict
    if verdict == "planted":
        assert pair.trajectory is not None
        assert pair.trajectory.ended == "truncated"
        assert not pair.trajectory.solved


def test_a_refused_command_does_nothing_in_the_run_with_the_fault_alone(household: Stage) -> None:
    class Jammed(Fault):
        def refuses(self, command: str) -> bool:
            return command.startswith("take ")

        def happened(self, scene: Scene) -> bool:
            return scene.env.world.holding is None

    pair = play_pair(household, household.env.tasks[0].id, Jammed, "seed 0")
    assert pair.verdict == "planted"
    assert pair.trajectory is not None
    answers = [turn.observation for turn in pair.trajectory.turns[1:]]
    taking = [
        after for turn, after in zip(pair.trajectory.turns, answers, strict=False) if "take" in turn.command
    ]
    assert taking
    assert set(taking) == {"Nothing happens."}


def test_the_same_seed_plants_the_same_and_another_one_another(household: Stage) -> None:
    plant = GROUNDS["alfworld"].plants[0]

    def episodes(seed: int) -> list[str]:
        return [
            pair.trajectory.to_json()
            for pair in planted(household, plant, 2, seed)
            if pair.verdict == "planted" and pair.trajectory is not None
        ]

    assert len(episodes(1)) == 2
    assert episodes(1) == episodes(1)
    assert episodes(1) != episodes(2)


def test_attempts_end_when_a_cause_cannot_be_planted(household: Stage) -> None:
    never = Plant("nothing", NowhereToGo, (Cause.LOOP,))
    assert {pair.verdict for pair in planted(household, never, 1, 0)} == {"no place for it"}


def test_episodes_begin_to_fail_at_different_times(household: Stage) -> None:
    onsets: set[int] = set()

    class Watched(GivesUp):
        def say(self, scene: Scene) -> str:
            if scene.step < self.onset:
                return Fault.say(self, scene)
            if not self.acted:
                onsets.add(scene.step)
            return super().say(scene)

    for number in range(8):
        play_pair(household, household.env.tasks[number].id, Watched, f"seed {number}")
    assert 0 in onsets
    assert len(onsets) > 2


def test_every_plant_has_its_own_name_and_causes_of_its_environment() -> None:
    for name, ground in GROUNDS.items():
        assert len({plant.name for plant in ground.plants}) == len(ground.plants)
        for plant in ground.plants:
            assert plant.causes
            assert set(plant.causes) <= set(CAUSES[name])
            # Many names for one plant would make it easy.
            assert len(plant.causes) <= 2
    assert {cause for plant in GROUNDS["alfworld"].plants for cause in plant.causes} == set(Cause)


def test_the_objects_container_is_closed_before_and_after(household: Stage) -> None:
    plant = next(plant for plant in GROUNDS["alfworld"].plants if plant.causes == (Cause.NOT_OPENED,))
    moved = 0
    for task in household.env.tasks[:12]:
        fault = plant.make(Dice(task.id))
        played = household.play(task.id, fault, task.id, control=False)
        if played is None or not fault.happened(played[1]):
            continue
        world = played[1].env.world
        wanted = read_sentence(task.goal).object
        holders = [place for place, things in world.contents.items() if wanted in map(kind, things)]
        assert holders
        assert set(holders) <= world.layout.openable - world.opened
        moved += any(wanted not in map(kind, world.layout.contents[place]) for place in holders)
        assert f"take {wanted}" not in " ".join(played[1].said)
    assert moved > 2


@pytest.mark.parametrize("name", list(GROUNDS))
def test_the_claim_holds_on_a_few_episodes_of_each_cause(name: str, tmp_path: Path) -> None:
    written = tmp_path / "claim.json"
    count = 2 * len(GROUNDS[name].plants)
    table = tmp_path / "confusion.json"
    arguments = [
        "--confusion",
        str(table),
        "--env",
        name,
        "--episodes",
        str(count),
        "--seed",
        "7",
        "--split",
        "generated",
    ]
    assert main([*arguments, "--json", str(written)]) == 0
    measured = json.loads(written.read_text(encoding="utf-8"))["figures"]
    assert measured[f"{name}_episodes"] == count
    assert measured[f"{name}_found"] >= 0.9
    assert measured[f"{name}_causes_named"] <= 2.5
    named = json.loads(table.read_text(encoding="utf-8"))[name]
    assert set(named) == {plant.name for plant in GROUNDS[name].plants}


def test_a_teacher_that_names_nothing_or_everything_does_not_pass() -> None:
    ground = GROUNDS["alfworld"]
    few = Ground(ground.env_id, ground.noise, ground.plants[-2:])
    for teacher, share in ((SaysNothing(), 0.0), (SaysEverything(), 1.0)):
        episodes, verdicts = measure(teacher, few, 4, split="generated", seed=0)
        assert len(episodes) == verdicts["planted"] == 4
        measured, bounds = figures("alfworld", episodes, 4)
        assert measured["alfworld_found"] == share
        assert not Claim("", measured, bounds).holds


def test_too_few_episodes_are_no_proof(household: Stage) -> None:
    plant = Plant("looks around", GivesUp, (Cause.LOOP,))
    (pair,) = [pair for pair in planted(household, plant, 1, 0) if pair.verdict == "planted"]
    assert pair.trajectory is not None
    episode = Diagnosed(plant, (Cause.LOOP.value,))
    measured, bounds = figures("alfworld", [episode], 1)
    assert Claim("", measured, bounds).holds
    measured, bounds = figures("alfworld", [episode], 2)
    assert not Claim("", measured, bounds).holds
    assert diagnosed(SaysNothing(), plant, pair.trajectory).named == ()


def test_what_is_named_besides_is_told() -> None:
    plant = Plant("looks around", GivesUp, (Cause.LOOP,))
    episodes = [
        Diagnosed(plant, ("loop", "wrong object taken")),
        Diagnosed(plant, ("wrong object taken", "loop")),
        Diagnosed(plant, ()),
    ]
    measured, _ = figures("x", episodes, 3)
    assert measured["x_found"] == pytest.approx(2 / 3)
    assert measured["x_named_first"] == pytest.approx(1 / 3)
    assert measured["x_causes_named"] == pytest.approx(4 / 3)
    assert measured["x_nothing_named"] == 1
    assert confusion(episodes) == {"looks around": {"loop": 2, "wrong object taken": 2, "": 1}}
    assert "wrong object taken 2" in plant_table(episodes)


def test_wrong_arguments_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--episodes", "0"])
    assert "at least 1" in capsys.readouterr().err
    assert planted_causes.EPISODES == 500


def test_noise_is_harmless(household: Stage) -> None:
    noise = GROUNDS["alfworld"].noise
    scene = Scene(None, None, "", ("go to desk 1", "look", "open drawer 1", "take mug 1 from desk 1"), [])
    drawn = {noise(scene, Dice(f"{number}")) for number in range(60)}
    assert drawn == {"look", "go to desk 1"}
