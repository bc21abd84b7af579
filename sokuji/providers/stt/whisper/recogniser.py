"""From the audio of a request to its transcript: windows, decoding, and what is decoded again.

The speech is decoded in the shortest window that holds it. If the decoder is unsure, it is decoded again in a
longer window. If the decoder repeats itself or does not end, it is decoded again in the window length that
Whisper was trained on, and finally with a wider beam that may not repeat itself. An interim hypothesis is
decoded only once, and left out if it is unusable.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import accumulate

import numpy as np
from faster_whisper import WhisperModel

from sokuji.config import FasterWhisperConfig
from sokuji.contract import RecognitionRequest, Transcript, TranscriptSegment, Word
from sokuji.languages import from_whisper
from sokuji.providers.jobs import Job
from sokuji.providers.stt.text_cleanup import normalise_spaces
from sokuji.providers.stt.whisper.computations import (
    AlignmentPass,
    DecoderPass,
    EncoderOutput,
    EncoderPass,
    LanguageDetectionPass,
)
from sokuji.providers.stt.whisper.decoding import (
    DecoderOutput,
    DecodingOptions,
    Prompt,
    Task,
    WhisperDecoder,
)
from sokuji.providers.stt.whisper.transcript_text import (
    DecodedText,
    DecodingQuality,
    join_windows,
    token_limit,
    usual_tokens,
)
from sokuji.providers.stt.whisper.windows import (
    FULL_WINDOW_S,
    LEAD_S,
    SECOND_WINDOW_S,
    AudioSlice,
    Samples,
    TimeMap,
    audio_frames,
    remove_silence,
    split_audio,
    window_length_s,
)
from sokuji.providers.stt.whisper.word_times import UNSPACED, AlignedText, join_words

_SURE_OF_LANGUAGE = 0.7
"""Detection in a short window is repeated in a full one below this probability."""
_LAST_RESORT_BEAM = 5
_LAST_RESORT_NGRAM = 3
_UNBOUNDED = 448


@dataclass(frozen=True, slots=True)
class _RequestContext:
    """What all windows of one request share."""

    request: RecognitionRequest
    config: FasterWhisperConfig
    time_map: TimeMap
    """Maps seconds of the audio that is decoded to seconds of the request's audio."""


class _Window:
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

    def lengthened(self, seconds: int) -> "_Window":
        """The same audio in a window of at least ``seconds``."""
        return self if self.seconds >= seconds else _Window(self._model, self.audio, seconds)

    @cached_property
    def full(self) -> "_Window":
        """The same audio in the window length that Whisper was trained on."""
        return self.lengthened(FULL_WINDOW_S)


class WhisperRecogniser:
    """Recognises speech with a loaded model."""

    def __init__(self, model: WhisperModel, languages: Mapping[str, str]) -> None:
        """
        Args:
            languages: canonical code -> Whisper's code.
        """
        self._model = model
        self.languages = languages
        self.multilingual = bool(model.model.is_multilingual)
        self._decoders: dict[tuple[str, Task], WhisperDecoder] = {}

    def recognise(
        self,
        samples: Samples,
        request: RecognitionRequest,
        config: FasterWhisperConfig,
    ) -> Job[Transcript]:
        """The job that transcribes an utterance of any length.

        Raises:
            TooLarge: the prefix leaves no room for more text.
        """
        time_map: TimeMap = float
        if config.vad_filter:
            samples, time_map = remove_silence(samples, config.vad_threshold)
        context = _RequestContext(request, config, time_map)
        windows = [
            _Window(self._model, audio, window_length_s(audio.seconds)) for audio in split_audio(samples)
        ]
        language = request.language or (yield from self._detect_language(windows[0], request))
        code = self.languages[language]
        decoder = self._decoder(code, request.task)
        spaced = request.task == "translate" or code not in UNSPACED
        timed = not (request.interim or request.prefix or request.word_times)
        prompt = partial(decoder.prompt, request.context, spaced=spaced, timed=timed)
        texts = []
        for number, window in enumerate(windows if samples.size else []):
            window_prompt = prompt(request.prefix if number == 0 else "")
            texts.append((yield from _transcribe(window, decoder, window_prompt, context, spaced)))
        return join_windows([text for text in texts if text], language, request.prefix)

    def probe(self) -> Job[float]:
        """The job that decodes one token from a second of silence; its result is the mean log probability."""
        decoder = self._decoder("en", "transcribe")
        prompt = decoder.prompt("", "", spaced=True, timed=False)
        search = DecodingOptions(beam_size=1, best_of=1, temperature=0, max_tokens=1, usual_tokens=1)
        encoded = yield EncoderPass(self._model, np.zeros(0, np.float32), 1)
        output = yield DecoderPass(decoder, encoded, prompt, search, alone=True)
        return float(output.avg_logprob)

    def _decoder(self, code: str, task: Task) -> WhisperDecoder:
        if (code, task) not in self._decoders:
            self._decoders[code, task] = WhisperDecoder(self._model, code, task)
        return self._decoders[code, task]

    def _detect_language(self, window: _Window, request: RecognitionRequest) -> Job[str]:
        """The canonical code of the language spoken; unsure results are repeated in a full window."""
        if not self.multilingual:
            return "en"
        code, probability = yield LanguageDetectionPass(self._model, (yield from window.encoded()))
        if probability < _SURE_OF_LANGUAGE and not request.interim and window is not window.full:
            code, _ = yield LanguageDetectionPass(self._model, (yield from window.full.encoded()))
        return from_whisper(code)


