"""Which collected episodes may be imitated: solved, in valid commands, and won again when replayed."""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from skill_gym.benchmarks.collect_folder import DEMONSTRATIONS_FILE, REJECTED_FILE
from skill_gym.skillbanks.atomic_file import write_atomically
from skill_gym.skillbanks.memories.identity import trajectory_id
from skill_gym.trajectory import Trajectory

Fault = Callable[[Trajectory], str | None]
"""Says what a replay did not confirm; None when it won again."""

WORSE = "another attempt at the task is better"
TWICE = "the same episode is there twice"


@dataclass(frozen=True, slots=True)
class Rejected:
    """An episode that is not to be imitated.

    Attributes:
        task_key: Its task.
        seed: Its seed.
        reason: Why, in words that are the same for all such episodes.
        detail: What is particular to this one, "" for nothing.
    """

    task_key: str
    seed: int | None
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Selection:
    """What was accepted and what was not.

    Attributes:
        accepted: Ids of the demonstrations, see ``trajectory_id``.
        rejected: The others.
    """

    accepted: frozenset[str]
    rejected: tuple[Rejected, ...]

    @property
    def reasons(self) -> Mapping[str, int]:
        """Why episodes were rejected, the most frequent reason first."""
        return dict(Counter(rejected.reason for rejected in self.rejected).most_common())


def select(
    trajectories: Iterable[Trajectory],
    *,
    max_invalid: int = 0,
    best: bool = False,
    fault: Fault | None = None,
) -> Selection:
    """Chooses demonstrations.

    Args:
        trajectories: Episodes, read once.
        max_invalid: Turns of an episode whose reply may be unreadable or not admissible.
        best: Keep one attempt of each task only: that with the fewest invalid turns, then the fewest turns.
        fault: The replay check; None trusts the records.
    """
    if max_invalid < 0:
        raise ValueError(f"max_invalid must be at least 0, got {max_invalid}")
    passed: dict[str, tuple[str, int | None, tuple[int, int, int]]] = {}
    rejected: list[Rejected] = []
    for trajectory in trajectories:
        own, task_key, seed = trajectory_id(trajectory), trajectory.task.key, trajectory.seed
        reason, detail = (TWICE, "") if own in passed else _fault(trajectory, max_invalid)
        if not reason and fault is not None and (unconfirmed := fault(trajectory)):
            reason = f"replay: {unconfirmed}"
        if not reason:
            invalid = sum(not turn.valid for turn in trajectory.turns)
            passed[own] = task_key, seed, (invalid, len(trajectory.turns), len(passed))
        else:
            rejected.append(Rejected(task_key, seed, reason, detail))
    ranks: dict[str, tuple[int, int, int]] = {}
    for task_key, _, rank in passed.values():
        ranks[task_key] = min(rank, ranks.get(task_key, rank))
    accepted = {own for own, (task_key, _, rank) in passed.items() if not best or rank == ranks[task_key]}
    rejected += [
        Rejected(task_key, seed, WORSE) for own, (task_key, seed, _) in passed.items() if own not in accepted
    ]
    return Selection(frozenset(accepted), tuple(rejected))


def write_selection(folder: Path, trajectories: Iterable[Trajectory], selection: Selection) -> None:
    """Writes ``demonstrations.jsonl``, whole or not at all, and why the others were rejected."""
    path = folder / DEMONSTRATIONS_FILE
    temporary = path.with_name(f".{path.name}.tmp")
    with open(temporary, "w", encoding="utf-8", newline="\n") as file:
        wanted = set(selection.accepted)
        for trajectory in trajectories:
            if (own := trajectory_id(trajectory)) in wanted:
                wanted.remove(own)
                file.write(trajectory.to_json() + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    rows = [
        {
            "task_key": rejected.task_key,
            "seed": rejected.seed,
            "reason": rejected.reason,
            **({"detail": rejected.detail} if rejected.detail else {}),
        }
        for rejected in selection.rejected
    ]
    told = {"accepted": len(selection.accepted), "reasons": selection.reasons, "rejected": rows}
    write_atomically(folder / REJECTED_FILE, json.dumps(told, indent=2, ensure_ascii=False))


def _fault(trajectory: Trajectory, max_invalid: int) -> tuple[str, str]:
    """What the record itself speaks against, with its detail; "" for nothing."""
    if not trajectory.solved:
        return f"not solved ({trajectory.ended})", ""
    invalid = [number for number, turn in enumerate(trajectory.turns) if not turn.valid]
    if len(invalid) <= max_invalid:
        return "", ""
    # What was wrong first is what to look into.
    unread = not trajectory.turns[invalid[0]].command
    reasons = trajectory.meta.get("invalid_reasons")
    why = reasons.get(str(invalid[0]), "") if isinstance(reasons, Mapping) else ""
    kind = "a reply without a readable command" if unread else "a command that was not admissible"
    return kind, f"turn {invalid[0]}: {why}" if why else f"turn {invalid[0]}"
