"""Finds the accepted output of a window: which windows and decoding options are tried, in order.

The speech is decoded in the shortest window that holds it. That of a recording is decoded with a wide beam,
while no other utterance waits, and in the full window if its language needs it. An implausible text (no
words, a repetition, too few words for the speech, no end, a low probability) is decoded again in the window
length that Whisper was trained on. A short utterance of which the decoder is merely unsure is decoded again
in a longer window; in a session, where somebody waits for the result, it must be very unsure.
``second_hearing`` says when to spend this and the wide beam. If there are still no words, the decoder samples
at higher temperatures, as it does with every rejected text if ``best_of`` is above 1; if it still repeats
itself, it decodes with a beam that may not. An interim hypothesis is decoded in one window, and left out if
it is implausible.
"""

from dataclasses import dataclass, replace
from functools import cached_property

from faster_whisper import WhisperModel

from sokuji.config import FasterWhisperConfig
from sokuji.contract import RecognitionRequest
from sokuji.providers.jobs import Job
from sokuji.providers.stt.whisper.computations import DecoderPass, EncoderPass
from sokuji.providers.stt.whisper.decoding import WhisperDecoder
from sokuji.providers.stt.whisper.encoding import EncoderOutput
from sokuji.providers.stt.whisper.search_terms import DecoderOutput, DecodingOptions, Prompt
from sokuji.providers.stt.whisper.transcript_text import DecodingQuality, token_limit, usual_tokens
from sokuji.providers.stt.whisper.windows import FULL_WINDOW_S, LEAD_S, SECOND_WINDOW_S, AudioSlice, TimeMap
from sokuji.providers.stt.whisper_quality import needs_full_window

_WIDE_BEAM = 5
_LAST_RESORT_NGRAM = 3
_UNBOUNDED = 448
_INTERIM_DOUBLED_S = 3.0
"""Doubled words in less audio than this are probably the decoder's."""


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What all windows of one request share."""

    request: RecognitionRequest
    config: FasterWhisperConfig
    time_map: TimeMap
    """Maps seconds of the audio that is decoded to seconds of the request's audio."""
    language: str
    """Canonical code of the language that is spoken."""
    spaced: bool
    """Whether words of the text are separated by spaces."""

    @property
    def thorough(self) -> bool:
        """Whether accuracy is worth more than a little time."""
        return self.request.thorough or self.config.second_hearing == "always"


class Window:
    """A slice of audio in a window of some length; it is encoded at most once."""

    def __init__(self, model: WhisperModel, audio: AudioSlice, seconds: int) -> None:
        self._model = model
        self._encoded: EncoderOutput | None = None
        self.audio = audio
        self.seconds = seconds

    def encoded(self) -> Job[EncoderOutput]:
        """The encoder's output."""
        if self._encoded is None:
            self._encoded = yield EncoderPass(self._model, self.audio.samples, self.seconds)
        return self._encoded

    def encoded_if_idle(self) -> Job[bool]:
        """Encode the window unless other requests wait; True if it is encoded."""
        if self._encoded is None:
            self._encoded = yield EncoderPass(self._model, self.audio.samples, self.seconds, optional=True)
        return self._encoded is not None

    def lengthened(self, seconds: int) -> "Window":
        """The same audio in a window of at least ``seconds``."""
        return self if self.seconds >= seconds else Window(self._model, self.audio, seconds)

    @cached_property
    def full(self) -> "Window":
        """The same audio in the window length that Whisper was trained on."""
        return self.lengthened(FULL_WINDOW_S)


def search_window(
    window: Window, decoder: WhisperDecoder, prompt: Prompt, context: RequestContext
) -> Job[tuple[Window, DecoderOutput | None]]:
    """The accepted output, and the window in which it was decoded.

    The output is None for silence, and for an interim hypothesis that is implausible.
    """
    seconds = window.audio.seconds
    if not window.audio.voiced_s:
        return window, None
    usual = usual_tokens(seconds)
    search = DecodingOptions.configured(context.config, token_limit(seconds), usual)
    if context.request.interim:
        return window, (yield from _hypothesis(window, decoder, prompt, search))
    window = yield from _first_window(window, context)
    wide = yield from _decode_widely(window, decoder, prompt, search, context)
    output = wide or (yield from _decode(window, decoder, prompt, search))
    quality = assess(output, window, decoder)
    while longer := (yield from _longer_window(quality, window, context)):
        window = longer
        if wide and quality.implausible:
            search = _widened(search)
        if quality.cut_off and not quality.loops:
            search = replace(search, max_tokens=_UNBOUNDED)
        output = yield from _decode(window, decoder, prompt, search)
        quality = assess(output, window, decoder)
    if quality.silent:
        return window, None
    if quality.empty or (quality.rejected and context.config.best_of > 1):
        output, quality = yield from _at_higher_temperatures(
            window, decoder, prompt, search, (output, quality)
        )
    if quality.loops:
        # A wider beam in which no sequence of three tokens may occur twice ends most loops.
        unrepetitive = replace(_widened(search), no_repeat_ngram=_LAST_RESORT_NGRAM)
        output = yield from _decode(window, decoder, prompt, unrepetitive)
    return window, output


