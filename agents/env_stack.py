"""The environments of a training run, with their wrappers, for training and for validation."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import gymnasium as gym

from skill_gym.agents.sections import BankConfig, TrainConfig
from skill_gym.registration import check_arguments, step_limit
from skill_gym.skillbanks import bank_source
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.by_embedding import ByEmbedding
from skill_gym.skillbanks.embedding import SKILL_INSTRUCTION, Embedder
from skill_gym.skillbanks.retrieval import ByTaskType, Retrieved, Retriever
from skill_gym.skillbanks.store_vectors import VectorTable
from skill_gym.skillbanks.vectors import VectorCache
from skill_gym.trajectory import Task
from skill_gym.wrappers import RecordTrajectory, SkillAugmentedEnv, TaggedAction, TaskPrompt

Role = Literal["training", "validation"]
MakeEnv = Callable[[], gym.Env[str, str]]


class RememberingRetriever:
    """Asks another retriever once for each task: siblings and their environments share the answer.

    Args:
        retriever: Whom to ask.
    """

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever
        self._known: dict[Task, Retrieved] = {}

    @property
    def bank(self) -> SkillBank:
        """The other retriever's bank."""
        return self._retriever.bank

    def retrieve(self, tasks: Sequence[Task]) -> list[Retrieved]:
        """The skills for each task; all unknown tasks are asked for at once."""
        unknown = [task for task in dict.fromkeys(tasks) if task not in self._known]
        if unknown:
            self._known |= dict(zip(unknown, self._retriever.retrieve(unknown), strict=True))
        return [self._known[task] for task in tasks]

    def with_bank(self, bank: SkillBank) -> "RememberingRetriever":
        """One for another bank, which has forgotten everything."""
        return RememberingRetriever(self._retriever.with_bank(bank))


class EnvStack:
    """Makes environments that show the skills of a bank.

    Args:
        config: What is played and how it is shown.
        count_tokens: Length of a text in the policy's tokens; None counts about five bytes a token.
        policy_name: Goes into the trajectories.
        choose: Makes of the config's retriever the one that is used, such as one that chooses by utility.
    """

    def __init__(
        self,
        config: TrainConfig,
        *,
        count_tokens: Callable[[str], int] | None = None,
        policy_name: str = "",
        choose: Callable[[Retriever, Role], Retriever] | None = None,
    ) -> None:
        self.config = config
        self.count_tokens = count_tokens
        self.policy_name = policy_name
        self._choose = choose
        self._last: ByEmbedding | None = None

    def __call__(self, bank: SkillBank, role: Role) -> MakeEnv:
        """A function without arguments that makes an environment, as ``rollout.play`` wants it.

        Raises:
            ValueError: The environment has no such argument.
        """
        env, skills = self.config.env, self.config.bank
        found = self._retriever(bank)
        retriever = RememberingRetriever(found if self._choose is None else self._choose(found, role))
        arguments = self._arguments(role)
        check_arguments(env.id, arguments)

        def make() -> gym.Env[str, str]:
            made: gym.Env[str, str] = gym.make(env.id, **arguments)
            made = TaggedAction(made, projection=env.projection)
            made = TaskPrompt(
                made,
                layout=env.layout,
                history=env.history,
                show_admissible=env.show_admissible,
                think=env.think,
            )
            made = SkillAugmentedEnv(
                made,
                retriever,
                max_tokens=skills.max_tokens,
                count_tokens=self.count_tokens,
                show_ids=skills.show_ids,
                include_examples=skills.include_examples,
            )
            return RecordTrajectory(made, policy_name=self.policy_name)

        return make

    def _retriever(self, bank: SkillBank) -> Retriever:
        skills = self.config.bank
        if skills.retrieval_mode == "template":
            return ByTaskType(
                bank,
                top_k=skills.top_k,
                task_specific_top_k=skills.task_specific_top_k,
                by_keywords=skills.by_keywords,
                hierarchy=skills.hierarchy,
            )
        # The model is loaded once, and of the next bank only what is new is embedded.
        if self._last is None:
            instruction = None if skills.retrieval_semantics == "skillrl" else SKILL_INSTRUCTION
            encoder = Embedder(skills.embedding_model_path, instruction=instruction)
            file = skills.embeddings_file
            cache = VectorCache(None if file is None else VectorTable(file))
            self._last = ByEmbedding(bank, encoder, skills.embedding_options(), cache=cache)
        else:
            self._last = self._last.with_bank(bank)
        return self._last

    def _arguments(self, role: Role) -> dict[str, Any]:
        env, validation = self.config.env, self.config.validation
        given = {"data": env.data, "task_types": env.task_types}
        arguments: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if env.max_steps is not None:
            arguments |= step_limit(env.id, env.max_steps)
        arguments |= env.options
        if role == "training":
            return {**arguments, "split": env.split}
        return {**arguments, **validation.options, "split": validation.split}


def open_bank(config: BankConfig, env_id: str) -> SkillBank:
    """The bank that a run begins with.

    Raises:
        BankError: No starter bank for the environment, no such file or store, or no valid bank.
    """
    if config.path == "empty":
        return SkillBank.empty()
    return bank_source.open_bank(config.path, env_id)
