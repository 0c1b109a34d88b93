"""What can be set in a training run, section by section."""

import logging
from dataclasses import dataclass, field
from typing import Any, Literal

from skill_gym.agents.config_error import ConfigError, at_least
from skill_gym.agents.grpo_config import GRPOConfig
from skill_gym.agents.model_config import ModelConfig
from skill_gym.agents.sampler_config import SamplerConfig
from skill_gym.agents.skill_trials import SkillTrialsConfig
from skill_gym.agents.teacher_config import TeacherConfig
from skill_gym.skillbanks.by_embedding import EmbeddingOptions
from skill_gym.skillbanks.evolution import EvolutionConfig

__all__ = [
    "BankConfig",
    "ConfigError",
    "EnvConfig",
    "ModelConfig",
    "RolloutConfig",
    "RunConfig",
    "SamplerConfig",
    "TrainConfig",
    "ValidationConfig",
]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvConfig:
    """What is played, and how it is shown.

    Attributes:
        id: Gymnasium id.
        split: Split to train on.
        data: Folder with the official data; null for the environment's own default.
        task_types: Only these; null for all.
        layout: ``transcript`` (an episode is one conversation) or ``step`` (a prompt a turn).
        history: Observation-command pairs in a prompt of the step layout.
        max_steps: Turns of an episode; null for the environment's own limit.
        show_admissible: Whether prompts list the admissible commands; null leaves it to the layout.
        think: Whether the reply format asks for a thought first.
        projection: Rules by which a reply is read: ours, or the released ones.
        seed: Added to the run's seed for the order of tasks.
        options: Further keyword arguments of the environment (``size``, ``generator``, ``goals``, ...).
    """

    id: str = "skill_gym/ALFWorld-v0"
    split: str = "generated"
    data: str | None = None
    task_types: list[str] | None = None
    layout: Literal["transcript", "step"] = "transcript"
    history: int = 2
    max_steps: int | None = None
    show_admissible: bool | None = None
    think: bool = False
    projection: Literal["strict", "skillrl"] = "strict"
    seed: int = 0
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        at_least(self, 1, "max_steps")
        at_least(self, 0, "history", "seed")


