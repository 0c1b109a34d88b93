"""One step of the chain that led to success."""

from dataclasses import dataclass


class ChainError(ValueError):
    """The record of an episode does not show how its success came about; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Link:
    """A step that a later one, or the success, could not have done without.

    Attributes:
        index: Of the turn, from 0.
        action: What was done, in words without values of the world.
        observation: What it showed.
        reasoning: What it was good for.
        stage: Its part of the plan, with placeholders, e.g. ``Take [Object]``.
    """

    index: int
    action: str
    observation: str
    reasoning: str
    stage: str
