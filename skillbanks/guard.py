"""What a candidate passes before it may be tried or enter a bank: lint, its world, then near-duplicates."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.duplicates import Duplicate, MergeProposal, NearDuplicates, Vectors, merge
from skill_gym.skillbanks.finding import Finding, Severity
from skill_gym.skillbanks.lint import Lint
from skill_gym.skillbanks.skill import BankError, Mistake, Skill
from skill_gym.skillbanks.world_text import WorldText


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guard says of a candidate.

    Attributes:
        candidate: The candidate.
        findings: What its world and lint have to say, errors first; warnings refuse nobody.
        duplicate: What it resembles most; a variant refuses nobody.
        merge: What to do with it instead, when it is a copy.
    """

    candidate: Skill | Mistake
    findings: tuple[Finding, ...] = ()
    duplicate: Duplicate | None = None
    merge: MergeProposal | None = None

    @property
    def reason(self) -> str:
        """Why it is refused; "" when it is not."""
        return self.reason_with({})

    def reason_with(self, names: Mapping[str, str]) -> str:
        """The reason, with other names for ids of candidates."""
        errors = [finding for finding in self.findings if finding.severity is Severity.ERROR]
        if errors:
            return "; ".join(
                f"{found.rule} in {found.field or 'its texts'}: {found.excerpt}" for found in errors
            )
        found = self.duplicate
        if found is None or found.kind == "variant":
            return ""
        reason = f"says the same as {names.get(found.of, found.of)}"
        return (
            reason
            if found.kind == "same"
            else f"{reason} ({found.by} {found.similarity:.2f}), merge proposed"
        )

    @property
    def passes(self) -> bool:
        """Whether it may go on to a trial or into the bank."""
        return not self.reason


class Guard:
    """Examines candidates against a bank and against each other.

    The index of the bank is kept from call to call and follows the bank's changes, so that a large bank is
    read once. One guard serves one thread.

    Args:
        lint: What is allowed; the defaults of ``Lint`` if None. Give it the environment's metadata and tasks
            where they are known.
        threshold: Similarity of words, see ``NearDuplicates``.
        encode: Texts -> vectors of length 1, for paraphrases; None compares words only.
        vector_threshold: Cosine, see ``NearDuplicates``.
    """

    def __init__(
        self,
        lint: Lint | None = None,
        *,
        threshold: float = 0.7,
        encode: Callable[[Sequence[str]], Vectors] | None = None,
        vector_threshold: float = 0.9,
    ) -> None:
        self.lint = lint or Lint()
        self._index = NearDuplicates(threshold=threshold, encode=encode, vector_threshold=vector_threshold)
        self._indexed: dict[str, Skill | Mistake] = {}

    def screen(
        self,
        bank: SkillBank,
        candidates: Iterable[Skill | Mistake],
        *,
        replaces: Mapping[str, str] | None = None,
        world: WorldText | None = None,
    ) -> tuple[Verdict, ...]:
        """Examines candidates in their order; each is also compared with those before it that passed.

        Args:
            bank: The bank in force.
            candidates: Skills and mistakes with ids that are free in the bank (``bank.fresh_ids``).
            replaces: Id of a candidate -> id of the bank's entry that makes room for it and may resemble it.
            world: What was said in the episodes that the candidates come from, which none may repeat.

        Raises:
            BankError: A candidate has the id of an entry of the bank.
        """
        self._follow(bank)
        verdicts: list[Verdict] = []
        passed: dict[str, Skill | Mistake] = {}
        try:
            for candidate in candidates:
                if candidate.id in bank or candidate.id in passed:
                    raise BankError(
                        f"the candidate's id {candidate.id!r} is taken; number candidates by bank.fresh_ids()"
                    )
                old = (replaces or {}).get(candidate.id)
                verdict = self._examine(candidate, passed, () if old is None else (old,), world)
                verdicts.append(verdict)
                if verdict.passes:
                    passed[candidate.id] = candidate
                    self._index.add([candidate])
        finally:
            for candidate_id in passed:
                self._index.discard(candidate_id)
        return tuple(verdicts)

    def _follow(self, bank: SkillBank) -> None:
        """Brings the index from the last bank to this one."""
        for entry_id in [name for name in self._indexed if name not in bank]:
            self._index.discard(entry_id)
            del self._indexed[entry_id]
        changed = [entry for entry in bank if self._indexed.get(entry.id) is not entry]
        if changed:
            self._index.add(changed)
            self._indexed.update((entry.id, entry) for entry in changed)

    def _examine(
        self,
        candidate: Skill | Mistake,
        passed: Mapping[str, Skill | Mistake],
        ignored: Collection[str],
        world: WorldText | None,
    ) -> Verdict:
        copied = () if world is None else world.check(candidate)
        findings = (*copied, *self.lint.check(candidate))
        if any(finding.severity is Severity.ERROR for finding in findings):
            return Verdict(candidate, findings)
        found = self._index.find(candidate, ignore=ignored)
        if found is None or found.kind == "variant":
            return Verdict(candidate, findings, found)
        kept = self._indexed.get(found.of) or passed[found.of]
        return Verdict(candidate, findings, found, merge(kept, candidate, str(found)))