def _transcribe(
    window: _Window, decoder: WhisperDecoder, prompt: Prompt, context: _RequestContext, spaced: bool
) -> Job[DecodedText | None]:
    """The text of one window; None for silence without a prefix."""
    window, output = yield from _search(window, decoder, prompt, context)
    if output is None and not prompt.prefix:
        return None
    return (yield from _decoded_text(output, window, decoder, prompt, context, spaced))


def _search(
    window: _Window, decoder: WhisperDecoder, prompt: Prompt, context: _RequestContext
) -> Job[tuple[_Window, DecoderOutput | None]]:
    """The accepted output, and the window in which it was decoded.

    The output is None for silence, and for an interim hypothesis that is unusable.
    """
    seconds = window.audio.seconds
    usual = usual_tokens(seconds)
    search = DecodingOptions.configured(context.config, token_limit(seconds), usual)
    output = yield from _decode(window, decoder, prompt, search)
    quality = _quality(output, window, decoder, prompt)
    if context.request.interim:
        rejected = quality.silent or quality.loops or quality.improbable
        return window, None if rejected else output
    while longer := (yield from _longer_window(quality, window, context)):
        window = longer
        if quality.cut_off and not quality.loops:
            search = DecodingOptions.configured(context.config, _UNBOUNDED, usual)
        output = yield from _decode(window, decoder, prompt, search)
        quality = _quality(output, window, decoder, prompt)
    if quality.rejected and not quality.silent and context.config.best_of > 1:
        output, quality = yield from _at_higher_temperatures(
            window, decoder, prompt, search, (output, quality)
        )
    if quality.silent:
        return window, None
    if quality.loops:
        # A wider beam in which no sequence of three tokens may occur twice ends most loops.
        beam_size = max(_LAST_RESORT_BEAM, search.beam_size)
        wider = replace(search, beam_size=beam_size, no_repeat_ngram=_LAST_RESORT_NGRAM)
        output = yield from _decode(window, decoder, prompt, wider)
    return window, output


def _at_higher_temperatures(
    window: _Window,
    decoder: WhisperDecoder,
    prompt: Prompt,
    search: DecodingOptions,
    first: tuple[DecoderOutput, DecodingQuality],
) -> Job[tuple[DecoderOutput, DecodingQuality]]:
    """Temperature fallback (openai/whisper, ``decode_with_fallback``): the first output that is not rejected.

    If all are rejected, the most probable one, of those that are not repetitive if there are any
    (faster-whisper, ``generate_with_fallback``).
    """
    attempts = [first]
    for sampled in search.at_higher_temperatures():
        output = yield from _decode(window, decoder, prompt, sampled)
        quality = _quality(output, window, decoder, prompt)
        if quality.silent or not quality.rejected:
            return output, quality
        attempts.append((output, quality))
    return max(attempts, key=lambda attempt: (not attempt[1].repetitive, attempt[1].avg_logprob))


