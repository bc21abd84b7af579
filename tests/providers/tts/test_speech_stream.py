"""Speech streamed by a service: text parts, chunks of whole samples, and how a stream may fail."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.contract import AudioChunk
from sokuji.errors import ProviderFailed, ProviderUnavailable, SokujiError
from sokuji.providers.tts.speech_stream import CHUNK_MS, SpeechStream, require_audio, split_text
from tests.support.cloud.sounds import cut, spoken

RATE = 8_000
MIN_BYTES = 2 * RATE * CHUNK_MS // 1_000


class ScriptedService:
    """Sends these parts; an exception among them ends the response."""

    def __init__(self, *responses: list[bytes | SokujiError]) -> None:
        self.responses = list(responses)
        self.requests: list[str] = []
        self.sent = 0
        self.ended = 0

    async def request_audio(self, text: str) -> AsyncGenerator[bytes, None]:
        self.requests.append(text)
        try:
            for part in self.responses.pop(0):
                if isinstance(part, SokujiError):
                    raise part
                self.sent += 1
                yield part
        finally:
            self.ended += 1


async def receive(script: ScriptedService, *parts: str) -> tuple[list[AudioChunk], SokujiError | None]:
    """The chunks received, and the error that ended the stream."""
    chunks: list[AudioChunk] = []
    try:
        async for chunk in SpeechStream("It", RATE).chunks(parts, script.request_audio):
            chunks.append(chunk)
    except SokujiError as error:
        return chunks, error
    return chunks, None


def joined(chunks: list[AudioChunk]) -> bytes:
    return b"".join(chunk.pcm for chunk in chunks)


@pytest.mark.parametrize("size", [1, 2, 3, 319, 321, 640, 5_000])
async def test_audio_split_anywhere_becomes_chunks_of_whole_samples_and_the_final_one_is_last(
    size: int,
) -> None:
    sound = spoken("Good morning.", RATE)
    chunks, error = await receive(ScriptedService([*cut(sound, size)]), "Good morning.")
    assert error is None
    assert joined(chunks) == sound
    assert all(len(chunk.pcm) % 2 == 0 for chunk in chunks)
    assert all(len(chunk.pcm) >= MIN_BYTES for chunk in chunks)
    assert [chunk.last for chunk in chunks] == [False] * (len(chunks) - 1) + [True]


async def test_audio_is_passed_on_as_it_arrives() -> None:
    script = ScriptedService([bytes(4 * MIN_BYTES), bytes(4 * MIN_BYTES), bytes(4 * MIN_BYTES)])
    async with aclosing(SpeechStream("It", RATE).chunks(["Hello."], script.request_audio)) as chunks:
        first = await anext(chunks)
        assert (len(first.pcm), first.last, script.sent) == (3 * MIN_BYTES, False, 1)
    assert script.ended == 1


async def test_parts_are_requested_one_after_the_other_and_stay_aligned_to_samples() -> None:
    one, two = spoken("One.", RATE), spoken("Two.", RATE)
    script = ScriptedService([one + b"\x07"], [two])
    chunks, _ = await receive(script, "One.", "Two.")
    assert script.requests == ["One.", "Two."]
    assert joined(chunks) == one + two
    assert [chunk.last for chunk in chunks].count(True) == 1


async def test_a_text_without_parts_is_one_empty_chunk() -> None:
    chunks, _ = await receive(ScriptedService())
    assert chunks == [AudioChunk(b"", RATE, True)]


@pytest.mark.parametrize("body", [[], [b"\x01"]], ids=["nothing", "half a sample"])
async def test_a_response_without_audio_is_a_failure(body: list[bytes | SokujiError]) -> None:
    chunks, error = await receive(ScriptedService(body), "Hello.")
    assert chunks == []
    assert isinstance(error, ProviderFailed)


async def test_audio_received_before_a_stream_breaks_off_is_passed_on_without_a_last_chunk() -> None:
    sound = bytes(range(256)) * 8
    chunks, error = await receive(
        ScriptedService([sound, b"\x01\x02\x03", ProviderUnavailable("gone")]), "Hello."
    )
    assert joined(chunks) == sound + b"\x01\x02"
    assert not any(chunk.last for chunk in chunks)
    assert isinstance(error, ProviderUnavailable)


async def test_a_stream_that_breaks_off_at_once_passes_nothing_on() -> None:
    chunks, error = await receive(ScriptedService([bytes(MIN_BYTES), ProviderUnavailable("gone")]), "Hello.")
    assert chunks == []
    assert isinstance(error, ProviderUnavailable)


async def test_a_stream_longer_than_its_text_can_take_is_ended() -> None:
    second = bytes(2 * RATE)
    script = ScriptedService([second] * 1_000)
    chunks, error = await receive(script, "Hi.")
    assert isinstance(error, ProviderFailed)
    assert script.sent == 17  # 10 s, and 2 s for each character
    assert len(joined(chunks)) == 16 * len(second)


async def test_the_limit_grows_with_slow_speech_and_is_bounded_by_max_s() -> None:
    script = ScriptedService([bytes(2 * RATE)] * 30)
    slow = [
        chunk async for chunk in SpeechStream("It", RATE, speed=0.5).chunks(["Hi."], script.request_audio)
    ]
    assert slow[-1].last
    with pytest.raises(ProviderFailed, match="more audio"):
        async for _ in SpeechStream("It", RATE, max_s=5).chunks(
            ["Hi."], ScriptedService([bytes(2 * RATE)] * 9).request_audio
        ):
            pass


@pytest.mark.parametrize("kind", ["application/json", "text/html; charset=utf-8", "application/problem+json"])
def test_a_content_type_of_error_messages_is_refused(kind: str) -> None:
    with pytest.raises(ProviderFailed, match="instead of audio"):
        require_audio("It")({"Content-Type": kind})


@pytest.mark.parametrize("kind", ["audio/basic", "application/octet-stream", "audio/pcm;rate=22050", ""])
def test_other_content_types_are_accepted(kind: str) -> None:
    require_audio("It")({"Content-Type": kind} if kind else {})


def test_a_short_text_is_one_part() -> None:
    assert split_text("Hello, world. Again.", 100) == ["Hello, world. Again."]


def test_a_longer_text_is_cut_between_sentences() -> None:
    text = "The first one is here. The second one is there. The third one is nowhere."
    assert split_text(text, 50) == [
        "The first one is here. The second one is there.",
        "The third one is nowhere.",
    ]


@pytest.mark.parametrize("text", ["", "...", "— ?! —", "\x00\x07", "😀"])
def test_a_text_that_cannot_be_spoken_has_no_parts(text: str) -> None:
    assert split_text(text, 100) == []


@given(st.text(alphabet="ab 1.,!?。あ漢\n", max_size=400), st.integers(20, 80))
def test_no_word_is_lost_and_no_part_is_too_long(text: str, limit: int) -> None:
    parts = split_text(text, limit)
    assert all(len(part) <= limit for part in parts)
    assert [c for c in "".join(parts) if c.isalnum()] == [c for c in text if c.isalnum()]
