import threading
import time
from collections.abc import Callable

import pytest

pytest.importorskip("pydantic", reason="needs the extra 'teachers'")

from pydantic import BaseModel, Field

from skill_gym.skillbanks.teacher import TeacherError
from skill_gym.skillbanks.teachers.asking import Asker, Question
from skill_gym.skillbanks.teachers.chat import ChatReply, ChatRequest


class Count(BaseModel):
    number: int = Field(ge=0)


class Model:
    """Answers by a function of the request and of how many came before it."""

    name = "scripted"
    context_tokens = 2000

    def __init__(self, answer: Callable[[ChatRequest, int], str | Exception]) -> None:
        self.answer = answer
        self.requests: list[ChatRequest] = []
        self.forgot: list[ChatRequest] = []
        self.under_way = self.most_under_way = 0
        self._lock = threading.Lock()

    def complete(self, request: ChatRequest) -> ChatReply:
        with self._lock:
            self.requests.append(request)
            turn = len(self.requests)
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        said = self.answer(request, turn)
        with self._lock:
            self.under_way -= 1
        if isinstance(said, Exception):
            raise said
        return ChatReply(text=said, finish_reason="length" if said.endswith("...") else "stop")

    def forget(self, request: ChatRequest) -> None:
        self.forgot.append(request)


def question(text: str = "how many", **fields: object) -> Question[Count]:
    settings = {"purpose": "counting", "system": "count", "answer": Count, "max_tokens": 100, **fields}
    return Question(text=text, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        '{"number": 3}',
        '```json\n{"number": 3}\n```',
        'Here you are: {"number": 3}. Good luck!',
        '<think>is it {"number": 4}? no</think>{"number": 3}',
    ],
)
def test_answer_is_read_out_of_what_models_put_around_it(text: str) -> None:
    assert Asker(Model(lambda request, turn: text)).ask(question()) == Count(number=3)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ('{"number": -1}', "number: Input should be greater than or equal to 0"),
        ('{"count": 1}', "number: Field required"),
        ("three", "Invalid JSON"),
        ('{"number": 1...', "it was cut off"),
    ],
)
def test_wrong_answer_is_mended_by_one_question_that_says_what_is_wrong(wrong: str, told: str) -> None:
    model = Model(lambda request, turn: wrong if turn == 1 else '{"number": 3}')
    assert Asker(model).ask(question()) == Count(number=3)
    first, second = model.requests
    assert second.messages[:2] == first.messages
    assert (second.messages[2].role, second.messages[2].content) == ("assistant", wrong)
    assert told in second.messages[3].content
    assert '"number"' in second.messages[3].content, "the schema is said in words, too"
    assert model.forgot == []


def test_answer_that_stays_wrong_is_an_error_and_is_forgotten() -> None:
    model = Model(lambda request, turn: "never")
    with pytest.raises(TeacherError, match="invalid answer: counting") as caught:
        Asker(model).ask(question())
    assert caught.value.fault == "invalid answer"
    assert model.forgot == model.requests
    assert len(model.requests) == 2


def test_check_beyond_the_form_is_mended_as_well() -> None:
    model = Model(lambda request, turn: f'{{"number": {turn}}}')

    def check(answer: Count) -> str:
        return "" if answer.number > 1 else "one is not enough"

    assert Asker(model).ask(question(check=check)) == Count(number=2)
    assert "one is not enough" in model.requests[1].messages[3].content


def test_models_own_faults_are_not_asked_again() -> None:
    model = Model(lambda request, turn: TeacherError("refused", "no"))
    with pytest.raises(TeacherError, match="refused: no"):
        Asker(model).ask(question())
    assert len(model.requests) == 1


def test_too_long_question_is_not_sent() -> None:
    model = Model(lambda request, turn: '{"number": 3}')
    with pytest.raises(
        TeacherError, match=r"too long: counting: about 2,00\d tokens.*the 2,000 of scripted"
    ) as caught:
        Asker(model).ask(question("word " * 2000))
    assert (caught.value.fault, model.requests) == ("too long", [])
    with pytest.raises(TeacherError, match="too long"):
        Asker(model).ask(question(max_tokens=1999))
    Asker(model).ask(question("word " * 1500))


def test_answers_come_in_the_order_of_the_questions_and_errors_in_their_places() -> None:
    def answer(request: ChatRequest, turn: int) -> str | Exception:
        number = int(request.messages[1].content)
        time.sleep(0.02 * (5 - number))
        return TeacherError("refused", "not two") if number == 2 else f'{{"number": {number}}}'

    seen: list[str] = []
    asker = Asker(Model(answer), concurrency=5, on_answered=seen.append)
    answers = asker.ask_all([question(str(number)) for number in range(5)])
    assert [a.number for a in answers if isinstance(a, Count)] == [0, 1, 3, 4]
    assert isinstance(answers[2], TeacherError)
    assert seen == ["counting"] * 5
    assert asker.ask_all([]) == []


def test_no_more_questions_are_under_way_than_allowed() -> None:
    def answer(request: ChatRequest, turn: int) -> str:
        time.sleep(0.02)
        return '{"number": 1}'

    model = Model(answer)
    Asker(model, concurrency=3).ask_all([question()] * 12)
    assert model.most_under_way == 3


def test_fault_of_the_program_is_no_answer() -> None:
    with pytest.raises(KeyError):
        Asker(Model(lambda request, turn: KeyError("ours"))).ask_all([question()] * 3)


def test_interrupt_sends_nothing_more_and_does_not_wait() -> None:
    go = threading.Event()

    def answer(request: ChatRequest, turn: int) -> str:
        if turn > 1:
            go.wait(20)
        return '{"number": 1}'

    def interrupt(purpose: str) -> None:
        raise KeyboardInterrupt

    model = Model(answer)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        Asker(model, concurrency=2, on_answered=interrupt).ask_all([question()] * 50)
    assert time.monotonic() - started < 10
    go.set()
    time.sleep(0.05)
    assert len(model.requests) <= 4


def test_concurrency_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        Asker(Model(lambda request, turn: ""), concurrency=0)
