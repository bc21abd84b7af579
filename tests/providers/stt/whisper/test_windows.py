"""Short windows, word times and interim hypotheses, on Whisper base and real speech."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from load_tests.scenarios.speech_samples import recordings
from sokuji.contract import RecognitionRequest, Transcript
from sokuji.providers.stt.whisper import computations, window_search, windows
from sokuji.providers.stt.whisper.computations import DecoderPass
from sokuji.providers.stt.whisper.provider import FasterWhisper
from sokuji.providers.stt.whisper.search_terms import DecoderOutput, DecodingOptions
from sokuji.providers.stt.whisper.transcript_text import DecodingQuality, token_limit, usual_tokens
from tests.support.speech import sample, silence
from tests.support.text_similarity import character_error_rate

Heard = list[tuple[int, DecodingOptions]]


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> Heard:
    """Length of the window in seconds and way of search, of each search."""
    found: Heard = []
    compute_batch = DecoderPass.compute_batch

    def noted(cls: type[DecoderPass], batch: Sequence[DecoderPass]) -> list[DecoderOutput | None]:
        found.extend((len(step.encoded.rows) // 50, step.options) for step in batch)
        return compute_batch(batch)

    monkeypatch.setattr(DecoderPass, "compute_batch", classmethod(noted))
    return found


def window(pcm: bytes) -> int:
    """Seconds of the shortest window that holds it."""
    return windows.window_length_s(len(pcm) / 32_000)


async def recognise(whisper: FasterWhisper, pcm: bytes, language: str | None, **more: Any) -> Transcript:
    (answer,) = await whisper.transcribe([RecognitionRequest(pcm=pcm, language=language, **more)])
    assert isinstance(answer, Transcript)
    return answer


@pytest.mark.parametrize(
    ("language", "name"), [("en", "quick_brown_fox"), ("es", "conteo"), ("ja", "konnichiwa_sekai")]
)
async def test_a_short_window_gives_the_same_text_as_the_full_one(
    whisper: FasterWhisper, language: str, name: str, searches: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = whisper.config
    try:
        whisper.update(before.model_copy(update={"second_hearing": "never"}))
        short = await recognise(whisper, sample(language, name), language)
        monkeypatch.setattr(windows, "WINDOW_LENGTHS_S", (30,))
        long = await recognise(whisper, sample(language, name), language)
    finally:
        whisper.update(before)
    assert [length <= 8 for length, _ in searches] == [True, False]
    assert character_error_rate(long.text, short.text) == 0


async def test_a_recording_is_decoded_in_the_full_window_in_a_language_that_needs_it(
    whisper: FasterWhisper, searches: Heard
) -> None:
    for language, name, thorough in (("zh", "jishu", True), ("zh", "jishu", False), ("es", "conteo", True)):
        await recognise(whisper, sample(language, name), language, thorough=thorough)
    assert [length for length, _ in searches] == [30, window(sample("zh", "jishu")), 6]


async def test_word_times_match_the_audio(whisper: FasterWhisper) -> None:
    first, second = sample("en", "hello_world"), sample("en", "quick_brown_fox")
    pcm = first + silence(1_000) + second
    heard = await recognise(whisper, pcm, "en", word_times=True)
    assert " ".join(word.text for word in heard.words) == heard.text
    times = [at for word in heard.words for at in (word.start_ms, word.end_ms)]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= len(pcm) / 32
    end_ms, start_ms = len(first) / 32, len(first) / 32 + 1_000
    world, the, quick = heard.words[1:4]
    assert 300 < world.end_ms < end_ms + 100
    # A word behind a pause may be aligned with the pause as well; it depends on the processor's arithmetic.
    assert world.end_ms <= the.start_ms < quick.start_ms
    assert quick.start_ms > start_ms
    assert (heard.segments[0].start_ms, heard.segments[-1].end_ms) == (times[0], times[-1])


@pytest.mark.parametrize("word_times", [False, True])
async def test_what_was_said_behind_the_text_is_decoded_too(whisper: FasterWhisper, word_times: bool) -> None:
    clip = recordings("pt")[-1].pcm
    pcm = silence(300) + clip + silence(260) + clip + silence(300)
    heard = await recognise(whisper, pcm, "pt", thorough=True, word_times=word_times)
    assert heard.text.lower().count("cachorro") == 2
    assert " ".join(segment.text for segment in heard.segments) == heard.text
    times = [at for segment in heard.segments for at in (segment.start_ms, segment.end_ms)]
    times = [at for word in heard.words for at in (word.start_ms, word.end_ms)] or times
    assert times == sorted(times)
    half_ms = len(pcm) // 64
    assert min(abs(at - half_ms) for at in times) < 400


@pytest.mark.parametrize(("language", "name"), [("ja", "konnichiwa_sekai"), ("hi", "namaste_duniya")])
async def test_words_of_any_script_are_the_text(whisper: FasterWhisper, language: str, name: str) -> None:
    heard = await recognise(whisper, sample(language, name), language, word_times=True)
    assert len(heard.words) > 1
    joint = " " if language == "hi" else ""
    assert joint.join(word.text for word in heard.words) == heard.text


async def test_word_times_refer_to_the_audio_before_silence_was_removed(whisper: FasterWhisper) -> None:
    before = whisper.config
    try:
        whisper.update(before.model_copy(update={"vad_filter": True}))
        pcm = silence(4_000) + sample("en", "hello_world") + silence(4_000)
        heard = await recognise(whisper, pcm, "en", word_times=True)
    finally:
        whisper.update(before)
    assert len(heard.words) == 2
    assert 3_500 < heard.words[0].start_ms < heard.words[1].end_ms < 5_600


async def test_a_loop_is_decoded_again_in_the_full_window(whisper: FasterWhisper, searches: Heard) -> None:
    # In its short window this is heard as a good deal more than five greetings.
    pcm = sample("en", "hello_world") * 5
    heard = await recognise(whisper, pcm, "en")
    assert [length for length, _ in searches] == [window(pcm), 30]
    assert heard.text.lower().count("hello world") == 5


async def test_doubtful_short_speech_is_heard_again_in_recordings_and_in_sessions_if_the_settings_say_so(
    whisper: FasterWhisper, searches: Heard
) -> None:
    pcm = sample("fr", "bonjour_monde")
    before = whisper.config
    lengths = []
    try:
        for when, thorough in (("if_idle", False), ("if_idle", True), ("always", False), ("never", True)):
            whisper.update(before.model_copy(update={"second_hearing": when}))
            await recognise(whisper, pcm, "fr", thorough=thorough)
            lengths.append([length for length, _ in searches])
            searches.clear()
    finally:
        whisper.update(before)
    once, twice = [window(pcm)], [window(pcm), windows.SECOND_WINDOW_S]
    assert lengths == [once, twice, twice, once]


@pytest.fixture
def looping(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is decoded is taken for a loop: hardly anything makes this model loop in all its windows."""
    monkeypatch.setattr(DecodingQuality, "loops", True)


