"""A run's numbers on W&B: one run for a run folder, and a training that never fails for it."""

import sys
import time

import pytest
from toy_training import toy_config, toy_model, toy_trainer

from skill_gym.agents import wandb_run
from skill_gym.agents.metrics import read_metrics
from skill_gym.agents.sections import ConfigError
from skill_gym.agents.wandb_run import ID_FILE, WandbRun, open_wandb_run


@pytest.fixture
def model(tmp_path):
    return toy_model(tmp_path / "model")


@pytest.fixture
def stranger(tmp_path, monkeypatch):
    """Nobody has logged in, and nothing of this machine's settings is read."""
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_ENTITY", "WANDB_PROJECT", "WANDB_DIR", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    (tmp_path / "home").mkdir()
    wandb = pytest.importorskip("wandb", reason="W&B's package is optional: skill-gym[wandb]")
    # It reads the variables once a process.
    wandb.teardown()
    yield
    wandb.teardown()


def config(tmp_path, model, *settings):
    return toy_config(
        tmp_path / "run",
        model,
        "validation.every=0",
        "run.checkpoint_every=1",
        "run.wandb_project=toys",
        *settings,
    )


def holds_metrics(record):
    """Whether W&B's file has the figures; its own process writes it, a moment after the end of the run."""
    end = time.monotonic() + 20
    while b"learner/ratio_max" not in record.read_bytes():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


class Refusing:
    """A run whose service has died."""

    def __init__(self):
        self.asked = 0

    def define_metric(self, *_, **__):
        pass

    def log(self, _):
        self.asked += 1
        raise ConnectionError("the service is gone")

    def finish(self):
        raise ConnectionError("still gone")


def test_a_service_that_dies_is_said_once_and_costs_nothing(caplog):
    run = Refusing()
    board = WandbRun(run)
    for iteration in range(1, 5):
        board.write(iteration, {"reward": 0.5})
    assert caplog.text.count("W&B did not take iteration 1") == 1
    assert run.asked == 4
    board.close()
    assert "did not take 4 iterations" in caplog.text
    assert "could not be finished" in caplog.text


def test_without_a_project_nothing_is_asked(tmp_path, model, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    assert open_wandb_run(toy_config(tmp_path / "run", model), tmp_path) is None
    assert not (tmp_path / ID_FILE).exists()


def test_a_missing_package_names_its_extra(tmp_path, model, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(ImportError, match=r"skill-gym\[wandb\]"):
        toy_trainer(config(tmp_path, model))


def test_a_run_that_goes_on_is_the_same_run(tmp_path, model, stranger, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    with toy_trainer(config(tmp_path, model, "run.iterations=1")) as trainer:
        trainer.train()
    name = (tmp_path / "run" / ID_FILE).read_text().strip()
    with toy_trainer(config(tmp_path, model, "run.iterations=2"), resume=True) as trainer:
        trainer.train()
    first, second = sorted((tmp_path / "run" / "wandb").glob(f"offline-run-*-{name}*/run-{name}.wandb"))
    assert holds_metrics(first)
    assert holds_metrics(second)
    assert len(read_metrics(tmp_path / "run" / "metrics.jsonl")) == 2
    # Another folder is another run; a run may go on without W&B.
    with toy_trainer(config(tmp_path, model, "run.wandb_project=null"), resume=True) as trainer:
        assert trainer.iteration == 2


def test_nobody_logged_in_is_said_before_any_work(tmp_path, model, stranger):
    with pytest.raises(ConfigError, match="wandb login"):
        toy_trainer(config(tmp_path, model))
    assert not (tmp_path / "run" / "config.yaml").exists()


@pytest.mark.slow
def test_without_a_network_the_run_is_kept_in_its_folder(tmp_path, model, stranger, monkeypatch, caplog):
    monkeypatch.setattr(wandb_run, "_INIT_SECONDS", 2.0)
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    # Nobody listens at the port of discard.
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    with toy_trainer(config(tmp_path, model, "run.iterations=1")) as trainer:
        trainer.train()
    assert "W&B cannot be reached" in caplog.text
    (record,) = (tmp_path / "run" / "wandb").glob("offline-run-*/*.wandb")
    assert holds_metrics(record)
