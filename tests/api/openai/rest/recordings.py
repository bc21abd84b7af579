"""A recording of two utterances, as a client uploads it."""

from sokuji.audio.pcm import RECOGNISER_RATE, duration_ms, wav_bytes
from tests.support.speech import sample, silence

# The longer one is the first: it is recognised first where the language is detected.
_PCM = sample("en", "quick_brown_fox") + silence(800) + sample("en", "hello_world")
TWO_UTTERANCES = ("talk.wav", wav_bytes(_PCM, RECOGNISER_RATE))
"""Name and bytes."""
SECONDS = duration_ms(_PCM, RECOGNISER_RATE) / 1_000
NOTHING_SAID = ("silence.wav", wav_bytes(silence(2_000), RECOGNISER_RATE))
