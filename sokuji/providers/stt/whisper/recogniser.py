"""From the audio of a request to its transcript: windows, search, and what is done for a search that is lost.

The shortest window that holds the speech is tried first. Where the decoder is unsure, it hears the speech
again in a longer one. Where it repeats itself or does not come to an end, that is the window that it was
trained on, and in the end a wider search that may say nothing twice. An interim hypothesis is not worth that;
one that is lost is left out.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import accumulate
from typing import Any, TypeVar

import numpy as np
from faster_whisper import WhisperModel

from sokuji.config import FasterWhisperConfig
from sokuji.contract import RecognitionRequest, Transcript, TranscriptSegment, Word
from sokuji.languages import from_whisper
from sokuji.providers.stt.whisper import transcript_text
from sokuji.providers.stt.whisper.batched_steps import Align, Decode, Detect, Encode, EncodedWindow
from sokuji.providers.stt.whisper.decoding import Decoded, DecodingOptions, Prompt, Task, WhisperDecoder
from sokuji.providers.stt.whisper.windows import (
    LEAD_S,
    SECOND_WINDOW_S,
    WINDOW_S,
    AudioSlice,
    Clock,
    Samples,
    frames_heard,
    pieces,
    speech_only,
    window_s,
)
from sokuji.providers.stt.whisper.word_times import UNSPACED, Aligned, words

_SURE_OF_LANGUAGE = 0.7
_RESCUE_BEAM = 5
_RESCUE_ONCE = 3
_UNBOUNDED = 448

T = TypeVar("T")
Steps = Generator[Any, Any, T]
"""Yields what is to be computed (``steps``) and is sent its result."""


@dataclass(frozen=True, slots=True)
class _Order:
    """How one request is to be answered."""

    request: RecognitionRequest
    config: FasterWhisperConfig
    clock: Clock


class _Window:
    """A piece of audio in a window, encoded once."""

    def __init__(self, model: WhisperModel, piece: AudioSlice, seconds: int) -> None:
        self._model = model
        self._encoded: EncodedWindow | None = None
        self.piece = piece
        self.seconds = seconds

    def encoded(self) -> Steps[EncodedWindow]:
        """The encoder's output."""
        if self._encoded is None:
            self._encoded = yield Encode(self._model, self.piece.samples, self.seconds)
        return self._encoded

    def encoded_if_idle(self) -> Steps[bool]:
        """Whether it is encoded, or could be because there is nobody else."""
        if self._encoded is None:
            self._encoded = yield Encode(self._model, self.piece.samples, self.seconds, spare=True)
        return self._encoded is not None

    def wider(self, seconds: int) -> "_Window":
        """The same piece in a window of so many seconds, if that is more."""
        return self if self.seconds >= seconds else _Window(self._model, self.piece, seconds)

    @cached_property
    def widest(self) -> "_Window":
        """The same piece in the window that Whisper was trained on."""
        return self.wider(WINDOW_S)


