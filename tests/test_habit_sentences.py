"""What is said of a household's habits is read again, wherever it stands and however it is put."""

import pytest

from skill_gym.alfworld.habit_sentences import (
    HabitNotes,
    read_habits,
    say_empty,
    say_place,
    say_second,
    where,
    with_article,
)
from skill_gym.alfworld.household import CAN_CONTAIN, PICKUPABLE, TOGGLEABLE
from skill_gym.skillbanks.advice import ADVICE, WHERE_FOUND

OBJECTS = tuple(name.lower() for name in (*PICKUPABLE, *TOGGLEABLE))
RECEPTACLES = tuple(name.lower() for name in CAN_CONTAIN)


def test_the_sentences() -> None:
    assert say_place("mug", ["cabinet"]) == "A mug is usually in a cabinet."
    assert say_place("alarmclock", ["drawer", "desk"]) == "An alarmclock is usually in a drawer or on a desk."
    assert say_place("egg", ["sinkbasin", "shelf", "armchair"]) == (
        "An egg is usually in a sinkbasin, on a shelf or on an armchair."
    )
    assert say_empty("ottoman") == "An ottoman is usually empty."
    assert say_second("same") == "The second of two is usually in the same kind of place as the first."
    assert say_second("other") == "The second of two is usually in another kind of place than the first."
    assert (where("cabinet 12"), where("cabinet"), where("desk 1")) == ("in", "in", "on")
    assert (with_article("cd"), with_article("apple")) == ("a cd", "an apple")


def test_a_habit_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one place for 'mug'"):
        say_place("mug", [])


@pytest.mark.parametrize("thing", OBJECTS)
def test_what_is_said_of_an_object_is_read_again(thing: str) -> None:
    for first, second in zip(RECEPTACLES, (*RECEPTACLES[5:], *RECEPTACLES[:5]), strict=True):
        third = "toilet" if "toilet" not in (first, second) else "bed"
        for kinds in ((first,), (first, second), (first, second, third)):
            assert read_habits(say_place(thing, kinds)) == HabitNotes({thing: kinds})


@pytest.mark.parametrize("kind", RECEPTACLES)
def test_what_is_said_of_a_receptacle_is_read_again(kind: str) -> None:
    assert read_habits(say_empty(kind)) == HabitNotes(empty=frozenset({kind}))


def test_a_whole_prompt_is_read() -> None:
    prompt = (
        "Skills learned from earlier episodes:\nIn every task:\n"
        f"- mug: {say_place('mug', ['cabinet', 'desk'])}\n- empty drawers: {say_empty('drawer')}\n"
        f"- soap bottles: {say_place('soapbottle', ['cart'])} {say_empty('shelf')}\n"
        f"In pick two obj and place tasks:\n- second of two: {say_second('other')}\n"
        "- Take What You See: When a desk lists a mug, take it before you leave; it was passed by there.\n\n"
        "You are in the middle of a room. Looking quickly around you, you see a bed 1, and a drawer 1.\n\n"
        "Your task is to: put two mug in desk."
    )
    assert read_habits(prompt) == HabitNotes(
        {"mug": ("cabinet", "desk"), "soapbottle": ("cart",)}, frozenset({"drawer", "shelf"}), "other"
    )


@pytest.mark.parametrize(
    ("sentence", "thing", "kinds"),
    [
        ("Mugs are usually in cabinets.", "mug", ("cabinet",)),
        ("a mug is usually at a desk", "mug", ("desk",)),
        ("Soap bottles are often found on the counter top or in the garbage can!", "soapbottle",
         ("countertop", "garbagecan")),
        ("Knives usually lie in drawers, then on shelves, so never mind.", None, None),
        ("Knives usually lie in drawers, then on shelves, so pass the desk.", "knife", ("drawer", "shelf")),
        ("A butter-knife is mostly in a drawer or cabinet or drawer.", "butterknife", ("drawer", "cabinet")),
        ("Potatoes are typically stored in the fridge.", "potato", ("fridge",)),
        ("TOILET PAPER is usually on a toilet paper hanger", "toiletpaper", ("toiletpaperhanger",)),
        ("Look for a mug first at a desk or shelf: that is where it was.", "mug", ("desk", "shelf")),
        ("Desk lamps are usually on desks.", "desklamp", ("desk",)),
        ("A mug is usually in a wardrobe.", None, None),
        ("A wug is usually in a cabinet.", None, None),
        ("A mug is usually not in a cabinet.", None, None),
        ("A mug is rarely in a cabinet.", None, None),
        ("A mug isn't usually in a cabinet.", None, None),
        ("A mug is usually dirty, so use the sinkbasin.", None, None),
        ("The mug 1 is in cabinet 2.", None, None),
    ],
)  # fmt: skip
def test_other_wordings(sentence: str, thing: str | None, kinds: tuple[str, ...] | None) -> None:
    assert read_habits(sentence) == HabitNotes({thing: kinds} if thing and kinds else {})


def test_other_wordings_of_empty_and_second() -> None:
    assert read_habits("Drawers and side tables are mostly empty.").empty == {"drawer", "sidetable"}
    assert not read_habits("Drawers are not usually empty. A mug is usually empty.").empty
    assert read_habits("The second one is often in a different kind of place.").second == "other"
    assert read_habits("Put the second object into the very place, same number.").second is None


def test_one_sentence_for_several_objects() -> None:
    assert read_habits("Mugs and cups are usually in cabinets.").places == {
        "mug": ("cabinet",),
        "cup": ("cabinet",),
    }


def test_the_upper_statement_counts() -> None:
    one = [say_place("mug", ["desk"]), say_second("same")]
    other = [say_place("mug", ["cabinet"]), say_second("other")]
    assert read_habits("\n".join(one + other)) == HabitNotes({"mug": ("desk",)}, frozenset(), "same")
    assert read_habits("\n".join(other + one)) == HabitNotes({"mug": ("cabinet",)}, frozenset(), "other")


def test_the_rule_teachers_advice_states_habits_only_where_it_says_so() -> None:
    facts = {"object": "mug", "target": "desk", "places": "cabinet or shelf", "wrong": "cup", "verb": "take",
             "purpose": "the object to clean", "station": "sinkbasin", "change": "clean", "seen": "",
             "condition": "it needs empty hands"}  # fmt: skip
    for advice in ADVICE.values():
        for text in (advice.general, advice.typed, advice.concrete):
            assert read_habits(text.format(**facts)) == HabitNotes(), text
    assert read_habits(WHERE_FOUND.concrete.format(**facts)).places == {"mug": ("cabinet", "shelf")}
