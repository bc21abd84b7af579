"""espeak-ng as shipped inside ``piper-tts``: text to phonemes, safe to call from any thread.

The library keeps one voice for the whole process and is not thread-safe, so whoever uses it, Piper's own code
included, must hold ``LOCK`` meanwhile.
"""

import re
import threading
import unicodedata

from piper import espeakbridge
from piper.phonemize_espeak import EspeakPhonemizer

LOCK = threading.Lock()

_LANGUAGE_SWITCH = re.compile(r"\([a-z0-9-]+\)")


def phonemize(voice: str, text: str) -> str:
    """IPA of one phrase in NFC, with the marks that end its clauses; "" where nothing is speakable.

    Args:
        voice: an espeak-ng voice (``Language.espeak``).
        text: cleaned text (``phrases.clean``).
    """
    with LOCK:
        EspeakPhonemizer()  # Finds the data; does nothing the second time.
        espeakbridge.set_voice(voice)
        clauses = espeakbridge.get_phonemes(text)
    # A full stop within the sentence is an abbreviation's, and would be heard as an end.
    *inner, last = [(clause, end) for clause, end, _ in clauses] or [("", "")]
    spoken = [clause + end.replace(".", "") for clause, end in inner] + [last[0] + (last[1] or ".")]
    ipa = unicodedata.normalize("NFC", _LANGUAGE_SWITCH.sub("", " ".join(spoken)))
    return ipa if any(map(str.isalpha, ipa)) else ""
