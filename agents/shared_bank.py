"""A run's bank in a store that others read and review: what the run writes, and what it takes in."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Unpack
from uuid import uuid4

from skill_gym.agents.checkpoint import CheckpointError
from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.evidence import EvidenceBook
from skill_gym.skillbanks.merged_bank import follow_words, merge_banks
from skill_gym.skillbanks.store import BankStore
from skill_gym.skillbanks.store_events import STATE_AFTER, Entry, Event, Origin, State
from skill_gym.skillbanks.store_schema import StoreConflict, StoreError

logger = logging.getLogger(__name__)

_PAGE = 50
_TRIES = 20
_OUTSIDE = (State.RETIRED, State.MERGED, State.REJECTED, State.CANDIDATE)


@dataclass(frozen=True, slots=True)
class Review:
    """What a run finds in its store.

    Attributes:
        bank: The bank in force from now on.
        words: Id of an entry -> the last thing that somebody else did to it since the run last looked.
    """

    bank: SkillBank
    words: Mapping[str, Event] = field(default_factory=dict)


class SharedBank:
    """One training run's hand in a store.

    The store's head is the run's bank. Everybody else's events count as a reviewer's: they are taken in
    between iterations and never undone by what the run wanted to do before it knew of them.

    Args:
        path: Of the store; a missing one is made.
        run: Name of the run; with six digits after it, it is the actor of the run's events.

    Raises:
        StoreError: The store cannot be written.
    """

    def __init__(self, path: str | Path, run: str) -> None:
        self.store = BankStore.open(path, write=True)
        # Runs of the same name may share a store, each must know what is its own.
        self.actor = f"{run} #{uuid4().hex[:6]}"
        self._seen = 0

    def begin(self, first: Callable[[], SkillBank]) -> SkillBank:
        """The bank that a run begins with: the store's, or in a new store the given one, published."""
        if self.store.head.number == 0:
            try:
                self.store.publish(first(), reason="a run begins", actor=self.actor)
            except StoreConflict:
                self.store.refresh()
        logger.info("%s: the run begins with the store's bank %s", self.store.path, self.store.bank.version)
        self._seen = self._last_event()
        return self.store.bank

    def review(self) -> Review:
        """Takes in what others did since the run last looked."""
        events = self._since(self._seen)
        # After the events, so that the bank has all that they say.
        self.store.refresh()
        if not events:
            return Review(self.store.bank)
        self._seen = events[-1].seq
        words = self._words(events)
        out = [name for name, event in words.items() if _is_out(event) and name in self.store.bank]
        if out:
            # Turned down at the very moment in which the run published it.
            bank = self.store.bank
            self.publish(bank, bank.without(out), reason="; ".join(words[name].reason for name in out))
        return Review(self.store.bank, words)

    def publish(
        self,
        base: SkillBank,
        bank: SkillBank,
        *,
        reason: str,
        merged: Mapping[str, str] | None = None,
        **origin: Unpack[Origin],
    ) -> SkillBank:
        """Makes the step from one bank to another on the store's head, whatever that is by now.

        Args:
            base: The bank in force.
            bank: What the run makes of it.
            reason: Why.
            merged: Id of an entry that is gone -> id of the one that took its place.
            **origin: On what grounds; the actor is the run.

        Returns:
            The head: ``bank`` itself, or where others published meanwhile, theirs with the run's changes.

        Raises:
            StoreError: Locked, read-only, full.
        """
        origin["actor"] = self.actor
        for _ in range(_TRIES):
            self.store.refresh()
            taken = [entry.id for entry in bank if entry.id not in base and not self._may_write(entry.id)]
            if taken:
                logger.warning("left out since somebody else has decided on them: %s", ", ".join(taken))
            step = merge_banks(base, bank, self.store.bank, leave_out=taken)
            into = {old: new for old, new in (merged or {}).items() if new in step}
            try:
                self.store.publish(step, reason=reason, merged=into, **origin)
            except StoreConflict:
                continue
            return self.store.bank
        raise self._never_alone()

    def propose(self, entries: Iterable[Entry], *, reason: str, **origin: Unpack[Origin]) -> None:
        """Writes down what goes on trial; ids that somebody else has used are left to them."""
        origin["actor"] = self.actor
        mine = [entry for entry in entries if self._may_write(entry.id)]
        self.store.propose(mine, reason=reason, **origin)

    def reject(self, reasons: Mapping[str, str]) -> None:
        """Turns candidates down, each for its reason; those that a reviewer has decided on stay so."""
        for name, reason in reasons.items():
            try:
                self.store.reject([name], reason=reason, actor=self.actor)
            except StoreError:
                if self.store.state(name) is State.CANDIDATE:
                    raise
                logger.info("%s was on trial, but somebody else has decided on it", name)

    def others(self) -> list[Entry]:
        """Entries outside of the bank by somebody else's word: a teacher shall not propose them again."""
        found = [entry for state in _OUTSIDE for entry in self.store.iter_entries(state)]
        others = [entry for entry in found if self.store.blame(entry.id)[-1].actor != self.actor]
        return sorted(others, key=lambda entry: entry.id)

    def save_evidence(self, book: EvidenceBook) -> None:
        """Writes down what is known of skills."""
        self.store.save_evidence(book.to_rows())

    def load_evidence(self) -> EvidenceBook:
        """What earlier runs knew."""
        try:
            return EvidenceBook.from_rows(self.store.load_evidence())
        except ValueError as error:
            logger.warning("%s: its evidence is left aside: %s", self.store.path, error)
            return EvidenceBook()

    # A run that was ended

    def to_json(self) -> dict[str, Any]:
        """Where the run stands in the store, for a checkpoint."""
        return {
            "actor": self.actor,
            "seen": self._seen,
            "done": self._last_event(),
            "version": self.store.head.number,
        }

    def resume(
        self, state: Mapping[str, Any], bank: SkillBank, on_trial: Mapping[str, Entry], iteration: int
    ) -> Review:
        """Goes on from a checkpoint: what the run did afterwards is taken back, a reviewer's word stays.

        Args:
            state: Of ``to_json``.
            bank: The checkpoint's.
            on_trial: Candidates whose trials were open then.
            iteration: The checkpoint's, for the reason.

        Raises:
            CheckpointError: The store is not the one of the checkpoint, or an older copy.
            StoreError: It cannot be written.
        """
        self.actor, self._seen = state["actor"], state["seen"]
        done = state["done"]
        reason = f"taken back: the run goes on from its checkpoint of iteration {iteration}"
        if self._last_event() < done or self.store.head.number < state["version"]:
            raise CheckpointError(
                f"{self.store.path} ends at event {self._last_event()}, the checkpoint is of {done}; "
                "put the run's own bank store back, or start a new run"
            )
        for _ in range(_TRIES):
            self.store.refresh()
            events = self._since(self._seen)
            words = self._words(events)
            ours = [version for version in self.store.versions() if version.actor == self.actor]
            if not ours or ours[-1].number <= state["version"]:
                break
            try:
                goal = follow_words(bank, words, self.store.get)
                self.store.publish(goal, reason=reason, actor=self.actor)
            except StoreConflict:
                continue
            break
        else:
            raise self._never_alone()
        if events:
            self._seen = events[-1].seq
        later = {event.entry_id for event in events if event.actor == self.actor and event.seq > done}
        states = {name: self.store.state(name) for name in (*later, *on_trial)}
        undone = [name for name in sorted(later - {*on_trial, *words}) if states[name] is State.CANDIDATE]
        self.reject(dict.fromkeys(undone, reason))
        again = [
            entry
            for name, entry in on_trial.items()
            if name not in words and states[name] is not State.CANDIDATE
        ]
        self.propose(again, reason=reason)
        self.store.refresh()
        return Review(self.store.bank, words)

    def close(self) -> None:
        """Closes the store."""
        self.store.close()

    # The inside

    def _may_write(self, entry_id: str) -> bool:
        """Whether an id is free, or nobody but this run has touched it last."""
        return self.store.state(entry_id) is None or self.store.blame(entry_id)[-1].actor == self.actor

    def _never_alone(self) -> StoreConflict:
        return StoreConflict(
            f"{self.store.path}: somebody else published {_TRIES} times while the run tried to; end one of "
            "the writers, then go on with --resume"
        )

    def _words(self, events: Iterable[Event]) -> dict[str, Event]:
        return {event.entry_id: event for event in events if event.actor != self.actor}

    def _last_event(self) -> int:
        return next((event.seq for event in self.store.log(1)), 0)

    def _since(self, seq: int) -> list[Event]:
        """Events after one, the oldest first."""
        found: list[Event] = []
        while True:
            page = self.store.log(_PAGE, before=found[-1].seq if found else None)
            new = [event for event in page if event.seq > seq]
            found += new
            if len(new) < _PAGE:
                return found[::-1]


def _is_out(event: Event) -> bool:
    return STATE_AFTER[event.kind] in (State.RETIRED, State.MERGED, State.REJECTED)
