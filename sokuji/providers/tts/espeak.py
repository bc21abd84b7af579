"""espeak-ng as shipped inside ``piper-tts``: text to phonemes, safe to call from any thread.

The library keeps one voice for the whole process, and some of its state is that of the thread that it was
begun in: called from others it reads memory that nobody has written. So whoever uses it, Piper's own code
included, has it done by ``alone``.
"""

import re
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from piper import espeakbridge
from piper.phonemize_espeak import EspeakPhonemizer

T = TypeVar("T")

_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="espeak")

_LANGUAGE_SWITCH = re.compile(r"\([a-z0-9-]+\)")


def alone(function: Callable[..., T], *args: Any) -> T:
    """Run ``function(*args)``, which uses espeak-ng, in the thread that alone does so, and wait for it."""
    return _thread.submit(function, *args).result()


def phonemize(voice: str, text: str) -> str:
    """IPA of one phrase in NFC, with the marks that end its clauses; "" where nothing is speakable.

    Args:
        voice: an espeak-ng voice (``Language.espeak``).
        text: cleaned text (``phrases.clean``).
    """
    clauses = alone(_clauses, voice, text)
    # A full stop within the sentence is an abbreviation's, and would be heard as an end.
    *inner, last = [(clause, end) for clause, end, _ in clauses] or [("", "")]
    spoken = [clause + end.replace(".", "") for clause, end in inner] + [last[0] + (last[1] or ".")]
    ipa = unicodedata.normalize("NFC", _LANGUAGE_SWITCH.sub("", " ".join(spoken)))
    return ipa if any(map(str.isalpha, ipa)) else ""


def _clauses(voice: str, text: str) -> list[tuple[str, str, bool]]:
    EspeakPhonemizer()  # Finds the data; does nothing the second time.
    espeakbridge.set_voice(voice)
    found: list[tuple[str, str, bool]] = espeakbridge.get_phonemes(text)
    return found
