"""From the audio of a request to its transcript: language, windows, and the text of each window with times.

``window_search`` decides which decoding of a window is accepted.
"""

from collections import deque
from collections.abc import Mapping
from functools import partial
from itertools import accumulate

import numpy as np
from faster_whisper import WhisperModel

from sokuji.config import FasterWhisperConfig
from sokuji.contract import RecognitionRequest, Transcript, TranscriptSegment, Word
from sokuji.providers.jobs import Job
from sokuji.providers.stt.text_cleanup import normalise_spaces
from sokuji.providers.stt.whisper.computations import (
    AlignmentPass,
    DecoderPass,
    EncoderPass,
)
from sokuji.providers.stt.whisper.decoding import WhisperDecoder
from sokuji.providers.stt.whisper.language_detection import detect_language
from sokuji.providers.stt.whisper.own_script import decode_in_own_script, is_in_foreign_script
from sokuji.providers.stt.whisper.search_terms import (
    DecoderOutput,
    DecodingOptions,
    GreedyDecoder,
    Prompt,
    Task,
)
from sokuji.providers.stt.whisper.transcript_text import (
    DecodedText,
    join_windows,
)
from sokuji.providers.stt.whisper.uncovered_speech import find_division
from sokuji.providers.stt.whisper.window_search import RequestContext, Window, search_window
from sokuji.providers.stt.whisper.windows import (
    LEAD_S,
    AudioSlice,
    Samples,
    TimeMap,
    audio_frames,
    remove_silence,
    split_audio,
    window_length_s,
    with_silence,
)
from sokuji.providers.stt.whisper.word_times import UNSPACED, AlignedText, join_words


