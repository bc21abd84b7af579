"""Finds out whether a transcript leaves speech out, and where the audio is to be divided to hear it.

Of a sentence that is said twice without a long pause the decoder often writes one, with time stamps that span
both; in longer audio it may pass over a sentence, or end before the last one. The alignment of the text with
the audio shows where its words really are, and voice activity whether there is speech elsewhere. Only a text
that is suspicious is aligned: one that is slow for its audio, or whose own last time stamp comes long before
the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sokuji.providers.jobs import Job
from sokuji.providers.stt.whisper.computations import AlignmentPass
from sokuji.providers.stt.whisper.decoding import WhisperDecoder
from sokuji.providers.stt.whisper.search_terms import DecoderOutput
from sokuji.providers.stt.whisper.speech_blocks import SpeechBlocks
from sokuji.providers.stt.whisper.window_search import Window
from sokuji.providers.stt.whisper.windows import LEAD_S, audio_frames
from sokuji.providers.stt.whisper.word_times import AlignedText
from sokuji.text.punctuation import has_words

_SLOW_TOKENS_PER_S = 4.0
"""A text with fewer tokens for its speech is aligned. Speech that was said twice and written once has 2.7 to
3.7, what was written in full mostly more than 5."""
_UNCOVERED_S = 1.0
"""The least speech without words; the alignment may err by some tenths of a second."""
_LONGEST_S = 1.0
"""Speech that one part of a text covers at most; what is aligned to it beyond that was passed over."""
_SHORTEST_S = 0.5
"""The least audio before a division; an alignment that ends sooner is wrong."""


@dataclass(frozen=True, slots=True)
class Division:
    """Where audio is divided: the text reaches ``at_s``, and what follows is decoded anew."""

    at_s: float
    """Seconds of the audio."""
    tokens: int
    """Text tokens of the audio before; 0: that has to be decoded anew as well."""


def find_division(
    output: DecoderOutput, window: Window, decoder: WhisperDecoder, *, always: bool
) -> Job[Division | None]:
    """Where the audio is to be divided because the text leaves speech out; None if it does not.

    Args:
        output: the accepted one.
        window: in which it was decoded.
        always: whether to align a text that is not suspicious too.
    """
    audio = window.audio
    text = decoder.text_tokens(output.tokens)
    if not text or not (always or _is_suspicious(len(text), output, window, decoder)):
        return None
    frames = audio_frames(audio.seconds)
    aligned = yield AlignmentPass(decoder, (yield from window.encoded()), text, frames)
    return divide(aligned, audio.speech)


def _is_suspicious(tokens: int, output: DecoderOutput, window: Window, decoder: WhisperDecoder) -> bool:
    audio = window.audio
    times = decoder.timed_segments(output.tokens, float(window.seconds))
    end_s = max((end_s - LEAD_S for _, _, end_s in times), default=audio.seconds)
    return (
        tokens < _SLOW_TOKENS_PER_S * audio.voiced_s
        or audio.voiced.seconds_between(end_s, audio.seconds) >= _UNCOVERED_S
    )


def divide(aligned: Sequence[AlignedText], speech: SpeechBlocks) -> Division | None:
    """The division at the first speech without words: before, between or behind those of a text.

    Args:
        aligned: all parts of the text, in order.
        speech: of the audio behind the lead.
    """
    tokens = kept = 0
    covered_s = 0.0
    for part in aligned:
        if has_words(part.text):
            start_s, end_s = part.start_s - LEAD_S, part.end_s - LEAD_S
            if not kept:
                # The first part is aligned to all that comes before it.
                start_s = max(start_s, end_s - _LONGEST_S)
            if speech.seconds_between(covered_s, start_s) >= _UNCOVERED_S:
                return _division(speech, covered_s if kept else start_s, kept)
            covered_s = min(end_s, start_s + _LONGEST_S)
            if speech.seconds_between(covered_s, end_s) >= _UNCOVERED_S:
                # The word may have been said at the start of its time or at the end.
                return _division(speech, start_s, tokens)
        tokens += part.tokens
        kept = tokens
    behind_s = speech.seconds_between(covered_s, speech.end_s)
    return _division(speech, covered_s, kept) if behind_s >= _UNCOVERED_S else None


def _division(speech: SpeechBlocks, at_s: float, tokens: int) -> Division | None:
    return Division(speech.pause_near(at_s), tokens) if at_s >= _SHORTEST_S else None
