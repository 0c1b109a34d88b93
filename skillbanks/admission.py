"""Which of a teacher's proposals enter a bank, and which of its entries make room for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.categories import target_category
from skill_gym.skillbanks.duplicates import MergeProposal
from skill_gym.skillbanks.finding import Finding
from skill_gym.skillbanks.guard import Guard, Verdict
from skill_gym.skillbanks.skill import Skill
from skill_gym.skillbanks.teacher import Proposal, TeacherAnswer


@dataclass(frozen=True, slots=True)
class Skipped:
    """A proposal that did not enter the bank, and why."""

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
    """

    bank: SkillBank
    added: tuple[Skill, ...] = ()
    revised: Mapping[str, str] = field(default_factory=dict)
    retired: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    findings: tuple[Finding, ...] = ()
    merges: tuple[MergeProposal, ...] = ()


def admit(
    bank: SkillBank,
    answer: TeacherAnswer,
    *,
    max_new_skills: int,
    max_new_habits: int | None,
    guard: Guard | None = None,
) -> Admitted:
    """Puts the first proposals that pass the guard and say something new into the bank, under fresh ids.

    A new version of an entry takes its place under an id of its own and counts against no limit, since the
    bank does not grow by it. What the teacher wants to remember goes into the bank's metadata.

    Args:
        bank: The bank in force, on which the new ids and categories depend.
        answer: The teacher's answer.
        max_new_skills: How many skills may enter.
        max_new_habits: How many habits may enter besides, None for all.
        guard: Who examines them; one with the defaults if None.
    """
    verdicts = _screen(bank, answer.proposals, guard or Guard())
    chosen, skipped = _choose(bank, verdicts, answer.proposals, max_new_skills, max_new_habits)
    ids = bank.fresh_ids(len(chosen))
    added = tuple(_skill(bank, proposal, new_id) for new_id, proposal in zip(ids, chosen, strict=True))
    findings = tuple(
        replace(finding, entry_id=proposal.title)
        for verdict, proposal in zip(verdicts, answer.proposals, strict=True)
        for finding in verdict.findings
    )
    merges = tuple(
        verdict.merge for verdict in verdicts if verdict.merge is not None and verdict.merge.keep in bank
    )
    revised = {
        proposal.replaces: skill.id
        for proposal, skill in zip(chosen, added, strict=True)
        if proposal.replaces is not None and proposal.replaces in bank
    }
    retired = {
        entry_id: reason
        for entry_id, reason in answer.retire.items()
        if entry_id in bank and entry_id not in revised
    }
    metadata = {**bank.metadata, **answer.memory}
    skipped += [Skipped(title, None, "the bank has it already") for title in answer.known]
    if not (added or retired or metadata != dict(bank.metadata)):
        return Admitted(bank, skipped=tuple(skipped), findings=findings, merges=merges)
    changed = bank.without([*revised, *retired]).with_skills(added)
    return Admitted(
        # One round, one generation, whatever it took.
        replace(changed, metadata=metadata, generation=bank.generation + 1),
        added,
        revised,
        retired,
        tuple(skipped),
        findings,
        merges,
    )


def _skill(bank: SkillBank, proposal: Proposal, skill_id: str) -> Skill:
    category = target_category(bank, proposal.task_type) if proposal.task_type else None
    return proposal.skill(skill_id, category)


def _screen(bank: SkillBank, proposals: Sequence[Proposal], guard: Guard) -> tuple[Verdict, ...]:
    if not proposals:
        return ()
    # Proposals that are left out get no id of the bank's.
    ids = bank.fresh_ids(len(proposals), "proposal")
    replaces = {
        proposal_id: proposal.replaces
        for proposal_id, proposal in zip(ids, proposals, strict=True)
        if proposal.replaces is not None
    }
    candidates = (_skill(bank, proposal, name) for name, proposal in zip(ids, proposals, strict=True))
    return guard.screen(bank, candidates, replaces=replaces)


def _choose(
    bank: SkillBank,
    verdicts: Sequence[Verdict],
    proposals: Sequence[Proposal],
    max_skills: int,
    max_habits: int | None,
) -> tuple[list[Proposal], list[Skipped]]:
    known = {entry.fingerprint: entry.id for entry in bank}
    titles = {
        verdict.candidate.id: f"{proposal.title!r} of this round"
        for verdict, proposal in zip(verdicts, proposals, strict=True)
    }
    limits = {False: ("max_new_skills", max_skills), True: ("max_new_habits", max_habits)}
    counts = {False: 0, True: 0}
    chosen: list[Proposal] = []
    skipped: list[Skipped] = []
    for proposal, verdict in zip(proposals, verdicts, strict=True):
        name, limit = limits[proposal.habit]
        new = proposal.replaces is None or proposal.replaces not in bank
        if proposal.fingerprint in known:
            reason = f"says the same as {known[proposal.fingerprint]}"
        elif not verdict.passes:
            reason = verdict.reason_with(titles)
        elif new and limit is not None and counts[proposal.habit] >= limit:
            reason = f"over {name}={limit}"
        else:
            known[proposal.fingerprint] = f"{proposal.title!r} of this round"
            counts[proposal.habit] += new
            chosen.append(proposal)
            continue
        skipped.append(Skipped(proposal.title, proposal.task_type, reason))
    return chosen, skipped