@pytest.mark.usefixtures("looping")
async def test_a_loop_in_the_full_window_is_decoded_with_a_wider_beam(
    whisper: FasterWhisper, searches: Heard
) -> None:
    pcm = sample("en", "quick_brown_fox")
    heard = await recognise(whisper, pcm, "en")
    assert heard.text == "The quick brown fox jumps over the lazy dog."
    assert [(length, how.beam_size, how.no_repeat_ngram) for length, how in searches] == [
        (window(pcm), 1, 0),
        (30, 1, 0),
        (30, 5, 3),
    ]


@pytest.mark.usefixtures("looping")
async def test_an_interim_hypothesis_is_decoded_once_and_empty_if_it_loops(
    whisper: FasterWhisper, searches: Heard
) -> None:
    pcm = sample("en", "quick_brown_fox")
    unknown = await recognise(whisper, pcm, None, interim=True)
    known = await recognise(whisper, pcm, "en", interim=True, draft="The quick")
    assert (unknown.text, known.text) == ("", "")
    usual = usual_tokens(len(pcm) / 32_000)
    assert [(length, how.max_tokens) for length, how in searches] == [(window(pcm), usual)] * 2


async def test_an_interim_hypothesis_that_is_long_and_no_loop_is_decoded_to_its_end(
    whisper: FasterWhisper, searches: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window_search, "usual_tokens", lambda seconds: 3)
    pcm = sample("en", "quick_brown_fox")
    # Any text may have some tokens.
    monkeypatch.setattr(computations, "_MIN_TOKENS", 3)
    heard = await recognise(whisper, pcm, "en", interim=True)
    assert heard.text == "The quick brown fox jumps over the lazy dog."
    assert [how.max_tokens for _, how in searches] == [3, token_limit(len(pcm) / 32_000)]


@pytest.mark.usefixtures("looping")
async def test_a_cancelled_request_is_not_decoded_again(whisper: FasterWhisper, searches: Heard) -> None:
    pcm = sample("en", "quick_brown_fox")
    asked = asyncio.create_task(recognise(whisper, pcm, "en"))
    async with asyncio.timeout(20):
        while not searches:
            await asyncio.sleep(0.005)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    await whisper.check()
    assert [length for length, how in searches if how.max_tokens > 1] == [window(pcm)]


async def test_speech_is_translated_once_more_with_the_silence_of_a_full_window(
    whisper: FasterWhisper, searches: Heard
) -> None:
    lengths = []
    for once_more in (False, True):
        searches.clear()
        answer = await recognise(whisper, sample("es", "conteo"), "es", task="translate", once_more=once_more)
        assert answer.text
        lengths.append(searches[0][0])
    assert lengths == [window(sample("es", "conteo")), 30]
