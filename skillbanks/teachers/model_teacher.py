"""A model as a teacher: it distils experience and evolves a bank, each in its own room."""

from skill_gym.skillbanks.teacher import TeacherAnswer, TeacherRequest
from skill_gym.skillbanks.teachers.asking import Asker
from skill_gym.skillbanks.teachers.distilling import DistillationConfig, Distiller
from skill_gym.skillbanks.teachers.evolving import EvolvingConfig, propose


class ModelTeacher:
    """Puts a teacher's requests to a model.

    Args:
        asker: Asks the model.
        distillation: Settings of requests for distillation; the defaults if None.
        evolution: Settings of requests for evolution; the defaults if None.
    """

    def __init__(
        self,
        asker: Asker,
        *,
        distillation: DistillationConfig | None = None,
        evolution: EvolvingConfig | None = None,
    ) -> None:
        self.asker = asker
        self.distillation = distillation or DistillationConfig()
        self.evolution = evolution or EvolvingConfig()

    @property
    def name(self) -> str:
        """The model's."""
        return self.asker.name

    def ask(self, request: TeacherRequest) -> TeacherAnswer:
        """Answers a request; parts that could not be asked stand in ``lost``.

        Raises:
            TeacherError: There is no usable answer at all.
            ValueError: The request mixes environments.
        """
        if request.kind == "distillation":
            return Distiller(self.asker, self.distillation).answer(request)
        return propose(self.asker, request, self.evolution)
