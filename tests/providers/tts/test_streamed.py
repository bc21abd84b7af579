"""Speech that services stream: texts in portions, chunks of whole samples, and how a stream may fail."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokuji.contract import AudioChunk
from sokuji.errors import ProviderFailed, ProviderUnavailable, SokujiError
from sokuji.providers.tts.streamed import CHUNK_MS, SpeechStream, portions, refuse_other_than_sound
from tests.support.cloud.sounds import cut, spoken

RATE = 8_000
LEAST = 2 * RATE * CHUNK_MS // 1_000


class Script:
    """Answers with pieces; an exception among them ends the answer."""

    def __init__(self, *answers: list[bytes | SokujiError]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.sent = 0
        self.ended = 0

    async def ask(self, text: str) -> AsyncGenerator[bytes, None]:
        self.asked.append(text)
        try:
            for piece in self.answers.pop(0):
                if isinstance(piece, SokujiError):
                    raise piece
                self.sent += 1
                yield piece
        finally:
            self.ended += 1


async def take(script: Script, *parts: str) -> tuple[list[AudioChunk], SokujiError | None]:
    """The chunks that came, and the error that ended them."""
    chunks: list[AudioChunk] = []
    try:
        async for chunk in SpeechStream("It", RATE).chunks(parts, script.ask):
            chunks.append(chunk)
    except SokujiError as error:
        return chunks, error
    return chunks, None


def joined(chunks: list[AudioChunk]) -> bytes:
    return b"".join(chunk.pcm for chunk in chunks)


@pytest.mark.parametrize("size", [1, 2, 3, 319, 321, 640, 5_000])
async def test_however_it_is_cut_whole_samples_come_out_and_the_final_chunk_is_last(size: int) -> None:
    sound = spoken("Good morning.", RATE)
    chunks, error = await take(Script([*cut(sound, size)]), "Good morning.")
    assert error is None
    assert joined(chunks) == sound
    assert all(len(chunk.pcm) % 2 == 0 for chunk in chunks)
    assert all(len(chunk.pcm) >= LEAST for chunk in chunks)
    assert [chunk.last for chunk in chunks] == [False] * (len(chunks) - 1) + [True]


async def test_sound_is_passed_on_before_more_has_come() -> None:
    script = Script([bytes(4 * LEAST), bytes(4 * LEAST), bytes(4 * LEAST)])
    async with aclosing(SpeechStream("It", RATE).chunks(["Hello."], script.ask)) as chunks:
        first = await anext(chunks)
        assert (len(first.pcm), first.last, script.sent) == (3 * LEAST, False, 1)
    assert script.ended == 1


async def test_portions_are_asked_for_one_after_the_other_and_stay_in_step() -> None:
    one, two = spoken("One.", RATE), spoken("Two.", RATE)
    script = Script([one + b"\x07"], [two])
    chunks, _ = await take(script, "One.", "Two.")
    assert script.asked == ["One.", "Two."]
    assert joined(chunks) == one + two
    assert [chunk.last for chunk in chunks].count(True) == 1


async def test_nothing_to_say_is_one_empty_chunk() -> None:
    chunks, _ = await take(Script())
    assert chunks == [AudioChunk(b"", RATE, True)]


@pytest.mark.parametrize("body", [[], [b"\x01"]], ids=["nothing", "half a sample"])
async def test_no_sound_is_a_failure(body: list[bytes | SokujiError]) -> None:
    chunks, error = await take(Script(body), "Hello.")
    assert chunks == []
    assert isinstance(error, ProviderFailed)


async def test_what_came_before_a_stream_broke_off_is_heard_and_no_chunk_is_last() -> None:
    sound = bytes(range(256)) * 8
    chunks, error = await take(Script([sound, b"\x01\x02\x03", ProviderUnavailable("gone")]), "Hello.")
    assert joined(chunks) == sound + b"\x01\x02"
    assert not any(chunk.last for chunk in chunks)
    assert isinstance(error, ProviderUnavailable)


async def test_a_stream_that_breaks_off_at_once_leaves_all_to_another_provider() -> None:
    chunks, error = await take(Script([bytes(LEAST), ProviderUnavailable("gone")]), "Hello.")
    assert chunks == []
    assert isinstance(error, ProviderUnavailable)


async def test_more_sound_than_the_text_can_take_is_refused_while_it_comes() -> None:
    second = bytes(2 * RATE)
    script = Script([second] * 1_000)
    chunks, error = await take(script, "Hi.")
    assert isinstance(error, ProviderFailed)
    assert script.sent == 17  # 10 s, and 2 s for each character
    assert len(joined(chunks)) == 16 * len(second)


async def test_slow_speech_may_take_longer_and_a_service_has_its_own_end() -> None:
    script = Script([bytes(2 * RATE)] * 30)
    slow = [chunk async for chunk in SpeechStream("It", RATE, speed=0.5).chunks(["Hi."], script.ask)]
    assert slow[-1].last
    with pytest.raises(ProviderFailed, match="more sound"):
        async for _ in SpeechStream("It", RATE, most_s=5).chunks(["Hi."], Script([bytes(2 * RATE)] * 9).ask):
            pass


@pytest.mark.parametrize("kind", ["application/json", "text/html; charset=utf-8", "application/problem+json"])
def test_a_body_that_is_no_sound_is_refused_by_its_type(kind: str) -> None:
    with pytest.raises(ProviderFailed, match="where sound should be"):
        refuse_other_than_sound("It")({"Content-Type": kind})


@pytest.mark.parametrize("kind", ["audio/basic", "application/octet-stream", "audio/pcm;rate=22050", ""])
def test_other_types_are_let_through(kind: str) -> None:
    refuse_other_than_sound("It")({"Content-Type": kind} if kind else {})


def test_a_text_that_fits_goes_as_it_is() -> None:
    assert portions("Hello, world. Again.", 100) == ["Hello, world. Again."]


def test_a_longer_one_is_cut_at_the_ends_of_sentences() -> None:
    text = "The first one is here. The second one is there. The third one is nowhere."
    assert portions(text, 50) == [
        "The first one is here. The second one is there.",
        "The third one is nowhere.",
    ]


@pytest.mark.parametrize("text", ["", "...", "— ?! —", "\x00\x07", "😀"])
def test_what_has_no_sound_is_not_asked_for(text: str) -> None:
    assert portions(text, 100) == []


@given(st.text(alphabet="ab 1.,!?。あ漢\n", max_size=400), st.integers(20, 80))
def test_no_word_is_lost_and_no_portion_too_long(text: str, most: int) -> None:
    parts = portions(text, most)
    assert all(len(part) <= most for part in parts)
    assert [c for c in "".join(parts) if c.isalnum()] == [c for c in text if c.isalnum()]
