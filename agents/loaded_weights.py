"""The weights that an engine was given last, kept without a copy, and whether they are still the same."""

from collections.abc import Mapping

from torch import Tensor

from skill_gym.agents.policy import PolicyError


class LoadedWeights:
    """Holds on to a state dict's tensors, which may be a learner's own.

    A learner changes its weights in place. torch counts the changes of a tensor, so that weights which are no
    longer those that were loaded are told from those that are.

    Args:
        state: Tensors in the checkpoint's names.
        version: What completions from these weights carry.
    """

    def __init__(self, state: Mapping[str, Tensor], version: int) -> None:
        self.state = dict(state)
        self.version = version
        self._changes = self._count()

    def check_unchanged(self) -> None:
        """Makes sure that these are the weights that were loaded.

        Raises:
            PolicyError: A tensor was changed in place since.
        """
        changed = [name for name, count in self._count().items() if count != self._changes[name]]
        if changed:
            raise PolicyError(
                f"the weights {self.version} cannot be loaded again: {changed[0]!r} (and {len(changed) - 1} "
                "more) were changed since; call load_weights() after each update, before the next request"
            )

    def _count(self) -> dict[str, int]:
        # Tensors made in inference mode have no count; nothing trains them either.
        return {name: 0 if each.is_inference() else each._version for name, each in self.state.items()}
