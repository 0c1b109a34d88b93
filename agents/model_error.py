"""What is wrong with a model, said so that it can be mended."""


class ModelError(ValueError):
    """A model cannot be found, is incomplete or does not run here; the message says what to do."""
