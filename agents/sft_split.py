"""Divides examples into training and validation by task, so that no task is in both."""

import random
from collections.abc import Collection, Iterable


def validation_tasks(
    keys: Iterable[str], share: float, *, seed: int = 0, in_training: Collection[str] = ()
) -> frozenset[str]:
    """Draws the tasks of the validation part.

    Args:
        keys: The tasks' keys; how often one comes and in which order changes nothing.
        share: Of the tasks, in [0, 1); at least one task is drawn where the share is not 0.
        seed: Of the draw.
        in_training: Tasks that must not be validated on, such as those that shown skills came from.

    Raises:
        ValueError: The share is no share, or too few tasks are left for it.
    """
    if not 0 <= share < 1:
        raise ValueError(f"the validation share must be in [0, 1), got {share}")
    tasks = sorted(set(keys))
    if share == 0:
        return frozenset()
    wanted = max(1, round(share * len(tasks)))
    free = [key for key in tasks if key not in in_training]
    if wanted > len(free) or wanted >= len(tasks):
        raise ValueError(
            f"a validation share of {share} needs {wanted} of {len(tasks)} tasks, and {len(free)} are free "
            f"({len(tasks) - len(free)} gave the bank its skills); export more tasks, use a bank from other "
            "tasks, or set the share to 0"
        )
    random.Random(f"{seed}:validation").shuffle(free)
    return frozenset(free[:wanted])
