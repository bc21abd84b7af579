"""Texts become phrases that can be spoken, and waveforms become chunks that can be joined."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sokuji.contract import SynthesisRequest, Voice
from sokuji.errors import InvalidRequest, ProviderFailed, UnknownVoice, UnsupportedLanguage
from sokuji.providers.tts import espeak, phrases, sound, voices
from sokuji.providers.tts.phrases import CLAUSE_PAUSE_MS, SENTENCE_PAUSE_MS, Phrase

RATE = 24_000
CROWD = [Voice(id=f"v#{number}", name="", language="en-US", languages=("en",)) for number in range(30)]


def texts(text: str, first: int = 200, longest: int = 200) -> list[str]:
    return [phrase.text for phrase in phrases.split(text, first=first, longest=longest)]


def test_each_sentence_is_a_phrase() -> None:
    text = 'Is it late? "Yes!" I said... No, wait.\n\nA heading\n\nThe end'
    assert texts(text) == ["Is it late?", '"Yes!"', "I said...", "No, wait.", "A heading", "The end"]
    assert texts("えきはどこですか。はい！") == ["えきはどこですか。", "はい！"]
    assert texts("यह क्या है? यह घर है। ठीक।") == ["यह क्या है?", "यह घर है।", "ठीक।"]


def test_a_full_stop_that_ends_no_sentence_does_not_split() -> None:
    text = "Dr. J. K. Smith and Sra. Alves paid $3.50 for approx. five at example.com."
    assert texts(text) == [text]


def test_the_first_phrase_is_short_and_the_next_ones_grow() -> None:
    text = (
        "O diretor da empresa disse ontem que todas as lojas do centro da cidade vão abrir amanhã bem cedo."
    )
    lengths = [len(phrase) for phrase in texts(text, first=15, longest=60)]
    most = [15, 15 * phrases.GROWTH, 60, 60]
    assert len(lengths) >= 3
    assert all(length <= columns * phrases.SLACK for length, columns in zip(lengths, most, strict=False))
    assert lengths[0] < max(lengths)


@pytest.mark.parametrize("first", [20, 40])
def test_long_sentences_are_cut_behind_clauses(first: int) -> None:
    text = "It rained in the morning, so we stayed at the house of a friend."
    assert phrases.split(text, first=first, longest=40) == [
        Phrase("It rained in the morning,", CLAUSE_PAUSE_MS),
        Phrase("so we stayed at the house of a friend.", SENTENCE_PAUSE_MS),
    ]


def test_long_clauses_are_cut_between_groups_of_words() -> None:
    text = "We stayed at the house of a very good friend of mine."
    assert phrases.split(text, first=30, longest=40) == [
        Phrase("We stayed at the house,", 0),
        Phrase("of a very good friend of mine.", SENTENCE_PAUSE_MS),
    ]


def test_words_stay_whole() -> None:
    text = "Geschwindigkeitsbegrenzungen gelten nachts nicht überall."
    assert texts(text, first=20, longest=40)[0] == "Geschwindigkeitsbegrenzungen,"


def test_wide_characters_count_twice() -> None:
    assert texts("あ" * 20, first=20, longest=20)[0].startswith("あ" * 10 + ",")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x00b\x1b[31m", "a b [31m"),
        ("[[hɛloʊ]] and [[[x]]]", "[hɛloʊ] and [x]"),
        ("[\x00[x]\u200b]", "[ [x]"),
        ("\ud800ok\ufeff\u202e", "ok"),
        ("20\u00a0°C é ½", "20\u00a0°C é ½"),
        ("e\u0301", "é"),
    ],
)
def test_what_has_no_sound_is_dropped(text: str, cleaned: str) -> None:
    assert phrases.clean(text) == cleaned


def test_pictures_are_not_read_out() -> None:
    assert texts("Fine 👍🏽 👩‍👩‍👧 🇧🇷 ❤️ 1️⃣") == ["Fine 1"]
    assert texts("😀 ❤️") == []


@settings(deadline=None)
@given(st.text(max_size=400), st.integers(5, 40))
def test_no_letter_is_lost_and_no_phrase_is_too_long(text: str, first: int) -> None:
    longest = 60
    split = texts(text, first, longest)
    kept = "".join(filter(str.isalnum, phrases.clean(text)))
    assert "".join(filter(str.isalnum, "".join(split))) == kept
    assert all(len(phrase) <= longest * phrases.SLACK + 1 for phrase in split)


def test_phonemes_are_cut_between_words_and_the_pause_stays_at_the_end() -> None:
    pieces = phrases.cut_phonemes(list("abc def ghi"), 100, 8)
    assert [("".join(symbols), pause) for symbols, pause in pieces] == [("abc def", 0), (" ghi", 100)]
    assert [len(symbols) for symbols, _ in phrases.cut_phonemes("a" * 20, 0, 8)] == [8, 8, 4]
    assert phrases.cut_phonemes([], 100, 8) == []


def test_espeak_reads_abbreviations_without_ending_the_sentence() -> None:
    assert espeak.phonemize("en-us", "Dr. Smith.") == "dˈɑːktɚ smˈɪθ."
    assert espeak.phonemize("en-us", "Yes, no?") == "jˈɛs, nˈoʊ?"
    assert espeak.phonemize("de", "Das Wort computer") == "das vˈɔɾt kɔmpjˈuːtɜ."
    assert espeak.phonemize("en-us", "...") == ""


def test_espeak_keeps_its_voices_apart_between_threads() -> None:
    asked = [("es", "gato"), ("fr", "chat"), ("it", "gatto"), ("en-us", "cat")] * 25
    alone = [espeak.phonemize(*each) for each in asked]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda each: espeak.phonemize(*each), asked)) == alone


@pytest.mark.parametrize("filled_with", ["85", "165"])
def test_espeak_reads_no_memory_that_nobody_has_written(filled_with: str) -> None:
    # In threads that it was not begun in it does, and may end the process (MALLOC_PERTURB_: mallopt(3)).
    script = """
