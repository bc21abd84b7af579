"""What a search for the text of a window is given, and what it finds. Pure.

Terms follow openai/whisper, ``decoding.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from sokuji.config import FasterWhisperConfig
from sokuji.providers.stt.whisper.encoding import EncoderOutput

Task = Literal["transcribe", "translate"]

_TEMPERATURE_STEP = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """The decoder's input before its first output token."""

    tokens: tuple[int, ...]
    timed: bool
    """Whether the decoder writes timestamps around segments, which takes more tokens."""
    draft: tuple[int, ...] = ()
    """Text tokens that probably follow: they save time, and change nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodingOptions:
    """How the decoder searches for the text."""

    beam_size: int
    best_of: int
    temperature: float
    max_tokens: int
    """Limit of the text."""
    usual_tokens: int
    """Few texts take more tokens than this."""
    no_repeat_ngram: int = 0
    """Length of the token sequences that may not occur twice; 0: no limit."""

    @classmethod
    def configured(cls, config: FasterWhisperConfig, max_tokens: int, usual_tokens: int) -> "DecodingOptions":
        """The options that the settings select."""
        return cls(
            beam_size=config.beam_size,
            best_of=config.best_of,
            temperature=config.temperature,
            max_tokens=max_tokens,
            usual_tokens=usual_tokens,
        )

    @property
    def is_greedy(self) -> bool:
        """Whether each token is the most probable one."""
        return self.beam_size == 1 and self.temperature == 0 and not self.no_repeat_ngram

    def at_higher_temperatures(self) -> "list[DecodingOptions]":
        """The same in steps of 0.2 up to 1 (openai/whisper, ``temperature_increment_on_fallback``)."""
        steps = int((1 - self.temperature) / _TEMPERATURE_STEP + 1e-6)
        return [
            replace(self, temperature=round(self.temperature + _TEMPERATURE_STEP * step, 6))
            for step in range(1, steps + 1)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The text that a search found."""

    tokens: tuple[int, ...]
    """Timestamps included."""
    avg_logprob: float
    """Mean over ``tokens`` and the end token."""
    no_speech_prob: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderOutput:
    """The decoder's output for one window."""

    tokens: tuple[int, ...]
    """Timestamps included."""
    avg_logprob: float
    """Mean log probability of the tokens."""
    no_speech_prob: float
    """Probability that there is no speech."""
    cut_off: bool
    """The token limit was reached before the end token."""


class GreedyDecoder(Protocol):
    """Searches greedily, faster than CTranslate2 does."""

    def search(
        self,
        encoded: Sequence[EncoderOutput],
        prompts: Sequence[Prompt],
        suppressed: Sequence[int],
        limit: int,
    ) -> list[SearchResult]:
        """See ``WhisperDecoder.search``.

        Args:
            suppressed: tokens that occur in no text.
        """
