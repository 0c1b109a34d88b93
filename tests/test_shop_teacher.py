"""The teacher without a model finds planted faults of shopping and says what to do instead."""

from dataclasses import replace

import pytest
from planted_episodes import planted
from small_shop import SmallShop, goal

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.rule_teacher import RuleTeacher
from skill_gym.skillbanks.shop_advice import SHOP_ADVICE, SHOP_PURPOSES
from skill_gym.skillbanks.shop_diagnosis import ShopCause, diagnose_visit
from skill_gym.skillbanks.shop_goals import SHOP_TYPES
from skill_gym.skillbanks.teacher import TeacherRequest
from skill_gym.trajectory import Ended, Task, Trajectory, Turn
from skill_gym.webshop.experts import admissible
from skill_gym.webshop.session import Session
from skill_gym.wrappers.open_command import fitted

SHIRT = (
    "Find me machine wash men's shirts with color: black, and size: s | m, and price lower than 30.00 dollars"
)
FIND = "search[cotton shirt mug rug]"
OPEN = "click[b000shirt1]"
BUY = "click[buy now]"
BOTH = ("click[black]", "click[s | m]")
READ = ("click[features]", "click[< prev]")


def played(
    commands: tuple[str, ...],
    text: str = SHIRT,
    *,
    task_type: str = "apparel",
    number: int = 0,
    rich: bool = False,
    ended: Ended | None = None,
) -> Trajectory:
    """An episode with these commands in the small shop."""
    session = Session(SmallShop(), goal(instruction_text=text), "s")
    turns = []
    for command in commands:
        shown = session.text_rich if rich else session.text
        commands_now = admissible(session)
        valid = any(command == one or fitted(command, one) is not None for one in commands_now)
        reward, _ = session.do(command)
        turns.append(Turn(shown, shown, "", command, valid, reward, commands_now))
    how: Ended = ended or ("failed" if session.page == "done" else "truncated")
    task = Task(
        str(number), f"skill_gym/WebShop-v0:x:{number}", "skill_gym/WebShop-v0", "train", task_type, text
    )
    last = session.text_rich if rich else session.text
    return Trajectory(task, tuple(turns), how, meta={"final_observation": last})


RUG = "Find me washable rugs, and price lower than 200.00 dollars"
MUGS = ("click[b0000mug01]", "click[< prev]", "click[b0000mug02]", "click[< prev]", "click[b0000mug03]")
READ_TWO = ("click[b0000mug01]", "click[< prev]", "click[b0000mug02]", "click[< prev]")
PLANTED = {
    ShopCause.NOT_CHOSEN: played((FIND, OPEN, *READ, "click[black]", BUY)),
    ShopCause.OTHER_VALUE: played((FIND, OPEN, *READ, "click[dark red]", "click[s | m]", BUY)),
    ShopCause.NOT_OFFERED: played((FIND, OPEN, *READ, "click[black]", BUY), SHIRT.replace("s | m", "tiny")),
    ShopCause.TOO_DEAR: played((FIND, OPEN, *READ, *BOTH, BUY), SHIRT.replace("30.00", "10.00")),
    ShopCause.FOR_OTHERS: played((FIND, OPEN, *READ, *BOTH, BUY), SHIRT.replace("men's", "women's")),
    ShopCause.OTHER_KIND: played((FIND, "click[b0000mug01]", BUY), RUG),
    ShopCause.UNREAD: played((FIND, OPEN, *BOTH, BUY)),
    ShopCause.NOT_TOLD: played((FIND, OPEN, *READ, *BOTH, BUY), SHIRT.replace("machine wash", "soft wool")),
    ShopCause.NEVER_BOUGHT: played((FIND, OPEN, *READ, *BOTH)),
    ShopCause.NOTHING_OPENED: played((FIND, "click[next >]", "click[back to search]")),
    ShopCause.NEVER_SEARCHED: played(("", "click[black]")),
    ShopCause.ONE_SEARCH: played((FIND, *MUGS)),
    ShopCause.INADMISSIBLE: played((FIND, "click[black]", "search[shirt]", OPEN)),
    ShopCause.UNREADABLE: played((FIND, "", "", OPEN)),
    ShopCause.LOOP: played((FIND, *(OPEN, "click[< prev]") * 5)),
}


def ask(*failures: Trajectory, bank: SkillBank | None = None):
    return RuleTeacher().ask(TeacherRequest(failures, bank or SkillBank.empty()))


def causes(trajectory: Trajectory) -> list[ShopCause]:
    return [finding.cause for finding in diagnose_visit(trajectory)]


def test_every_cause_has_a_planted_episode_and_advice() -> None:
    assert set(PLANTED) == set(ShopCause) == set(SHOP_ADVICE)
    assert set(SHOP_PURPOSES) == set(SHOP_TYPES)


@pytest.mark.parametrize("cause", list(ShopCause))
def test_a_planted_cause_is_found_and_answered(cause: ShopCause) -> None:
    trajectory = PLANTED[cause]
    assert cause in causes(trajectory)
    answer = ask(trajectory)
    assert answer.causes[cause.value] == 1
    assert answer.unexplained == ()
    proposal = next(one for one in answer.proposals if one.cause == cause.value)
    assert proposal.task_type == "apparel"
    assert "clothes" in proposal.principle or "title" in proposal.principle
    assert proposal.provenance.trajectory_ids == (trajectory.task.key,)
    assert (proposal.provenance.teacher, proposal.provenance.splits) == ("rules", ("train",))
    assert "1 of 1 failed episodes" in proposal.provenance.evidence
    for one in answer.proposals:
        assert "{" not in one.principle
        assert len(one.principle.split()) <= 30