from concurrent.futures import ThreadPoolExecutor
from sokuji.providers.tts.espeak import phonemize
for text in ["O médico receitou antibióticos durante sete dias.", "Faz muito calor."] * 30:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(phonemize, "pt-br", text).result()
"""
    environment = {**os.environ, "MALLOC_PERTURB_": filled_with}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, timeout=60)


def tone(ms: int, level: float = 0.5) -> sound.Waveform:
    wave: sound.Waveform = (level * np.sin(np.arange(RATE * ms // 1_000) * 0.3)).astype(np.float32)
    return wave


def samples(pcm: bytes) -> NDArray[np.int32]:
    heard: NDArray[np.int32] = np.frombuffer(pcm, "<i2").astype(np.int32)
    return heard


def finished(wave: sound.Waveform, pause_ms: float, cuts: Sequence[int] = ()) -> bytes:
    """The PCM of a phrase that comes in pieces, cut at these samples."""
    edges = sound.Edges(RATE, pause_ms)
    *parts, last = np.split(wave, sorted(cuts))
    return b"".join(edges.add(part, False) for part in parts) + edges.add(last, True)


def once(wave: sound.Waveform) -> Iterator[sound.Rendered]:
    yield sound.Rendered(wave, True)


def test_silence_of_the_model_gives_way_to_the_pause_asked_for() -> None:
    quiet = np.zeros(RATE // 2, np.float32)
    pcm = finished(np.concatenate([quiet, tone(300), quiet]), pause_ms=200)
    expected_ms = (sound.LEAD_FRAMES + sound.TAIL_FRAMES) * sound.FRAME_MS + 300 + 200
    assert len(pcm) / 2 / RATE * 1_000 == pytest.approx(expected_ms, abs=2 * sound.FRAME_MS)


def test_edges_fade_and_what_lies_between_keeps_its_level() -> None:
    heard = samples(finished(tone(300), pause_ms=0))
    assert abs(heard[0]) < 50
    assert abs(heard[-1]) < 50
    assert np.abs(heard).max() == pytest.approx(0.5 * 32_767, rel=0.01)
    assert np.abs(samples(finished(tone(50, level=3), 0))).max() == 32_767


def test_silence_alone_is_empty() -> None:
    assert finished(np.zeros(RATE, np.float32), 300, [100, RATE // 2]) == b""
    assert finished(np.zeros(0, np.float32), 300) == b""


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, RATE), max_size=6))
def test_a_phrase_in_pieces_sounds_as_it_does_in_one(cuts: list[int]) -> None:
    quiet = np.zeros(RATE // 10, np.float32)
    wave = np.concatenate([quiet, tone(200), quiet, tone(300), 3 * quiet])
    assert finished(wave, 100, cuts) == finished(wave, 100)


def test_what_is_surely_heard_is_not_held_back() -> None:
    edges = sound.Edges(RATE, 100)
    assert edges.add(np.zeros(RATE // 4, np.float32), False) == b""
    assert len(edges.add(tone(300), False)) / 2 / RATE > 0.28


def test_only_the_final_chunk_is_last() -> None:
    pieces = [("a", 100), ("b", 100), ("c", 100)]
    chunks = list(sound.chunks(pieces, lambda _: once(tone(100)), RATE, 1.0))
    assert [chunk.last for chunk in chunks] == [False, False, True]
    (empty,) = sound.chunks([], lambda _: once(tone(100)), RATE, 1.0)
    assert (empty.pcm, empty.last) == (b"", True)


def test_pieces_without_sound_are_no_chunks_but_the_final_one_is() -> None:
    quiet = np.zeros(RATE // 2, np.float32)
    waves = {"a": tone(100), "b": quiet}
    pieces = [("b", 100), ("a", 100), ("b", 100)]
    chunks = list(sound.chunks(pieces, lambda which: once(waves[which[0]]), RATE, 1.0))
    assert [(bool(chunk.pcm), chunk.last) for chunk in chunks] == [(True, False), (False, True)]


def test_a_model_that_breaks_is_reported() -> None:
    def broken(_: object) -> Iterator[sound.Rendered]:
        raise RuntimeError("secret words")

    with pytest.raises(ProviderFailed, match=r"synthesis failed \(RuntimeError\)"):
        list(sound.chunks([("a", 0)], broken, RATE, 1.0))


def test_the_first_voice_of_a_language_is_its_default() -> None:
    assert voices.choose(SynthesisRequest(text="", language="en"), CROWD) is CROWD[0]
    assert voices.choose(SynthesisRequest(text="", language="en", voice="v#7"), CROWD) is CROWD[7]


def test_refusals_name_what_is_accepted() -> None:
    with pytest.raises(UnsupportedLanguage, match="accepted: en"):
        voices.choose(SynthesisRequest(text="", language="de"), CROWD)
    with pytest.raises(UnknownVoice, match=r"accepted: v#0, .* and 10 more") as caught:
        voices.choose(SynthesisRequest(text="", language="en", voice="x" * 10_000), CROWD)
    assert caught.value.param == "voice_id"
    assert len(caught.value.message) < 400
    for speed in (0.0, -1.0, 4.1, float("nan"), float("inf")):
        with pytest.raises(InvalidRequest, match="between 0.25 and 4.0"):
            voices.choose(SynthesisRequest(text="", language="en", speed=speed), CROWD)
