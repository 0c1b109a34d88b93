"""Memory records with planted lessons, and what it takes to have them distilled over loopback."""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from scripted_distiller import answer
from teacher_server import TeacherServer

from skill_gym.skillbanks.goals import CLEAN, COOL, HEAT, LOOK, PLACE, TWO
from skill_gym.skillbanks.memories.record import MemoryMistake, MemoryRecord, MemoryStep
from skill_gym.skillbanks.skill import Mistake, Skill
from skill_gym.skillbanks.teachers.asking import Asker
from skill_gym.skillbanks.teachers.distilling import DistillationConfig
from skill_gym.skillbanks.teachers.model_teacher import ModelTeacher
from skill_gym.skillbanks.teachers.opening import open_chat_model

GOALS: Mapping[str, str] = {
    PLACE: "put a mug in shelf.",
    LOOK: "look at book under the desklamp.",
    CLEAN: "put a clean pan in drawer.",
    HEAT: "heat some egg and put it in diningtable.",
    COOL: "put a cool apple in countertop.",
    TWO: "put two pen in drawer.",
}
CAUSES: Mapping[str, tuple[tuple[str, str], ...]] = {
    PLACE: (("the shelf is full", "walk away with the object in hand"),),
    LOOK: (("the lamp stands on another desk", "examine the object in the dark"),),
    CLEAN: (("the sinkbasin holds other things", "put the dirty object down at its goal"),),
    HEAT: (
        ("the microwave is closed", "heat the object at the stove"),
        ("the object is hot already", "heat it once more until the time is over"),
    ),
    COOL: (("the fridge was opened", "leave the object in the fridge for good"),),
    TWO: (("the first object was placed", "take the very same object out again"),),
}
"""Task type -> what fails there: when, and what was done."""


def record(number: int, task_type: str, solved: bool, *, cause: int = 0, **fields: Any) -> MemoryRecord:
    """A record of an episode whose plan or mistake belongs to its task type."""
    trigger, bad = CAUSES[task_type][cause % len(CAUSES[task_type])]
    given: dict[str, Any] = {
        "id": f"mem_alfworld_{number:08x}",
        "environment": "Alfworld",
        "success": solved,
        "description": f"Number {number} is of the kind '{task_type}', {'solved' if solved else 'failed'}.",
        "goal": GOALS[task_type],
        "steps": (MemoryStep(0, "look around", "a room", "to know the places"),) if solved else None,
        "pattern": f"Find [Object] -> do {task_type.replace('_', ' ')} -> stop" if solved else None,
        "mistakes": () if solved else (MemoryMistake(f"When {trigger}", bad),),
    }
    return MemoryRecord(**{**given, **fields})


def records(count: int, *, seed: int = 0) -> list[MemoryRecord]:
    """Records over all task types and outcomes, unevenly: the last types and successes are few."""
    draw = random.Random(seed)
    types = draw.choices(list(GOALS), weights=(40, 30, 20, 10, 5, 2), k=count)
    return [
        record(number, task_type, draw.random() < 0.6, cause=draw.randrange(2))
        for number, task_type in enumerate(types)
    ]


def each(count: int = 2) -> list[MemoryRecord]:
    """The same number of records for every task type and outcome."""
    kinds = [(task_type, outcome) for task_type in GOALS for outcome in (True, False)] * count
    return [record(number, *kind, cause=number // 12) for number, kind in enumerate(kinds)]


def cited(entry: Skill | Mistake) -> tuple[str, ...]:
    assert entry.provenance is not None
    return entry.provenance.trajectory_ids


@contextmanager
def teaching(
    config: DistillationConfig | None = None,
    *,
    context_tokens: int = 128_000,
    answers: Any = answer,
    concurrency: int = 4,
    **options: Any,
) -> Iterator[tuple[ModelTeacher, TeacherServer]]:
    """A model teacher whose model is a script behind a server on loopback."""
    with (
        TeacherServer(answers) as server,
        open_chat_model(
            "openai:scripted", base_url=server.url, context_tokens=context_tokens, **options
        ) as model,
    ):
        yield ModelTeacher(Asker(model, concurrency=concurrency), distillation=config), server


def material(server: TeacherServer, schema: str = "") -> Sequence[str]:
    """The questions that a server was asked, those of one form or all."""
    return [
        str(asked.body["messages"][1]["content"])
        for asked in server.requests
        if not schema or asked.schema_name == schema
    ]
