"""WebShop as a Gymnasium environment: shopping tasks in text, in the original or a generated shop."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar, Literal, cast, get_args

from skill_gym.text_env import FreeText, Outcome, Player, TextEnv
from skill_gym.trajectory import Task
from skill_gym.webshop.catalogue import Catalogue, open_catalogue
from skill_gym.webshop.experts import EXPERTS, Expert, admissible, make_expert
from skill_gym.webshop.goals import GoalKind
from skill_gym.webshop.partitions import PartitionName, SplitName
from skill_gym.webshop.product import ShopError
from skill_gym.webshop.session import Session
from skill_gym.webshop.tasks import ShopTasks

ObservationMode = Literal["text", "text_rich"]
SPLITS = get_args(SplitName)
"""The splits of a shop that is given by ``data``."""
MAX_STEPS = 15
"""Step limit, set by registration as a ``TimeLimit``."""


class WebShopEnv(TextEnv):
    """Shopping in text (Yao et al. 2022), the same as the original's shop, in plain Python and numpy.

    Buying ends the episode with the original's score in [0, 1]; it is won with a score of 1. ``info`` adds
    ``url`` and, after the purchase, ``reward_info`` (the parts of the score, see ``reward.Reward``) and
    ``purchased`` (``asin`` and ``options``).

    The admissible commands are ``search[<your query>]``, with any words in place of the brackets, where there
    is a search bar, then ``click[...]`` for each of the original's clickables in its order (``click[search]``
    is among them and does nothing, as there). A search is carried out on every page.

    Args:
        split: ``generated`` (for training), ``generated_validation``, ``generated_test``, each a shop of its
            own that is made on first use, or of the shop in ``data``: ``train``, ``validation``, ``test``,
            ``all``.
        data: Folder with the original files or with a built store, see ``open_catalogue``; None reads the
            environment variable ``WEBSHOP_DATA``.
        partition: How the goals of ``data`` are split, see ``partitions.partition``: ``product_disjoint`` or
            ``official``, whose splits share most of their products.
        observation: ``text``, or ``text_rich``, in which buttons and what was chosen can be seen.
        goals: ``synthetic`` or ``human`` instructions.
        expert: Adds ``info["expert_command"]``: of the ``oracle`` (knows what is wanted) or the ``shopper``
            (knows only what it has read).
        size: Number of tasks of a generated split.
        generator: Settings of the generator, see ``GeneratorConfig``.
        task_types: Only these, see ``task_types.TASK_TYPES``; None for all.
        session_prefix: Stands before the task's id in the urls.
        render_mode: None or ``ansi``.

    Raises:
        ValueError: An argument is not one of its choices, or the shop cannot be read (``ShopError``).

    Example:
        >>> import gymnasium as gym
        >>> import skill_gym
        >>> env = gym.make("skill_gym/WebShop-v0")
        >>> observation, info = env.reset(seed=0)
        >>> observation, reward, terminated, truncated, info = env.step("search[a warm coat]")
    """

    metadata: ClassVar[dict[str, Any]] = {  # type: ignore[misc]
        "render_modes": ["ansi"],
        "render_fps": 1,
        "reply_tags": ("action",),
        "experts": EXPERTS,
        # What a person who plays wants to see: a line for each thing, chosen options marked.
        "person": {"observation": "text_rich"},
        "role": "You are a shopper. You act in an online shop to buy what the instruction asks for.",
        "instructions": (
            "Commands: search[words] looks for products; click[label] clicks what the page shows: "
            "a product's id, an option's value, or a button such as Next >, < Prev, Description, Features, "
            "Back to Search, Buy Now.\n"
            "Open a product by its id and choose every option that the instruction names before you buy. "
            "A choice replaces an earlier one of the same option. Leaving the product forgets its choices.\n"
            "Buy Now ends the task. The score is the share of wanted attributes, options and price limit "
            "that the purchase meets; the kind of product must be right."
        ),
    }

    def __init__(
        self,
        split: str = "generated",
        *,
        data: str | Path | None = None,
        partition: PartitionName = "product_disjoint",
        observation: ObservationMode = "text",
        goals: GoalKind = "synthetic",
        expert: str | None = None,
        size: int = 1000,
        generator: Mapping[str, Any] | None = None,
        task_types: Sequence[str] | None = None,
        session_prefix: str = "",
        render_mode: str | None = None,
    ) -> None:
        super().__init__(render_mode=render_mode)
        _check("partition", partition, get_args(PartitionName))
        _check("observation", observation, get_args(ObservationMode))
        _check("goals", goals, get_args(GoalKind))
        if expert is not None and expert not in EXPERTS:
            raise ValueError(f"expert must be None or one of {', '.join(EXPERTS)}, got {expert!r}")
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f"size must be an integer, at least 1, got {size!r}")
        if not isinstance(session_prefix, str):
            raise ValueError(f"session_prefix must be a str, which may be empty, got {session_prefix!r}")
        self.split, self.observation, self.expert = split, observation, expert
        self.session_prefix = session_prefix
        self.catalogue = _open(split, data, generator)
        choice = (partition, cast(SplitName, split)) if split in SPLITS else size
        self.tasks: ShopTasks = ShopTasks(self.catalogue, goals, split, choice, task_types)
        self.action_space = FreeText(samples=("search[cotton]", "click[next >]", "click[back to search]", ""))
        self._session: Session | None = None
        self._expert: Expert | None = None

    @classmethod
    def player(cls, first_observation: str, advice: str = "") -> Player:
        """A ``shopper.Shopper``, see ``TextEnv.player``."""
        from skill_gym.webshop.shopper import Shopper

        return Shopper(first_observation, advice)

    @property
    def session(self) -> Session:
        """The visit being played; read it, and copy it before changing it."""
        if self._session is None:
            raise RuntimeError("no goal is being played; call reset() first")
        return self._session

    @property
    def won(self) -> bool:
        """Whether what was bought has a score of 1."""
        return self.session.won

    def begin(self, task: Task) -> Outcome:
        """Opens the search page for a goal."""
        goal = self.tasks.goal(int(task.id))
        self._session = Session(self.catalogue, goal, f"{self.session_prefix}{task.id}")
        info: dict[str, Any] = {"url": self._session.url}
        if self.expert is not None:
            self._expert = make_expert(self.expert, self._session, self._shown())
            info["expert_command"] = self._expert.command()
        return Outcome(self._shown(), info=info)

    def advance(self, command: str) -> Outcome:
        """Carries out one command; the purchase ends the episode."""
        session = self.session
        reward, bought = session.do(command)
        info: dict[str, Any] = {"url": session.url}
        if bought:
            info["reward_info"] = session.reward_info
            info["purchased"] = {"asin": session.asin, "options": dict(session.options)}
        if self._expert is not None:
            self._expert.observe(command, self._shown())
            info["expert_command"] = None if bought else self._expert.command()
        return Outcome(self._shown(), reward, bought, info=info)

    def admissible_commands(self) -> tuple[str, ...]:
        """``search[<your query>]`` where there is a search bar, then a click for each clickable."""
        return admissible(self.session)

    def find_task(self, task_id: str) -> Task:
        """The task of that id, which is its goal's index.

        Raises:
            ValueError: No such task in this split, or it is filtered out; the message names near ones.
        """
        task = self.tasks.find(task_id)
        if task is None:
            raise ValueError(
                f"no task {task_id!r} in split {self.split!r}; ids are goal indices as text, near ones are "
                f"{self.tasks.near(task_id)}"
            )
        return task

    def _shown(self) -> str:
        return self.session.text if self.observation == "text" else self.session.text_rich


def _open(split: str, data: str | Path | None, generator: Mapping[str, Any] | None) -> Catalogue:
    if split in SPLITS:
        if generator is not None:
            raise ValueError(f"split {split!r} is not generated; leave generator= out")
        if data is None:
            data = os.environ.get("WEBSHOP_DATA") or None
            if data is None:
                raise ShopError(
                    f"split {split!r} needs a shop, but WEBSHOP_DATA is not set; set it to a folder with the "
                    "original files or a built store, or pass data=, or play split='generated'"
                )
        if not isinstance(data, str | Path) or not str(data):
            raise ShopError(f"data must be the path of a folder, or None for WEBSHOP_DATA, got {data!r}")
        return open_catalogue(data)
    from skill_gym.webshop.generator import GENERATED_SPLITS, GeneratorConfig, generated_catalogue

    if split not in GENERATED_SPLITS:
        raise ValueError(f"unknown split {split!r}; there are {', '.join((*GENERATED_SPLITS, *SPLITS))}")
    if data is not None:
        raise ValueError(f"split {split!r} is generated and reads no data; leave data= out")
    names = [field.name for field in fields(GeneratorConfig)]
    if not isinstance(generator or {}, Mapping) or not set(generator or {}) <= set(names):
        raise ValueError(
            f"generator must be a dict of settings of GeneratorConfig ({', '.join(names)}), got {generator!r}"
        )
    return generated_catalogue(split, GeneratorConfig(**(generator or {})))


def _check(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")
