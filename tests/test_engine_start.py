"""The start of an engine bears what others have imported."""

import pytest

from skill_gym.agents.engine_start import process_state_kept


def test_numbas_library_has_a_dictionary_that_can_be_looked_into():
    library = pytest.importorskip("llvmlite.binding.ffi").lib
    library._fntab.pop("__dict__", None)
    with pytest.raises(AttributeError):
        vars(library).get("kernel")
    with process_state_kept():
        assert vars(library).get("kernel") is None