def _hypothesis(
    window: Window, decoder: WhisperDecoder, prompt: Prompt, search: DecodingOptions
) -> Job[DecoderOutput | None]:
    """The output for speech that goes on; None if it is implausible.

    Speech that breaks off often makes the decoder repeat itself. So a text that becomes longer than speech of
    its length usually is, is decoded to its end only if it is no repetition so far.
    """
    output = yield from _decode(window, decoder, prompt, replace(search, max_tokens=search.usual_tokens))
    quality = assess(output, window, decoder)
    if quality.cut_off and not (quality.loops or quality.said_twice):
        output = yield from _decode(window, decoder, prompt, search)
        quality = assess(output, window, decoder)
    doubled = quality.said_twice and window.audio.seconds < _INTERIM_DOUBLED_S
    return None if quality.silent or quality.loops or quality.improbable or doubled else output


def _first_window(window: Window, context: RequestContext) -> Job[Window]:
    """The full window for a recording in a language that needs it, if there is time for it."""
    when = context.config.second_hearing
    if (
        not context.request.thorough
        or when == "never"
        or not needs_full_window(context.config.model_size, context.language)
    ):
        return window
    if when == "always" or (yield from window.full.encoded_if_idle()):
        return window.full
    return window


def _widened(search: DecodingOptions) -> DecodingOptions:
    return replace(search, beam_size=max(_WIDE_BEAM, search.beam_size))


def _decode_widely(
    window: Window, decoder: WhisperDecoder, prompt: Prompt, search: DecodingOptions, context: RequestContext
) -> Job[DecoderOutput | None]:
    """The output of a wide beam; None where the settings or other utterances leave no time for it."""
    when = context.config.second_hearing
    if when == "never" or search.temperature > 0 or search.beam_size >= _WIDE_BEAM or not context.thorough:
        return None
    encoded = yield from window.encoded()
    optional = when == "if_idle"
    output: DecoderOutput | None = yield DecoderPass(
        decoder, encoded, prompt, _widened(search), optional=optional
    )
    return output


def _at_higher_temperatures(
    window: Window,
    decoder: WhisperDecoder,
    prompt: Prompt,
    search: DecodingOptions,
    first: tuple[DecoderOutput, DecodingQuality],
) -> Job[tuple[DecoderOutput, DecodingQuality]]:
    """Temperature fallback (openai/whisper, ``decode_with_fallback``): the first output that is not rejected.

    If all are rejected, the most probable one, of those that have words and are not repetitive if there are
    any (faster-whisper, ``generate_with_fallback``).
    """
    attempts = [first]
    for sampled in search.at_higher_temperatures():
        output = yield from _decode(window, decoder, prompt, sampled)
        quality = assess(output, window, decoder)
        if quality.silent or not (quality.empty or quality.rejected):
            return output, quality
        attempts.append((output, quality))
    return max(attempts, key=_preference)


def _preference(attempt: tuple[DecoderOutput, DecodingQuality]) -> tuple[bool, bool, float]:
    quality = attempt[1]
    return not quality.empty, not quality.repetitive, quality.avg_logprob


def _longer_window(quality: DecodingQuality, window: Window, context: RequestContext) -> Job[Window | None]:
    """A longer window in which to decode the audio again; None to keep the output."""
    if window is window.full:
        return None
    if quality.implausible:
        return window.full
    if context.config.second_hearing == "never" or not quality.unsure(thorough=context.thorough):
        return None
    longer = window.lengthened(SECOND_WINDOW_S)
    if longer is window:
        return None
    if context.config.second_hearing == "always" or (yield from longer.encoded_if_idle()):
        return longer
    return None


def _decode(
    window: Window, decoder: WhisperDecoder, prompt: Prompt, search: DecodingOptions
) -> Job[DecoderOutput]:
    computation = DecoderPass(decoder, (yield from window.encoded()), prompt, search)
    output: DecoderOutput | None = yield computation
    if output is None:
        output = yield replace(computation, alone=True)
        assert output is not None
    return output


def assess(output: DecoderOutput, window: Window, decoder: WhisperDecoder) -> DecodingQuality:
    """The criteria by which an output is accepted."""
    return DecodingQuality(
        text=decoder.text(decoder.text_tokens(output.tokens)),
        tokens=len(output.tokens),
        seconds=LEAD_S + window.audio.seconds,
        voiced_s=window.audio.voiced_s,
        avg_logprob=output.avg_logprob,
        no_speech_prob=output.no_speech_prob,
        cut_off=output.cut_off,
    )
