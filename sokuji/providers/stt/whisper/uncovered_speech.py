"""Finds out whether there is speech behind the last word of a transcript.

Of a sentence that is said twice without a long pause the decoder often writes one, with a time stamp at the
end of both. The alignment of the text with the audio shows where its last word really ends.
"""

from sokuji.providers.jobs import Job
from sokuji.providers.stt.whisper.computations import AlignmentPass
from sokuji.providers.stt.whisper.decoding import DecoderOutput, Prompt, WhisperDecoder
from sokuji.providers.stt.whisper.window_search import Window
from sokuji.providers.stt.whisper.windows import LEAD_S, audio_frames
from sokuji.text.punctuation import has_words

_SLOW_TOKENS_PER_S = 4.0
"""A text with fewer tokens for its speech is aligned. Speech that was said twice and written once has 2.7 to
3.6, what was written in full mostly more than 5."""
_UNCOVERED_S = 1.0
"""The least speech behind the last word; the alignment may err by some tenths of a second."""

_COVERED_S = 0.5
"""The least audio of a text; an alignment that ends sooner is wrong."""


def end_of_text(
    output: DecoderOutput, window: Window, decoder: WhisperDecoder, prompt: Prompt
) -> Job[float | None]:
    """Where the text ends in the audio, in seconds, if there is speech behind it; else None.

    Args:
        output: the accepted one.
        window: in which it was decoded.
    """
    audio = window.audio
    text = [*prompt.prefix, *decoder.text_tokens(output.tokens)]
    if not text or len(text) >= _SLOW_TOKENS_PER_S * audio.voiced_s:
        return None
    frames = audio_frames(audio.seconds)
    aligned = yield AlignmentPass(decoder, (yield from window.encoded()), text, frames)
    end_s = max((part.end_s - LEAD_S for part in aligned if has_words(part.text)), default=0.0)
    return end_s if end_s >= _COVERED_S and audio.voiced_behind(end_s) >= _UNCOVERED_S else None