def _longer_window(
    quality: DecodingQuality, window: _Window, context: _RequestContext
) -> Job[_Window | None]:
    """A longer window in which to decode the audio again; None to keep the output."""
    if quality.silent:
        return None
    if quality.unusable:
        return None if window is window.full else window.full
    if not quality.unsure or context.config.second_pass == "never":
        return None
    longer = window.lengthened(SECOND_WINDOW_S)
    if longer is window:
        return None
    if context.config.second_pass == "always" or (yield from longer.encoded_if_idle()):
        return longer
    return None


def _decode(
    window: _Window, decoder: WhisperDecoder, prompt: Prompt, search: DecodingOptions
) -> Job[DecoderOutput]:
    computation = DecoderPass(decoder, (yield from window.encoded()), prompt, search)
    output: DecoderOutput | None = yield computation
    if output is None:
        output = yield replace(computation, alone=True)
        assert output is not None
    return output


def _quality(
    output: DecoderOutput, window: _Window, decoder: WhisperDecoder, prompt: Prompt
) -> DecodingQuality:
    return DecodingQuality(
        text=decoder.text(decoder.text_tokens(output.tokens)),
        tokens=len(prompt.prefix) + len(output.tokens),
        seconds=LEAD_S + window.audio.seconds,
        avg_logprob=output.avg_logprob,
        no_speech_prob=output.no_speech_prob,
        cut_off=output.cut_off,
    )


def _decoded_text(
    output: DecoderOutput | None,
    window: _Window,
    decoder: WhisperDecoder,
    prompt: Prompt,
    context: _RequestContext,
    spaced: bool,
) -> Job[DecodedText]:
    tokens = decoder.text_tokens(output.tokens if output else ())
    words: tuple[Word, ...] = ()
    if context.request.word_times and (text := [*prompt.prefix, *tokens]):
        frames = audio_frames(window.audio.seconds)
        aligned = yield AlignmentPass(decoder, (yield from window.encoded()), text, frames)
        words = _words(aligned, window.audio, context.time_map, spaced)
    if prompt.timed and output:
        timed = [
            (decoder.text(part), *_span_ms(window.audio, context.time_map, start, end))
            for part, start, end in decoder.timed_segments(output.tokens, float(window.seconds))
        ]
    else:
        start, end = _span_ms(window.audio, context.time_map, 0, window.seconds)
        if words:
            start, end = words[0].start_ms, words[-1].end_ms
        timed = [(decoder.text([*prompt.prefix, *tokens]), start, end)]
    return DecodedText(
        text=decoder.text(tokens),
        tokens=len(prompt.prefix) + len(output.tokens) if output else 0,
        avg_logprob=output.avg_logprob if output else 0,
        segments=tuple(
            TranscriptSegment(normalise_spaces(text), start, end)
            for text, start, end in timed
            if text.strip()
        ),
        words=words,
    )


def _words(
    aligned: list[AlignedText], audio: AudioSlice, time_map: TimeMap, spaced: bool
) -> tuple[Word, ...]:
    words = join_words(aligned, spaced=spaced)
    spans = [_span_ms(audio, time_map, word.start_s, word.end_s) for word in words]
    times = list(accumulate((time for span in spans for time in span), max))
    return tuple(
        Word(word.text, start, end) for word, start, end in zip(words, times[::2], times[1::2], strict=True)
    )


def _span_ms(audio: AudioSlice, time_map: TimeMap, start_s: float, end_s: float) -> tuple[int, int]:
    """Convert seconds of a window to milliseconds of the request's audio."""
    # Times within the lead or the padding are moved to the start or the end of the audio.
    start, end = (
        min(max(0.0, time_s - LEAD_S), audio.seconds) + audio.start_s for time_s in (start_s, end_s)
    )
    # An end is mapped from just before it: exactly at it, the time map may be behind a removed silence.
    margin = min(0.01, end - start)
    return round(1_000 * time_map(start)), round(1_000 * (time_map(end - margin) + margin))