@dataclass(frozen=True, slots=True, kw_only=True)
class BankConfig:
    """Which skills are shown (SkillRL's ``env.skills_only_memory``).

    Attributes:
        path: ``starter`` (ours for the environment), ``empty``, a bank file, a folder of SKILL.md folders, or
            a bank store (``STORE@VERSION`` for an earlier version), which is only read.
        store: Bank store that the run shares with reviewers (``skill-gym bank``), null for none. The run
            begins with the store's bank; a new store begins with ``path``. Evolution and trials publish their
            versions there, with reason, teacher and sources, under the run's name; skills on trial are its
            candidates, and what is known of skills its evidence. What others retire, restore, approve, reject
            or revise is taken in at the beginning of the next iteration.
        retrieval_mode: ``template``: by task type; ``embedding``: by the similarity of the goal's embedding
            to those of all skills; ``hybrid``: the task type's skills, ranked by similarity.
        top_k: General skills shown.
        task_specific_top_k: Skills of the task type shown; null for all.
        by_keywords: Skills with keywords are shown for the goals that have one of them only.
        hierarchy: False makes the bank a flat list, of which only ``max_tokens`` chooses (an ablation).
        max_tokens: Hard budget of the skill block.
        include_examples: Show the skills' examples.
        show_ids: Show the skills' ids.
        similarity_threshold: Cosine that task-specific skills must exceed (the paper's delta), null for none;
            in template mode a warning says that it does nothing.
        diversity: Lambda of maximal marginal relevance in [0, 1], null for similarity alone; not in template
            mode.
        retrieval_semantics: ``skillrl`` is the released embedding mode, result by result.
        embedding_model_path: Name on the Hub or folder; ``all-MiniLM-L6-v2`` comes in a Python package.
        embeddings_file: Where embeddings are kept from run to run, null for memory only.
    """

    path: str = "starter"
    store: str | None = None
    retrieval_mode: Literal["template", "embedding", "hybrid"] = "template"
    top_k: int | None = 6
    task_specific_top_k: int | None = None
    by_keywords: bool = True
    hierarchy: bool = True
    max_tokens: int = 2000
    include_examples: bool = False
    show_ids: bool = False
    similarity_threshold: float | None = None
    diversity: float | None = None
    retrieval_semantics: Literal["ours", "skillrl"] = "ours"
    embedding_model_path: str = "Qwen/Qwen3-Embedding-0.6B"
    embeddings_file: str | None = None

    def __post_init__(self) -> None:
        at_least(self, 0, "top_k", "task_specific_top_k")
        at_least(self, 1, "max_tokens")
        if self.retrieval_mode == "template":
            if self.diversity is not None:
                raise ConfigError("bank.diversity needs bank.retrieval_mode=embedding or hybrid")
            if self.similarity_threshold is not None:
                # SkillRL's scripts set it in template mode, too, where there is nothing to be similar to.
                logger.warning("bank.similarity_threshold has no effect with retrieval_mode=template")
            return
        if not self.hierarchy:
            raise ConfigError("bank.hierarchy=false shows the whole bank; set bank.retrieval_mode=template")
        try:
            self.embedding_options()
        except ValueError as error:
            raise ConfigError(f"bank: {error}") from error

    def embedding_options(self) -> EmbeddingOptions:
        """What retrieval by embeddings is told; as in SkillRL, its semantics has no similarity threshold."""
        ours = self.retrieval_semantics == "ours"
        return EmbeddingOptions(
            top_k=self.top_k,
            task_specific_top_k=self.task_specific_top_k,
            similarity_threshold=self.similarity_threshold if ours else None,
            diversity=self.diversity,
            within="task_type" if self.retrieval_mode == "hybrid" else "bank",
            by_keywords=self.by_keywords,
            semantics=self.retrieval_semantics,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutConfig:
    """How many episodes make an iteration.

    Attributes:
        tasks_per_iteration: Groups.
        group_size: Episodes of the same task, at least 2 for a signal.
        max_refills: Further tasks for each one whose returns are all equal, so that an iteration has
            ``tasks_per_iteration`` groups that teach something (DAPO's dynamic sampling); 0 for none.
        carry_over: An iteration ends when so many groups are whole; episodes under way go on in the next one.
            Set ``grpo.correction`` with it, since their first replies come from earlier weights.
        max_staleness: With ``carry_over``, an iteration waits for a group that began so many iterations ago.
    """

    tasks_per_iteration: int = 16
    group_size: int = 8
    max_refills: int = 0
    carry_over: bool = False
    max_staleness: int = 4

    def __post_init__(self) -> None:
        at_least(self, 1, "tasks_per_iteration", "group_size", "max_staleness")
        at_least(self, 0, "max_refills")


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationConfig:
    """When and on what the policy is validated; evolution reads these episodes.

    Attributes:
        split: Split of the validation tasks.
        every: Iterations between validations; 0 for never.
        tasks: The split's first so many tasks, each played once; null for all.
        first: Tasks of the split to pass over, such as those that a bank was distilled from.
        fresh: Each validation plays the next ``tasks`` tasks instead of the same again, so that evolution has
            new episodes to learn from; null ``tasks`` leave none.
        temperature: 0 is greedy.
        before_training: Validate before the first iteration too.
        bank: ``evolved`` validates with the bank of the day, ``frozen`` with the first one.
        options: Keyword arguments of the environment that differ from ``env.options``.
    """

    split: str = "generated_validation"
    every: int = 5
    tasks: int | None = 64
    first: int = 0
    fresh: bool = False
    temperature: float = 0.4
    before_training: bool = False
    bank: Literal["evolved", "frozen"] = "evolved"
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        at_least(self, 0, "every", "temperature", "first")
        at_least(self, 1, "tasks")
        if self.fresh and self.tasks is None:
            raise ConfigError("validation.fresh needs a number of tasks; set validation.tasks")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """The run itself.

    Attributes:
        folder: Where config, metrics, trajectories, banks and checkpoints go.
        name: For the reader.
        seed: Of everything that is drawn.
        iterations: Until when.
        checkpoint_every: Iterations between checkpoints; the last one always has one.
        keep_last: Checkpoints kept; 0 for all.
        wandb_project: Project on Weights & Biases that gets the metrics too; null for none.
    """

    folder: str = "runs/default"
    name: str = ""
    seed: int = 0
    iterations: int = 150
    checkpoint_every: int = 10
    keep_last: int = 2
    wandb_project: str | None = None

    def __post_init__(self) -> None:
        at_least(self, 0, "seed", "iterations", "keep_last")
        at_least(self, 1, "checkpoint_every")


def _no_evolution() -> EvolutionConfig:
    # Off by default, as in SkillRL's table.
    return EvolutionConfig(enable_dynamic_update=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """Everything that a training run depends on; each section is described where it is defined."""

    model: ModelConfig = field(default_factory=ModelConfig)
    env: EnvConfig = field(default_factory=EnvConfig)
    bank: BankConfig = field(default_factory=BankConfig)
    sampler: SamplerConfig = field(default_factory=SamplerConfig)
    rollout: RolloutConfig = field(default_factory=RolloutConfig)
    grpo: GRPOConfig = field(default_factory=GRPOConfig)
    validation: ValidationConfig = field(default_factory=ValidationConfig)
    evolution: EvolutionConfig = field(default_factory=_no_evolution)
    teacher: TeacherConfig = field(default_factory=TeacherConfig)
    trials: SkillTrialsConfig = field(default_factory=SkillTrialsConfig)
    run: RunConfig = field(default_factory=RunConfig)
