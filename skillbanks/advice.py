"""What to do instead: for every cause of failure its advice, general, for a task type, and with the facts."""

from collections.abc import Mapping
from dataclasses import dataclass

from skill_gym.skillbanks.diagnosis import Cause
from skill_gym.skillbanks.goals import CLEAN, COOL, HEAT, LOOK, PLACE, TWO


@dataclass(frozen=True, slots=True)
class Advice:
    """The texts for one cause.

    ``{purpose}`` stands for the task type's object, ``{object}``, ``{target}``, ``{places}``, ``{wrong}`` and
    ``{verb}`` for facts of the episodes.

    Attributes:
        title: Title of the skill.
        when: The situation that calls for it.
        general: For all tasks.
        typed: For one task type.
        concrete: With facts; "" where there are none to tell.
        mistake: What is done wrong, for a warning; "" where nothing is.
        reason: Why it is done.
    """

    title: str
    when: str
    general: str
    typed: str
    concrete: str = ""
    mistake: str = ""
    reason: str = ""


PURPOSES: Mapping[str, str] = {
    PLACE: "the object to move",
    LOOK: "the object to hold under the lamp",
    CLEAN: "the object to clean",
    HEAT: "the object to heat",
    COOL: "the object to cool",
    TWO: "each of the two objects",
}
"""Task type -> what its object is for."""

STATIONS: Mapping[str, tuple[str, str]] = {
    CLEAN: ("clean", "sinkbasin"),
    HEAT: ("heat", "microwave"),
    COOL: ("cool", "fridge"),
}
"""Task type -> the verb of its change and the place where it works."""

CONDITIONS: Mapping[str, str] = {
    "take": "it needs empty hands, the object's name with its number, and its place in front of you, open",
    "move": "it needs the object in hand and the place in front of you, open if it can be closed",
    "put": "there is no such command; say 'move object to place'",
    "go": "name one of the places by kind and number, not the one where you are",
    "open": "it needs a closed container in front of you; most surfaces cannot be opened",
    "close": "it needs an open container in front of you, and is never needed",
    "clean": "it needs the object in hand and a sinkbasin in front of you",
    "heat": "it needs the object in hand and the microwave in front of you",
    "cool": "it needs the object in hand and the fridge in front of you",
    "use": "it needs a lamp in front of you",
    "examine": "it needs a place in front of you or an object in hand",
    "slice": "it needs a knife in hand and is rarely asked for",
}
"""Verb -> when its command is possible."""

