"""What can be set about who samples the replies."""

from dataclasses import dataclass
from typing import Literal

from skill_gym.agents.config_error import ConfigError, at_least
from skill_gym.agents.policy import Structure

Backend = Literal["auto", "vllm", "transformers", "server"]
AdapterWay = Literal["auto", "hot_swap", "merged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplerConfig:
    """Who samples the replies, and how while training.

    Attributes:
        backend: ``auto`` is vLLM in this process where it is installed, else transformers; ``server`` is a
            vLLM server in another process or on another machine.
        url: Address of the server, such as ``http://10.0.0.5:8000``; for ``server`` only.
        weights_folder: Where a server finds the weights of each update: a path that this machine can write
            and the server can read, under the same name; null for ``weights`` in the run's folder.
        adapter: How an adapter (``model.lora_rank``) gets to vLLM: ``hot_swap``, by itself; ``merged`` into
            whole weights, for models to which vLLM gives no adapters; ``auto``, the first that works.
        sleep: The engine gives its GPU memory up while the learner updates, for an engine on the learner's
            GPU. A server is started with ``--enable-sleep-mode`` for it.
        gpu_memory: Share of the GPU's memory, in (0, 1], that vLLM in this process takes, for weights and
            cache. The learner's weights and its optimiser need room beside it even where it sleeps. A server
            has its own ``--gpu-memory-utilization``.
        temperature: Greater than 0.
        top_p: 1.0 keeps the sampler's distribution the one that is learnt.
        max_new_tokens: Longest reply.
        structure: What replies are held to, in training and in validation: ``none``; ``format``, the
            environment's reply format; ``admissible``, besides, an admissible command. What a grammar does
            not allow is masked by the sampler, and in the same places in training. A thought comes first
            where ``env.think`` asks for it, and only there. A thought or a text of the model's own may still
            be cut at ``max_new_tokens``.
        slots: Episodes played at once.
        context_length: Longest prompt with reply, in tokens; null for the model's own.
    """

    backend: Backend = "auto"
    url: str | None = None
    weights_folder: str | None = None
    adapter: AdapterWay = "auto"
    sleep: bool = False
    gpu_memory: float = 0.45
    temperature: float = 1.0
    top_p: float = 1.0
    max_new_tokens: int = 512
    structure: Structure = "none"
    slots: int = 64
    context_length: int | None = None

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ConfigError(
                f"sampler.temperature must be greater than 0 to explore, got {self.temperature}; greedy "
                "sampling is for validation (validation.temperature=0)"
            )
        if (self.backend == "server") != (self.url is not None):
            raise ConfigError(
                f"sampler.backend=server and sampler.url go together, got backend={self.backend} and "
                f"url={self.url}"
            )
        if self.sleep and self.backend == "transformers":
            raise ConfigError(
                "sampler.sleep is for vLLM: transformers samples from the trained model itself; set "
                "sampler.sleep=false"
            )
        if not 0 < self.gpu_memory <= 1:
            raise ConfigError(f"sampler.gpu_memory must be in (0, 1], got {self.gpu_memory}")
        at_least(self, 1, "max_new_tokens", "slots")
