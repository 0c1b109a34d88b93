"""One try to reach a model that brought no answer: whether another may help, and what it cost."""

from skill_gym.skillbanks.teacher import Fault, TeacherError


class FailedTry(TeacherError):
    """A single request to an endpoint failed.

    Attributes:
        passing: Whether the same request may succeed later.
        wait: Seconds that the endpoint asks to wait first; None when it says nothing.
        spent: Prompt and reply tokens that were paid for it; None when nobody can know, because the answer
            was lost on its way.
    """

    def __init__(
        self,
        fault: Fault,
        message: str,
        *,
        passing: bool = False,
        wait: float | None = None,
        spent: tuple[int, int] | None = (0, 0),
    ) -> None:
        super().__init__(fault, message)
        self.passing = passing
        self.wait = wait
        self.spent = spent
