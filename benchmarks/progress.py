"""Progress on the terminal: a bar for episodes, one for training, a line for builds."""

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self


class Bar:
    """A tqdm bar that goes away cleanly."""

    def __init__(self, total: int, label: str, *, done: int = 0) -> None:
        try:
            from tqdm import tqdm
        except ImportError as error:
            raise ImportError("progress needs tqdm; install skill-gym[cli]") from error
        self._bar: Any = tqdm(total=total, initial=done, desc=label, dynamic_ncols=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()


class EpisodeBar(Bar):
    """Counts episodes and shows the success so far; give ``played`` to ``evaluate``."""

    def __init__(self, total: int, label: str) -> None:
        super().__init__(total, label)
        self._solved = 0
        self._count = 0

    def played(self, played: Any) -> None:
        """Takes one finished episode."""
        self._count += 1
        self._solved += played.trajectory.solved
        self._bar.set_postfix(solved=f"{self._solved}/{self._count}", refresh=False)
        self._bar.update()


class TrainingBar(Bar):
    """Counts iterations and shows the figures that matter; the trainer calls it after each iteration."""

    def __init__(self, total: int, *, done: int = 0, label: str = "training") -> None:
        super().__init__(total, label, done=done)

    def __call__(self, iteration: int, metrics: Mapping[str, Any]) -> None:
        """Takes the metrics of an iteration that has ended."""
        shown = {"success": "success", "validation": "validation/success", "bank": "bank/size"}
        figures = {
            label: f"{metrics[key]:.2f}" if isinstance(metrics[key], float) else metrics[key]
            for label, key in shown.items()
            if key in metrics
        }
        self._bar.set_postfix(figures, refresh=False)
        self._bar.update(iteration - self._bar.n)


class BuildReport:
    """Shows on stderr how far a build is, once a second at most."""

    def __init__(self) -> None:
        self._shown = time.monotonic()
        self._live = sys.stderr.isatty()

    def __call__(self, stage: str, done: int) -> None:
        """Takes the stage and the number of records done."""
        now = time.monotonic()
        if self._live and now - self._shown > 1:
            self._shown = now
            print(f"\r{stage}: {done:,}", end=" ", file=sys.stderr, flush=True)

    def __enter__(self) -> "BuildReport":
        return self

    def __exit__(self, *of_error: object) -> None:
        if self._live:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
