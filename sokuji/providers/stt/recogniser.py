"""From the audio of a request to its transcript: windows, search, and what is done for a search that is lost.

The shortest window that holds the speech is tried first. Where the decoder repeats itself or does not come to
an end, it hears the speech again in the window that it was trained on, and in the end with a wider search
that may say nothing twice. An interim hypothesis is not worth that: one that is lost is left out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import accumulate
from typing import Any

import numpy as np
from faster_whisper import WhisperModel

from sokuji.config import FasterWhisperConfig
from sokuji.languages import from_whisper
from sokuji.providers.base import RecognitionRequest, Segment, Transcript, Word
from sokuji.providers.stt import whisper_text
from sokuji.providers.stt.decoding import Decoded, Decoder, Prompt, Search, Task, encode, spoken
from sokuji.providers.stt.windows import (
    LEAD_S,
    WINDOW_S,
    Clock,
    Piece,
    Samples,
    features,
    frames_heard,
    pieces,
    speech_only,
    window_s,
)
from sokuji.providers.stt.word_times import UNSPACED, words

_SURE_OF_LANGUAGE = 0.7
_RESCUE_BEAM = 5
_RESCUE_ONCE = 3
_UNBOUNDED = 448


@dataclass(frozen=True, slots=True)
class _Job:
    """How one request is to be answered."""

    request: RecognitionRequest
    config: FasterWhisperConfig
    clock: Clock
    abandoned: Callable[[], bool]
    """Whether nobody waits for the answer any more."""


class _Window:
    """A piece of audio in a window, encoded once."""

    def __init__(self, model: WhisperModel, piece: Piece, seconds: int) -> None:
        self._model = model
        self.piece = piece
        self.seconds = seconds

    @cached_property
    def encoded(self) -> Any:
        """The encoder's output."""
        heard = features(self._model.feature_extractor, self.piece.samples, self.seconds)
        return encode(self._model, [heard])

    @cached_property
    def widest(self) -> "_Window":
        """The same piece in the window that Whisper was trained on."""
        return self if self.seconds == WINDOW_S else _Window(self._model, self.piece, WINDOW_S)


class Recogniser:
    """Answers requests with a loaded model, one at a time in each thread."""

    def __init__(self, model: WhisperModel, languages: Mapping[str, str]) -> None:
        """``languages``: canonical code -> Whisper's code."""
        self._model = model
        self.languages = languages
        self.multilingual = bool(model.model.is_multilingual)
        self._decoders: dict[tuple[str, Task], Decoder] = {}

    def recognise(
        self,
        samples: Samples,
        request: RecognitionRequest,
        config: FasterWhisperConfig,
        abandoned: Callable[[], bool] = bool,
    ) -> Transcript:
        """The transcript of an utterance of any length.

        Once ``abandoned()`` is true, a search that is lost is not made again.

        Raises:
            TooLarge: the prefix leaves no room for more text.
        """
        audible, clock = speech_only(samples, config.vad_threshold) if config.vad_filter else (samples, float)
        job = _Job(request, config, clock, abandoned)
        windows = [_Window(self._model, piece, window_s(piece.seconds)) for piece in pieces(audible)]
        language = request.language or self._spoken(windows[0], request)
        code = self.languages[language]
        decoder = self._decoder(code, request.task)
        spaced = request.task == "translate" or code not in UNSPACED
        timed = not (request.interim or request.prefix or request.word_times)
        prompt = partial(decoder.prompt, request.context, spaced=spaced, timed=timed)
        heard = [
            self._hear(window, decoder, prompt(request.prefix if number == 0 else ""), job, spaced)
            for number, window in enumerate(windows if audible.size else [])
        ]
        return whisper_text.transcript([each for each in heard if each], language, request.prefix)

    def probe(self) -> float:
        """The mean log probability of a token decoded from a second of silence."""
        sound = features(self._model.feature_extractor, np.zeros(0, np.float32), 1)
        decoder = self._decoder("en", "transcribe")
        prompt = decoder.prompt("", "", spaced=True, timed=False)
        search = Search(beam_size=1, best_of=1, temperature=0, max_tokens=1)
        return decoder.search(encode(self._model, [sound]), prompt, search).average

    def _decoder(self, code: str, task: Task) -> Decoder:
        if (code, task) not in self._decoders:
            self._decoders[code, task] = Decoder(self._model, code, task)
        return self._decoders[code, task]

    def _spoken(self, window: _Window, request: RecognitionRequest) -> str:
        """The canonical code of the language spoken; a short window that leaves doubts is not enough."""
        if not self.multilingual:
            return "en"
        code, probability = spoken(self._model, window.encoded)
        if probability < _SURE_OF_LANGUAGE and not request.interim and window is not window.widest:
            code, _ = spoken(self._model, window.widest.encoded)
        return from_whisper(code)

    def _hear(
        self, window: _Window, decoder: Decoder, prompt: Prompt, job: _Job, spaced: bool
    ) -> whisper_text.Heard | None:
        """What is said in a piece; None where nothing is, and nothing was known before."""
        window, found = _search(window, decoder, prompt, job)
        if found is None and not prompt.prefix:
            return None
        return _heard(found, window, decoder, prompt, job, spaced)


