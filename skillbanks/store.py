"""A bank that lives in one SQLite file: events, one writer at a time, many readers, every version kept."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any, Unpack

from skill_gym.skillbanks import store_rows as rows
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.skill import BankError
from skill_gym.skillbanks.store_events import (
    STATE_AFTER,
    TASK_TYPE,
    Entry,
    Kind,
    Origin,
    State,
    Step,
    Version,
    parse_entry,
    place_of,
)
from skill_gym.skillbanks.store_history import BankHistory
from skill_gym.skillbanks.store_schema import StoreConflict, StoreError, StoreReadOnly, told
from skill_gym.skillbanks.store_state import Frame, Places, follow, steps_to

__all__ = ["BankStore", "StoreError"]

NAMED_UP_TO = 20_000
"""Entries up to which a version gets its bank's name at once: the name is a hash over all entries."""


class BankStore(BankHistory):
    """A bank that lives: its published head, everything that led to it, and every bank in between.

    A change is one transaction: its events, and the version that they make. What ``publish`` and the others
    have returned from is on disk (SQLite's write-ahead log with ``synchronous=FULL``); readers in any number
    of processes see the version before or after, never one in between. The file must lie on a local disk.
    """

    def publish(
        self,
        bank: SkillBank,
        *,
        reason: str,
        merged: Mapping[str, str] | None = None,
        **origin: Unpack[Origin],
    ) -> Version:
        """Makes a bank the head; what differs from the head before becomes events.

        Args:
            bank: Made from ``self.bank`` (or any other: then most of it is a difference).
            reason: Why, for ``log`` and ``blame``.
            merged: Id of an entry that is gone -> id of the one that it was merged into.
            **origin: Who and on what grounds.

        Returns:
            The version, on disk; the head as it is when nothing differs.

        Raises:
            StoreConflict: Another process published since this store last looked.
            StoreError: Locked, read-only, full; nothing was changed.
            BankError: An entry could not be read back; nothing was changed.
        """
        before = self.bank
        with self._writing() as db:
            if self._last(db).number != self._head.number:
                raise StoreConflict(
                    f"{self.path}: version {self._last(db).number} was published since this store looked "
                    f"(at {self._head.number}); call refresh() and make the change on store.bank again"
                )
            places = self._places or Places()
            unknown = [entry_id for entry_id in bank.ids if entry_id not in before]
            steps, orders = steps_to(places, bank, rows.states(db, unknown), merged or {})
            frame = Frame.of(bank)
            if not steps and not orders and frame == self._head.frame:
                return rows.versions(db, "v.number=?", (self._head.number,))[0]
            change = rows.add_change(db, reason, origin)
            rows.add_steps(db, change, steps)
            name = bank.version if len(bank) <= NAMED_UP_TO else ""
            rows.add_version(db, change, name, frame, self._head, len(bank), orders)
            after = places.copy()
            follow(after, steps)
            after.reorder(orders)
            # The given bank itself stays the head, so that the next one made from it shares its entries.
            self._places, self._bank, self._head = after, bank, self._last(db)
            return rows.versions(db, "v.number=?", (self._head.number,))[0]

    def add_entries(self, entries: Iterable[Entry], *, reason: str, **origin: Unpack[Origin]) -> Version:
        """Appends entries to the bank as one version, however many, without holding them.

        Raises:
            BankError: An id is taken, or an entry could not be read back; nothing was changed.
        """
        categories: dict[str, None] = {}

        def steps(db: sqlite3.Connection) -> Iterator[Step]:
            for chunk in _chunks(entries):
                known = rows.states(db, (entry.id for entry in chunk))
                ids: set[str] = set()
                for entry in chunk:
                    if known.get(entry.id) is State.ACTIVE or entry.id in ids:
                        raise BankError(f"the id {entry.id!r} is taken; rename the entry, or revise it")
                    ids.add(entry.id)
                    place = place_of(entry)
                    if place.startswith(TASK_TYPE):
                        categories[place.removeprefix(TASK_TYPE)] = None
                    gone = known.get(entry.id) in (State.RETIRED, State.MERGED)
                    yield Step(Kind.RESTORED if gone else Kind.ADDED, entry.id, place, entry)

        with self._writing() as db:
            last = self._last(db)
            before = rows.last_event(db)
            change = rows.add_change(db, reason, origin)
            rows.add_steps(db, change, steps(db))
            size = last.size + rows.last_event(db) - before
            return self._published(db, change, last, categories, size)

    def retire(self, ids: Iterable[str], *, reason: str, **origin: Unpack[Origin]) -> Version:
        """Takes entries out of the bank; they stay in the store.

        Raises:
            StoreError: One of them is not in the bank.
        """
        steps = [Step(Kind.RETIRED, entry_id, "") for entry_id in dict.fromkeys(ids)]
        return self._change(steps, (State.ACTIVE,), "retire", reason, origin)

    def restore(self, ids: Iterable[str], *, reason: str, **origin: Unpack[Origin]) -> Version:
        """Puts retired, merged or rejected entries back, at the end of their places.

        Raises:
            StoreError: One of them is in the bank already, or was never here.
        """
        steps = [Step(Kind.RESTORED, entry_id, "") for entry_id in dict.fromkeys(ids)]
        states = (State.RETIRED, State.MERGED, State.REJECTED)
        return self._change(steps, states, "restore", reason, origin)

    def merge(
        self,
        ids: Iterable[str],
        into: str,
        *,
        reason: str,
        revised: Entry | None = None,
        **origin: Unpack[Origin],
    ) -> Version:
        """Takes entries out of the bank because another one says it all.

        Args:
            ids: Those that go; candidates may be among them.
            into: The one that stays.
            reason: Why.
            revised: A new text for it.
            **origin: Who and on what grounds.

        Raises:
            StoreError: One of them is not in the bank.
        """
        gone = [entry_id for entry_id in dict.fromkeys(ids) if entry_id != into]
        if self.state(into) is not State.ACTIVE:
            raise StoreError(f"{self.path}: {into!r} is not in the bank; merge into an entry that is")
        if revised is not None and revised.id != into:
            raise StoreError(f"the revised text has id {revised.id!r}, expected {into!r}; give it that id")
        steps = [Step(Kind.MERGED, entry_id, "", into=into) for entry_id in gone]
        if revised is not None:
            steps.append(Step(Kind.REVISED, into, place_of(revised), revised))
        return self._change(steps, (State.ACTIVE, State.CANDIDATE), "merge", reason, origin)

    def propose(self, entries: Iterable[Entry], *, reason: str, **origin: Unpack[Origin]) -> None:
        """Writes candidates down; no bank shows them until they are approved (or published).

        Raises:
            StoreError: An id belongs to an entry of the bank.
        """
        steps = [Step(Kind.PROPOSED, entry.id, place_of(entry), entry) for entry in entries]
        self._change(steps, None, "propose", reason, origin, publish=False)

    def approve(self, ids: Iterable[str], *, reason: str, **origin: Unpack[Origin]) -> Version:
        """Puts candidates into the bank.

        Raises:
            StoreError: One of them is no candidate.
        """
        steps = [Step(Kind.ADDED, entry_id, "") for entry_id in dict.fromkeys(ids)]
        return self._change(steps, (State.CANDIDATE,), "approve", reason, origin)

    def reject(self, ids: Iterable[str], *, reason: str, **origin: Unpack[Origin]) -> None:
        """Turns candidates down.

        Raises:
            StoreError: One of them is no candidate.
        """
        steps = [Step(Kind.REJECTED, entry_id, "") for entry_id in dict.fromkeys(ids)]
        self._change(steps, (State.CANDIDATE,), "reject", reason, origin, publish=False)

    def rollback(self, which: int | str, *, reason: str, **origin: Unpack[Origin]) -> Version:
        """Publishes an earlier bank again, byte for byte; what came since stays in the history."""
        bank = self.version(which)
        self.refresh()
        return self.publish(bank, reason=reason, **origin)

    def save_evidence(self, evidence: Mapping[tuple[str, str], Mapping[str, Any]]) -> None:
        """Replaces what is known of entries, by (id, task type); no part of the bank's content."""
        with self._writing() as db:
            db.executemany(
                "INSERT OR REPLACE INTO evidence VALUES (?,?,?)",
                [(*key, json.dumps(dict(value))) for key, value in evidence.items()],
            )

    def load_evidence(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Everything that ``save_evidence`` wrote."""
        with self._reading() as db:
            found = db.execute("SELECT entry, task_type, content FROM evidence ORDER BY entry, task_type")
            return {(entry, task_type): json.loads(text) for entry, task_type, text in found}

    # The inside

    def _begin_history(self) -> None:
        if rows.head(self._db) is not None or not self.writable:
            return
        with self._writing() as db:
            if rows.head(db) is None:
                bank = SkillBank.empty()
                change = rows.add_change(db, "the store begins", {})
                rows.add_version(db, change, bank.version, Frame.of(bank), None, 0)

    def _change(
        self,
        steps: list[Step],
        expected: tuple[State, ...] | None,
        verb: str,
        reason: str,
        origin: Origin,
        *,
        publish: bool = True,
    ) -> Version:
        with self._writing() as db:
            named = dict.fromkeys(name for step in steps for name in (step.entry_id, step.into) if name)
            known = rows.states(db, named)
            filled = []
            for step in steps:
                state = known.get(step.entry_id)
                wrong = state is State.ACTIVE if expected is None else state not in expected
                if wrong:
                    wanted = "unused" if expected is None else " or ".join(expected)
                    raise StoreError(
                        f"{self.path}: cannot {verb} {step.entry_id!r}: expected it to be {wanted}, it is "
                        f"{state or 'unknown'}; nothing was changed"
                    )
                if step.into is not None and known.get(step.into) is not State.ACTIVE:
                    raise StoreError(
                        f"{self.path}: {step.into!r} is not in the bank; merge into an entry that is"
                    )
                filled.append(self._filled(db, step))
            last = self._last(db)
            if filled:
                change = rows.add_change(db, reason, origin)
                rows.add_steps(db, change, filled)
                if publish:
                    categories = [
                        step.place.removeprefix(TASK_TYPE)
                        for step in filled
                        if step.entry is not None and step.place.startswith(TASK_TYPE)
                    ]
                    size = last.size + sum(_growth(step, known[step.entry_id]) for step in filled)
                    return self._published(db, change, last, categories, size)
            return rows.versions(db, "v.number=?", (last.number,))[0]

    def _published(
        self, db: sqlite3.Connection, change: int, last: rows.Head, categories: Iterable[str], size: int
    ) -> Version:
        """Makes a version of what the change's events left, and follows it."""
        frame = last.frame.next(categories)
        small = size <= NAMED_UP_TO
        rows.add_version(db, change, "", frame, last, size)
        self._catch_up(db, load=small)
        if small and self._bank is not None:
            db.execute("UPDATE versions SET name=? WHERE change=?", (self._bank.version, change))
        self._head = self._last(db)
        return rows.versions(db, "v.number=?", (self._head.number,))[0]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it on disk at the end, or nothing of it anywhere."""
        if not self.writable:
            raise StoreReadOnly(f"{self.path}: opened for reading; open it with write=True")
        with self._lock, told(self.path):
            self._expect_same_file()
            self._db.execute("BEGIN IMMEDIATE")
            known = (self._places, self._bank, self._head)
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                self._places, self._bank, self._head = known
                raise

    @staticmethod
    def _filled(db: sqlite3.Connection, step: Step) -> Step:
        # An entry that comes back has its last text in the event, so that replay needs no further look.
        if step.entry is not None or step.kind not in (Kind.ADDED, Kind.RESTORED):
            return step
        found = rows.text_of(db, step.entry_id)
        if found is None:
            return step
        _, place, text = found
        return Step(step.kind, step.entry_id, place, parse_entry(text, place), step.into)


def _growth(step: Step, before: State) -> int:
    return int(STATE_AFTER[step.kind] is State.ACTIVE) - int(before is State.ACTIVE)


def _chunks(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    rest = iter(entries)
    while chunk := list(islice(rest, rows.CHUNK)):
        yield chunk
