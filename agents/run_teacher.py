"""The teacher of a training run: opened as its configuration says, and what it has cost so far."""

from collections.abc import Callable
from pathlib import Path

from skill_gym.agents.teacher_config import TeacherConfig
from skill_gym.skillbanks.rule_teacher import RuleTeacher
from skill_gym.skillbanks.teacher import Teacher, TeacherAnswer, TeacherRequest

LEDGER_FILE, CACHE_FILE = "ledger.jsonl", "answers.sqlite"


class RunTeacher:
    """A teacher with an account.

    Args:
        teacher: Who answers.
        metrics: What it has cost in the whole run, by the metrics' names.
        close: Closes what it holds.
    """

    def __init__(
        self,
        teacher: Teacher,
        metrics: Callable[[], dict[str, float]] = dict,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.teacher = teacher
        self.metrics = metrics
        self.close = close

    @property
    def name(self) -> str:
        """Who it is."""
        return self.teacher.name

    def ask(self, request: TeacherRequest) -> TeacherAnswer:
        """Answers a request.

        Raises:
            TeacherError: There is no usable answer.
        """
        return self.teacher.ask(request)


def open_run_teacher(config: TeacherConfig, folder: Path) -> RunTeacher:
    """The teacher that a configuration names.

    A model's ledger lies in the run's folder, and so do its kept answers unless ``cache`` says where: a run
    that was killed finds there what it has spent, and pays no question twice.

    Args:
        config: Which teacher.
        folder: Of the run.

    Raises:
        ImportError: The packages for models are missing.
        TeacherError: A key or an address is missing.
        ValueError: A setting is wrong, or the ledger is in use.
        OSError: A file cannot be read or written.
    """
    if config.name == "rules":
        return RunTeacher(RuleTeacher())
    try:
        from skill_gym.skillbanks.teachers.asking import Asker
        from skill_gym.skillbanks.teachers.model_teacher import ModelTeacher
        from skill_gym.skillbanks.teachers.opening import open_chat_model
    except ImportError as error:
        raise ImportError(
            f"teacher.name={config.name} needs {error.name}; install skill-gym[teachers], or set "
            "teacher.name=rules"
        ) from error
    from skill_gym.skillbanks.teachers.ledger import Ledger
    from skill_gym.skillbanks.teachers.price import read_prices
    from skill_gym.skillbanks.teachers.retries import RetryRule
    from skill_gym.skillbanks.teachers.spending import Budget

    prices = read_prices(config.price, config.name.partition(":")[2]) if config.price else {}
    budget = Budget(tokens=config.budget_tokens, usd=config.budget_usd)
    ledger = Ledger(folder / LEDGER_FILE, budget=budget, prices=prices)
    try:
        model = open_chat_model(
            config.name,
            base_url=config.base_url,
            ledger=ledger,
            cache=config.cache or folder / CACHE_FILE,
            retry=RetryRule(tries=config.tries),
            timeout=config.timeout,
            context_tokens=config.context_tokens,
            options=config.options or None,
            api_key_variable=config.api_key_variable,
        )
    except BaseException:
        ledger.close()
        raise

    def metrics() -> dict[str, float]:
        spent = ledger.total
        return {
            "evolution/teacher_tokens": spent.tokens,
            "evolution/teacher_usd": spent.usd,
            "evolution/teacher_answers": spent.answers,
            "evolution/teacher_kept": spent.kept,
        }

    def close() -> None:
        model.close()
        ledger.close()

    return RunTeacher(ModelTeacher(Asker(model, concurrency=config.concurrency)), metrics, close)
