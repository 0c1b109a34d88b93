"""What stands around a chat model answers under its name and within its context."""

from skill_gym.skillbanks.teachers.chat import ChatModel


class Around:
    """A chat model that passes requests on to another one; what it does besides is its class's.

    Args:
        model: Who answers.
    """

    def __init__(self, model: ChatModel) -> None:
        self.model = model

    @property
    def name(self) -> str:
        """The model's."""
        return self.model.name

    @property
    def context_tokens(self) -> int:
        """The model's."""
        return self.model.context_tokens
