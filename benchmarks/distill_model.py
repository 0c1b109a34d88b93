"""A model as the teacher of ``skill-gym distill``: plan before, bar while it is asked, bill after."""

import argparse
from contextlib import ExitStack
from typing import Self

from skill_gym.benchmarks.distill_sources import Sources
from skill_gym.benchmarks.progress import QuestionBar
from skill_gym.benchmarks.teacher_options import open_teacher
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.teacher import TeacherRequest
from skill_gym.skillbanks.teachers.distil_evidence import sampled
from skill_gym.skillbanks.teachers.distil_plan import DistillationPlan, plan
from skill_gym.skillbanks.teachers.distilling import DistillationConfig
from skill_gym.skillbanks.teachers.model_teacher import ModelTeacher
from skill_gym.skillbanks.teachers.price import read_prices


class DistillingModel:
    """The model, open while a context lasts, with a bar that counts its questions.

    Args:
        options: Of the command; they name a model.
        sources: What it will read.
        bank: What is started from.

    Raises:
        ValueError: An option is wrong.
        TeacherError: The context is too small, or a package, a key or an address is missing.
        OSError: A file cannot be read or written.
    """

    def __init__(self, options: argparse.Namespace, sources: Sources, bank: SkillBank) -> None:
        questions = _planned(options, sources, bank).count
        folder = options.folder or options.out.with_suffix(".teacher")
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            model = open_teacher(options, folder)
            if model is None:
                raise ValueError(f"expected a model as the teacher, got {options.teacher!r}")
            self._model = stack.enter_context(model)
            bar = QuestionBar(questions, "asking", figures=model.postfix)
            model.asker.on_answered = stack.enter_context(bar)
            self.teacher = ModelTeacher(model.asker, distillation=_config(options))
            self._stack = stack.pop_all()

    def report(self) -> list[str]:
        """Lines on what each kind of question has cost."""
        return self._model.report()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *of_error: object) -> None:
        self._stack.close()


def told_plan(options: argparse.Namespace, sources: Sources, bank: SkillBank) -> str:
    """What a model would be asked, and what it would cost, in words."""
    planned = _planned(options, sources, bank)
    name = options.teacher.partition(":")[2]
    price = read_prices(options.price, name).get(name) if options.price else None
    read, said = planned.prompt_tokens, planned.reply_tokens
    cost = "" if price is None else f", {price.usd(read, said):.2f} US dollars"
    return "\n  ".join(
        [
            f"about {planned.count} questions, {read:,} tokens read and {said:,} said{cost} (rather too "
            f"many than "
            "too few; hidden thoughts and mended answers come on top):",
            *(f"{count} x {purpose}" for purpose, count in planned.questions.items()),
        ]
    )


def _config(options: argparse.Namespace) -> DistillationConfig:
    """The settings that the options say."""
    return DistillationConfig(
        general=options.general,
        per_category=options.per_category,
        mistakes=options.mistakes,
        batch_size=options.batch_size,
        episode_tokens=options.episode_tokens,
        lessons_per_batch=options.lessons,
        answer_tokens=options.answer_tokens,
        seed=options.seed,
        strict=options.strict,
    )


def _planned(options: argparse.Namespace, sources: Sources, bank: SkillBank) -> DistillationPlan:
    """What a model would be asked."""
    episodes = [episode for episode in sources.trajectories if episode.ended != "broken"]
    memories = list(sources.memories)
    if options.max_episodes is not None:
        episodes, memories = sampled(episodes, memories, options.max_episodes, options.seed)
    request = TeacherRequest(
        tuple(episodes), bank, max_new=None, kind="distillation", memories=tuple(memories)
    )
    return plan(request, _config(options), context_tokens=options.teacher_context)
