"""Where a distilled bank goes: a file of its own, or the next version of a store."""

import os
from dataclasses import dataclass
from pathlib import Path

from skill_gym.benchmarks.distill_sources import Sources
from skill_gym.benchmarks.store_command import user
from skill_gym.skillbanks.bank import BankError, SkillBank
from skill_gym.skillbanks.bank_source import is_store, open_bank
from skill_gym.skillbanks.evolution import Evolution
from skill_gym.skillbanks.store import BankStore


@dataclass(frozen=True, slots=True)
class Target:
    """A place for a bank.

    Attributes:
        path: The file or store.
        bank: The bank to start from.
    """

    path: Path
    bank: SkillBank

    @classmethod
    def open(cls, path: Path, bank: str | None, env_id: str, *, replace: bool) -> "Target":
        """Looks at the place before anything is asked.

        Args:
            path: A bank file (.json), or a store, which is made if need be.
            bank: What to start from; None for an empty bank, or the store's own.
            env_id: What ``starter`` means.
            replace: Whether a file may be written over.

        Raises:
            BankError: The place is taken or cannot be written to, or the bank is not valid.
        """
        if not path.parent.is_dir():
            raise BankError(f"there is no folder {path.parent}; make it first")
        if not os.access(path.parent, os.W_OK):
            raise BankError(f"nothing can be written to the folder {path.parent}; choose another --out")
        if path.suffix == ".json":
            if path.exists() and not replace:
                raise BankError(f"{path} is there already; give a new place, or say --replace")
            return cls(path, open_bank(bank or "none", env_id))
        if path.exists() and not is_store(path):
            raise BankError(f"{path} is no bank store; name a bank file (.json) or a new store")
        if not path.exists():
            return cls(path, open_bank(bank or "none", env_id))
        if bank is not None:
            raise BankError(f"{path} has a bank already, from which is started; leave --bank out")
        with BankStore.open(path) as store:
            return cls(path, store.bank)

    def write(self, evolution: Evolution, sources: Sources) -> str:
        """Writes the bank, whole or not at all, and says so."""
        bank = evolution.bank
        if bank is self.bank:
            return f"nothing new: the bank stays at {bank.version}, nothing was written"
        if self.path.suffix == ".json":
            bank.save(self.path)
        else:
            with BankStore.open(self.path, write=True) as store:
                episodes = len(sources.trajectories) + len(sources.memories)
                store.publish(
                    bank,
                    reason=f"distilled from {episodes} episodes of {sources.env_id}",
                    teacher=evolution.teacher,
                    actor=user(),
                )
        return f"wrote {self.path}: {len(bank)} entries, version {bank.version}"
