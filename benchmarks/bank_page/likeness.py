"""Which entry of the bank another one resembles: what a reviewer may merge it into."""

import threading

from skill_gym.skillbanks.bank import SkillBank
from skill_gym.skillbanks.duplicates import Duplicate, NearDuplicates
from skill_gym.skillbanks.skill import Mistake, Skill

MOST = 20_000
"""Entries of a bank above which nothing is compared: words of that many take seconds to read."""


class Likeness:
    """An index of a bank's words that follows the bank; only what is new is read. Safe with threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._index = NearDuplicates()
        self._known: dict[str, Skill | Mistake] = {}

    @property
    def busy(self) -> bool:
        """Whether another thread is reading the bank just now."""
        return self._lock.locked()

    def follow(self, bank: SkillBank) -> None:
        """Takes in what is new in the bank."""
        with self._lock:
            self._follow(bank)

    def find(self, bank: SkillBank, entry: Skill | Mistake) -> Duplicate | None:
        """What an entry resembles most in the bank, itself left out; waits while another thread reads."""
        with self._lock:
            self._follow(bank)
            return self._index.find(entry)

    def _follow(self, bank: SkillBank) -> None:
        new = {entry.id: entry for entry in bank}
        for entry_id in self._known.keys() - new.keys():
            self._index.discard(entry_id)
        self._index.add(entry for entry in new.values() if self._known.get(entry.id) is not entry)
        self._known = new
