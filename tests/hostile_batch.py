"""A batch of questions to a teacher with kept answers and a ledger, in a test or in a process of its own."""

import sys
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from skill_gym.skillbanks.teachers.asking import Asker, Question
from skill_gym.skillbanks.teachers.ledger import Ledger
from skill_gym.skillbanks.teachers.opening import open_chat_model
from skill_gym.skillbanks.teachers.retries import RetryRule
from skill_gym.skillbanks.teachers.spending import Budget


class Answer(BaseModel):
    text: str


@dataclass(frozen=True)
class Ends:
    """What a batch came to.

    Attributes:
        answers: Question -> its answer.
        faults: Question -> the fault of its error.
        messages: Of the errors.
        tokens: The ledger's count.
    """

    answers: dict[int, str]
    faults: dict[int, str]
    messages: list[str]
    tokens: int


def ask(url: str, folder: Path, count: int, budget: int = 10**9) -> Ends:
    """Asks ``question 0`` to ``question {count - 1}``, eight at a time."""
    rule = RetryRule(tries=4, first_wait=0.005, longest_wait=1.0)
    with (
        Ledger(folder / "ledger.jsonl", budget=Budget(tokens=budget)) as ledger,
        open_chat_model(
            "openai:m", base_url=url, ledger=ledger, cache=folder / "answers.sqlite", retry=rule, timeout=1.5
        ) as model,
    ):
        questions = [
            Question(purpose="test", system="be good", text=f"question {n}", answer=Answer, max_tokens=50)
            for n in range(count)
        ]
        ends = dict(enumerate(Asker(model, concurrency=8).ask_all(questions)))
        errors = {number: end for number, end in ends.items() if not isinstance(end, Answer)}
        return Ends(
            answers={number: end.text for number, end in ends.items() if isinstance(end, Answer)},
            faults={number: error.fault for number, error in errors.items()},
            messages=[str(error) for error in errors.values()],
            tokens=ledger.total.tokens,
        )


if __name__ == "__main__":
    ask(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
