"""Records in one mapped file come back as they were put, by number and by key."""

from pathlib import Path

import pytest

from skill_gym.blobs import Blobs, BlobWriter, FiledMapping, Keys


def test_records_come_back_by_number(tmp_path: Path) -> None:
    records = [b"first", b"", b"\0\xff" * 1000, b"last"]
    with BlobWriter(tmp_path / "blob") as writer:
        for record in records:
            writer.append(record)
    blobs = Blobs(tmp_path / "blob")
    assert list(blobs) == records
    assert blobs[1:3] == records[1:3]
    for outside in (-1, 4):
        with pytest.raises(IndexError):
            blobs[outside]


@pytest.mark.parametrize("records", [[], [b"", b""]])
def test_nothing_can_be_stored_too(tmp_path: Path, records: list[bytes]) -> None:
    with BlobWriter(tmp_path / "blob") as writer:
        for record in records:
            writer.append(record)
    assert list(Blobs(tmp_path / "blob")) == records


def test_a_failed_writer_leaves_no_offsets(tmp_path: Path) -> None:
    def fail() -> None:
        with BlobWriter(tmp_path / "blob") as writer:
            writer.append(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not (tmp_path / "blob.npy").exists()


def test_keys_keep_their_order_and_find_their_number(tmp_path: Path) -> None:
    keys = ["B0Z", "B0A", "é", "B0", "b0a", "\ud83d", "B0AA"]
    Keys.write(tmp_path / "keys", keys)
    stored = Keys(tmp_path / "keys")
    assert [stored[number] for number in range(len(stored))] == keys
    assert [stored.number(key) for key in keys] == list(range(len(keys)))
    for unknown in ("", "B", "B0AAA", "zzzzzzzzzzzzzzzzzzzzzzzzzzzz", "è"):
        assert stored.number(unknown) is None


def test_no_keys_find_nothing(tmp_path: Path) -> None:
    Keys.write(tmp_path / "keys", [])
    assert Keys(tmp_path / "keys").number("B0") is None


def test_a_filed_mapping_is_the_mapping_that_was_filed(tmp_path: Path) -> None:
    members = [("a", {"x": [1, 2.5, None]}), ("b", "ünï"), ("a", "later"), ("c", [])]
    filed = FiledMapping.write(tmp_path / "map", iter(members))
    assert dict(filed) == dict(members)
    assert len(filed) == 3
    assert filed.get("nobody") is None
    with pytest.raises(KeyError):
        filed["nobody"]
