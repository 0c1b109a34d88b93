"""Early warnings: what goes wrong in a run is said when it begins, and again when it gets worse."""

import logging
from collections.abc import Iterable
from typing import Any

from skill_gym.agents.sections import TrainConfig
from skill_gym.agents.warning_signs import SIGNS, Row

logger = logging.getLogger(__name__)

CALM = 5
"""Iterations without a sign after which it is said anew; fewer are one and the same onset."""


class EarlyWarnings:
    """Reads each iteration's metrics for bad signs.

    All that it knows comes from the metrics, so a run that goes on reads those of its past (``recall``)
    instead of keeping a state of its own.

    Args:
        config: Named in the texts: what is set, and what to set instead.

    Example:
        >>> from skill_gym.agents.sections import TrainConfig
        >>> warnings = EarlyWarnings(TrainConfig())
        >>> warnings.take({"reply/cut_share": 0.25})  # doctest: +ELLIPSIS
        {'cut_replies': '25% of replies were cut at sampler.max_new_tokens (512), ...'}
        >>> warnings.take({"reply/cut_share": 0.3})
        {}
    """

    def __init__(self, config: TrainConfig) -> None:
        self._config = config
        self._rows: list[Row] = []
        self._grade = dict.fromkeys(SIGNS, 0)
        self._calm = dict.fromkeys(SIGNS, 0)
        self._now = dict.fromkeys(SIGNS, False)

    def recall(self, rows: Iterable[Row]) -> None:
        """Reads the metrics of earlier iterations, about which everything was said."""
        for row in rows:
            self.take(row)

    def take(self, metrics: Row) -> dict[str, str]:
        """Reads an iteration's metrics.

        Returns:
            Name -> text of each sign that has begun or become worse.
        """
        self._rows.append(metrics)
        said: dict[str, str] = {}
        for name, sign in SIGNS.items():
            reading = sign.read(self._rows, self._config)
            grade = 0 if reading is None else sum(reading.level >= one for one in sign.grades)
            self._now[name] = grade > 0
            self._calm[name] = 0 if grade else self._calm[name] + 1
            if self._calm[name] >= CALM:
                self._grade[name] = 0
            if reading is not None and grade > self._grade[name]:
                self._grade[name] = grade
                said[name] = reading.text
        return said

    def metrics(self, metrics: Row) -> dict[str, Any]:
        """Reads an iteration's metrics, logs what there is to say, and gives the metrics of its own.

        Returns:
            ``warning/<name>``, 1 while the sign is there, else 0, and ``warnings``, the texts that were said.
        """
        said = [f"{name}: {text}" for name, text in self.take(metrics).items()]
        for text in said:
            logger.warning("%s", text)
        return {**{f"warning/{name}": int(there) for name, there in self._now.items()}, "warnings": said}
