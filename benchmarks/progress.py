"""Progress on the terminal: a bar for episodes, one for training, a line for builds."""

import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self


class Bar:
    """A tqdm bar that goes away cleanly; what is logged meanwhile stands above it."""

    def __init__(self, total: int, label: str, *, done: int = 0) -> None:
        try:
            from tqdm import tqdm
            from tqdm.contrib.logging import logging_redirect_tqdm
        except ImportError as error:
            raise ImportError("progress needs tqdm; install skill-gym[cli]") from error
        self._logging = logging_redirect_tqdm()
        self._bar: Any = tqdm(total=total, initial=done, desc=label, dynamic_ncols=True)

    def __enter__(self) -> Self:
        self._logging.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._logging.__exit__(kind, error, trace)
        self._bar.close()


class EpisodeBar(Bar):
    """Counts episodes and shows the success so far; give ``played`` to ``evaluate``.

    Args:
        total: All episodes, those of earlier runs included.
        label: Stands before the bar.
        done: Episodes of earlier runs.
        solved: How many of those were solved.
        figures: Asked after each episode what else is to be shown, such as tokens and cost.
    """

    def __init__(
        self,
        total: int,
        label: str,
        *,
        done: int = 0,
        solved: int = 0,
        figures: Callable[[], Mapping[str, str]] | None = None,
    ) -> None:
        super().__init__(total, label, done=done)
        self._solved = solved
        self._count = done
        self._figures = figures

    def played(self, played: Any) -> None:
        """Takes one finished episode."""
        self._count += 1
        self._solved += played.trajectory.solved
        figures = {} if self._figures is None else self._figures()
        self._bar.set_postfix({"solved": f"{self._solved}/{self._count}", **figures}, refresh=False)
        self._bar.update()


class CountBar(Bar):
    """Counts what is done one by one, with figures at its end."""

    def advance(self, figures: Mapping[str, str]) -> None:
        """Takes one that is done, and what is to be shown now."""
        self._bar.set_postfix(figures, refresh=False)
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
        prefix = "warning/"
        signs = [
            name.removeprefix(prefix) for name, there in metrics.items() if name.startswith(prefix) and there
        ]
        if signs:
            figures["warnings"] = ",".join(signs)
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


class QuestionBar(Bar):
    """Counts a teacher's questions, from several threads; give it to ``Asker`` as ``on_answered``.

    Args:
        total: About how many there will be; the bar grows when there are more.
        label: Stands before the bar.
        figures: Asked after each question what else is to be shown, such as tokens and cost.
    """

    def __init__(
        self, total: int, label: str, *, figures: Callable[[], Mapping[str, str]] | None = None
    ) -> None:
        super().__init__(total, label)
        self._figures = figures
        self._lock = threading.Lock()

    def __call__(self, purpose: str) -> None:
        """Takes one question that has its answer, or will have none."""
        with self._lock:
            figures = {} if self._figures is None else self._figures()
            self._bar.total = max(self._bar.total, self._bar.n + 1)
            self._bar.set_postfix({**figures, "last": purpose}, refresh=False)
            self._bar.update()
