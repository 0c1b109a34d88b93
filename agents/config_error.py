"""A setting that cannot be, and the check that most settings need."""

from dataclasses import is_dataclass
from typing import Any


class ConfigError(ValueError):
    """A setting is unknown, of the wrong type or out of range; the message names it."""


def at_least(config: Any, least: float, *names: str) -> None:
    """Makes sure that settings of a section are not below a bound; null passes.

    Raises:
        ConfigError: One is; the message names it.
    """
    if not is_dataclass(config):
        raise TypeError("expected a dataclass")
    for name in names:
        value = getattr(config, name)
        if value is not None and not value >= least:
            raise ConfigError(f"{type(config).__name__}.{name} must be at least {least}, got {value}")
