"""espeak-ng as shipped with ``piper-tts``: text to phonemes, safe to call from any thread.

The library has one voice for the whole process, and part of its state is local to the thread that initialised
it: calls from other threads read uninitialised memory. All code that uses the library, Piper's own included,
is therefore called through ``run_in_espeak_thread``.
"""

import re
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from piper import espeakbridge
from piper.phonemize_espeak import EspeakPhonemizer

P = ParamSpec("P")
T = TypeVar("T")

_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="espeak")

_LANGUAGE_SWITCH = re.compile(r"\([a-z0-9-]+\)")


def run_in_espeak_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function that uses espeak-ng in the only thread that may do so, and wait for its result."""
    return _thread.submit(function, *args, **kwargs).result()


def phonemize(voice: str, text: str) -> str:
    """IPA of one phrase in NFC, with the marks that end its clauses; "" if nothing can be spoken.

    Args:
        voice: an espeak-ng voice (``Language.espeak``).
        text: the result of ``phrase_splitting.speakable_text``.
    """
    clauses = run_in_espeak_thread(_clauses, voice, text)
    # A full stop within the phrase belongs to an abbreviation; the voice would end the sentence there.
    *inner, last = [(clause, end) for clause, end, _ in clauses] or [("", "")]
    spoken = [clause + end.replace(".", "") for clause, end in inner] + [last[0] + (last[1] or ".")]
    ipa = unicodedata.normalize("NFC", _LANGUAGE_SWITCH.sub("", " ".join(spoken)))
    return ipa if any(map(str.isalpha, ipa)) else ""


def _clauses(voice: str, text: str) -> list[tuple[str, str, bool]]:
    EspeakPhonemizer()  # Initialises the library with its data; later calls do nothing.
    espeakbridge.set_voice(voice)
    clauses: list[tuple[str, str, bool]] = espeakbridge.get_phonemes(text)
    return clauses
