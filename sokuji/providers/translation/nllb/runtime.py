"""The interface of a runtime that computes translations with a loaded NLLB model, in token numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class BeamSearchOptions:
    """Parameters of the search; equal for all sentences of a batch."""

    beams: int
    max_length: int
    """Limit in tokens, the end token not counted."""
    length_penalty: float


@dataclass(frozen=True, slots=True)
class EncoderInput:
    """The tokens of a source sentence, and the token of the target language."""

    ids: tuple[int, ...]
    target: int


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A translation found by the search."""

    ids: tuple[int, ...]
    """Its tokens, without those of the language and the end."""
    log_probability: float
    """Sum over all tokens, that of the end included."""
    is_complete: bool
    """Whether the end token was reached within ``max_length`` tokens."""


class Runtime(Protocol):
    """A loaded model; its methods may be called from several threads at the same time."""

    def translate(self, sources: Sequence[EncoderInput], search: BeamSearchOptions) -> list[Hypothesis]:
        """The best translation of each source, in order; the languages may differ. None depends on the
        others."""
