"""The table of the suite: id, entry point, step limit."""


def register_suite() -> None:
    """Registers the suite."""