def _search(window: _Window, decoder: Decoder, prompt: Prompt, job: _Job) -> tuple[_Window, Decoded | None]:
    """What was decoded, from which window; None for silence, and for an interim hypothesis that is lost."""
    search = Search.configured(job.config, whisper_text.token_limit(window.piece.seconds))
    found = decoder.search(window.encoded, prompt, search)
    outcome = _outcome(found, window, decoder, prompt)
    if job.request.interim:
        lost = outcome.silent or outcome.loops or outcome.improbable
        return window, None if lost else found
    if job.abandoned():
        return window, found
    if outcome.doubtful and not outcome.silent and window is not window.widest:
        window = window.widest
        if outcome.cut_off and not outcome.loops:
            search = Search.configured(job.config, _UNBOUNDED)
        found = decoder.search(window.encoded, prompt, search)
        outcome = _outcome(found, window, decoder, prompt)
    if outcome.silent:
        return window, None
    if outcome.loops:
        # A wider search with every group of three tokens allowed once ends most of these.
        wider = replace(search, beam_size=max(_RESCUE_BEAM, search.beam_size), once=_RESCUE_ONCE)
        found = decoder.search(window.encoded, prompt, wider)
    return window, found


def _outcome(found: Decoded, window: _Window, decoder: Decoder, prompt: Prompt) -> whisper_text.Outcome:
    return whisper_text.Outcome(
        text=decoder.text(decoder.text_tokens(found.tokens)),
        tokens=len(prompt.prefix) + len(found.tokens),
        seconds=LEAD_S + window.piece.seconds,
        average=found.average,
        no_speech=found.no_speech,
        cut_off=found.cut_off,
    )


def _heard(
    found: Decoded | None, window: _Window, decoder: Decoder, prompt: Prompt, job: _Job, spaced: bool
) -> whisper_text.Heard:
    tokens = decoder.text_tokens(found.tokens if found else ())
    timed_words: tuple[Word, ...] = ()
    if job.request.word_times:
        timed_words = _words(window, decoder, [*prompt.prefix, *tokens], job.clock, spaced)
    if prompt.timed and found:
        end_s = float(window.seconds)
        timed = [
            (decoder.text(part), *_span_ms(window.piece, job.clock, start, end))
            for part, start, end in decoder.timed_segments(found.tokens, end_s)
        ]
    else:
        start, end = _span_ms(window.piece, job.clock, 0, window.seconds)
        if timed_words:
            start, end = timed_words[0].start_ms, timed_words[-1].end_ms
        timed = [(decoder.text([*prompt.prefix, *tokens]), start, end)]
    return whisper_text.Heard(
        text=decoder.text(tokens),
        tokens=len(prompt.prefix) + len(found.tokens) if found else 0,
        average=found.average if found else 0,
        segments=tuple(
            Segment(whisper_text.clean(text), start, end) for text, start, end in timed if text.strip()
        ),
        words=timed_words,
    )


def _words(
    window: _Window, decoder: Decoder, tokens: list[int], clock: Clock, spaced: bool
) -> tuple[Word, ...]:
    aligned = decoder.align(window.encoded, tokens, frames_heard(window.piece.seconds))
    found = words(aligned, spaced=spaced)
    spans = [_span_ms(window.piece, clock, word.start_s, word.end_s) for word in found]
    times = list(accumulate((at for span in spans for at in span), max))
    return tuple(
        Word(word.text, start, end) for word, start, end in zip(found, times[::2], times[1::2], strict=True)
    )


def _span_ms(piece: Piece, clock: Clock, start_s: float, end_s: float) -> tuple[int, int]:
    """From seconds of a window to milliseconds of the request's audio."""
    # Whisper times the end within its window, which is padded; a piece without length has no place.
    start, end = (min(max(0.0, at - LEAD_S), piece.seconds) + piece.start_s for at in (start_s, end_s))
    tiny = min(0.01, end - start)
    return round(1_000 * clock(start)), round(1_000 * (clock(end - tiny) + tiny))
