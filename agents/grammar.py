"""Holds replies to a regular expression: which tokens may come next, by the grammar engine of vLLM."""

from collections.abc import Iterable, Iterator
from typing import Any

from skill_gym.agents.chat import ChatTokens
from skill_gym.agents.policy import Completion, Policy, PolicyError, Structure

CACHE_BYTES = 2**28
"""Compiled expressions that are kept; one of 30 commands has about 40 KB."""


class Grammars:
    """Compiles expressions for one tokenizer, once each, and says which tokens they allow.

    An expression of 30 admissible commands takes 4 ms for a vocabulary of 49,000 tokens and 6 ms for
    150,000; a token's mask takes 10 to 20 microseconds.

    Args:
        chat: Of the policy: its tokenizer, and the tokens that end a reply.
        vocabulary: Number of the model's logits, those without a token included.

    Raises:
        PolicyError: xgrammar is not installed.
    """

    def __init__(self, chat: ChatTokens, vocabulary: int) -> None:
        try:
            import xgrammar
        except ModuleNotFoundError as error:
            raise PolicyError(
                "holding replies to a structure needs xgrammar: pip install 'skill-gym[structure]' (vLLM "
                "brings it along); or set sampler.structure=none"
            ) from error
        self.vocabulary = vocabulary
        self._stop_ids = sorted(chat.stop_ids)
        self._xgrammar = xgrammar
        tokens = xgrammar.TokenizerInfo.from_huggingface(chat.tokenizer, vocab_size=vocabulary)
        self._compiler = xgrammar.GrammarCompiler(tokens, max_threads=1, cache_limit_bytes=CACHE_BYTES)

    def begin(self, pattern: str) -> "HeldReply":
        """A reply that is held to an expression, before its first token.

        Raises:
            PolicyError: It is no expression.
        """
        try:
            compiled = self._compiler.compile_regex(pattern)
        except RuntimeError as error:
            raise PolicyError(f"xgrammar does not take the expression {pattern[:200]!r}: {error}") from error
        matcher = self._xgrammar.GrammarMatcher(compiled, override_stop_tokens=self._stop_ids)
        return HeldReply(matcher, self._xgrammar.allocate_token_bitmask(1, self.vocabulary))

    def masks(self, completions: Iterable[Completion]) -> list[tuple[bytes, ...]]:
        """For each token of each reply the tokens that were allowed in its place (``HeldReply.allowed``).

        Equal masks are one object: those of a batch fit into memory, and into a pickle.

        Returns:
            By completion; ``b""`` for each token of a reply that was free.

        Raises:
            PolicyError: A token was not allowed, so the sampler held the reply to something else.
        """
        rows: dict[bytes, bytes] = {}
        return [
            tuple(rows.setdefault(row, row) for row in self._rows(completion)) for completion in completions
        ]

    def _rows(self, completion: Completion) -> Iterator[bytes]:
        reply = None if completion.pattern is None else self.begin(completion.pattern)
        for place, token in enumerate(completion.token_ids):
            yield b"" if reply is None else reply.allowed()
            if reply is not None and not reply.say(token):
                raise PolicyError(
                    f"reply {completion.ticket}: its token {place} is not allowed by "
                    f"{str(completion.pattern)[:200]!r}; the sampler must hold replies to the expression "
                    "(vLLM 0.11 or newer), with the version of xgrammar that is here; or set "
                    "sampler.structure=none"
                )


def open_grammars(structure: Structure, policy: Policy, model: Any) -> Grammars | None:
    """The grammars of a policy that samples a model's replies, None for free ones.

    Raises:
        PolicyError: The policy has no tokens, or xgrammar is not installed.
    """
    if structure == "none":
        return None
    chat = getattr(policy, "chat", None)
    if not isinstance(chat, ChatTokens):
        raise PolicyError(
            f"the policy {policy.name!r} has no tokens to hold to a structure; let vLLM or transformers "
            "sample a model, or set sampler.structure=none"
        )
    return Grammars(chat, model.config.vocab_size)


class HeldReply:
    """A reply while it grows.

    Args:
        matcher: Of xgrammar, at the beginning.
        bitmask: Room for one mask.
    """

    def __init__(self, matcher: Any, bitmask: Any) -> None:
        self._matcher = matcher
        self._bitmask = bitmask

    def allowed(self) -> bytes:
        """The tokens that may come next: a bit each, the lowest of a byte first, in whole words of 32."""
        self._matcher.fill_next_token_bitmask(self._bitmask)
        found: bytes = self._bitmask.numpy().tobytes()
        return found

    def say(self, token: int) -> bool:
        """Goes on by a token; False when it is not allowed."""
        return bool(self._matcher.accept_token(token))