class WhisperRecogniser:
    """Answers requests with a loaded model."""

    def __init__(self, model: WhisperModel, languages: Mapping[str, str]) -> None:
        """``languages``: canonical code -> Whisper's code."""
        self._model = model
        self.languages = languages
        self.multilingual = bool(model.model.is_multilingual)
        self._decoders: dict[tuple[str, Task], WhisperDecoder] = {}

    def recognise(
        self,
        samples: Samples,
        request: RecognitionRequest,
        config: FasterWhisperConfig,
    ) -> Steps[Transcript]:
        """The steps to the transcript of an utterance of any length.

        Raises:
            TooLarge: the prefix leaves no room for more text.
        """
        audible, clock = speech_only(samples, config.vad_threshold) if config.vad_filter else (samples, float)
        order = _Order(request, config, clock)
        windows = [_Window(self._model, piece, window_s(piece.seconds)) for piece in pieces(audible)]
        language = request.language or (yield from self._spoken(windows[0], request))
        code = self.languages[language]
        decoder = self._decoder(code, request.task)
        spaced = request.task == "translate" or code not in UNSPACED
        timed = not (request.interim or request.prefix or request.word_times)
        prompt = partial(decoder.prompt, request.context, spaced=spaced, timed=timed)
        heard = []
        for number, window in enumerate(windows if audible.size else []):
            begun = prompt(request.prefix if number == 0 else "")
            heard.append((yield from _hear(window, decoder, begun, order, spaced)))
        return transcript_text.transcript([each for each in heard if each], language, request.prefix)

    def probe(self) -> Steps[float]:
        """The steps to the mean log probability of a token decoded from a second of silence."""
        decoder = self._decoder("en", "transcribe")
        prompt = decoder.prompt("", "", spaced=True, timed=False)
        search = DecodingOptions(beam_size=1, best_of=1, temperature=0, max_tokens=1, usual_tokens=1)
        encoded = yield Encode(self._model, np.zeros(0, np.float32), 1)
        found = yield Decode(decoder, encoded, prompt, search, alone=True)
        return float(found.average)

    def _decoder(self, code: str, task: Task) -> WhisperDecoder:
        if (code, task) not in self._decoders:
            self._decoders[code, task] = WhisperDecoder(self._model, code, task)
        return self._decoders[code, task]

    def _spoken(self, window: _Window, request: RecognitionRequest) -> Steps[str]:
        """The canonical code of the language spoken; a short window that leaves doubts is not enough."""
        if not self.multilingual:
            return "en"
        code, probability = yield Detect(self._model, (yield from window.encoded()))
        if probability < _SURE_OF_LANGUAGE and not request.interim and window is not window.widest:
            code, _ = yield Detect(self._model, (yield from window.widest.encoded()))
        return from_whisper(code)


def _hear(
    window: _Window, decoder: WhisperDecoder, prompt: Prompt, order: _Order, spaced: bool
) -> Steps[transcript_text.DecodedText | None]:
    """What is said in a piece; None where nothing is, and nothing was known before."""
    window, found = yield from _search(window, decoder, prompt, order)
    if found is None and not prompt.prefix:
        return None
    return (yield from _heard(found, window, decoder, prompt, order, spaced))


def _search(
    window: _Window, decoder: WhisperDecoder, prompt: Prompt, order: _Order
) -> Steps[tuple[_Window, Decoded | None]]:
    """What was decoded, from which window; None for silence, and for an interim hypothesis that is lost."""
    seconds = window.piece.seconds
    usual = transcript_text.usual_tokens(seconds)
    search = DecodingOptions.configured(order.config, transcript_text.token_limit(seconds), usual)
    found = yield from _decoded(window, decoder, prompt, search)
    outcome = _outcome(found, window, decoder, prompt)
    if order.request.interim:
        lost = outcome.silent or outcome.loops or outcome.improbable
        return window, None if lost else found
    while longer := (yield from _longer_window(outcome, window, order)):
        window = longer
        if outcome.cut_off and not outcome.loops:
            search = DecodingOptions.configured(order.config, _UNBOUNDED, usual)
        found = yield from _decoded(window, decoder, prompt, search)
        outcome = _outcome(found, window, decoder, prompt)
    if outcome.rejected and not outcome.silent and order.config.best_of > 1:
        found, outcome = yield from _at_higher_temperatures(window, decoder, prompt, search, (found, outcome))
    if outcome.silent:
        return window, None
    if outcome.loops:
        # A wider search with every group of three tokens allowed once ends most of these.
        wider = replace(search, beam_size=max(_RESCUE_BEAM, search.beam_size), once=_RESCUE_ONCE)
        found = yield from _decoded(window, decoder, prompt, wider)
    return window, found


def _at_higher_temperatures(
    window: _Window,
    decoder: WhisperDecoder,
    prompt: Prompt,
    search: DecodingOptions,
    first: tuple[Decoded, transcript_text.Outcome],
) -> Steps[tuple[Decoded, transcript_text.Outcome]]:
    """Temperature fallback (openai/whisper, ``decode_with_fallback``): the first result that is not rejected.

    If all are rejected, the most probable one, of those that are not repetitive if there are any
    (faster-whisper, ``generate_with_fallback``).
    """
    attempts = [first]
    for sampled in search.at_higher_temperatures():
        found = yield from _decoded(window, decoder, prompt, sampled)
        outcome = _outcome(found, window, decoder, prompt)
        if outcome.silent or not outcome.rejected:
            return found, outcome
        attempts.append((found, outcome))
    return max(attempts, key=lambda attempt: (not attempt[1].repetitive, attempt[1].average))


