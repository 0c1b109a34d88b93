"""What is asked of a vLLM server before a run relies on it."""

import logging

from skill_gym.agents.chat import ChatTokens
from skill_gym.agents.policy import PolicyError
from skill_gym.agents.server_weights import FIRST_WEIGHTS
from skill_gym.agents.vllm_server import (
    START_FOR_ADAPTERS,
    START_FOR_SLEEP,
    ServedModel,
    ServerFailure,
    VLLMServer,
)

logger = logging.getLogger(__name__)

PROBE = "You are in the kitchen.\n<action>go to fridge 1</action> 0123 äß"


def check_tokenizer(server: VLLMServer, model: ServedModel, chat: ChatTokens, folder: str) -> None:
    """Makes sure that the server tokenizes as we do.

    Raises:
        PolicyError: It serves another model than that in the folder.
    """
    ours = tuple(chat.tokenizer(PROBE, add_special_tokens=False)["input_ids"])
    if ours != server.tokenize(model.name, PROBE):
        raise PolicyError(
            f"the server at {server.url} serves {model.name!r}, whose tokenizer differs from the one in "
            f"{folder}; start it on the model that is trained"
        )


def takes_adapters(server: VLLMServer, folder: str, *, must: bool) -> bool:
    """Whether the server takes adapters that come while it runs; says so where it does not.

    Args:
        server: That will be given adapters.
        folder: Of the model that they belong to.
        must: It is an error if it does not.

    Raises:
        PolicyError: It must and does not, or an adapter would meet other weights than those of the folder.
    """
    if not server.takes_adapters():
        words = f"the server at {server.url} takes no adapters"
        if must:
            raise PolicyError(f"{words}; start it with {START_FOR_ADAPTERS}, or set sampler.adapter=auto")
        logger.warning("%s, so merged weights are written for it; %s saves that", words, START_FOR_ADAPTERS)
        return False
    if server.weights_name() not in (None, FIRST_WEIGHTS):
        raise PolicyError(
            f"the server at {server.url} has weights of an earlier run, and adapters belong to those of "
            f"{folder}; start it anew"
        )
    return True


def is_asleep(server: VLLMServer, *, must: bool, woken: bool) -> bool:
    """Whether a server sleeps already, as one whose run ended meanwhile; it would answer nothing.

    Args:
        server: That will be asked.
        must: It will be put to sleep, so that it has to be able to.
        woken: It will be given weights, which wake it.

    Raises:
        PolicyError: It must sleep and cannot, or sleeps and nothing will wake it.
    """
    try:
        asleep = server.is_asleep()
    except PolicyError as error:
        if must or isinstance(error, ServerFailure):
            raise
        return False
    if asleep and not woken:
        raise PolicyError(
            f"the vLLM server at {server.url} sleeps, as a training run has left it that ended meanwhile, "
            "and its weights may be lost; start it anew"
        )
    if must and not server.gives_memory_up():
        logger.warning(
            "the server at %s was started without %s and keeps its memory while the learner updates",
            server.url,
            START_FOR_SLEEP,
        )
    return asleep
