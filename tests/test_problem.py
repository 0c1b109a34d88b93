"""Reading PDDL problems: the subset of ALFWorld, and clear refusals of anything else."""

import re

import pytest
from small_room import HOT_GOAL, LOOK_GOAL, TWO_GOAL, play, small_world, write_problem

from skill_gym.alfworld.formula import Atom, Unequal, parse_goal
from skill_gym.alfworld.problem import ProblemError, parse_problem


def test_case_comments_and_line_breaks_do_not_matter():
    text = write_problem()
    plain = parse_problem(text)
    assert parse_problem(text.upper()) == plain
    assert parse_problem(text.replace("(:init", "; (pickupable nothing\n(:init ; a comment )")) == plain
    assert parse_problem(" ".join(text.split())) == plain


def test_types_and_facts_are_read():
    problem = parse_problem(write_problem(without=("(isReceptacleObject",)))
    assert problem.types["mug"] == problem.types["mug_bar_1"] == "object"
    assert problem.types["fridgetype"] == "rtype"
    assert problem.facts["atlocation"] == (("agent1", "loc_bar_0"),)
    assert ("mug_bar_1", "coffeemachine_bar_1") in problem.facts["inreceptacle"]
    assert "isreceptacleobject" not in problem.facts


def test_typed_lists_may_name_several_at_once():
    text = write_problem().replace("Pen - object\n    Pencil - object", "Pen Pencil - object")
    assert "Pen Pencil" in text
    assert parse_problem(text) == parse_problem(write_problem())


def test_facts_that_nothing_reads_are_passed_over():
    assert parse_problem(write_problem(more="(checked Fridge_bar_1) (isOn DeskLamp_bar_1)")) == parse_problem(
        write_problem()
    )


def test_facts_said_twice_count_once():
    problem = parse_problem(write_problem(more="(pickupable Pen_bar_1)"))
    assert len(set(problem.facts["pickupable"])) == len(problem.facts["pickupable"])


def test_goal_is_brought_to_one_conjunction():
    formula = parse_goal(TWO_GOAL.lower())
    first, second, third = formula.variables
    assert formula.variables == {first: "receptacle", second: "object", third: "object"}
    assert formula.unequal == (Unequal(second, third),)
    assert Atom("inreceptacle", (third, first)) in formula.atoms


def test_inner_variables_hide_outer_ones_of_the_same_name():
    formula = parse_goal("(exists (?o - object) (and (isclean ?o) (exists (?o - object) (ishot ?o))))")
    clean, hot = formula.atoms
    assert clean.terms != hot.terms


def test_goals_may_name_things():
    world = small_world("(and (inReceptacle Pen_bar_1 CounterTop_bar_1) (opened Fridge_bar_1))")
    play(
        world,
        "go to fridge 1",
        "open fridge 1",
        "go to shelf 1",
        "take pen 1 from shelf 1",
        "go to countertop 1",
    )
    assert not world.won
    assert play(world, "move pen 1 to countertop 1").won


def test_goals_over_nothing_never_hold():
    assert not small_world("(exists (?o - object) (objectType ?o ButterKnifeType))").won
    assert not small_world("(exists (?o - object) (and (objectType ?o MugType) (not (= ?o ?o))))").won


def test_a_goal_without_conditions_holds():
    assert small_world("(and)").won


@pytest.mark.parametrize("goal", [HOT_GOAL, LOOK_GOAL, TWO_GOAL])
def test_goals_are_not_won_at_the_start(goal):
    assert not small_world(goal).won


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("(:init", "(:begin"), "section (:init ...) is missing"),
        (lambda text: text[: len(text) // 2], "parentheses do not match"),
        (lambda text: text.replace("(openable", "(opnable"), "unknown predicate 'opnable'"),
        (lambda text: text.replace("(pickupable Pen_bar_1)", "(pickupable)"), "pickupable takes 1 terms"),
        (lambda text: text.replace("(pickupable Pen_bar_1)", "pickupable"), "expected facts like"),
        (
            lambda text: text.replace("(pickupable Pen_bar_1)", "(pickupable Pen_bar_7)"),
            "pen_bar_7 is not declared",
        ),
        (lambda text: text.replace("(pickupable Pen_bar_1)", "(pickupable Fridge_bar_1)"), "is receptacle"),
        (lambda text: text.replace("(pickupable Pen_bar_1)", "(not (pickupable Pen_bar_1))"), "init:"),
        (lambda text: text.replace("agent1 - agent", "agent1 -"), "typed list"),
        (lambda text: text.replace("Window_bar_1 - object", "- object"), "typed list"),
        (lambda text: text.replace(HOT_GOAL, "(or (isHot Apple_bar_1))"), "cannot read"),
        (lambda text: text.replace(HOT_GOAL, "(forall (?o - object) (isHot ?o))"), "cannot read"),
        (lambda text: text.replace(HOT_GOAL, "(not (isHot Apple_bar_1))"), "cannot read"),
        (lambda text: text.replace(HOT_GOAL, "(isHot ?o)"), "not bound"),
        (lambda text: text.replace(HOT_GOAL, "(and) (and)"), "after it"),
        (lambda text: text.replace(HOT_GOAL, ""), "parentheses do not match"),
        (lambda _: "", "is missing"),
        (lambda _: "hello", "is missing"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(change, words):
    text = write_problem()
    assert change(text) != text
    with pytest.raises(ProblemError, match=re.escape(words)):
        parse_problem(change(text))


def test_goals_about_facts_that_no_state_has_are_refused():
    with pytest.raises(ProblemError, match="no state has the predicate 'checked'"):
        small_world("(checked Fridge_bar_1)")