def _longer_window(outcome: transcript_text.Outcome, window: _Window, order: _Order) -> Steps[_Window | None]:
    """A longer window in which to hear the piece again; None where what was decoded has to do."""
    if outcome.silent:
        return None
    if outcome.lost:
        return None if window is window.widest else window.widest
    if not outcome.unsure or order.config.second_hearing == "never":
        return None
    wider = window.wider(SECOND_WINDOW_S)
    if wider is window:
        return None
    if order.config.second_hearing == "always" or (yield from wider.encoded_if_idle()):
        return wider
    return None


def _decoded(
    window: _Window, decoder: WhisperDecoder, prompt: Prompt, search: DecodingOptions
) -> Steps[Decoded]:
    step = Decode(decoder, (yield from window.encoded()), prompt, search)
    found: Decoded | None = yield step
    if found is None:
        found = yield replace(step, alone=True)
        assert found is not None
    return found


def _outcome(
    found: Decoded, window: _Window, decoder: WhisperDecoder, prompt: Prompt
) -> transcript_text.Outcome:
    return transcript_text.Outcome(
        text=decoder.text(decoder.text_tokens(found.tokens)),
        tokens=len(prompt.prefix) + len(found.tokens),
        seconds=LEAD_S + window.piece.seconds,
        average=found.average,
        no_speech=found.no_speech,
        cut_off=found.cut_off,
    )


def _heard(
    found: Decoded | None,
    window: _Window,
    decoder: WhisperDecoder,
    prompt: Prompt,
    order: _Order,
    spaced: bool,
) -> Steps[transcript_text.DecodedText]:
    tokens = decoder.text_tokens(found.tokens if found else ())
    timed_words: tuple[Word, ...] = ()
    if order.request.word_times and (text := [*prompt.prefix, *tokens]):
        frames = frames_heard(window.piece.seconds)
        aligned = yield Align(decoder, (yield from window.encoded()), text, frames)
        timed_words = _words(aligned, window.piece, order.clock, spaced)
    if prompt.timed and found:
        end_s = float(window.seconds)
        timed = [
            (decoder.text(part), *_span_ms(window.piece, order.clock, start, end))
            for part, start, end in decoder.timed_segments(found.tokens, end_s)
        ]
    else:
        start, end = _span_ms(window.piece, order.clock, 0, window.seconds)
        if timed_words:
            start, end = timed_words[0].start_ms, timed_words[-1].end_ms
        timed = [(decoder.text([*prompt.prefix, *tokens]), start, end)]
    return transcript_text.DecodedText(
        text=decoder.text(tokens),
        tokens=len(prompt.prefix) + len(found.tokens) if found else 0,
        average=found.average if found else 0,
        segments=tuple(
            TranscriptSegment(transcript_text.clean(text), start, end)
            for text, start, end in timed
            if text.strip()
        ),
        words=timed_words,
    )


def _words(aligned: list[Aligned], piece: AudioSlice, clock: Clock, spaced: bool) -> tuple[Word, ...]:
    found = words(aligned, spaced=spaced)
    spans = [_span_ms(piece, clock, word.start_s, word.end_s) for word in found]
    times = list(accumulate((at for span in spans for at in span), max))
    return tuple(
        Word(word.text, start, end) for word, start, end in zip(found, times[::2], times[1::2], strict=True)
    )


def _span_ms(piece: AudioSlice, clock: Clock, start_s: float, end_s: float) -> tuple[int, int]:
    """From seconds of a window to milliseconds of the request's audio."""
    # Whisper times the end within its window, which is padded; a piece without length has no place.
    start, end = (min(max(0.0, at - LEAD_S), piece.seconds) + piece.start_s for at in (start_s, end_s))
    tiny = min(0.01, end - start)
    return round(1_000 * clock(start)), round(1_000 * (clock(end - tiny) + tiny))
