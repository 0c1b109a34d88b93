"""The main job in one command: one held-out world from the first episode to the report, in minutes."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from skill_gym import __version__
from skill_gym.agents.sampler import Backend
from skill_gym.benchmarks.engine import Engine, computer
from skill_gym.benchmarks.laptop import DEMO, LaptopSize, described, held_out_worlds
from skill_gym.benchmarks.laptop_run import LaptopRun
from skill_gym.benchmarks.phases import claim_folder
from skill_gym.benchmarks.report import LaptopStory, headline, write_report


def run_demo(
    folder: Path,
    *,
    games: int | None = None,
    iterations: int | None = None,
    world: int | None = None,
    backend: Backend = "auto",
    seed: int = 0,
    fresh: bool = False,
    settings: Sequence[str] = (),
    size: LaptopSize = DEMO,
) -> Path:
    """Runs the loop and writes a report; a run that was cut off goes on when called the same way again.

    Args:
        folder: Where the run goes.
        games: Held-out games of each evaluation; None as in ``size``.
        iterations: GRPO iterations; None as in ``size``.
        world: In which world; None for the first that no bundled policy was trained in.
        backend: Who samples.
        seed: Of everything that is drawn.
        fresh: Begins anew, whatever the folder holds of an earlier run.
        settings: Further settings as for ``skill-gym train``, ``section.key=value`` each.
        size: How much is played.

    Returns:
        The report's path.

    Raises:
        FileExistsError: The folder holds something else, or a run with other settings.
    """
    size = replace(
        size,
        games=size.games if games is None else games,
        iterations=size.iterations if iterations is None else iterations,
        settings=(*size.settings, *settings),
    )
    world = held_out_worlds(1)[0] if world is None else world
    identity = {"version": __version__, "world": world, "seed": seed, **described(size)}
    resumed = claim_folder(folder, identity, fresh=fresh)
    with Engine(backend, seed=seed) as engine:
        print(
            f"skill-gym demo: world {world}, {size.games} held-out games, {size.iterations} GRPO iterations; "
            f"{engine.backend} samples" + (f"; going on in {folder}" if resumed else "")
        )
        run = LaptopRun(folder, size, world=world, seed=seed, engine=engine, tell=print).run("full")
        story = LaptopStory(
            title="skill-gym demo",
            size=size,
            runs={"full": [run]},
            machine=computer(engine),
            command="skill-gym demo",
            notes=(
                "A policy of a few million parameters trained for minutes, in one world with one seed: the "
                "figures show that the loop runs and in which direction it goes. "
                "`python -m skill_gym.benchmarks.laptop_experiment` plays more worlds, seeds and games.",
            ),
        )
    print("\n" + headline(story.full).replace("**", ""))
    return write_report(folder, story)
