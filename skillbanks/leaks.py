"""Keeps skills out of the evaluation of the episodes that they came from."""

from skill_gym.skillbanks.bank import SkillBank


class LeakError(ValueError):
    """A bank would be evaluated on the split that some of its skills were distilled from.

    Attributes:
        skill_ids: Those entries.
        split: The split.
    """

    def __init__(self, message: str, skill_ids: tuple[str, ...] = (), split: str = "") -> None:
        super().__init__(message)
        self.skill_ids = skill_ids
        self.split = split

    def __reduce__(self) -> tuple[type["LeakError"], tuple[str, tuple[str, ...], str]]:
        return (type(self), (str(self), self.skill_ids, self.split))


def leaked_ids(bank: SkillBank, split: str, *, env_id: str | None = None) -> tuple[str, ...]:
    """Ids of the entries whose provenance names the split.

    Args:
        bank: The bank.
        split: Split on which the bank would be evaluated.
        env_id: Count only entries with at least one episode of this environment (or with no episode named).
    """
    return tuple(
        entry.id
        for entry in bank
        if (origin := entry.provenance) is not None
        and split in origin.splits
        and (
            env_id is None
            or not origin.trajectory_ids
            or any(key.startswith(f"{env_id}:") for key in origin.trajectory_ids)
        )
    )


def check_leak(bank: SkillBank, split: str, *, env_id: str | None = None) -> None:
    """Lets a bank pass that may be evaluated on a split.

    Raises:
        LeakError: Entries came from that split; the error names them.
    """
    if ids := leaked_ids(bank, split, env_id=env_id):
        raise LeakError(
            f"{len(ids)} entries of the bank came from episodes of the split {split!r}: {', '.join(ids)}; "
            "evaluate on a split that evolution never reads, or remove them with bank.without(ids)",
            ids,
            split,
        )
