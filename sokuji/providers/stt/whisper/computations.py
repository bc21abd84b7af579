"""The passes of Whisper's encoder and decoder, as computations that a ``Batcher`` puts into batches.

On a CPU the decoder reads all of its weights for each token, whether for one utterance or for eight, so a
batch costs little more than one utterance. The encoder gains from batches only on a GPU. A batch holds
windows of one length, of any language and task; CTranslate2 requires prompts of one length as well.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Self

from faster_whisper import WhisperModel

from sokuji.providers.stt.whisper.decoding import MAX_TEXT_TOKENS, WhisperDecoder
from sokuji.providers.stt.whisper.encoding import EncoderOutput, encode, stacked
from sokuji.providers.stt.whisper.search_terms import DecoderOutput, DecodingOptions, Prompt, SearchResult
from sokuji.providers.stt.whisper.windows import Samples, features
from sokuji.providers.stt.whisper.word_times import AlignedText

_MAX_BATCH = 64
_ENCODED_S = 40
"""Total length in seconds of the windows of an encoder batch; more would delay the first of them."""
_MIN_TOKENS = 24
"""Tokens that a text may always take, however short the audio is."""


@dataclass(frozen=True, slots=True, eq=False)
class EncoderPass:
    """Extracts the features of a window and encodes them; the result is an ``EncoderOutput``."""

    model: WhisperModel
    samples: Samples
    seconds: int
    """Length of the window."""
    optional: bool = False

    @property
    def batch_key(self) -> Hashable:
        """Windows of one length."""
        return self.seconds

    @property
    def max_batch_size(self) -> int:
        """As many windows as fit into ``_ENCODED_S``."""
        return _ENCODED_S // self.seconds

    @classmethod
    def compute_batch(cls, batch: Sequence[Self]) -> list[EncoderOutput]:
        """See ``Computation``."""
        inputs = [features(each.model.feature_extractor, each.samples, each.seconds) for each in batch]
        if batch[0].model.model.device == "cpu":
            # A batch exceeds the CPU's caches, and each window then takes half as long again.
            return [output for window in inputs for output in encode(batch[0].model, [window])]
        return encode(batch[0].model, inputs)


@dataclass(frozen=True, slots=True, eq=False)
class LanguageDetectionPass:
    """Detects the language spoken; the result is the probability of each of Whisper's language codes."""

    model: WhisperModel
    encoded: EncoderOutput
    max_batch_size = _MAX_BATCH
    optional = False

    @property
    def batch_key(self) -> Hashable:
        """Windows of one length."""
        return len(self.encoded.rows)

    @classmethod
    def compute_batch(cls, batch: Sequence[Self]) -> list[dict[str, float]]:
        """See ``Computation``."""
        results = batch[0].model.model.detect_language(stacked([each.encoded for each in batch]))
        return [{token[2:-2]: probability for token, probability in ranked} for ranked in results]


@dataclass(frozen=True, slots=True, eq=False)
class DecoderPass:
    """Decodes the text of a window; the result is a ``DecoderOutput``, or None.

    None means that the text took more tokens than speech of its length usually does, and that the search was
    ended early because others in its batch would have waited for it. It then has to be repeated ``alone``. An
    ``optional`` search is left out, with None, while other requests wait.
    """

    decoder: WhisperDecoder
    encoded: EncoderOutput
    prompt: Prompt
    options: DecodingOptions
    alone: bool = False
    optional: bool = False

    @property
    def batch_key(self) -> Hashable:
        """Windows of one length with prompts of one shape, the same options and one ``script_of``."""
        if self.alone:
            return id(self)
        prompt, options = self.prompt, self.options
        shape = (len(self.encoded.rows), len(prompt.tokens), prompt.timed)
        search = (options.beam_size, options.best_of, options.temperature, options.no_repeat_ngram)
        return shape, search, self.decoder.script_of

    @property
    def max_batch_size(self) -> int:
        """As many as the settings allow."""
        return 1 if self.alone else _MAX_BATCH

    @property
    def max_tokens(self) -> int:
        """Tokens that the text may take."""
        return min(MAX_TEXT_TOKENS, max(self.options.max_tokens, _MIN_TOKENS))

    @classmethod
    def compute_batch(cls, batch: Sequence[Self]) -> list[DecoderOutput | None]:
        """See ``Computation``."""
        limit = max(each.max_tokens for each in batch)
        if len(batch) > 1:
            usual = max(each.options.usual_tokens for each in batch)
            limit = min(limit, max(usual, _MIN_TOKENS))
        first = batch[0]
        results = first.decoder.search(
            [each.encoded for each in batch], [each.prompt for each in batch], first.options, limit
        )
        return [each.output(result, limit) for each, result in zip(batch, results, strict=True)]

    def output(self, result: SearchResult, limit: int) -> DecoderOutput | None:
        """The output from the result of a search that was limited to ``limit`` tokens."""
        decoded = result.tokens
        if limit <= len(decoded) and limit < self.max_tokens:
            return None
        return DecoderOutput(
            tokens=decoded[: self.max_tokens],
            avg_logprob=result.avg_logprob,
            no_speech_prob=result.no_speech_prob,
            cut_off=len(decoded) >= self.max_tokens,
        )


@dataclass(frozen=True, slots=True, eq=False)
class AlignmentPass:
    """Finds the times of a text within its window; the result is a list of ``AlignedText``."""

    decoder: WhisperDecoder
    encoded: EncoderOutput
    text: Sequence[int]
    frames: int
    """Frames of the window that are not padding."""
    max_batch_size = _MAX_BATCH
    optional = False

    @property
    def batch_key(self) -> Hashable:
        """Windows of one length, one language and one task."""
        return len(self.encoded.rows), tuple(self.decoder.tokenizer.sot_sequence)

    @classmethod
    def compute_batch(cls, batch: Sequence[Self]) -> list[list[AlignedText]]:
        """See ``Computation``."""
        encoded = stacked([each.encoded for each in batch])
        return batch[0].decoder.align(
            encoded, [list(each.text) for each in batch], [each.frames for each in batch]
        )