class WhisperRecogniser:
    """Recognises speech with a loaded model."""

    def __init__(
        self,
        model: WhisperModel,
        languages: Mapping[str, str],
        *,
        aligns: bool,
        greedy: GreedyDecoder | None = None,
    ) -> None:
        """
        Args:
            languages: canonical code -> Whisper's code.
            aligns: whether the model's files say how to align text with audio.
            greedy: searches greedily in place of the model.
        """
        self._model = model
        self._aligns = aligns
        self._greedy = greedy
        self.languages = languages
        self.multilingual = bool(model.model.is_multilingual)
        self._decoders: dict[tuple[str, Task, bool], WhisperDecoder] = {}

    def recognise(
        self,
        samples: Samples,
        request: RecognitionRequest,
        config: FasterWhisperConfig,
    ) -> Job[Transcript]:
        """The job that transcribes an utterance of any length."""
        time_map: TimeMap = float
        if config.vad_filter:
            samples, time_map = remove_silence(samples, config.vad_threshold)
        if request.once_more:
            samples = with_silence(samples)
        windows = [
            Window(self._model, audio, window_length_s(audio.seconds)) for audio in split_audio(samples)
        ]
        language = request.language or (
            yield from detect_language(self._model, windows[0], request, self.languages)
        )
        spaced = request.task == "translate" or self.languages[language] not in UNSPACED
        context = RequestContext(request, config, time_map, language, spaced)
        decoder = self._decoder(language, request.task)
        timed = not (request.interim or request.word_times)
        prompt = partial(decoder.prompt, request.context, spaced=spaced, timed=timed)
        texts, draft = [], request.draft
        pending = deque(windows if samples.size else ())
        while pending:
            window = pending.popleft()
            text, left_out = yield from self._transcribe(window, decoder, prompt(draft=draft), context)
            texts += [text] if text else []
            pending.extendleft(
                Window(self._model, audio, window_length_s(audio.seconds)) for audio in reversed(left_out)
            )
            draft = ""
        return join_windows(texts, language)

    def probe(self) -> Job[float]:
        """The job that decodes one token from a second of silence; its result is the mean log probability."""
        decoder = self._decoder("en", "transcribe")
        prompt = decoder.prompt("", spaced=True, timed=False)
        search = DecodingOptions(beam_size=1, best_of=1, temperature=0, max_tokens=1, usual_tokens=1)
        encoded = yield EncoderPass(self._model, np.zeros(0, np.float32), 1)
        output = yield DecoderPass(decoder, encoded, prompt, search, alone=True)
        return float(output.avg_logprob)

    def _transcribe(
        self, window: Window, decoder: WhisperDecoder, prompt: Prompt, context: RequestContext
    ) -> Job[tuple[DecodedText | None, tuple[AudioSlice, ...]]]:
        """The text of one window, None if there is none; and the audio that it leaves out, in order."""
        request = context.request
        accepted, output = yield from search_window(window, decoder, prompt, context)
        if output is None:
            return None, ()
        heard = window.audio
        left_out: tuple[AudioSlice, ...] = ()
        # The words of a translation come in another order than those that were spoken.
        if self._aligns and request.task == "transcribe" and not request.interim:
            # Where words are to be timed, the decoder writes no time stamps that could show a loss.
            always = request.word_times
            division = yield from find_division(output, accepted, decoder, always=always)
            if division and not division.tokens:
                return None, window.audio.divided(division.at_s)
            if division:
                heard, rest = window.audio.divided(division.at_s)
                left_out = (rest,)
                output = decoder.shortened(output, division.tokens)
        text = yield from _decoded_text(output, accepted, heard, decoder, prompt, context)
        if is_in_foreign_script(text.text, context.language, request.task):
            part = Window(self._model, heard, window_length_s(heard.seconds)) if left_out else window
            again = yield from self._in_own_script(part, context, text.text)
            # An interim text in one script cannot be the beginning of a final one in another.
            return (again if again or request.interim else text), left_out
        return text, left_out

    def _in_own_script(
        self, window: Window, context: RequestContext, foreign: str
    ) -> Job[DecodedText | None]:
        """The text of a window in the script of its language; None if the model cannot write it."""
        decoder = self._decoder(context.language, "transcribe", own_script=True)
        untimed = decoder.prompt(context.request.context, spaced=context.spaced, timed=False)
        found = yield from decode_in_own_script(window, decoder, untimed, context, foreign)
        if found is None:
            return None
        window, output = found
        return (yield from _decoded_text(output, window, window.audio, decoder, untimed, context))

    def _decoder(self, language: str, task: Task, *, own_script: bool = False) -> WhisperDecoder:
        key = language, task, own_script
        if key not in self._decoders:
            script_of = language if own_script else None
            code = self.languages[language]
            self._decoders[key] = WhisperDecoder(
                self._model, code, task, script_of=script_of, greedy=self._greedy
            )
        return self._decoders[key]


def _decoded_text(
    output: DecoderOutput,
    window: Window,
    audio: AudioSlice,
    decoder: WhisperDecoder,
    prompt: Prompt,
    context: RequestContext,
) -> Job[DecodedText]:
    """The text with its times; ``audio`` is what it reaches of the window."""
    tokens = decoder.text_tokens(output.tokens)
    words: tuple[Word, ...] = ()
    if context.request.word_times and tokens:
        frames = audio_frames(audio.seconds)
        aligned = yield AlignmentPass(decoder, (yield from window.encoded()), tokens, frames)
        words = _words(aligned, audio, context.time_map, context.spaced)
    if prompt.timed:
        timed = [
            (decoder.text(part), *_span_ms(audio, context.time_map, start, end))
            for part, start, end in decoder.timed_segments(output.tokens, float(window.seconds))
        ]
    else:
        start, end = _span_ms(audio, context.time_map, 0, window.seconds)
        if words:
            start, end = words[0].start_ms, words[-1].end_ms
        timed = [(decoder.text(tokens), start, end)]
    return DecodedText(
        text=decoder.text(tokens),
        tokens=len(output.tokens),
        avg_logprob=output.avg_logprob,
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
