"""What models have cost so far, by purpose, and a budget that stops a request before it is passed."""

import logging
import secrets
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from skill_gym.skillbanks.teacher import TeacherError
from skill_gym.skillbanks.teachers.json_lines import JsonLines
from skill_gym.skillbanks.teachers.price import Price
from skill_gym.skillbanks.teachers.spending import Budget, Reservation, Spent

logger = logging.getLogger(__name__)


class Ledger:
    """Counts tokens and cost of all requests, from several threads.

    A request reserves its worst case before it is sent and settles what it did cost afterwards, so requests
    under way at once cannot pass the budget together. One that does not fit waits while others may still
    give something back, and is refused when nothing is under way. With a file, each step is on disk before
    the request is sent: a run that was killed goes on with its count, and a request that it left open counts
    as lost.

    Args:
        path: JSON-lines file, made or gone on with; None keeps the count in memory. One process at a time.
        budget: The most that may be spent, earlier runs of the file included.
        prices: By the model's name. What was spent earlier keeps the price of its time.

    Raises:
        ValueError: The file is no ledger, or another process writes it.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        budget: Budget | None = None,
        prices: Mapping[str, Price] | None = None,
    ) -> None:
        self.budget = budget or Budget()
        self.prices = dict(prices or {})
        self._changed = threading.Condition()
        self._sums: dict[tuple[str, str], Spent] = {}
        self._open: dict[str, Reservation] = {}
        self._run = secrets.token_hex(6)
        self._count = 0
        self._file = None if path is None else JsonLines(Path(path))
        for number, line in enumerate(self._file.earlier if self._file else (), 1):
            try:
                self._read(line)
            except (KeyError, IndexError, TypeError) as error:
                self.close()
                raise ValueError(
                    f"{path}:{number}: no line of a ledger ({error!r}); repair it, or begin with another file"
                ) from error
        # What an earlier process left open may have been charged in full.
        for left in list(self._open.values()):
            self._book(left, left.prompt_tokens, left.reply_tokens, left.usd, "lost")
        self._open.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *of_error: object) -> None:
        self.close()

    @property
    def total(self) -> Spent:
        """Everything so far, without what is under way."""
        with self._changed:
            return sum(self._sums.values(), Spent())

    def by_purpose(self) -> dict[tuple[str, str], Spent]:
        """(purpose, model) -> what it cost."""
        with self._changed:
            return dict(self._sums)

    def check_price(self, model: str) -> None:
        """Makes sure that a budget in US dollars can be kept.

        Raises:
            ValueError: It cannot, because the model has no price.
        """
        if self.budget.usd is not None and model not in self.prices:
            raise ValueError(
                f"a budget in US dollars needs the price of {model}; give it, e.g. --price 2,8 for 2 dollars "
                "a million tokens that are read and 8 that are said"
            )

    def reserve(self, model: str, purpose: str, prompt_tokens: int, reply_tokens: int) -> Reservation:
        """Sets the worst case of a request aside; waits while requests under way may leave room for it.

        Raises:
            TeacherError: ``over budget``.
            ValueError: There is a budget in US dollars and the model has no price.
        """
        self.check_price(model)
        price = self.prices.get(model)
        usd = price.usd(prompt_tokens, reply_tokens) if price else 0.0
        with self._changed:
            while not self._fits(prompt_tokens + reply_tokens, usd):
                if not self._open:
                    raise TeacherError("over budget", self._refusal(prompt_tokens + reply_tokens, usd))
                self._changed.wait()
            self._count += 1
            reservation = Reservation(
                id=f"{self._run}-{self._count}",
                model=model,
                purpose=purpose,
                prompt_tokens=prompt_tokens,
                reply_tokens=reply_tokens,
                usd=usd,
            )
            self._write({"reserved": reservation.id, **_figures(reservation)})
            self._open[reservation.id] = reservation
            return reservation

    def settle(self, reservation: Reservation, spent: tuple[int, int] | None) -> None:
        """Replaces a worst case by what was paid.

        Args:
            reservation: Of the request.
            spent: Prompt and reply tokens; None when the answer was lost, which counts as the worst case;
                (0, 0) for a request that was refused.
        """
        outcome = "lost" if spent is None else "answered" if any(spent) else "refused"
        if spent is None:
            spent, usd = (reservation.prompt_tokens, reservation.reply_tokens), reservation.usd
        else:
            price = self.prices.get(reservation.model)
            usd = price.usd(*spent) if price else 0.0
        if sum(spent) > reservation.tokens:
            logger.warning(
                "%s counts %d tokens for a request that was to have %d at most; the budget may be passed by "
                "the difference",
                reservation.model,
                sum(spent),
                reservation.tokens,
            )
        with self._changed:
            # Whoever waits for room must go on even where the file can no longer be written.
            del self._open[reservation.id]
            self._book(reservation, *spent, usd, outcome)
            self._changed.notify_all()
            self._write({"settled": reservation.id, "outcome": outcome, "tokens": list(spent), "usd": usd})

    def count_kept(self, model: str, purpose: str) -> None:
        """Counts an answer that cost nothing; not written to the file."""
        with self._changed:
            key = purpose, model
            self._sums[key] = self._sums.get(key, Spent()) + Spent(kept=1)

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()

    def _fits(self, tokens: int, usd: float) -> bool:
        total = sum(self._sums.values(), Spent())
        tokens += total.tokens + sum(each.tokens for each in self._open.values())
        usd += total.usd + sum(each.usd for each in self._open.values())
        most_tokens, most_usd = self.budget.tokens, self.budget.usd
        return (most_tokens is None or tokens <= most_tokens) and (most_usd is None or usd <= most_usd)

    def _refusal(self, tokens: int, usd: float) -> str:
        total = sum(self._sums.values(), Spent())
        bounds = []
        if self.budget.tokens is not None:
            bounds.append(f"{total.tokens:,} + up to {tokens:,} of {self.budget.tokens:,} tokens")
        if self.budget.usd is not None:
            bounds.append(f"{total.usd:.4f} + up to {usd:.4f} of {self.budget.usd:.4f} US dollars")
        return f"{', '.join(bounds)}; raise the budget to go on, what was answered is kept"

    def _write(self, line: dict[str, Any]) -> None:
        if self._file is not None:
            self._file.append({"time": round(time.time(), 3), **line})

    def _read(self, line: dict[str, Any]) -> None:
        if "reserved" in line:
            left = Reservation(
                id=line["reserved"],
                model=line["model"],
                purpose=line["purpose"],
                prompt_tokens=line["tokens"][0],
                reply_tokens=line["tokens"][1],
                usd=line["usd"],
            )
            self._open[left.id] = left
        else:
            done = self._open.pop(line["settled"])
            self._book(done, line["tokens"][0], line["tokens"][1], line["usd"], line["outcome"])

    def _book(self, of: Reservation, prompt_tokens: int, reply_tokens: int, usd: float, outcome: str) -> None:
        key = of.purpose, of.model
        self._sums[key] = self._sums.get(key, Spent()) + Spent(
            answers=int(outcome == "answered"),
            lost=int(outcome == "lost"),
            prompt_tokens=prompt_tokens,
            reply_tokens=reply_tokens,
            usd=usd,
        )


def _figures(reservation: Reservation) -> dict[str, Any]:
    return {
        "model": reservation.model,
        "purpose": reservation.purpose,
        "tokens": [reservation.prompt_tokens, reservation.reply_tokens],
        "usd": reservation.usd,
    }
