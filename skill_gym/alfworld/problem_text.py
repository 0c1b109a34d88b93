"""Writes a generated room and its goal as a PDDL problem in the form of the official games."""

from functools import cache

from skill_gym.alfworld.assignment import Assignment
from skill_gym.alfworld.furnishing import House
from skill_gym.alfworld.household import (
    CAN_CONTAIN,
    CLEANABLE,
    COOLABLE,
    HEATABLE,
    HOLLOW,
    PICKUPABLE,
    SLICEABLE,
    TOGGLEABLE,
)

PROPERTIES = (
    ("pickupable", PICKUPABLE),
    ("isReceptacleObject", HOLLOW),
    ("cleanable", CLEANABLE),
    ("heatable", HEATABLE),
    ("coolable", COOLABLE),
    ("toggleable", TOGGLEABLE),
    ("sliceable", SLICEABLE),
)

PLACE_GOAL = """(and (exists (?r - receptacle) (exists (?o - object) (and
    {state}(objectType ?o {o}Type)
    (receptacleType ?r {t}Type)
    (inReceptacle ?o ?r)))))"""

TWO_GOAL = """(and (exists (?r - receptacle) (exists (?o1 - object) (and
    (objectType ?o1 {o}Type)
    (receptacleType ?r {t}Type)
    (inReceptacle ?o1 ?r)
    (exists (?o2 - object) (and
        (not (= ?o1 ?o2))
        (objectType ?o2 {o}Type)
        (receptacleType ?r {t}Type)
        (inReceptacle ?o2 ?r)))))))"""

LOOK_GOAL = """(and
    (exists (?ot - object ?r - receptacle ?a - agent ?l - location) (and
        (objectType ?ot {t}Type)
        (toggleable ?ot)
        (isToggled ?ot)
        (receptacleAtLocation ?r ?l)
        (atLocation ?a ?l)
        (inReceptacle ?ot ?r)))
    (exists (?o - object ?a - agent) (and
        (objectType ?o {o}Type)
        (holds ?a ?o))))"""

STATES = {
    "pick_clean_then_place_in_recep": "(cleanable ?o) (isClean ?o) ",
    "pick_heat_then_place_in_recep": "(heatable ?o) (isHot ?o) ",
    "pick_cool_then_place_in_recep": "(coolable ?o) (isCool ?o) ",
}


def goal_text(assignment: Assignment) -> str:
    """The goal formula of an assignment."""
    if assignment.task_type == "look_at_obj_in_light":
        form = LOOK_GOAL
    else:
        form = TWO_GOAL if assignment.task_type == "pick_two_obj_and_place" else PLACE_GOAL
    return form.format(
        o=assignment.object_type, t=assignment.target_type, state=STATES.get(assignment.task_type, "")
    )


def problem_text(name: str, house: House, assignment: Assignment) -> str:
    """The whole problem.

    Args:
        name: Name of the problem.
        house: The furnished room.
        assignment: What is to be done in it.

    Returns:
        PDDL text with the sections ``:objects``, ``:init`` and ``:goal``.
    """
    receptacle_types = sorted({receptacle.type for receptacle in house.receptacles})
    object_types = sorted({thing.type for thing in house.things})
    declared = ["agent1 - agent"]
    declared += [f"{location} - location" for location in house.locations]
    declared += [f"{receptacle.id} - receptacle" for receptacle in house.receptacles]
    declared += [f"{thing.id} - object" for thing in house.things]
    # The original's domain names these types, so they must exist in every problem.
    rtypes = sorted({*receptacle_types, "SinkBasin", "Microwave", "Fridge"})
    otypes = sorted({*object_types, "Knife", "ButterKnife", "Sink"})
    declared += [f"{kind}Type - rtype" for kind in rtypes]
    declared += [f"{kind}Type - otype" for kind in otypes]

    places = house.locations
    facts = [f"(atLocation agent1 {places[0]})"]
    for receptacle in house.receptacles:
        facts.append(f"(receptacleType {receptacle.id} {receptacle.type}Type)")
        facts.append(f"(receptacleAtLocation {receptacle.id} {places[receptacle.location]})")
        if receptacle.openable:
            facts.append(f"(openable {receptacle.id})")
    for thing in house.things:
        facts.append(f"(objectType {thing.id} {thing.type}Type)")
        if thing.location is not None:
            facts.append(f"(objectAtLocation {thing.id} {places[thing.location]})")
        facts += [f"(inReceptacle {thing.id} {receptacle.id})" for receptacle in thing.receptacles]
        facts += [f"({predicate} {thing.id})" for predicate in _properties(thing.type)]
        if thing.cold:
            facts.append(f"(isCool {thing.id})")
        if thing.inside is not None:
            facts.append(f"(inReceptacleObject {thing.id} {thing.inside.id})")
    facts += [
        f"(canContain {kind}Type {name}Type)"
        for kind in receptacle_types
        for name in CAN_CONTAIN[kind]
        if name in object_types
    ]
    return (
        f"(define (problem {name})\n(:domain alfred)\n(:objects\n"
        + "\n".join(declared)
        + "\n)\n(:init\n"
        + "\n".join(facts)
        + f"\n)\n(:goal {goal_text(assignment)})\n)\n"
    )


@cache
def _properties(kind: str) -> tuple[str, ...]:
    return tuple(predicate for predicate, types in PROPERTIES if kind in types)
