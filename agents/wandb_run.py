"""A run's numbers on Weights & Biases, where ``run.wandb_project`` names a project."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from skill_gym.agents.config import to_dict
from skill_gym.agents.sections import ConfigError, TrainConfig

logger = logging.getLogger(__name__)

ID_FILE = "wandb-id"
"""File of a run folder with the name of its run on W&B."""

_INIT_SECONDS = 60.0
_FINISH_SECONDS = 120.0


class WandbRun:
    """Hands numbers to a run of W&B; one that does not take them costs a line in the log and no more.

    W&B uploads from a process of its own, keeps everything in the run folder and tries again while the
    network is away; ``wandb sync FOLDER`` uploads what never got through.

    Args:
        run: An open run (``wandb.init``).
    """

    def __init__(self, run: Any) -> None:
        self._run = run
        self._refused = 0
        # Iterations played again after a kill would go backwards in W&B's own count of steps.
        self._run.define_metric("iteration")
        self._run.define_metric("*", step_metric="iteration")

    def write(self, iteration: int, figures: Mapping[str, float]) -> None:
        """Takes the numbers of an iteration."""
        try:
            self._run.log({"iteration": iteration, **figures})
        except Exception:
            self._refused += 1
            if self._refused == 1:
                logger.warning(
                    "W&B did not take iteration %d; metrics.jsonl and TensorBoard have it, and the training "
                    "goes on; further ones are only counted",
                    iteration,
                    exc_info=True,
                )

    def close(self) -> None:
        """Uploads what waits, for two minutes at most."""
        if self._refused:
            logger.warning("W&B did not take %d iterations; metrics.jsonl has them", self._refused)
        try:
            self._run.finish()
        except Exception:
            logger.warning("the run on W&B could not be finished", exc_info=True)


def open_wandb_run(config: TrainConfig, folder: Path) -> WandbRun | None:
    """Opens the run that belongs to a run folder, or goes on with it.

    The variables of W&B hold (``WANDB_MODE=offline``, ``WANDB_API_KEY``, ``WANDB_ENTITY``, ...). Without a
    network the run is kept in the folder, and the log says so.

    Args:
        config: Its ``run.wandb_project`` names the project; the whole of it goes to W&B.
        folder: Run folder; gets ``wandb/``, and ``wandb-id`` with the run's name on W&B.

    Returns:
        The run, None without a project.

    Raises:
        ImportError: W&B's package is not installed.
        ConfigError: W&B refuses: nobody has logged in, or not with these rights.
    """
    project = config.run.wandb_project
    if project is None:
        return None
    try:
        import wandb
    except ImportError as error:
        raise ImportError(
            "run.wandb_project needs W&B; install skill-gym[wandb], or set run.wandb_project=null"
        ) from error
    arguments: dict[str, Any] = {
        "project": project,
        "id": _run_id(folder),
        "name": config.run.name or None,
        "dir": str(folder),
        "config": to_dict(config),
        "resume": "allow",
    }
    # The console is the progress bar's; W&B would wrap it.
    settings = wandb.Settings(console="off", init_timeout=_INIT_SECONDS, finish_timeout=_FINISH_SECONDS)
    try:
        return WandbRun(wandb.init(**arguments, settings=settings))
    except (wandb.errors.UsageError, wandb.errors.AuthenticationError) as error:
        raise ConfigError(
            f"W&B refuses the project {project!r}: {error}; run 'wandb login' or set WANDB_API_KEY, keep the "
            "run in its folder with WANDB_MODE=offline, or set run.wandb_project=null"
        ) from error
    except wandb.errors.CommError as error:
        logger.warning(
            "W&B cannot be reached (%s); the run is kept in %s, and 'wandb sync' uploads it later",
            error,
            folder / "wandb",
        )
        # Its service still holds the name of the run that it could not begin.
        wandb.teardown()
    return WandbRun(wandb.init(**arguments, mode="offline", settings=settings))


def _run_id(folder: Path) -> str:
    """The run's name on W&B, the same whenever the run goes on."""
    path = folder / ID_FILE
    if path.is_file():
        return path.read_text(encoding="utf-8").strip()
    name = uuid4().hex[:12]
    torn = path.with_suffix(".torn")
    torn.write_text(f"{name}\n", encoding="utf-8")
    os.replace(torn, path)
    return name