ADVICE: Mapping[Cause, Advice] = {
    Cause.NOT_CHANGED: Advice(
        "Change It First",
        "When the goal asks for a clean, hot or cool object.",
        "Holding the object, clean it at a sinkbasin, heat it at the microwave or cool it at the fridge.",
        "With {purpose} in hand, go to a {station} and say '{change} object with {station}' at once.",
        "Take the {object} to a {station}, '{change} {object} with {station}', then go to the {target}.",
        mistake="Delivering the object as it was found, not clean, hot or cool as asked.",
        reason="The name of the thing is kept in mind, its state is not.",
    ),
    Cause.MISPLACED: Advice(
        "Put Down Only At The Goal",
        "While holding the goal object.",
        "Do not use 'move' with the goal object anywhere but at the place that the goal names.",
        "Keep {purpose} in hand until you stand at the place that the goal names.",
        "Do not leave the {object} at a {places}: only a {target} counts.",
        mistake="Putting the goal object down on the way, at a place that the goal does not name.",
        reason="A free hand seems useful, and any place near enough.",
    ),
    Cause.SPLIT_PAIR: Advice(
        "One Place For Both",
        "When delivering the second object.",
        "Objects that belong together go to the same place, with the same number.",
        "Put the second object into the very place, same number, that holds the first.",
        "Both {object} must share one {target}: if they lie in two, move one over to the other.",
        mistake="Bringing two objects to two places of the same kind.",
        reason="Places of one kind are taken for one place.",
    ),
    Cause.ONE_OF_TWO: Advice(
        "Fetch The Second Too",
        "After the first delivery.",
        "Count what the goal asks for, and go on until every one is delivered.",
        "After the first delivery search the places not seen yet for another of the same kind.",
        "One {object} in the {target} is half the task: fetch another {object}{seen}.",
        mistake="Stopping after the first of two objects.",
        reason="The first delivery feels like the end of the task.",
    ),
    Cause.LAMP_NOT_USED: Advice(
        "Use The Lamp",
        "When the object is in hand.",
        "With the object to look at in hand, find the lamp and use it.",
        "Once you hold {purpose}, search desks, sidetables and shelves for the lamp and 'use' it.",
        "With the {object} in hand go to the {target}{seen} and say 'use {target}' with its number.",
        mistake="Carrying the object about without ever using the lamp.",
        reason="Having the object is taken for having looked at it.",
    ),
    Cause.LAMP_WITHOUT_OBJECT: Advice(
        "Object First, Then Lamp",
        "When the lamp is found before the object.",
        "Lighting a lamp counts only when the object is in your hand beside it.",
        "Remember the lamp's place, fetch {purpose}, come back with it and only then use the lamp.",
        "The {target} is on, so now bring the {object} in your hand to its place.",
        mistake="Using the lamp with empty hands.",
        reason="The lamp is met first and used at once.",
    ),
    Cause.NOT_DELIVERED: Advice(
        "Deliver Without Detour",
        "When the object in hand is ready.",
        "When the object in hand is ready, go to the goal place by the next command and move it there.",
        "When {purpose} is ready in your hand, the next command is 'go to' the goal place, then 'move'.",
        "With the {object} ready: 'go to {target}', open it if closed, 'move {object} to {target}'.",
        mistake="Carrying the finished object to the end without delivering it.",
        reason="The goal place is forgotten, or something else is looked for.",
    ),
    Cause.SEEN_NOT_TAKEN: Advice(
        "Take What You See",
        "When the goal object is listed.",
        "Read every list for the name of the goal object, and take it by the very next command.",
        "When a list names {purpose}, the next command is 'take', with its number and the place's.",
        "When a {places} lists a {object}, take it before you leave; it was passed by there.",
        mistake="Passing by the goal object although it was listed.",
        reason="Long lists are skimmed instead of being read.",
    ),
    Cause.WRONG_OBJECT: Advice(
        "Only The Named Kind",
        "Before taking anything.",
        "Take nothing but an object whose name stands in the goal; another one fills your hand for nothing.",
        "Only {purpose} is worth taking: a thing of another name never counts.",
        "A {wrong} is no {object}: leave it and look for a {object}.",
        mistake="Taking a thing that the goal does not name.",
        reason="It is alike, or lies where the right one was expected.",
    ),
    Cause.NOT_OPENED: Advice(
        "Open Every Container",
        "When a place is closed.",
        "When you arrive and read that a place is closed, the next command is to open it.",
        "Open each closed place that you come to until you have found {purpose}.",
        "If no {object} is in sight, open each {places}: those stayed closed when it was not found.",
        mistake="Leaving closed containers shut while the object is missing.",
        reason="What cannot be seen is taken for not being there.",
    ),
    Cause.NOT_VISITED: Advice(
        "Visit Every Place",
        "While the object is not found.",
        "Go through the places of the first observation and visit each once until the object is found.",
        "Until you have found {purpose}, every 'go to' leads to a place where you have not been.",
        "Look for a {object} at a {places}, where nobody looked when it was not found.",
        mistake="Giving up the search with places never visited.",
        reason="A few likely places are searched over and over.",
    ),
    Cause.REFUSED: Advice(
        "Mind What Is Possible",
        "After 'Nothing happens.'",
        "After 'Nothing happens.' ask what is missing: the place, an open door, an object or a free hand.",
        "On the way with {purpose} use only commands that are possible now, and none twice that failed.",
        "When '{verb} ...' makes nothing happen: {condition}.",
        mistake="Repeating commands that are impossible here.",
        reason="What a command needs is not asked before it is given.",
    ),
    Cause.UNREADABLE: Advice(
        "Always Give A Command",
        "In every reply.",
        "End every reply with exactly one command in the form asked for; a reply without one loses a step.",
        "Think briefly about {purpose}, then give exactly one command in the form that was asked for.",
        mistake="Replying without a command in the form asked for.",
        reason="The thought takes the whole reply.",
    ),
    Cause.LOOP: Advice(
        "Break The Circle",
        "When the same text comes again.",
        "If an answer is one that you have read before, do something that you have not done yet.",
        "While you look for {purpose}, do not go back to a place that you have searched; choose a new one.",
        "Coming back to the {places} again and again shows nothing new: go somewhere else.",
        mistake="Going round in a circle of commands that show nothing new.",
        reason="What was seen before is forgotten.",
    ),
}
"""Cause -> what to do instead."""

WHERE_FOUND = Advice(
    "Where It Is Found",
    "At the start of a search.",
    "",
    "",
    "Look for a {object} first at a {places}: that is where earlier episodes found one.",
)
"""Advice for a search that failed, where other episodes know better."""
