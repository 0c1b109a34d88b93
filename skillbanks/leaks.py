"""Keeps skills out of the evaluation of the episodes that they came from."""

from collections.abc import Collection
from typing import Literal, get_args

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import Mistake, Provenance, Skill

LeakPolicy = Literal["ever", "same_cycle"]
"""``ever`` refuses all that came from a split, ``same_cycle`` what was written since the last evaluation."""


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


def leaked_ids(
    bank: SkillBank,
    split: str,
    *,
    env_id: str | None = None,
    policy: LeakPolicy = "ever",
    since: int | None = None,
) -> tuple[str, ...]:
    """Ids of the entries whose provenance names the split.

    Args:
        bank: The bank.
        split: Split on which the bank would be evaluated.
        env_id: Count only entries with at least one episode of this environment (or with no episode named).
        policy: ``ever``, or ``same_cycle`` for a split whose tasks are drawn anew in every cycle: skills of
            earlier cycles came from other tasks of it.
        since: First generation of the present cycle: an entry is of this cycle when it was written for this
            generation of the bank or a later one, or does not say for which. None for the last change of the
            bank. For ``same_cycle`` only.

    Raises:
        ValueError: There is no such policy.
    """
    if policy not in get_args(LeakPolicy):
        raise ValueError(f"policy must be one of {', '.join(get_args(LeakPolicy))}, got {policy!r}")
    first = max(bank.generation - 1, 0) if since is None else since
    return tuple(
        entry.id
        for entry in bank
        if (origin := entry.provenance) is not None
        and split in origin.splits
        and (policy == "ever" or _written_since(origin, first))
        and (
            env_id is None
            or not origin.trajectory_ids
            or any(key.startswith(f"{env_id}:") for key in origin.trajectory_ids)
        )
    )


def check_leak(
    bank: SkillBank,
    split: str,
    *,
    env_id: str | None = None,
    policy: LeakPolicy = "ever",
    since: int | None = None,
) -> None:
    """Lets a bank pass that may be evaluated on a split; the arguments are those of ``leaked_ids``.

    Raises:
        LeakError: Entries came from that split; the error names them and where they came from.
        ValueError: There is no such policy.
    """
    ids = leaked_ids(bank, split, env_id=env_id, policy=policy, since=since)
    if not ids:
        return
    cycle = " in this cycle" if policy == "same_cycle" else ""
    more = "" if len(ids) <= _NAMED else f" and {len(ids) - _NAMED} more"
    raise LeakError(
        f"{len(ids)} entries of the bank came from episodes of the split {split!r}{cycle}: "
        f"{', '.join(ids[:_NAMED])}{more} (the first one by {_origin(bank.get(ids[0]))}); "
        "evaluate on a split that evolution never reads, or remove them with bank.without(error.skill_ids)",
        ids,
        split,
    )


def ids_from_tasks(bank: SkillBank, keys: Collection[str]) -> tuple[str, ...]:
    """Ids of the entries that came from one of these tasks, whatever split they name.

    Args:
        bank: The bank.
        keys: The tasks' keys.
    """
    wanted = frozenset(keys)
    return tuple(
        entry.id
        for entry in bank
        if entry.provenance is not None and not wanted.isdisjoint(entry.provenance.trajectory_ids)
    )


_NAMED = 50
"""How many entries a message names; the error has them all."""


def _written_since(origin: Provenance, generation: int) -> bool:
    written = origin.bank_version.partition("-")[0]
    return not written.isdecimal() or int(written) >= generation


def _origin(entry: Skill | Mistake) -> str:
    origin = entry.provenance or Provenance()
    teacher = origin.teacher or "an unnamed teacher"
    episodes = len(origin.trajectory_ids)
    return (
        f"{teacher} from {episodes} episode{'' if episodes == 1 else 's'}, {origin.trajectory_ids[0]}"
        if episodes
        else teacher
    )
