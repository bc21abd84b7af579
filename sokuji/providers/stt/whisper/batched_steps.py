"""The computations of recognition as steps that utterances of different callers share (``batching``).

On a CPU the decoder reads all of its weights for each token, whether of one utterance or of eight: together
they cost little more than alone. The encoder gains nothing there, but a GPU's does. Windows of one length go
together, of whatever language and task; their prompts must have one length, too, as CTranslate2 wants it.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from numpy.typing import NDArray

from sokuji.providers.stt.whisper.decoding import SAMPLED, Decoded, DecodingOptions, Prompt, WhisperDecoder
from sokuji.providers.stt.whisper.windows import Features, Samples, features
from sokuji.providers.stt.whisper.word_times import Aligned

_ENCODED_S = 40
"""Seconds of windows that are encoded together; more would only make the first of them wait."""
_LEAST_TOKENS = 24
"""May follow a prefix, however short the audio."""


@dataclass(frozen=True, slots=True)
class EncodedWindow:
    """What the encoder made of a window."""

    rows: NDArray[Any]
    """Shape (50 a second of the window, width of the model)."""
    dtype: Any
    """The model's own type, which NumPy need not have."""


def _stacked(encoded: Sequence[EncodedWindow]) -> Any:
    together = ctranslate2.StorageView.from_array(np.stack([each.rows for each in encoded]))
    return together if together.dtype == encoded[0].dtype else together.to(encoded[0].dtype)


@dataclass(frozen=True, slots=True, eq=False)
class Encode:
    """Features and encoder; results are ``EncodedWindow``."""

    model: WhisperModel
    samples: Samples
    seconds: int
    """Length of the window."""
    spare: bool = False

    @property
    def bucket(self) -> Hashable:
        """Windows of one length."""
        return self.seconds

    @property
    def most(self) -> int:
        """As many as do not keep each other waiting for long."""
        return _ENCODED_S // self.seconds

    @classmethod
    def together(cls, steps: Sequence[Self]) -> list[EncodedWindow]:
        """See ``Step``."""
        heard = [features(each.model.feature_extractor, each.samples, each.seconds) for each in steps]
        if steps[0].model.model.device == "cpu":
            # One by one: together they leave the caches, and each takes half as long again.
            return [encoded for each in heard for encoded in _encoded(steps[0].model, [each])]
        return _encoded(steps[0].model, heard)


def _encoded(model: WhisperModel, heard: Sequence[Features]) -> list[EncodedWindow]:
    view = model.model.encode(ctranslate2.StorageView.from_array(np.stack(heard)), to_cpu=True)
    known = {ctranslate2.DataType.float32, ctranslate2.DataType.float16}
    rows = np.array(view if view.dtype in known else view.to(ctranslate2.DataType.float32))
    return [EncodedWindow(each, view.dtype) for each in rows]


@dataclass(frozen=True, slots=True, eq=False)
class Detect:
    """Which language is spoken; results are Whisper's code of it and its probability."""

    model: WhisperModel
    encoded: EncodedWindow
    most = 64
    spare = False

    @property
    def bucket(self) -> Hashable:
        """Windows of one length."""
        return len(self.encoded.rows)

    @classmethod
    def together(cls, steps: Sequence[Self]) -> list[tuple[str, float]]:
        """See ``Step``."""
        found = steps[0].model.model.detect_language(_stacked([each.encoded for each in steps]))
        return [(token[2:-2], probability) for (token, probability), *_ in found]


@dataclass(frozen=True, slots=True, eq=False)
class Decode:
    """The search for the text of a window; results are ``Decoded``, or None.

    None where others waited for a search that took more tokens than speech of that length usually does: it is
    to be made again ``alone``.
    """

    decoder: WhisperDecoder
    encoded: EncodedWindow
    prompt: Prompt
    search: DecodingOptions
    alone: bool = False
    spare = False

    @property
    def bucket(self) -> Hashable:
        """Windows of one length with prompts of one shape that are searched in one way."""
        if self.alone:
            return id(self)
        prompt, search = self.prompt, self.search
        shape = (len(self.encoded.rows), len(prompt.tokens), len(prompt.prefix), prompt.timed)
        return *shape, search.beam_size, search.best_of, search.temperature, search.once

    @property
    def most(self) -> int:
        """As many as the settings allow."""
        return 1 if self.alone else 64

    @property
    def longest(self) -> int:
        """Tokens that the text may take; the prefix counts."""
        return min(SAMPLED, max(self.search.max_tokens, len(self.prompt.prefix) + _LEAST_TOKENS))

    @classmethod
    def together(cls, steps: Sequence[Self]) -> list[Decoded | None]:
        """See ``Step``."""
        limit = max(each.longest for each in steps)
        if len(steps) > 1:
            usual = max(len(each.prompt.prefix) + each.search.usual_tokens for each in steps)
            limit = min(limit, max(usual, _LEAST_TOKENS))
        first = steps[0]
        results = first.decoder.generate(
            _stacked([each.encoded for each in steps]), [each.prompt for each in steps], first.search, limit
        )
        return [each.outcome(result, limit) for each, result in zip(steps, results, strict=True)]

    def outcome(self, result: Any, limit: int) -> Decoded | None:
        """What CTranslate2's result of a search that could take ``limit`` tokens means for this one."""
        found = tuple(result.sequences_ids[0])  # With the prefix.
        if limit <= len(found) and limit < self.longest:
            return None
        tokens = found[: self.longest]
        return Decoded(
            tokens=tokens[len(self.prompt.prefix) :],
            # The score is the mean over the tokens; the end token counts too.
            average=result.scores[0] * len(found) / (len(found) + 1),
            no_speech=result.no_speech_prob,
            cut_off=len(found) >= self.longest,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Align:
    """When each piece of a text is heard; results are lists of ``Aligned``."""

    decoder: WhisperDecoder
    encoded: EncodedWindow
    text: Sequence[int]
    frames: int
    """Of the window that are not padding."""
    most = 64
    spare = False

    @property
    def bucket(self) -> Hashable:
        """Windows of one length, one language and one task."""
        return len(self.encoded.rows), tuple(self.decoder.tokenizer.sot_sequence)

    @classmethod
    def together(cls, steps: Sequence[Self]) -> list[list[Aligned]]:
        """See ``Step``."""
        encoded = _stacked([each.encoded for each in steps])
        return steps[0].decoder.align(
            encoded, [list(each.text) for each in steps], [each.frames for each in steps]
        )
