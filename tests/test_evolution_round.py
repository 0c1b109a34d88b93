"""What others keep out of the bank does not come back: neither as it was, nor under its id, nor reworded."""

from skill_gym.agents.evolution_round import evolution_reason, evolve_beside, sources
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.evolution import EvolutionConfig, evolve
from skill_gym.skillbanks.skill import Provenance, Skill
from skill_gym.skillbanks.teacher import Proposal, TeacherAnswer
from skill_gym.trajectory import Task, Trajectory, Turn

BANK = SkillBank.empty().with_skills([Skill("gen_001", "Look around", "See what there is before you move.")])
RETIRED = Skill(
    "dyn_004", "Heat it in the oven", "Put the egg into the oven, then close it.", category="heat"
)
CONFIG = EvolutionConfig(min_episodes=1, max_new_skills=9)


class Says:
    """A teacher with one answer, who remembers which bank it was shown."""

    name = "says"

    def __init__(self, *proposals, retire=None):
        self.answer = TeacherAnswer(tuple(proposals), retire=retire or {})
        self.shown = None

    def ask(self, request):
        self.shown = request.bank
        return self.answer


def failed(name="t", ended="failed"):
    task = Task(name, f"env:x:{name}", "env", "validation", "heat", "heat an egg")
    boundary = "env" if ended == "broken" else None
    return Trajectory(task, (Turn("", "", "", "", True, 0.0),), ended, "", boundary=boundary)


def evolved(teacher, kept_out=(RETIRED,), bank=BANK):
    return evolve_beside(bank, kept_out, [failed()], teacher, CONFIG, seed=0)


def test_without_such_entries_it_is_evolution_itself():
    proposal = Proposal("Open first", "Open the fridge before you take anything.", "heat")
    plain = evolve(BANK, [failed()], Says(proposal), CONFIG)
    assert evolved(Says(proposal), ()).bank.dumps() == plain.bank.dumps()


def test_it_is_proposed_neither_again_nor_under_its_id():
    teacher = Says(
        Proposal(RETIRED.title, RETIRED.principle, "heat"),
        Proposal("Open first", "Open the fridge before you take anything.", None),
    )
    evolution = evolved(teacher)
    assert RETIRED.id in teacher.shown
    assert evolution.bank.ids == ("gen_001", "dyn_005")
    assert [skill.id for skill in evolution.added] == ["dyn_005"]
    assert evolution.bank.generation == BANK.generation + 1
    assert "heat" not in evolution.bank.categories, (
        "a category of retired entries alone is none of the bank's"
    )
    assert evolution.previous_version == BANK.version


def test_a_new_version_of_it_is_left_out_and_its_retirement_is_no_news():
    again = Proposal("Heat it hot", "Warm the egg in the hot oven for long.", "heat", replaces=RETIRED.id)
    evolution = evolved(Says(again))
    assert evolution.bank is BANK
    assert (evolution.added, dict(evolution.revised)) == ((), {})
    assert not evolved(Says(retire={RETIRED.id: "wrong"})).retired


def test_entries_of_the_bank_are_revised_and_retired_as_ever():
    other = Skill("gen_002", "Be quick", "Waste no step on rooms that you know.")
    bank = BANK.with_skills([other])
    new = Proposal("Look around", "Look into every open shelf first.", None, replaces="gen_001")
    evolution = evolved(Says(new, retire={"gen_002": "no longer true"}), bank=bank)
    assert evolution.bank.ids == ("dyn_005",)
    assert dict(evolution.revised) == {"gen_001": "dyn_005"}
    reason = evolution_reason(4, evolution)
    assert reason == ("validation after iteration 4; success is low on heat (0.00); gen_002: no longer true")


def test_sources_are_the_entries_own_or_all_episodes():
    own = Skill("a", "A", "B", provenance=Provenance(("env:x:1",), ("train",)))
    assert sources([own], [failed()]) == {}
    played = [failed("a"), failed("a"), failed("b"), failed("c", "broken")]
    assert sources([], played) == {"trajectory_ids": ["env:x:a", "env:x:b"], "splits": ["validation"]}
