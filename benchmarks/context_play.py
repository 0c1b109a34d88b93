"""A policy that reads its prompt plays the same games with skills, with trajectories and with neither."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from skill_gym.agents.policy import Policy, Sampling
from skill_gym.agents.rollout import Played
from skill_gym.agents.sections import TrainConfig
from skill_gym.benchmarks.claim import Figure, table
from skill_gym.benchmarks.evaluate import evaluate
from skill_gym.benchmarks.evaluation import Evaluation
from skill_gym.benchmarks.laptop import EXPERIENCE_SPLIT, LAPTOP_GAMES, MAX_STEPS, TEST_SPLIT
from skill_gym.benchmarks.memory_block import NOTHING, Arm, memory_arm, saved, skills_arm
from skill_gym.benchmarks.pooling import pool, pooled_difference
from skill_gym.benchmarks.progress import EpisodeBar
from skill_gym.benchmarks.released_retrieval import SentenceModel
from skill_gym.benchmarks.replayed_tokens import Tokens, replay, tokens
from skill_gym.benchmarks.token_counters import TokenCounter
from skill_gym.benchmarks.trajectory_memory import BUDGET, THRESHOLD, TrajectoryMemory, records_of
from skill_gym.benchmarks.whole_episodes import WholeEpisodes
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.distillation import distil
from skill_gym.skillbanks.retrieval import ByTaskType
from skill_gym.skillbanks.rule_teacher import RuleTeacher
from skill_gym.trajectory import Trajectory

SKILLS, RAW = "skills", "raw"
OTHERS = (RAW, "unlike", "whole", "budget")
"""Arms that skills are compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Who plays what.

    Attributes:
        policy: Who plays.
        config: How it samples, and the budget of its skill block.
        count_tokens: Tokens of a text by the policy's own tokenizer, for all budgets.
        model: Embedding model of the memories, loaded.
        folder: For the files that the released class reads.
        checkout: Of SkillRL; None for the restatement.
        seed: Of every reply.
    """

    policy: Policy
    config: TrainConfig
    count_tokens: Callable[[str], int]
    model: SentenceModel
    folder: Path
    checkout: Path | None
    seed: int

    def arms(self, lived: Sequence[Trajectory], name: str) -> Iterator[Arm]:
        """What is compared, all made of the same episodes of this policy."""
        budget = self.config.bank.max_tokens
        yield NOTHING
        bank = distil(
            SkillBank.empty(), lived, RuleTeacher(), max_new=self.config.evolution.max_new_skills
        ).bank
        yield skills_arm(
            SKILLS,
            f"skills, at most {budget} tokens",
            ByTaskType(bank),
            max_tokens=budget,
            count_tokens=self.count_tokens,
        )
        records = records_of(lived, self.folder / name, checkout=self.checkout)
        for short, title, least in (
            (RAW, "raw: RetrievalMemory", THRESHOLD),
            ("unlike", "raw, however unlike", -1.0),
        ):
            raw = TrajectoryMemory(
                records, self.model, self.folder / name, checkout=self.checkout, threshold=least
            )
            yield memory_arm(short, title, raw.recall)
        for short, title, most in (
            ("whole", f"whole episodes, at most {BUDGET:,}", BUDGET),
            ("budget", f"whole episodes, at most {budget}", budget),
        ):
            whole = WholeEpisodes(lived, self.model, max_tokens=most, count_tokens=self.count_tokens)
            yield memory_arm(short, title, whole.recall)

    def play(
        self,
        arm: Arm,
        split: str,
        world: int,
        games: int,
        on_played: Callable[[Played], None],
    ) -> Evaluation:
        """The split's first games in a world, each once."""
        return evaluate(
            partial(self._env, arm, split, world, games),
            self.policy,
            slots=self.config.sampler.slots,
            sampling=Sampling(
                temperature=self.config.validation.temperature,
                max_new_tokens=self.config.sampler.max_new_tokens,
            ),
            seed=self.seed,
            on_played=on_played,
        )

    def replayed(self, arm: Arm, world: int, episodes: Sequence[Trajectory], games: int) -> list[Trajectory]:
        """Test episodes again, with the arm's block."""
        env = self._env(arm, TEST_SPLIT, world, games)
        try:
            return [replay(env, episode) for episode in episodes]
        finally:
            env.close()

    def _env(self, arm: Arm, split: str, world: int, games: int) -> Any:
        env = self.config.env
        return arm.make(
            env.id,
            env.layout,
            think=env.think,
            split=split,
            world=world,
            size=games,
            generator=dict(LAPTOP_GAMES),
            max_episode_steps=MAX_STEPS,
        )


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One arm's side of the table.

    Attributes:
        title: What tables call it.
        played: Evaluations by world.
        same: Tokens over the episodes that were played with neither, by tokenizer.
    """

    title: str
    played: dict[str, Evaluation]
    same: dict[str, list[Tokens]]

    def per_step(self, counter: str) -> float:
        """Tokens sent at a step of the same episodes."""
        counted = self.same[counter]
        return sum(one.sent for one in counted) / sum(one.steps for one in counted)

    @property
    def played_per_step(self) -> float:
        """Tokens that the policy was sent at a step of its own episodes, by its own tokenizer."""
        results = [result for evaluation in self.played.values() for result in evaluation.results]
        return sum(result.prompt_tokens for result in results) / sum(result.steps for result in results)


def play_paired(
    stage: Stage, worlds: Sequence[int], *, collect: int, games: int, counters: Sequence[TokenCounter]
) -> dict[str, ArmResult]:
    """Collects, makes the arms, plays them on the same games, and counts them over the same episodes.

    Args:
        stage: Who plays.
        worlds: Held-out worlds; each has its own experience.
        collect: Episodes without skills that banks and memories are made of.
        games: Test games of each world.
        counters: Tokenizers.
    """
    results: dict[str, ArmResult] = {}
    with EpisodeBar(len(worlds) * (collect + games * (2 + len(OTHERS))), "playing") as bar:
        for world in worlds:
            lived: list[Trajectory] = []
            stage.play(NOTHING, EXPERIENCE_SPLIT, world, collect, _keep(lived, bar))
            lived.sort(key=lambda one: one.task.id)
            same: list[Trajectory] = []
            for arm in stage.arms(lived, str(world)):
                seen: list[Trajectory] = []
                played = stage.play(arm, TEST_SPLIT, world, games, _keep(seen, bar))
                same = same or [one for one in seen if one.ended != "broken"]
                result = results.setdefault(arm.name, ArmResult(arm.title, {}, {}))
                result.played[str(world)] = played
                again = stage.replayed(arm, world, same, games)
                for counter in counters:
                    counted = tokens(again, counter, stage.config.env.layout)
                    result.same.setdefault(counter.name, []).append(counted)
    return results


def tell(results: Mapping[str, ArmResult], counters: Sequence[TokenCounter]) -> dict[str, Figure]:
    """Prints tokens and success side by side and gives the figures; the first tokenizer is theirs."""
    per_step = {name: result.per_step(counters[0].name) for name, result in results.items()}
    skills = results[SKILLS]
    figures: dict[str, Figure] = {
        "saving_vs_raw": saved(per_step, SKILLS, RAW),
        "tokens_per_step": per_step[SKILLS],
        "games": len(pool(skills.played).results),
    }
    rows = []
    for name, result in results.items():
        whole = pool(result.played)
        figures |= {f"{name}_success": whole.success().value, f"{name}_tokens_per_step": per_step[name]}
        row = [result.title, *(f"{result.per_step(counter.name):,.0f}" for counter in counters)]
        row += [f"{result.played_per_step:,.0f}", str(whole.success()), str(whole.broken)]
        if name in OTHERS:
            games, over_worlds = pooled_difference(result.played, skills.played)
            figures |= {
                f"saving_vs_{name}": saved(per_step, SKILLS, name),
                f"gain_over_{name}": games.value,
                f"gain_over_{name}_low": games.low,
                f"gain_over_{name}_high": games.high,
            }
            row += [f"{saved(per_step, SKILLS, name):+.1%}", str(games), str(over_worlds)]
        elif name == NOTHING.name:
            games, over_worlds = pooled_difference(result.played, skills.played)
            figures |= {"gain_over_none": games.value, "gain_over_none_low": games.low}
            row += ["", str(games), str(over_worlds)]
        else:
            row += ["", "", ""]
        rows.append(row)
    head = ["shown", *(counter.name for counter in counters), "in its own play", "success", "broken"]
    print(table([*head, "skills save", "skills solve more, over games", "over worlds"], rows))
    return figures


def _keep(episodes: list[Trajectory], bar: Any) -> Callable[[Played], None]:
    def keep(played: Played) -> None:
        episodes.append(played.trajectory)
        bar.played(played)

    return keep
