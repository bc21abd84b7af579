"""espeak-ng: phonemes of phrases, and its use from several threads."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from sokuji.providers.tts import espeak


def test_an_abbreviation_does_not_end_the_sentence() -> None:
    assert espeak.phonemize("en-us", "Dr. Smith.") == "dˈɑːktɚ smˈɪθ."
    assert espeak.phonemize("en-us", "Yes, no?") == "jˈɛs, nˈoʊ?"
    assert espeak.phonemize("de", "Das Wort computer") == "das vˈɔɾt kɔmpjˈuːtɜ."
    assert espeak.phonemize("en-us", "...") == ""


def test_calls_from_several_threads_do_not_mix_up_their_voices() -> None:
    calls = [("es", "gato"), ("fr", "chat"), ("it", "gatto"), ("en-us", "cat")] * 25
    expected = [espeak.phonemize(*each) for each in calls]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda each: espeak.phonemize(*each), calls)) == expected


@pytest.mark.parametrize("filled_with", ["85", "165"])
def test_no_uninitialised_memory_is_read(filled_with: str) -> None:
    # espeak-ng does so, and may crash, in threads that did not initialise it (MALLOC_PERTURB_: mallopt(3)).
    script = """
from concurrent.futures import ThreadPoolExecutor
from sokuji.providers.tts.espeak import phonemize
for text in ["O médico receitou antibióticos durante sete dias.", "Faz muito calor."] * 30:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(phonemize, "pt-br", text).result()
"""
    environment = {**os.environ, "MALLOC_PERTURB_": filled_with}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, timeout=60)
