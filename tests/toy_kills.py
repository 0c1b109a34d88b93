"""A toy training run that is killed at random moments and resumed, again and again; run as a script.

``python toy_kills.py RUN_FOLDER MODEL_FOLDER KILLS SEED [SETTING ...]`` says the number of kills. Each try is
a fork of this process, which has everything imported and has trained nothing. A kill comes a moment after a
new checkpoint or two, so that a run of about two iterations a kill is killed so often on any machine.
"""

import logging
import os
import random
import signal
import sys
import time
from pathlib import Path

from toy_training import toy_config, toy_trainer


def one_try(run: Path, model: Path, settings: list[str]) -> None:
    """Goes on with the run to its end, or begins it."""
    # A run that was killed before its first checkpoint has to begin anew, as its user would do.
    resume = any((run / "checkpoints").glob("iteration-*"))
    if not resume and (run / "config.yaml").exists():
        (run / "config.yaml").unlink()
    with toy_trainer(toy_config(run, model, *settings), resume=resume) as trainer:
        trainer.train()


def checkpoints(run: Path) -> int:
    """Number of the last checkpoint, 0 without one."""
    names = [one.name for one in (run / "checkpoints").glob("iteration-*")]
    return max((int(name.rpartition("-")[2]) for name in names), default=0)


def wait_and_kill(child: int, run: Path, rng: random.Random) -> None:
    """Kills the try at a random moment, unless it ends by itself."""
    target = checkpoints(run) + rng.choice((0, 1, 1, 2))
    while checkpoints(run) < target:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return
        time.sleep(0.005)
    time.sleep(rng.uniform(0, 0.3))
    os.kill(child, signal.SIGKILL)


def main() -> None:
    run, model, kills, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    logging.disable(logging.WARNING)
    rng = random.Random(seed)
    done = 0
    while True:
        child = os.fork()
        if child == 0:
            one_try(run, model, sys.argv[5:])
            os._exit(0)
        if done < kills:
            wait_and_kill(child, run, rng)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            done += 1
            continue
        sys.stdout.write(f"{done}\n")
        sys.stdout.flush()
        sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
