"""ALFWorld prompts in SkillRL's layout: by its own templates and class from a checkout, or restated."""

import contextlib
import io
import tempfile
from pathlib import Path

from skill_gym.benchmarks.released_prompts import released_prompts, released_templates
from skill_gym.benchmarks.released_retrieval import released_class
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.rendering import render
from skill_gym.skillbanks.retrieval import ByTaskType
from skill_gym.trajectory import Task, Trajectory


class RestatedTemplates:
    """The released order of parts in our own words: the task before the skills, instructions at the end."""

    ALFWORLD_TEMPLATE_NO_HIS = (
        "You act in a household that answers in text.\n"
        "You see: {current_observation}\n"
        "You may do: [{admissible_actions}].\n\n"
        "It is your turn. Think about it in <think> </think> first. Then choose one of these actions and "
        "put it in <action> </action>.\n"
    )
    _LATER = (
        "You act in a household that answers in text. Your task is: {{task_description}}\n"
        "{memory}So far you took {{step_count}} step(s). The last {{history_length}} observations with what "
        "you did: {{action_history}}\n"
        "This is step {{current_step}}. You see: {{current_observation}}\n"
        "You may do: [{{admissible_actions}}].\n\n"
        "It is your turn. Think about it in <think> </think> first. Then choose one of these actions and "
        "put it in <action> </action>.\n"
    )
    ALFWORLD_TEMPLATE = _LATER.format(memory="")
    ALFWORLD_TEMPLATE_WITH_MEMORY = _LATER.format(memory="\n{retrieved_memories}\n\n")


class ReleasedLayout:
    """Prompts of recorded episodes as the released code lays them out.

    Role and task, then the skills (not in the first prompt), the count of steps, history, observation,
    admissible commands, and the instructions at the end.

    Args:
        bank: Whose skills are shown.
        checkout: Of SkillRL; None restates its order of parts, with our skill block.

    Attributes:
        source: Which of the two it is, in words.

    Raises:
        ValueError: The checkout lacks the templates or the class.
    """

    def __init__(self, bank: SkillBank, checkout: Path | None) -> None:
        self.source = "restated" if checkout is None else "its own templates and skill block"
        self._templates = RestatedTemplates() if checkout is None else released_templates(checkout)
        self._retriever = ByTaskType(bank)
        self._skills = None
        if checkout is not None:
            with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
                file = Path(folder) / "skills.json"
                bank.save(file)
                self._skills = released_class(checkout)(str(file))

    def prompts(self, episode: Trajectory) -> list[str]:
        """The prompt of each step."""
        block = self._block(episode.task)
        return released_prompts(self._templates, episode, lambda _: block)

    def _block(self, task: Task) -> str:
        if self._skills is None:
            return render(self._retriever.retrieve([task])[0]).text
        with contextlib.redirect_stdout(io.StringIO()):
            return str(self._skills.format_for_prompt(self._skills.retrieve(task.goal, top_k=6)))
