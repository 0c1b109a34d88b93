"""Finds a bank by what a person writes: a starter's name, a file, a folder, or a store's version."""

from pathlib import Path

from skill_gym.skillbanks.bank import BankError, SkillBank

MAGIC = b"SQLite format 3\x00"


def open_bank(source: str, env_id: str = "skill_gym/ALFWorld-v0") -> SkillBank:
    """Opens a bank.

    Args:
        source: ``none``, ``starter`` (that of the environment), a starter's name, a bank file, a folder of
            SKILL.md folders, or a bank store; a store's version by ``STORE@NUMBER`` or ``STORE@NAME``.
        env_id: What ``starter`` means.

    Raises:
        BankError: There is no such bank, or it is not valid.
    """
    if source == "none":
        return SkillBank.empty()
    if source == "starter":
        return SkillBank.starter(env_id)
    path = Path(source)
    if path.is_dir():
        from skill_gym.skillbanks.skill_folders import read_skill_folders

        return read_skill_folders(path).bank
    place, version = split_version(source)
    if is_store(place):
        from skill_gym.skillbanks.store import BankStore

        with BankStore.open(place) as store:
            return store.bank if version is None else store.version(version)
    return SkillBank.load(path) if path.suffix or path.exists() else SkillBank.starter(source)


def split_version(source: str) -> tuple[Path, int | str | None]:
    """Path and version of ``STORE@VERSION``; None where no version is given."""
    place, mark, version = source.rpartition("@")
    if not mark or Path(source).exists():
        return Path(source), None
    if not version:
        raise BankError(f"{source!r} has no version after the @; write a number, or a name as log gives it")
    return Path(place), int(version) if version.isdecimal() else version


def is_store(path: Path) -> bool:
    """Whether a file is an SQLite file, which no other form of a bank is."""
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        return file.read(len(MAGIC)) == MAGIC
