"""Options of all commands that ask a teacher, and the asker that they lead to."""

import argparse
import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from skill_gym.skillbanks.teachers.ledger import Ledger
from skill_gym.skillbanks.teachers.opening import OpenChatModel, open_chat_model
from skill_gym.skillbanks.teachers.price import read_prices
from skill_gym.skillbanks.teachers.retries import RetryRule
from skill_gym.skillbanks.teachers.spending import Budget, Spent

LEDGER_FILE = "ledger.jsonl"
CACHE_FILE = "answers.sqlite"

TEACHERS = """rules (needs no model), openai:MODEL (OpenAI, or the server at --teacher-url),
azure:DEPLOYMENT (see AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_API_KEY) or replay:FILE (a recording)"""


def add_teacher_arguments(parser: argparse.ArgumentParser, *, default: str = "rules") -> None:
    """Adds the group of options ``teacher``."""
    group = parser.add_argument_group("teacher")
    group.add_argument("--teacher", default=default, metavar="NAME", help=f"{TEACHERS} (%(default)s)")
    group.add_argument("--teacher-url", metavar="URL", help="address of an OpenAI-compatible server")
    group.add_argument(
        "--teacher-key-variable",
        metavar="NAME",
        help="environment variable that holds the key (OPENAI_API_KEY, AZURE_OPENAI_API_KEY)",
    )
    group.add_argument(
        "--teacher-budget-tokens", type=int, metavar="N", help="stop before more tokens than this are used"
    )
    group.add_argument(
        "--teacher-budget-usd", type=float, metavar="X", help="stop before it costs more; needs a price"
    )
    group.add_argument(
        "--price",
        "--teacher-price",
        metavar="IN,OUT",
        help="US dollars for a million tokens read and said, or a JSON file {MODEL: [IN, OUT]}",
    )
    group.add_argument(
        "--teacher-concurrency", type=int, default=4, metavar="N", help="questions at a time (%(default)s)"
    )
    group.add_argument(
        "--teacher-cache",
        type=Path,
        metavar="FILE",
        help=f"where answers are kept, so that none is paid twice (FOLDER/{CACHE_FILE})",
    )
    group.add_argument(
        "--teacher-context",
        type=int,
        default=128_000,
        metavar="N",
        help="its context in tokens (%(default)s)",
    )
    group.add_argument(
        "--teacher-timeout", type=float, default=300.0, metavar="S", help="seconds for one try (%(default)s)"
    )
    group.add_argument(
        "--teacher-tries", type=int, default=6, metavar="N", help="tries of a question (%(default)s)"
    )
    group.add_argument(
        "--teacher-options",
        type=_fields,
        metavar="JSON",
        help='further fields of each request, e.g. \'{"reasoning_effort": "low"}\'',
    )
    group.add_argument("--record", type=Path, metavar="FILE", help="record what it says, for replay:FILE")


def _fields(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError(
            f'expected a JSON object, e.g. {{"reasoning_effort": "low"}}, got {text!r}'
        )
    return found


_OF_MODELS = ("teacher_url", "teacher_budget_tokens", "teacher_budget_usd", "price", "record")


class OpenTeacher:
    """A teacher's model while a command runs: what asks it, and what it has cost.

    Attributes:
        asker: Asks questions.
        ledger: What they cost, in the folder's ``ledger.jsonl``.
    """

    def __init__(self, model: OpenChatModel, *, concurrency: int) -> None:
        try:
            from skill_gym.skillbanks.teachers.asking import Asker
        except ImportError as error:
            raise ImportError(
                "asking a model needs the package pydantic: pip install 'skill-gym[teachers]'"
            ) from error
        self.model = model
        self.ledger = model.ledger
        self.asker: Asker = Asker(model, concurrency=concurrency)

    def postfix(self) -> dict[str, str]:
        """Tokens and cost so far, for the end of a progress bar."""
        total = self.ledger.total
        shown = {"tokens": f"{total.tokens:,}"}
        if self.ledger.prices:
            shown["usd"] = f"{total.usd:.2f}"
        for label, count in (("kept", total.kept), ("lost", total.lost)):
            if count:
                shown[label] = str(count)
        return shown

    def report(self) -> list[str]:
        """Lines that say what each purpose has cost, earlier runs of the folder included."""
        lines = [
            f"{purpose} ({model}): {self._cost(spent)}"
            for (purpose, model), spent in sorted(self.ledger.by_purpose().items())
            if spent.answers or spent.lost or spent.kept
        ]
        return [*lines, f"in all: {self._cost(self.ledger.total)}"] if len(lines) > 1 else lines

    def _cost(self, spent: Spent) -> str:
        cost = f", {spent.usd:.4f} US dollars" if self.ledger.prices else ""
        lost = f", {spent.lost} without an answer" if spent.lost else ""
        return (
            f"{spent.answers} answers{lost}, {spent.kept} from earlier, "
            f"{spent.prompt_tokens:,} + {spent.reply_tokens:,} tokens{cost}"
        )

    def close(self) -> None:
        """Closes the model and the ledger."""
        self.model.close()
        self.ledger.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_teacher(options: argparse.Namespace, folder: Path) -> OpenTeacher | None:
    """The teacher that the options name; None for ``rules``, which asks nobody.

    Args:
        options: Parsed, see ``add_teacher_arguments``.
        folder: Of the run: its ledger lies there, and its kept answers unless --teacher-cache says where.

    Raises:
        ValueError: An option is wrong.
        TeacherError: A package, a key or an address is missing.
        OSError: A file cannot be read or written.
    """
    name: str = options.teacher
    if name == "rules":
        needless = [flag for flag in _OF_MODELS if getattr(options, flag) is not None]
        if needless:
            raise ValueError(
                f"--{needless[0].replace('_', '-')} is for a model; name it with --teacher, e.g. openai:MODEL"
            )
        return None
    if name.partition(":")[0] not in ("openai", "azure", "replay") or name.endswith(":"):
        raise ValueError(f"--teacher: expected {' '.join(TEACHERS.split())}; got {name!r}")
    prices = read_prices(options.price, name.partition(":")[2]) if options.price else {}
    budget = Budget(tokens=options.teacher_budget_tokens, usd=options.teacher_budget_usd)
    ledger = Ledger(folder / LEDGER_FILE, budget=budget, prices=prices)
    try:
        model = open_chat_model(
            name,
            base_url=options.teacher_url,
            ledger=ledger,
            cache=options.teacher_cache or folder / CACHE_FILE,
            record=options.record,
            retry=RetryRule(tries=options.teacher_tries),
            timeout=options.teacher_timeout,
            context_tokens=options.teacher_context,
            options=options.teacher_options,
            api_key_variable=options.teacher_key_variable,
        )
        return OpenTeacher(model, concurrency=options.teacher_concurrency)
    except BaseException:
        ledger.close()
        raise
