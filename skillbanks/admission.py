"""Which of a teacher's proposals enter a bank, and which of its entries make room for them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.categories import target_category
from skill_gym.skillbanks.duplicates import MergeProposal
from skill_gym.skillbanks.finding import Finding
from skill_gym.skillbanks.guard import Guard, Verdict
from skill_gym.skillbanks.numbering import Numbering, new_ids
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.teacher import MistakeProposal, Proposal, TeacherAnswer
from skill_gym.skillbanks.world_text import WorldText


@dataclass(frozen=True, slots=True)
class Skipped:
    """A proposal that did not enter the bank, and why; the title of a mistake is its description."""

    title: str
    task_type: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Admitted:
    """What became of a teacher's answer.

    Attributes:
        bank: The next generation; the bank itself when nothing changed.
        added: The new skills with their ids, in order, those that replace others among them.
        revised: Id of an entry that was replaced -> id of its new version.
        retired: Id of an entry that was taken out without a new version -> why.
        skipped: What was proposed and left out.
        findings: What lint found in the proposals, also in those that entered.
        merges: What to do with near-duplicates that were left out.
        mistakes: The new mistakes with their ids, in order.
    """

    bank: SkillBank
    added: tuple[Skill, ...] = ()
    revised: Mapping[str, str] = field(default_factory=dict)
    retired: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    findings: tuple[Finding, ...] = ()
    merges: tuple[MergeProposal, ...] = ()
    mistakes: tuple[Mistake, ...] = ()


def admit(
    bank: SkillBank,
    answer: TeacherAnswer,
    *,
    max_new_skills: int | None,
    max_new_habits: int | None,
    max_new_mistakes: int | None = None,
    guard: Guard | None = None,
    numbering: Numbering = "evolved",
    world: WorldText | None = None,
) -> Admitted:
    """Puts the first proposals that pass the guard and say something new into the bank, under fresh ids.

    A new version of an entry takes its place under an id of its own and counts against no limit, since the
    bank does not grow by it. What the teacher wants to remember goes into the bank's metadata.

    Args:
        bank: The bank in force, on which the new ids and categories depend.
        answer: The teacher's answer.
        max_new_skills: How many skills may enter, None for all.
        max_new_habits: How many habits may enter besides, None for all.
        max_new_mistakes: How many mistakes may enter, None for all.
        guard: Who examines them; one with the defaults if None.
        numbering: How new entries are numbered.
        world: What was said in the episodes that the teacher read, which no entry may repeat.

    Raises:
        ValueError: There is no such numbering.
    """
    if numbering not in get_args(Numbering):
        raise ValueError(f"numbering must be one of {', '.join(get_args(Numbering))}, got {numbering!r}")
    proposals: tuple[_Proposed, ...] = (*answer.proposals, *answer.mistakes)
    verdicts = _screen(bank, proposals, guard or Guard(), world)
    limits = (max_new_skills, max_new_habits, max_new_mistakes)
    chosen, skipped = _choose(bank, verdicts, proposals, dict(zip(_LIMITS, limits, strict=True)))
    unnumbered = [_entry(bank, proposal, "") for proposal in chosen]
    ids = new_ids(bank, unnumbered, numbering)
    entries = [replace(entry, id=new_id) for new_id, entry in zip(ids, unnumbered, strict=True)]
    findings = tuple(
        replace(finding, entry_id=_title(proposal))
        for verdict, proposal in zip(verdicts, proposals, strict=True)
        for finding in verdict.findings
    )
    merges = tuple(
        verdict.merge for verdict in verdicts if verdict.merge is not None and verdict.merge.keep in bank
    )
    revised = {
        proposal.replaces: entry.id
        for proposal, entry in zip(chosen, entries, strict=True)
        if isinstance(proposal, Proposal) and proposal.replaces is not None and proposal.replaces in bank
    }
    retired = {
        entry_id: reason
        for entry_id, reason in answer.retire.items()
        if entry_id in bank and entry_id not in revised
    }
    metadata = {**bank.metadata, **answer.memory}
    skipped += [Skipped(title, None, "the bank has it already") for title in answer.known]
    if not (entries or retired or metadata != dict(bank.metadata)):
        return Admitted(bank, skipped=tuple(skipped), findings=findings, merges=merges)
    changed = bank.without([*revised, *retired]).with_skills(entries)
    return Admitted(
        # One round, one generation, whatever it took.
        replace(changed, metadata=metadata, generation=bank.generation + 1),
        tuple(entry for entry in entries if isinstance(entry, Skill)),
        revised,
        retired,
        tuple(skipped),
        findings,
        merges,
        tuple(entry for entry in entries if isinstance(entry, Mistake)),
    )


_Proposed = Proposal | MistakeProposal
_LIMITS = ("max_new_skills", "max_new_habits", "max_new_mistakes")


def _title(proposal: _Proposed) -> str:
    return proposal.title if isinstance(proposal, Proposal) else proposal.description


def _limit(proposal: _Proposed) -> str:
    if isinstance(proposal, MistakeProposal):
        return "max_new_mistakes"
    return "max_new_habits" if proposal.habit else "max_new_skills"


def _replaced(bank: SkillBank, proposal: _Proposed) -> str | None:
    """Id of the bank's entry that makes room for the proposal."""
    old = proposal.replaces if isinstance(proposal, Proposal) else None
    return old if old is not None and old in bank else None


def _entry(bank: SkillBank, proposal: _Proposed, entry_id: str) -> Skill | Mistake:
    category = target_category(bank, proposal.task_type) if proposal.task_type else None
    if isinstance(proposal, MistakeProposal):
        return proposal.mistake(entry_id, category)
    return proposal.skill(entry_id, category)


def _screen(
    bank: SkillBank, proposals: Sequence[_Proposed], guard: Guard, world: WorldText | None
) -> tuple[Verdict, ...]:
    if not proposals:
        return ()
    # Proposals that are left out get no id of the bank's.
    ids = bank.fresh_ids(len(proposals), "proposal")
    replaces = {
        proposal_id: old
        for proposal_id, proposal in zip(ids, proposals, strict=True)
        if (old := _replaced(bank, proposal)) is not None
    }
    candidates = (_entry(bank, proposal, name) for name, proposal in zip(ids, proposals, strict=True))
    return guard.screen(bank, candidates, replaces=replaces, world=world)


def _choose(
    bank: SkillBank,
    verdicts: Sequence[Verdict],
    proposals: Sequence[_Proposed],
    limits: Mapping[str, int | None],
) -> tuple[list[_Proposed], list[Skipped]]:
    known = {entry.fingerprint: entry.id for entry in bank}
    titles = {
        verdict.candidate.id: f"{_title(proposal)!r} of this round"
        for verdict, proposal in zip(verdicts, proposals, strict=True)
    }
    counts: Counter[str] = Counter()
    chosen: list[_Proposed] = []
    skipped: list[Skipped] = []
    for proposal, verdict in zip(proposals, verdicts, strict=True):
        name = _limit(proposal)
        limit = limits[name]
        new = _replaced(bank, proposal) is None
        if proposal.fingerprint in known:
            reason = f"says the same as {known[proposal.fingerprint]}"
        elif not verdict.passes:
            reason = verdict.reason_with(titles)
        elif new and limit is not None and counts[name] >= limit:
            reason = f"over {name}={limit}"
        else:
            known[proposal.fingerprint] = f"{_title(proposal)!r} of this round"
            counts[name] += new
            chosen.append(proposal)
            continue
        skipped.append(Skipped(_title(proposal), proposal.task_type, reason))
    return chosen, skipped
