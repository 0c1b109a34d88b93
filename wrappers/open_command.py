"""Admissible commands with a slot, as in ``search[<your query>]``: the player chooses the text there."""

import re

# Not just any <...>: what a shop sells may have such a name.
SLOT = re.compile(r"<your [^<>]+>")


def has_slot(command: str) -> bool:
    """Whether an admissible command leaves text to the player: ``<your ...>`` somewhere in it."""
    return SLOT.search(command) is not None


def fill(command: str, text: str) -> str:
    """The command with a text in its first slot; a command without a slot stays as it is."""
    return SLOT.sub(lambda _: text, command, count=1)


def fitted(command: str, admissible: str, *, mend: bool = True) -> str | None:
    """A command in the form of an admissible one with a slot.

    Args:
        command: What the player said.
        admissible: What the environment admits; with one slot.
        mend: Whether differences in white space are forgiven and mended, runs of it in the slot too.
            Differences in case are forgiven in any case, but only around the slot.

    Returns:
        The command in the environment's own spelling around the slot, the player's text in it; None when it
        has another form, when the slot is empty, or when the slot itself was copied instead of being filled.
    """
    slot = SLOT.search(admissible)
    if slot is None:
        return None
    before, after = admissible[: slot.start()], admissible[slot.end() :]
    said = " ".join(command.split()) if mend else command
    text = said[len(before) : len(said) - len(after)]
    if len(said) <= len(before) + len(after) or not text.strip() or text.strip() == slot[0]:
        return None
    if (said[: len(before)].lower(), said[len(said) - len(after) :].lower()) != (
        before.lower(),
        after.lower(),
    ):
        return None
    return before + (text.strip() if mend else text) + after
