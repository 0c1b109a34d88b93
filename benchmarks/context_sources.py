"""What is compared in an environment: banks, memories of own episodes, released memory records."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skill_gym.benchmarks.context_episodes import SCENES
from skill_gym.benchmarks.labelled_goals import Environment
from skill_gym.benchmarks.memory_block import NOTHING, Arm, memory_arm, skills_arm
from skill_gym.benchmarks.released_retrieval import SentenceModel
from skill_gym.benchmarks.retrieval_quality import environment_of
from skill_gym.benchmarks.token_counters import TokenCounter
from skill_gym.benchmarks.trajectory_memory import BUDGET, TrajectoryMemory, records_of
from skill_gym.benchmarks.whole_episodes import WholeEpisodes
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.memories.record import ENVIRONMENTS
from skill_gym.skillbanks.retrieval import ByTaskType
from skill_gym.trajectory import Trajectory

Records = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What is counted, with what.

    Attributes:
        counters: Tokenizers; the first is that of the figures and of all budgets.
        model: Embedding model of the memories, loaded.
        folder: For the files that the released class reads.
        checkout: Of SkillRL; None for the restatement.
        banks: Released banks, by environment.
        memories: Released memory records, by environment.
        data: Folder of real data; None for generated tasks.
        episodes: Episodes that are counted.
        experience: Episodes that raw memories hold.
    """

    counters: Sequence[TokenCounter]
    model: SentenceModel
    folder: Path
    checkout: Path | None = None
    banks: Mapping[Environment, SkillBank]
    memories: Mapping[Environment, Records]
    data: Path | None = None
    episodes: int
    experience: int

    def count(self, text: str) -> int:
        """Tokens of a text by the first tokenizer."""
        return self.counters[0].count(text)

    def named_banks(self, environment: Environment) -> dict[str, SkillBank]:
        """The released bank, where there is one, and our starter."""
        released = self.banks.get(environment)
        starter = {"starter": SkillBank.starter(environment.lower())}
        return starter if released is None else {"released": released, **starter}

    def memory(self, environment: Environment, records: Records, **options: Any) -> TrajectoryMemory:
        """The released class on these records."""
        return TrajectoryMemory(
            records, self.model, self.folder / environment, checkout=self.checkout, **options
        )

    def raw(self, environment: Environment, lived: Sequence[Trajectory], **options: Any) -> TrajectoryMemory:
        """The released class on episodes as they went."""
        records = records_of(lived, self.folder / environment, checkout=self.checkout)
        return self.memory(environment, records, **options)

    def whole(self, lived: Sequence[Trajectory], **options: Any) -> WholeEpisodes:
        """The most similar episodes from first step to last."""
        return WholeEpisodes(lived, self.model, count_tokens=self.count, **options)


def arms(environment: Environment, lived: Sequence[Trajectory], sources: Sources) -> Iterator[Arm]:
    """Neither, the skills of each bank, and each memory; all budgets are 2,000 tokens."""
    yield NOTHING
    titles = {"released": "skills: the released bank", "starter": "skills: our starter bank"}
    for name, bank in sources.named_banks(environment).items():
        yield skills_arm(
            f"{name}_skills", titles[name], ByTaskType(bank), max_tokens=BUDGET, count_tokens=sources.count
        )
    yield memory_arm("raw", "raw: RetrievalMemory, own episodes", sources.raw(environment, lived).recall)
    unlike = sources.raw(environment, lived, threshold=-1.0)
    yield memory_arm("unlike", "raw, however unlike", unlike.recall)
    whole = sources.whole(lived, max_tokens=BUDGET)
    yield memory_arm("whole", "whole: own episodes to their end", whole.recall)
    if records := sources.memories.get(environment):
        refined = sources.memory(environment, records)
        yield memory_arm("refined", "refined: RetrievalMemory, released records", refined.recall)
        most = sources.memory(environment, records, threshold=-1.0)
        yield memory_arm("refined_unlike", "refined, however unlike", most.recall)


def read_records(files: Sequence[Path]) -> dict[Environment, list[Mapping[str, Any]]]:
    """The records of released memory files as they are, by the environment that their tags name.

    Raises:
        ValueError: A file holds something else.
    """
    names = {scene.env_id: environment for environment, scene in SCENES.items()}
    found: dict[Environment, list[Mapping[str, Any]]] = {}
    for file in files:
        try:
            for record in json.loads(file.read_text(encoding="utf-8")):
                environment = names[ENVIRONMENTS[record["tags"]["environment"]]]
                found.setdefault(environment, []).append(record)
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise ValueError(
                f"{file} is no memory file: expected a JSON list of records with tags.environment "
                f"({', '.join(ENVIRONMENTS)}), got {type(error).__name__}: {error}"
            ) from error
    return found


def read_banks(files: Sequence[Path]) -> dict[Environment, SkillBank]:
    """Banks by the environment that their categories belong to.

    Raises:
        BankError: A file is no bank.
        ValueError: A bank has categories of no environment.
    """
    banks: dict[Environment, SkillBank] = {}
    for file in files:
        bank = SkillBank.load(file)
        environment = environment_of(bank)
        if environment is None:
            raise ValueError(f"{file}: no category belongs to ALFWorld, WebShop or Search")
        banks[environment] = bank
    return banks
