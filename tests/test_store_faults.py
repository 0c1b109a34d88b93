"""A store that cannot be read or written says what to do, and is as it was before."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import Skill
from skill_gym.skillbanks.store import BankStore
from skill_gym.skillbanks.store_schema import (
    FORMAT,
    StoreError,
    StoreFormat,
    StoreFull,
    StoreGone,
    StoreLocked,
    StoreReadOnly,
    connect,
)


@pytest.fixture
def path(tmp_path):
    with BankStore.open(tmp_path / "bank.db", write=True) as store:
        store.publish(SkillBank.starter("alfworld"), reason="import")
    return tmp_path / "bank.db"


def nobodys(code: str) -> str:
    """The program, run without root's right to write everywhere; modules are imported before that."""
    drop = "os.setgid(65534); os.setuid(65534)" if os.geteuid() == 0 else ""
    return f"import os, sys\nfrom skill_gym.skillbanks.store import BankStore\n{drop}\n{code}"


def as_nobody(code: str, *arguments: str) -> str:
    """What it prints."""
    command = [sys.executable, "-c", nobodys(code), *arguments]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    return told.stdout


@pytest.mark.parametrize("write", [False, True])
def test_a_newer_format_is_not_touched(path, write):
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version={FORMAT + 1}")
    db.close()
    with pytest.raises(StoreFormat, match=f"has format {FORMAT + 1}, .* up to {FORMAT}; install the newer"):
        BankStore.open(path, write=write)


@pytest.mark.parametrize("write", [False, True])
def test_other_files_are_no_stores(tmp_path, write):
    text = tmp_path / "bank.json"
    text.write_text(SkillBank.starter("alfworld").dumps(), encoding="utf-8")
    with pytest.raises(StoreFormat, match="no bank store"):
        BankStore.open(text, write=write)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE t (x)")
    db.close()
    before = other.read_bytes()
    with pytest.raises(StoreFormat, match="SQLite file but no bank store"):
        BankStore.open(other, write=write)
    assert other.read_bytes() == before


def test_a_missing_store_and_a_missing_folder_are_named(tmp_path):
    with pytest.raises(StoreError, match=r"no bank store at .*write=True"):
        BankStore.open(tmp_path / "bank.db")
    with pytest.raises(StoreError, match="check that the folder exists"):
        BankStore.open(tmp_path / "no" / "bank.db", write=True)


def read_all(path: Path) -> str:
    with BankStore.open(path) as store:
        return store.damage() + store.bank.dumps()


def test_a_damaged_file_is_told(path, tmp_path):
    data = bytearray(path.read_bytes())
    data[4096 : len(data) // 2] = os.urandom(len(data) // 2 - 4096)
    broken = tmp_path / "broken.db"
    broken.write_bytes(data)
    with pytest.raises(StoreFormat, match="damaged"):
        read_all(broken)


def test_a_locked_store_is_told_after_the_wait_and_readers_go_on(path):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with BankStore.open(path, write=True, busy_s=0.2) as store, BankStore.open(path) as reader:
            start = time.monotonic()
            with pytest.raises(StoreLocked, match="another process is writing"):
                store.retire(["gen_001"], reason="x")
            assert 0.1 < time.monotonic() - start < 5
            assert "gen_001" in reader.bank
            other.execute("ROLLBACK")
            store.retire(["gen_001"], reason="x")
            assert reader.refresh()
            assert "gen_001" not in reader.bank
    finally:
        other.close()


@pytest.mark.parametrize("replaced", [False, True])
def test_a_store_that_is_removed_or_replaced_while_open_is_told_and_loses_no_write(path, tmp_path, replaced):
    with BankStore.open(tmp_path / "other.db", write=True) as other:
        other.publish(SkillBank.starter("webshop"), reason="import")
    with BankStore.open(path, write=True) as store, BankStore.open(path) as reader:
        moved = path.rename(tmp_path / "moved.db")
        if replaced:
            shutil.copy(tmp_path / "other.db", path)
        for question in (
            reader.refresh,
            lambda: next(reader.iter_entries()),
            lambda: store.retire(["gen_001"], reason="x"),
            lambda: store.publish(SkillBank.empty(), reason="x"),
        ):
            with pytest.raises(StoreGone, match="removed or replaced since it was opened"):
                question()
        assert path.exists() == replaced
        moved.rename(path)  # put back: all goes on
        assert store.retire(["gen_001"], reason="x").number == 2
        assert reader.refresh()


def test_a_writer_waits_for_another_one(path):
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.3, lambda: other.execute("ROLLBACK"))
    timer.start()
    with BankStore.open(path, write=True) as store:
        store.retire(["gen_001"], reason="x")
        assert "gen_001" not in store.bank
    timer.join()
    other.close()


