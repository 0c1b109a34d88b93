"""The laptop experiment in seconds: a random model that says nothing sensible, a handful of games."""

from pathlib import Path

from tiny_model import save_tiny_model

from skill_gym.benchmarks.laptop import LaptopSize

REPLIES = ("<think>A mug is needed.</think>", "<action>look</action>", "<action>go to desk 1</action>")


def small_model(folder: Path) -> Path:
    """A policy with a context long enough for a few turns."""
    return save_tiny_model(folder, REPLIES, layers=1, hidden=32, context=4096)


def small_size(model: Path) -> LaptopSize:
    """A minute's work at most, with the phases of the real one."""
    return LaptopSize(
        games=3,
        collect=4,
        iterations=2,
        tasks=1,
        group=2,
        validate_every=1,
        validation=3,
        settings=(
            f"model.path={model}",
            "env.max_steps=2",
            "sampler.max_new_tokens=3",
            "evolution.min_episodes=1",
        ),
    )
