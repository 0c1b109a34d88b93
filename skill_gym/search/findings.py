"""What is known of a question that was taken apart, by what was read so far, and what is still open."""

from collections.abc import Iterator

from skill_gym.search.passage_reader import FactReader
from skill_gym.search.question_parser import Asked, Compared, Condition, Described, Named, Thing, Wanted


class Findings:
    """Looks up in the passages read how far a question is answered; nothing is stored.

    Args:
        wanted: The question.
        reader: The passages.
    """

    def __init__(self, wanted: Wanted, reader: FactReader) -> None:
        self.wanted = wanted
        self._reader = reader

    def value(self, thing: Thing) -> Named | str | None:
        """What a thing is; None while unknown."""
        if isinstance(thing, Named):
            return thing
        head = self.value(thing.head)
        return self._reader.value(thing.relation, head) if isinstance(head, Named) else None

    def named(self, asked: Asked) -> Asked | None:
        """The same with its head by name; None while that is unknown."""
        head = self.value(asked.head)
        return Asked(asked.relation, head, asked.template) if isinstance(head, Named) else None

    @property
    def open(self) -> list[list[Asked]]:
        """The unknown facts of each thing that is not known, the next one first."""
        lines = [list(self._open(thing)) for thing in things(self.wanted)]
        return [line for line in lines if line]

    @property
    def facts(self) -> Iterator[tuple[Asked, Named | str]]:
        """The known facts that the question needs, in its order, with their heads by name."""
        for thing in things(self.wanted):
            for asked in chain(thing):
                named, value = self.named(asked), self.value(asked)
                if named is not None and value is not None:
                    yield named, value

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What the person sought does, with values by name as far as they are known."""
        if not isinstance(self.wanted, Described):
            return ()
        return tuple(
            Condition(
                one.relation, one.value if isinstance(one.value, str) else self.value(one.value) or one.value
            )
            for one in self.wanted.conditions
        )

    @property
    def answer(self) -> tuple[str, str]:
        """The answer, and why beside the facts; two empty texts while something is unknown."""
        wanted = self.wanted
        if isinstance(wanted, Compared):
            return self._compared(wanted)
        if isinstance(wanted, Described):
            conditions = self.conditions
            for person, holding in self._reader.fitting(conditions):
                if holding == len(conditions):
                    return person.name, f"{person} {' and '.join(str(one) for one in conditions)}."
            return "", ""
        value = self.value(wanted)
        return "" if value is None else bare(value), ""

    @property
    def possible(self) -> list[str]:
        """Answers that are still possible, the likeliest one first."""
        if isinstance(self.wanted, Described):
            fitting = sorted(self._reader.fitting(self.conditions), key=lambda pair: -pair[1])
            return [person.name for person, _ in fitting]
        if not isinstance(self.wanted, Compared):
            return []
        if self.wanted.larger is None:
            return ["no", "yes"]
        heads = [self.value(asked.head) for asked in (self.wanted.one, self.wanted.other)]
        return [bare(head) for head in heads if head is not None]

    def _open(self, thing: Thing) -> Iterator[Asked]:
        if isinstance(thing, Asked) and self.value(thing) is None:
            yield from self._open(thing.head)
            yield thing

    def _compared(self, wanted: Compared) -> tuple[str, str]:
        values = [self.value(asked) for asked in (wanted.one, wanted.other)]
        heads = [self.value(asked.head) for asked in (wanted.one, wanted.other)]
        if None in values or None in heads:
            return "", ""
        told = [f"{value} of {head}" for value, head in zip(values, heads, strict=True)]
        if wanted.larger is None:
            same = values[0] == values[1]
            return "yes" if same else "no", f"{told[0]} is {'' if same else 'not '}the same as {told[1]}."
        first, second = (int(str(value)) for value in values)
        place = int((first > second) != wanted.larger)
        size = "larger" if wanted.larger else "smaller"
        return bare(heads[place]), f"{told[place]} is {size} than {told[1 - place]}."


def things(wanted: Wanted) -> tuple[Thing, ...]:
    """What has to be found out, in the question's order."""
    if isinstance(wanted, Asked):
        return (wanted,)
    if isinstance(wanted, Compared):
        return wanted.one, wanted.other
    return tuple(one.value for one in wanted.conditions if not isinstance(one.value, str))


def chain(thing: Thing) -> list[Asked]:
    """The facts that a thing needs, the first one first."""
    return [*chain(thing.head), thing] if isinstance(thing, Asked) else []


def depth(wanted: Wanted) -> int:
    """Searches one after the other that a question needs at least."""
    return max((len(chain(thing)) for thing in things(wanted)), default=0) + isinstance(wanted, Described)


def bare(value: object) -> str:
    """A name without its article, anything else as it is."""
    return value.name if isinstance(value, Named) else str(value)
