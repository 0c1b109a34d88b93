"""What skills, trajectories and neither cost in an environment, over the same episodes of one player."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from skill_gym.benchmarks.claim import Figure, table
from skill_gym.benchmarks.context_blocks import block_tables
from skill_gym.benchmarks.context_episodes import SCENES, Scene
from skill_gym.benchmarks.context_sources import Sources, arms
from skill_gym.benchmarks.labelled_goals import Environment
from skill_gym.benchmarks.memory_block import Arm, saved
from skill_gym.benchmarks.released_prompts import count_released_prompts
from skill_gym.benchmarks.replayed_tokens import ReplayError, replay, same_course, tokens
from skill_gym.benchmarks.token_counters import TokenCounter
from skill_gym.benchmarks.trajectory_memory import under_heading
from skill_gym.trajectory import Task, Trajectory
from skill_gym.wrappers.task_prompt import Layout

LAYOUTS: tuple[Layout, ...] = ("step", "transcript")
MEMORIES = ("raw", "unlike", "whole", "refined")
"""Arms that skills are compared with."""
SHOWN_AS_RELEASED = (*MEMORIES, "refined_unlike")
"""Memories that are counted in the released prompts, too."""

Shown = Mapping[tuple[str, Layout], Sequence[Trajectory]]
"""The episodes as each arm saw them in each layout."""


def count_environment(environment: Environment, sources: Sources) -> dict[str, Figure]:
    """Plays, prints the tables of an environment and gives its figures."""
    scene = SCENES[environment]
    episodes = scene.counted_episodes(sources.data, sources.episodes)
    lived = scene.experience_episodes(sources.data, sources.experience)
    compared = list(arms(environment, lived, sources))
    shown = {
        (arm.name, layout): replayed(arm, scene, sources.data, episodes, layout)
        for arm in compared
        for layout in LAYOUTS
    }
    if not same_course(list(shown.values())):
        raise ReplayError(f"{environment}: the arms did not see the same episodes")
    print(
        f"\n{environment}: {len(episodes)} episodes of the {scene.expert} on "
        f"{'generated' if sources.data is None else 'real'} tasks, "
        f"{sum(len(one.turns) for one in episodes)} steps, the same for all; memories hold {len(lived)} "
        f"other episodes, {sum(one.solved for one in lived)} of them solved. Tokens a step by "
        f"{sources.counters[0].name}.\n"
    )
    figures = _main_table(environment, compared, shown, episodes, sources.counters[0])
    _other_tokenizers(compared, shown, sources.counters[1:])
    if environment == "ALFWorld" and sources.checkout is not None and environment in sources.banks:
        figures |= count_released_prompts(
            sources.checkout,
            sources.banks[environment],
            episodes,
            {arm.title: partial(_text, arm) for arm in compared if arm.name in SHOWN_AS_RELEASED},
            sources.counters[0],
            sources.folder,
        )
    return figures | block_tables(environment, compared, lived, [one.task for one in episodes], sources)


def _text(arm: Arm, goal: str) -> str:
    # The released templates have the heading themselves.
    return arm.block(Task("", "", "", "", "", goal)).text.removeprefix(under_heading(""))


def replayed(
    arm: Arm, scene: Scene, data: Path | None, episodes: Sequence[Trajectory], layout: Layout
) -> list[Trajectory]:
    """The same episodes with the arm's block before their prompts."""
    env = arm.make(scene.env_id, layout, **scene.arguments(data))
    try:
        return [replay(env, episode) for episode in episodes]
    finally:
        env.close()


def _main_table(
    environment: Environment,
    compared: Sequence[Arm],
    shown: Shown,
    episodes: Sequence[Trajectory],
    counter: TokenCounter,
) -> dict[str, Figure]:
    counted = {key: tokens(trajectories, counter, key[1]) for key, trajectories in shown.items()}
    others = [name for name in MEMORIES if name in {arm.name for arm in compared}]
    figures: dict[str, Figure] = {}
    rows = []
    for arm in compared:
        blocks = [arm.block(episode.task) for episode in episodes]
        costs = {layout: counted[arm.name, layout] for layout in LAYOUTS}
        row = [
            arm.title,
            f"{sum(block.entries for block in blocks) / len(blocks):.1f}",
            f"{sum(counter.count(block.text) for block in blocks) / len(blocks):,.0f}",
            f"{costs['step'].per_step:,.0f}",
            f"{costs['transcript'].per_step:,.0f}",
            f"{costs['transcript'].new_per_step:,.0f}",
        ]
        for layout in LAYOUTS:
            place = f"{environment.lower()}_{layout}_{arm.name}"
            figures[f"{place}_tokens_per_step"] = costs[layout].per_step
            per_step = {name: counted[name, layout].per_step for name in (arm.name, *others)}
            for other in others:
                saving = saved(per_step, arm.name, other) if arm.name.endswith("skills") else None
                row.append("" if saving is None else f"{saving:+.1%}")
                if saving is not None:
                    figures[f"{place}_saving_vs_{other}"] = saving
        rows.append(row)
    head = ["shown before the prompt", "entries", "block", "step: sent", "transcript: sent", "new"]
    print(table([*head, *(f"{layout}: to {other}" for layout in LAYOUTS for other in others)], rows))
    return figures


def _other_tokenizers(compared: Sequence[Arm], shown: Shown, counters: Sequence[TokenCounter]) -> None:
    if not counters:
        return
    counted = [
        {arm.name: tokens(shown[arm.name, "step"], counter, "step").per_step for arm in compared}
        for counter in counters
    ]
    rows = []
    for arm in compared:
        row = [arm.title]
        for per_step in counted:
            saving = f"{saved(per_step, arm.name, 'raw'):+.1%}" if arm.name.endswith("skills") else ""
            row += [f"{per_step[arm.name]:,.0f}", saving]
        rows.append(row)
    head = [cell for counter in counters for cell in (counter.name, "to raw")]
    print("\n" + table(["step layout, sent, by other tokenizers", *head], rows))