def test_a_full_disk_changes_nothing_and_can_be_mended(path):
    with BankStore.open(path, write=True) as store:
        (pages,) = store._db.execute("PRAGMA page_count").fetchone()
        store._db.execute(f"PRAGMA max_page_count={pages}")
        before = store.bank
        with pytest.raises(StoreFull, match=r"disk is full.*nothing was changed"):
            store.add_entries((Skill(f"s_{n}", "T", "p" * 500) for n in range(3000)), reason="too much")
        with pytest.raises(StoreFull):
            store.publish(before.with_skills([Skill("big", "T", "p" * 10**6)]), reason="too much")
        assert store.bank is before
        assert store.head.number == 1
        assert store.damage() == ""
        store._db.execute("PRAGMA max_page_count=1000000")
        store.publish(before.with_skills([Skill("big", "T", "p" * 10**6)]), reason="now it fits")
    with BankStore.open(path) as reader:
        assert reader.head.number == 2
        assert len(reader.bank.get("big").principle) == 10**6


@pytest.mark.skipif(os.name == "nt", reason="no such limits there")
def test_a_file_that_may_not_grow_loses_nothing(path):
    code = (
        "import resource, signal\n"
        "from skill_gym.skillbanks.skill import Skill\n"
        "from skill_gym.skillbanks.store import BankStore, StoreError\n"
        "import sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "store = BankStore.open(sys.argv[1], write=True)\n"
        "store.retire(['gen_001'], reason='fits')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))\n"
        "try:\n"
        "    store.add_entries((Skill(f's_{n}', 'T', 'p' * 500) for n in range(30000)), reason='too much')\n"
        "except StoreError as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False
    )
    assert told.stdout.startswith("Store"), told.stderr
    with BankStore.open(path, write=True) as store:
        assert store.damage() == ""
        assert store.head.number == 2
        assert store.state("s_0") is None
        store.add_entries([Skill("s_0", "T", "p")], reason="goes on")


@pytest.mark.skipif(os.name == "nt", reason="needs the rights of Unix files")
def test_a_reader_without_the_right_to_write_sees_what_another_one_writes(path):
    folder = Path(tempfile.mkdtemp())
    shutil.copy(path, folder / "bank.db")
    folder.chmod(0o755)
    code = (
        "store = BankStore.open(sys.argv[1])\n"
        "print(len(store.bank), store.refresh(), flush=True)\n"
        "sys.stdin.readline()\n"
        "print(len(store.bank), store.refresh(), len(store.bank), store.refresh(), flush=True)\n"
        "sys.stdin.readline()\n"
        "print(store.refresh(), len(store.bank), store.head.number)\n"
    )
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", nobodys(code), str(folder / "bank.db")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        size = len(SkillBank.starter("alfworld"))
        assert process.stdout.readline() == f"{size} False\n"
        with BankStore.open(folder / "bank.db", write=True) as store:
            store.retire(["gen_001"], reason="x")
            process.stdin.write("on\n")
            process.stdin.flush()
            assert process.stdout.readline() == f"{size} True {size - 1} False\n"
            store.retire(["gen_002"], reason="x")
        told, _ = process.communicate("on\n")
        assert told == f"True {size - 2} 3\n"
    finally:
        shutil.rmtree(folder)


def test_a_path_may_have_any_characters(tmp_path):
    path = tmp_path / "50% of a?b#c ä 😀.db"
    with BankStore.open(path, write=True) as store:
        store.publish(SkillBank.starter("alfworld"), reason="x")
    with BankStore.open(path) as reader:
        assert reader.head.number == 1
    assert [place.name for place in tmp_path.iterdir()] == [path.name]


