"""Two changes of one bank brought together: neither undoes the other."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.store_events import STATE_AFTER, Entry, Event, State, place_of


def merge_banks(
    base: SkillBank, ours: SkillBank, theirs: SkillBank, *, leave_out: Collection[str] = ()
) -> SkillBank:
    """The step from one bank to ours, made on theirs.

    What they took out stays out, what they put in stays in, and an entry that we take out stays where they
    have revised it meanwhile. Changes of ours to texts under the same id are not looked for.

    Args:
        base: What both began with.
        ours: Our next bank.
        theirs: Their next bank.
        leave_out: Ids of ours that may not enter.

    Returns:
        ``ours`` or ``theirs`` itself where that is all there is to it.
    """
    if theirs.version == base.version and not leave_out:
        return ours
    gone = [
        entry.id
        for entry in base
        if entry.id not in ours and entry.id in theirs and theirs.get(entry.id) == entry
    ]
    new = [
        entry
        for entry in ours
        if entry.id not in base and entry.id not in theirs and entry.id not in leave_out
    ]
    metadata = theirs.metadata if ours.metadata == base.metadata else ours.metadata
    if not gone and not new and metadata == theirs.metadata:
        return theirs
    return replace(
        theirs.without(gone).with_skills(new),
        metadata=metadata,
        generation=max(theirs.generation + 1, ours.generation),
    )


def follow_words(bank: SkillBank, words: Mapping[str, Event], text_of: Callable[[str], Entry]) -> SkillBank:
    """A bank after what somebody did to entries elsewhere, as one generation; the bank itself for nothing.

    Args:
        bank: To change.
        words: Id of an entry -> the last event of it.
        text_of: The text of an entry whose event has none.
    """
    changed = bank
    for name, event in words.items():
        state = STATE_AFTER[event.kind]
        if state is State.ACTIVE:
            changed = _with_entry(changed, event.entry or text_of(name))
        elif name in changed and state is not State.CANDIDATE:
            changed = changed.without([name])
    return bank if changed is bank else replace(changed, generation=bank.generation + 1)


def _with_entry(bank: SkillBank, entry: Entry) -> SkillBank:
    """A bank with an entry as it is given: at its old place in the order where it has one."""
    old = bank.get(entry.id) if entry.id in bank else None
    if old == entry:
        return bank
    if old is None or place_of(old) != place_of(entry):
        return bank.without([entry.id] if old else []).with_skills([entry])
    if isinstance(entry, Mistake):
        return replace(bank, mistakes=tuple(entry if one.id == entry.id else one for one in bank.mistakes))
    if entry.category is None:
        return replace(bank, general=_replaced(bank.general, entry))
    specific = {**bank.task_specific, entry.category: _replaced(bank.task_specific[entry.category], entry)}
    return replace(bank, task_specific=specific)


def _replaced(skills: tuple[Skill, ...], entry: Skill) -> tuple[Skill, ...]:
    return tuple(entry if one.id == entry.id else one for one in skills)