@pytest.mark.parametrize(
    "cause",
    [
        ShopCause.NOT_CHOSEN,
        ShopCause.OTHER_VALUE,
        ShopCause.NOT_OFFERED,
        ShopCause.TOO_DEAR,
        ShopCause.FOR_OTHERS,
        ShopCause.UNREAD,
        ShopCause.NOT_TOLD,
        ShopCause.NEVER_BOUGHT,
    ],
)
def test_nothing_else_is_found_than_what_was_planted(cause: ShopCause) -> None:
    assert causes(PLANTED[cause]) == [cause]


def test_a_good_purchase_and_a_broken_episode_have_no_causes() -> None:
    whole = (FIND, OPEN, *READ, *BOTH, BUY)
    assert causes(played(whole)) == []
    assert ask(played(whole)).unexplained == ("skill_gym/WebShop-v0:x:0",)
    assert causes(played((FIND,), ended="solved")) == []
    broken = replace(played((FIND,)), ended="broken", boundary="env")
    assert causes(broken) == []
    assert causes(played(())) == [ShopCause.NEVER_SEARCHED]


@pytest.mark.parametrize("cause", list(ShopCause))
def test_rich_text_tells_the_same(cause: ShopCause) -> None:
    plain = PLANTED[cause]
    commands = tuple(turn.command for turn in plain.turns)
    assert causes(played(commands, plain.task.goal, rich=True)) == causes(plain)


def test_the_way_back_is_no_loop() -> None:
    assert ShopCause.LOOP not in causes(played((FIND, *MUGS, "click[< prev]", "click[b0000mug04]")))


def test_a_cause_of_several_departments_is_said_once_and_then_for_each() -> None:
    failures = [
        played((FIND, OPEN, *READ, "click[black]", BUY), task_type=name, number=number)
        for number, name in enumerate(("apparel", "apparel", "footwear"))
    ]
    bank = SkillBank.empty()
    said: list[tuple[str | None, str]] = []
    for round_ in range(4):
        proposals = ask(*failures, bank=bank).proposals
        said += [(one.task_type, one.principle) for one in proposals]
        bank = bank.with_skills(
            [one.skill(f"dyn_{round_}{place:02d}", one.task_type) for place, one in enumerate(proposals)]
        )
    assert [where for where, _ in said] == [None, "apparel", "footwear", "apparel", "footwear"]
    assert "size" in said[3][1]
    assert len({text for _, text in said}) == 5
    last = ask(*failures, bank=bank)
    assert last.proposals == ()
    assert len(last.known) == 5


def test_episodes_of_both_environments_are_answered_each_by_its_rules() -> None:
    kitchen = planted("missing transformation")
    both = ask(PLANTED[ShopCause.NOT_CHOSEN], kitchen)
    assert {"wished options not chosen", "missing transformation"} <= set(both.causes)
    assert {one.task_type for one in both.proposals} >= {"apparel", kitchen.task.task_type}
    assert ask(kitchen).proposals == tuple(one for one in both.proposals if one in ask(kitchen).proposals)


def test_without_recorded_commands_nothing_is_said_about_options() -> None:
    trajectory = PLANTED[ShopCause.NOT_CHOSEN]
    bare = replace(trajectory, turns=tuple(replace(turn, admissible=()) for turn in trajectory.turns))
    assert not {ShopCause.NOT_CHOSEN, ShopCause.NOT_OFFERED, ShopCause.OTHER_VALUE} & set(causes(bare))


def test_round_and_round_is_a_loop_also_by_the_way_back() -> None:
    browsed = (FIND, *READ_TWO, OPEN, "click[< prev]")
    assert ShopCause.LOOP not in causes(played(browsed))
    assert ShopCause.LOOP in causes(played((*browsed, OPEN, "click[< prev]", OPEN, "click[< prev]")))
    assert ShopCause.LOOP in causes(played((FIND, *("click[back to search]", FIND) * 4)))


def test_replies_without_a_command_are_no_loop() -> None:
    assert causes(played((FIND, OPEN, *("",) * 8))) == [ShopCause.NEVER_BOUGHT, ShopCause.UNREADABLE]


def test_reviews_are_no_reading_of_the_product() -> None:
    looked = ("click[reviews]", "click[< prev]")
    assert causes(played((FIND, OPEN, *looked, *BOTH, BUY))) == [ShopCause.UNREAD]
    assert causes(played((FIND, OPEN, *looked, *READ, *BOTH, BUY))) == []


def test_for_whom_it_is_does_not_tell_the_kind() -> None:
    boots = "Find me leather men's boots with color: green, and price lower than 30.00 dollars"
    found = causes(played((FIND, OPEN, *READ, BUY), boots))
    assert ShopCause.OTHER_KIND in found
    # An option that is on offer as wished speaks for the kind.
    assert ShopCause.OTHER_KIND not in causes(
        played((FIND, OPEN, *READ, BUY), boots.replace("green", "black"))
    )