@pytest.mark.skipif(os.name == "nt", reason="needs the rights of Unix files")
def test_a_read_only_file_is_read_and_not_written(path):
    # Pytest's own folders are closed to others.
    folder = Path(tempfile.mkdtemp())
    shutil.copy(path, folder / "bank.db")
    (folder / "bank.db").chmod(0o444)
    folder.chmod(0o555)
    try:
        told = as_nobody("print(BankStore.open(sys.argv[1]).bank.version)", str(folder / "bank.db"))
        assert told.strip() == SkillBank.starter("alfworld").version
        code = (
            "from skill_gym.skillbanks.store_schema import StoreReadOnly\n"
            "try:\n"
            "    BankStore.open(sys.argv[1], write=True).retire(['gen_001'], reason='x')\n"
            "except StoreReadOnly as error:\n"
            "    print(error)\n"
        )
        assert "make file and folder writable" in as_nobody(code, str(folder / "bank.db"))
        assert sorted(place.name for place in folder.iterdir()) == ["bank.db"]
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_reading_leaves_the_bank_as_it_is(path):
    before = path.read_bytes()
    with BankStore.open(path) as reader:
        assert len(reader.bank) > 0
        with pytest.raises(StoreReadOnly):
            reader.publish(SkillBank.empty(), reason="x")
        with pytest.raises(StoreReadOnly):
            reader.save_evidence({})
    assert path.read_bytes() == before


def test_ten_thousand_skills_of_one_title_and_texts_of_100_kb(tmp_path):
    texts = ["日本語 العربية 😀 \u202e " * 5000, "x" * 100_000, "a\x00b"]
    with BankStore.open(tmp_path / "bank.db", write=True) as store:
        store.add_entries((Skill(f"s_{n}", "Same", "Do it.") for n in range(10_000)), reason="same")
        store.add_entries((Skill(f"long_{n}", "T", text) for n, text in enumerate(texts)), reason="long")
        with BankStore.open(tmp_path / "bank.db") as reader:
            assert [reader.get(f"long_{n}").principle for n in range(3)] == texts
            assert reader.bank.dumps() == store.bank.dumps()
            assert len(reader.bank) == 10_003
        start = time.perf_counter()
        store.retire(["s_5000"], reason="one of many")
        assert time.perf_counter() - start < 20


def test_threads_share_a_store(path):
    wrong = []
    with BankStore.open(path, write=True) as store:

        def work(number: int) -> None:
            try:
                for turn in range(10):
                    store.propose([Skill(f"c_{number}_{turn}", "T", "p")], reason="x")
                    store.approve([f"c_{number}_{turn}"], reason="x")
                    assert f"c_{number}_{turn}" in store.bank
                    assert store.version(store.head.number).version
            except (StoreError, AssertionError) as error:
                wrong.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert store.count() == len(SkillBank.starter("alfworld")) + 40


def test_vectors_of_a_damaged_cache_are_told(path):
    vectors = path.with_name("bank.db-vectors")
    vectors.write_text("not a database", encoding="utf-8")
    with BankStore.open(path) as store, pytest.raises(StoreFormat):
        store.vectors.save("m", {b"a": np.zeros(4, np.float32)})


def test_a_reader_sees_a_version_of_another_process_within_a_second(path):
    code = (
        "import sys, time\n"
        "from skill_gym.skillbanks.store import BankStore\n"
        "store = BankStore.open(sys.argv[1], write=True)\n"
        "store.retire(['gen_001'], reason='x')\n"
        "print(time.time())\n"
    )
    with BankStore.open(path) as reader:
        assert "gen_001" in reader.bank
        process = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60
        while not reader.refresh() and time.monotonic() < deadline:
            time.sleep(0.005)
        seen = time.time()
        told, _ = process.communicate()
        assert "gen_001" not in reader.bank
        assert seen - json.loads(told) < 1


def test_a_store_whose_maker_was_killed_at_once_is_empty_and_can_be_used(tmp_path):
    connect(tmp_path / "bank.db", write=True).close()
    with pytest.raises(StoreError, match="empty; open it with write=True"):
        BankStore.open(tmp_path / "bank.db")
    with BankStore.open(tmp_path / "bank.db", write=True) as store:
        assert store.head.number == 0
