"""Memory records: every released shape is read, nothing is lost, and what is wrong is named."""

import json
from pathlib import Path
from typing import Any

import pytest

from skill_gym.skillbanks.memories.record import (
    ENVIRONMENTS,
    MemoryMistake,
    MemoryRecord,
    MemoryStep,
    read_memories,
    write_memories,
)
from skill_gym.skillbanks.memories.record_fields import MemoryFileError

RELEASED = {
    "alfworld": (113, 110),
    "webshop_001-100": (50, 50),
    "webshop_101-200": (70, 30),
    "search": (132, 64),
}


def solved(environment: str = "Alfworld", **others: Any) -> MemoryRecord:
    step = MemoryStep(-1, "look around", "there is a table", "to know the room")
    fields = {"id": "mem_alfworld_00000001", "description": "Ça va.", "goal": "put a mug on table"}
    return MemoryRecord(
        **{**fields, **others}, environment=environment, success=True, steps=(step,), pattern="Find -> Put"
    )


def failed(**others: Any) -> MemoryRecord:
    mistake = MemoryMistake("the drawer is shut", "walked on without opening it")
    fields = {"id": "mem_search_00000002", "environment": "SearchAgent", "data_source": "nq"}
    return MemoryRecord(
        **{**fields, **others}, success=False, description="Lost.", goal="who?", mistakes=(mistake,)
    )


def write(path: Path, rows: object) -> Path:
    path.write_text(json.dumps(rows))
    return path


@pytest.mark.parametrize("name", RELEASED)
def test_released_files_are_written_as_they_were_read(shared_data: Path, tmp_path: Path, name: str) -> None:
    source = shared_data / "skillrl" / "memories" / f"{name}.json"
    if not source.is_file():
        pytest.skip(f"no released memories at {source}")
    records = read_memories(source)
    wins = sum(record.success for record in records)
    assert (wins, len(records) - wins) == RELEASED[name]
    assert all(record.env_id in ENVIRONMENTS.values() for record in records)
    for record in records:
        assert (
            record.pattern is not None and record.steps is not None and not record.mistakes
        ) is record.success
        assert bool(record.mistakes) is not record.success
    write_memories(tmp_path / "again.json", records)
    assert (tmp_path / "again.json").read_bytes() == source.read_bytes()


@pytest.mark.parametrize("environment", [*ENVIRONMENTS, "Meadow"])
@pytest.mark.parametrize("shape", ["flat", "nested"])
def test_every_environment_is_read_in_every_shape(tmp_path: Path, environment: str, shape: str) -> None:
    record = solved(environment, extra={"task_key": "k", "seed": 3})
    row = record.to_row()
    content = row["content"]
    steps, guidelines = content["refined_trajectory"], content["strategic_guidelines"]
    steps = steps["refined_trajectory"] if isinstance(steps, dict) else steps
    guidelines = guidelines.get("strategic_guidelines", guidelines)
    nested = shape == "nested"
    content["refined_trajectory"] = {"refined_trajectory": steps} if nested else steps
    content["strategic_guidelines"] = {"strategic_guidelines": guidelines} if nested else guidelines
    assert read_memories(write(tmp_path / "m.json", [row])) == [record]


def test_unknown_keys_stay_where_they_stood(tmp_path: Path) -> None:
    rows = [solved().to_row(), failed().to_row()]
    for row in rows:
        row["reviewer"] = {"name": "x"}
        row["tags"]["mood"] = 1
        row["content"]["task_meta"]["level"] = None
        row["content"]["score"] = 0.5
    rows[0]["content"]["refined_trajectory"]["note"] = "n"
    rows[0]["content"]["refined_trajectory"]["refined_trajectory"][0]["tool"] = "t"
    rows[1]["content"]["strategic_guidelines"]["strategic_guidelines"]["mistakes_to_avoid"][0]["why"] = "w"
    records = read_memories(write(tmp_path / "m.json", rows))
    write_memories(tmp_path / "again.json", records)
    assert json.loads((tmp_path / "again.json").read_text()) == rows
    assert read_memories(tmp_path / "again.json") == records


def test_an_empty_chain_is_not_a_missing_one(tmp_path: Path) -> None:
    row = solved("SearchAgent").to_row()
    row["content"]["refined_trajectory"] = []
    assert read_memories(write(tmp_path / "m.json", [row]))[0].steps == ()


def broken(row: dict[str, Any], path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    place: Any = row
    for key in path[:-1]:
        place = place[key]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return row


STEP = ("content", "refined_trajectory", "refined_trajectory", 0, "step_index")


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("memory_id",), ..., "memory_id is missing"),
        (("contextual_description",), 3, "contextual_description must be text, got a number"),
        (("tags",), [], "tags: expected a JSON object, got a list"),
        (("tags", "outcome"), "Draw", "tags.outcome must be Success or Failure, got 'Draw'"),
        (("tags", "environment"), None, "tags: environment must be text, got null"),
        (("content", "task_meta", "original_goal"), ..., "original_goal is missing"),
        (("content", "refined_trajectory"), "no", "refined_trajectory: expected a JSON list, got text"),
        (STEP, -2, "refined_trajectory[0]: step_index must be a whole number from -1 up, got -2"),
        (STEP, True, "step_index must be a whole number"),
        (("content", "strategic_guidelines", "planning_pattern"), 1, "planning_pattern must be text or null"),
        (
            ("content", "strategic_guidelines", "mistakes_to_avoid"),
            {},
            "mistakes_to_avoid: expected a JSON list",
        ),
        (("extra",), "x", "extra: expected a JSON object, got text"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, path: tuple[str | int, ...], value: object, named: str
) -> None:
    second = broken(solved(id="mem_alfworld_00000002").to_row(), path, value)
    file = write(tmp_path / "m.json", [solved().to_row(), second])
    with pytest.raises(MemoryFileError) as error:
        read_memories(file)
    assert f"{file}, record 1" in str(error.value)
    assert named in str(error.value)


def test_two_records_with_one_id_are_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "m.json", [solved().to_row(), solved().to_row()])
    with pytest.raises(
        MemoryFileError, match="record 1: memory_id 'mem_alfworld_00000001' is that of record 0"
    ):
        read_memories(file)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1", b"\xff\xfe[]", b"[3]"])
def test_a_file_that_is_none_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "m.json"
    file.write_bytes(content)
    with pytest.raises(MemoryFileError, match=r"m\.json"):
        read_memories(file)
