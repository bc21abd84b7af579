"""Decodes an utterance again whose transcript is in the script of another language: Hindi in Urdu's letters.

Such a text can neither be read by those who speak the language nor be translated. The decoder is confined
to the script of the language (``script_tokens``). Small models are unsure there: the text is decoded without
time stamps, and not in a very short window, and one that has lost half of the words is not taken.
"""

from sokuji.languages.scripts import own_letters
from sokuji.providers.jobs import Job
from sokuji.providers.stt.whisper.computations import DecoderPass
from sokuji.providers.stt.whisper.decoding import WhisperDecoder
from sokuji.providers.stt.whisper.search_terms import DecoderOutput, DecodingOptions, Prompt, Task
from sokuji.providers.stt.whisper.transcript_text import token_limit, usual_tokens
from sokuji.providers.stt.whisper.window_search import RequestContext, Window, assess
from sokuji.providers.stt.whisper.windows import FULL_WINDOW_S
from sokuji.text.punctuation import words

_WINDOWS_S = (8, FULL_WINDOW_S)
_KEPT = 0.5
"""A text with less of the words than this share has lost speech."""


def is_in_foreign_script(text: str, language: str, task: Task) -> bool:
    """Whether most letters of a transcript belong to a script that its language is not written in."""
    own = own_letters(text, language) if task == "transcribe" else None
    return own is not None and own < 0.5


def decode_in_own_script(
    window: Window,
    decoder: WhisperDecoder,
    prompt: Prompt,
    context: RequestContext,
    foreign: str,
) -> Job[tuple[Window, DecoderOutput] | None]:
    """The output, and the window in which it was decoded; None if it is no better than the first.

    Args:
        decoder: one that is confined to the script.
        prompt: without time stamps.
        foreign: the text in the foreign script.
    """
    # Where a script has no spaces, every character counts: such a text is never short of words.
    kept = _KEPT * len(foreign.split())
    seconds = window.audio.seconds
    search = DecodingOptions.configured(context.config, token_limit(seconds), usual_tokens(seconds))
    for length_s in _WINDOWS_S[:1] if context.request.interim else _WINDOWS_S:
        window = window.lengthened(length_s)
        output = yield DecoderPass(decoder, (yield from window.encoded()), prompt, search, alone=True)
        quality = assess(output, window, decoder)
        complete = len(words(quality.text)) >= kept
        if (
            complete
            and own_letters(quality.text, context.language)
            and not (quality.cut_off or quality.loops)
        ):
            return window, output
    return None
