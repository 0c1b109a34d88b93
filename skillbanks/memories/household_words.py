"""The words for a chain of ALFWorld steps: what each step showed, what it was for, its part of the plan."""

from collections.abc import Sequence
from typing import Protocol

from skill_gym.skillbanks.episode_facts import kind
from skill_gym.skillbanks.memories.link import Link

_DONE = {"clean": "cleaned", "heat": "heated", "cool": "cooled", "slice": "sliced"}


class HouseholdAct(Protocol):
    """What was done, to what and where; things have their numbers."""

    @property
    def turn(self) -> int:
        """Of the episode, from 0."""
        ...

    @property
    def verb(self) -> str:
        """The command's first words."""
        ...

    @property
    def thing(self) -> str:
        """What it is done to."""
        ...

    @property
    def place(self) -> str:
        """From where, to where or with what."""
        ...


def tell_links(acts: Sequence[HouseholdAct], final: Sequence[HouseholdAct]) -> tuple[Link, ...]:
    """The acts as links of a chain, without numbers.

    Args:
        acts: In order.
        final: Those of them that the goal itself asks for, such as the last ``move``.
    """
    roles = _roles(acts, final)
    return tuple(_tell(act, acts[place + 1 :], roles, act in final) for place, act in enumerate(acts))


def _roles(acts: Sequence[HouseholdAct], final: Sequence[HouseholdAct]) -> dict[str, str]:
    """What each thing and place is to the task, as a placeholder."""
    roles: dict[str, str] = {}
    objects: list[str] = []
    for act in acts:
        if act.verb == "take" and act.thing not in objects:
            objects.append(act.thing)
    knives = {act.place for act in acts if act.verb == "slice"}
    wanted = [thing for thing in objects if thing not in knives]
    for number, thing in enumerate(wanted, 1):
        roles[thing] = f"[Object_{number}]" if len(wanted) > 1 else "[Object]"
    roles |= dict.fromkeys(knives, "[Tool]")
    for act in acts:
        if act.verb == "use":
            roles.setdefault(act.thing, "[Lamp]")
        if act.verb in ("clean", "heat", "cool"):
            roles.setdefault(act.place, "[Station]")
    for act in final:
        if act.verb == "move":
            roles[act.place] = "[Target]"
    return roles


def _tell(act: HouseholdAct, later: Sequence[HouseholdAct], roles: dict[str, str], final: bool) -> Link:
    thing, place = kind(act.thing), kind(act.place)
    role, where = roles.get(act.thing, "[Location]"), roles.get(act.place, "[Location]")
    # What an arrival or an open door is for is told by what is done there next.
    purpose = next((other for other in later if other.verb not in ("go to", "open")), None)
    if act.verb in ("go to", "open"):
        seen, why, stage = _way(act, later, purpose, roles)
        return Link(act.turn, f"{act.verb} {thing}", seen, why, stage)
    if act.verb == "take":
        seen = f"The {thing} is in hand and no longer at the {place}."
        action, why, stage = f"take {thing} from {place}", f"Get hold of the {thing}.", f"Take {role}"
    elif act.verb == "move":
        seen = f"The {thing} lies at the {place}, the hand is free."
        action, stage = f"move {thing} to {place}", f"Put {role} at {where}"
        why = "Deliver it where the goal wants it." if final else "Free the hand for the next object."
    elif act.verb == "use":
        seen, action, stage = f"The {thing} is on.", f"use {thing}", f"Use {role}"
        why = "The goal asks for its light on the object in hand."
    else:
        seen = f"The {thing} is {_DONE[act.verb]}."
        action, stage = f"{act.verb} {thing} with {place}", f"{act.verb.capitalize()} {role} with {where}"
        why = "The goal wants the object in this state before it is delivered."
    return Link(act.turn, action, seen, why, stage)


def _way(
    act: HouseholdAct, later: Sequence[HouseholdAct], purpose: HouseholdAct | None, roles: dict[str, str]
) -> tuple[str, str, str]:
    """Observation, reasoning and stage of a step that only leads to another."""
    place = kind(act.thing)
    role = roles.get(act.thing, "[Location]")
    opens = act.verb == "open"
    shown = f"The {place} is open." if opens else f"The agent stands at the {place}."
    if not opens and later and later[0].verb == "open":
        shown = f"The {place} is closed."
    stage = f"{'Open' if opens else 'Go to'} {role}"
    if purpose is None:
        return shown, "The goal is reached by being here.", stage
    thing = kind(purpose.thing)
    if purpose.verb == "take":
        if later[0] is purpose:
            shown = f"A {thing} is seen {'inside' if opens else f'at the {place}'}."
        searched = f"{'Open' if opens else 'Search'} {role} for {roles.get(purpose.thing, '[Object]')}"
        return shown, f"The {thing} is to be found here.", searched
    if purpose.verb == "move":
        return shown, f"The {thing} is to be put down here.", stage
    if purpose.verb == "use":
        return shown, f"The {thing} stands here.", stage
    return shown, f"Here the {thing} can be {_DONE[purpose.verb]}.", stage
