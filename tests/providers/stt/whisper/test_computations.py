"""Recordings of several callers at once on Whisper base: what each hears, and who waits for whom."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from sokuji.contract import RecognitionRequest, Transcript
from sokuji.errors import InvalidAudio
from sokuji.providers.stt.whisper.computations import (
    AlignmentPass,
    DecoderPass,
    EncoderPass,
    LanguageDetectionPass,
)
from sokuji.providers.stt.whisper.provider import FasterWhisper
from tests.support.batch_jobs import wait_until
from tests.support.knobs import Knobs
from tests.support.speech import sample

HELLO = RecognitionRequest(pcm=sample("en", "hello_world"), language="en", interim=True)
FOX = RecognitionRequest(pcm=sample("en", "quick_brown_fox"), language="en")
THE_FOX = "The quick brown fox jumps over the lazy dog"
MIXED = [
    FOX,
    replace(FOX, draft="The quick brown dog"),
    replace(FOX, interim=True, word_times=True),
    RecognitionRequest(pcm=sample("en", "counting"), language="en", interim=True, word_times=True),
    RecognitionRequest(pcm=sample("pt", "pangrama"), language="pt"),
    RecognitionRequest(pcm=sample("pt", "contagem")),
    RecognitionRequest(pcm=sample("es", "conteo")),
    RecognitionRequest(pcm=sample("es", "conteo"), language="es", task="translate"),
]


class Watched:
    """The batches that are computed but for the probe of ``check``, which takes until ``gate`` is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.batches: list[Sequence[Any]] = []
        self.gate = threading.Event()
        self.probed = threading.Event()
        for kind in (EncoderPass, LanguageDetectionPass, DecoderPass, AlignmentPass):
            monkeypatch.setattr(kind, "compute_batch", self._watching(kind.compute_batch))

    def _watching(self, compute_batch: Callable[[Any], Any]) -> Any:
        def watching(_: Any, batch: Sequence[Any]) -> Any:
            if _seconds(batch[0]) > 1:
                self.batches.append(batch)
            else:
                self.probed.set()
                assert self.gate.wait(10)
            return compute_batch(batch)

        return classmethod(watching)

    def reset(self) -> None:
        """Forget the batches, and hold the next probe."""
        self.batches.clear()
        self.gate.clear()
        self.probed.clear()

    def sizes(self, kind: type) -> list[int]:
        """Of the batches of one kind of step."""
        return [len(batch) for batch in self.batches if isinstance(batch[0], kind)]


def _seconds(step: Any) -> int:
    return step.seconds if isinstance(step, EncoderPass) else len(step.encoded.rows) // 50


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch)


@asynccontextmanager
async def changed(whisper: FasterWhisper, **settings: Any) -> AsyncIterator[None]:
    """With other settings for a while."""
    before = whisper.config
    whisper.update(before.model_copy(update=settings))
    try:
        yield
    finally:
        whisper.update(before)


@asynccontextmanager
async def occupied(whisper: FasterWhisper, watched: Watched) -> AsyncIterator[None]:
    """A worker has something to do; where it is the only one, what is asked meanwhile waits."""
    probe = asyncio.create_task(whisper.check())
    try:
        await wait_until(watched.probed.is_set)
        yield
        await asyncio.sleep(0)
    finally:
        watched.gate.set()
        await probe


async def answer(whisper: FasterWhisper, request: RecognitionRequest) -> Transcript:
    (heard,) = await whisper.transcribe([request])
    assert isinstance(heard, Transcript)
    return heard


def said(heard: Transcript) -> str:
    """The text without its full stop, which depends on the processor's arithmetic."""
    return heard.text.removesuffix(".")


async def in_order_of_answers(whisper: FasterWhisper, requests: Sequence[RecognitionRequest]) -> list[str]:
    """The texts, that which came first first."""
    texts: list[str] = []

    async def ask(request: RecognitionRequest) -> None:
        texts.append(said(await answer(whisper, request)))

    await asyncio.gather(*map(ask, requests))
    return texts


async def test_utterances_in_batches_are_recognised_as_each_is_alone(
    whisper: FasterWhisper, watched: Watched
) -> None:
    # Whether others wait decides on the second hearing: it must not differ.
    async with changed(whisper, num_workers=1, second_hearing="never"):
        alone = [await answer(whisper, request) for request in MIXED]
        assert {len(batch) for batch in watched.batches} == {1}
        watched.batches.clear()
        async with occupied(whisper, watched):
            asked = asyncio.create_task(whisper.transcribe(MIXED))
            await asyncio.sleep(0.01)
        together = await asked
    for one, other in zip(alone, together, strict=True):
        assert isinstance(other, Transcript)
        assert (one.text, one.language, one.words) == (other.text, other.language, other.words)
        assert one.confidence == pytest.approx(other.confidence, rel=0.05)
    assert max(watched.sizes(LanguageDetectionPass)) == max(watched.sizes(AlignmentPass)) == 2
    assert any(
        len({(step.decoder.tokenizer.language_code, step.decoder.tokenizer.task) for step in batch}) > 2
        for batch in watched.batches
        if isinstance(batch[0], DecoderPass)
    )


async def test_a_looping_decoder_neither_changes_nor_delays_its_batch(
    whisper: FasterWhisper, watched: Watched
) -> None:
    # Asked for Hindi, the model loops on all but silence.
    looping = RecognitionRequest(pcm=b"\1\0\xff\xff" * (len(FOX.pcm) // 4), language="hi")
    async with changed(whisper, num_workers=1):
        async with occupied(whisper, watched):
            asked = asyncio.create_task(in_order_of_answers(whisper, [looping, FOX, FOX]))
            await asyncio.sleep(0.01)
        assert await asked == [THE_FOX, THE_FOX, ""]
    assert watched.sizes(DecoderPass)[:2] == [3, 1]


async def test_a_bad_request_does_not_affect_its_batch(whisper: FasterWhisper) -> None:
    fox, odd, hello = await whisper.transcribe([FOX, replace(FOX, pcm=b"odd"), HELLO])
    assert isinstance(odd, InvalidAudio)
    assert isinstance(fox, Transcript)
    assert isinstance(hello, Transcript)
    assert (said(fox), said(hello)) == (THE_FOX, "Hello world")


async def test_a_final_recognition_precedes_earlier_interim_ones(
    whisper: FasterWhisper, watched: Watched
) -> None:
    async with changed(whisper, num_workers=1):
        async with occupied(whisper, watched):
            asked = asyncio.create_task(in_order_of_answers(whisper, [HELLO, HELLO, FOX]))
            await asyncio.sleep(0.01)
        assert await asked == [THE_FOX, "Hello world", "Hello world"]
    assert watched.sizes(DecoderPass) == [1, 2]


async def test_a_request_cancelled_while_it_waits_is_not_computed(
    whisper: FasterWhisper, watched: Watched
) -> None:
    async with changed(whisper, num_workers=1):
        async with occupied(whisper, watched):
            superseded = asyncio.create_task(whisper.transcribe([HELLO]))
            later = asyncio.create_task(answer(whisper, HELLO))
            await asyncio.sleep(0.01)
            superseded.cancel()
            with pytest.raises(asyncio.CancelledError):
                await superseded
        assert said(await later) == "Hello world"
    assert (watched.sizes(EncoderPass), watched.sizes(DecoderPass)) == ([1], [1])


@pytest.mark.knob("stt.faster_whisper.batch_size")
async def test_a_new_batch_size_applies_at_once(
    whisper: FasterWhisper, watched: Watched, knob: Knobs
) -> None:
    for batch_size, sizes in ((1, (1, 1, 1)), (2, (2, 1)), (8, (3,))):
        watched.reset()
        async with changed(whisper, num_workers=1, batch_size=batch_size):
            async with occupied(whisper, watched):
                asked = [asyncio.create_task(answer(whisper, HELLO)) for _ in range(3)]
                await asyncio.sleep(0.01)
            efforts = [heard.effort for heard in await asyncio.gather(*asked)]
            knob.observe("stt.faster_whisper.batch_size", whisper.config, tuple(watched.sizes(DecoderPass)))
        assert watched.sizes(EncoderPass) == watched.sizes(DecoderPass) == list(sizes)
        found = [effort.batch_size for effort in efforts if effort]
        assert found == [size for size in sizes for _ in range(size)]


@pytest.mark.knob("stt.faster_whisper.num_workers")
async def test_an_added_worker_starts_at_once(whisper: FasterWhisper, watched: Watched, knob: Knobs) -> None:
    async with changed(whisper, num_workers=1), occupied(whisper, watched):
        waiting = asyncio.create_task(answer(whisper, HELLO))
        await asyncio.sleep(0.01)
        knob.observe("stt.faster_whisper.num_workers", whisper.config, len(watched.batches))
        async with changed(whisper, num_workers=2):
            assert said(await waiting) == "Hello world"
            knob.observe("stt.faster_whisper.num_workers", whisper.config, len(watched.batches))


async def test_batch_wait_ms_makes_an_utterance_wait_for_another(
    whisper: FasterWhisper, watched: Watched
) -> None:
    async with changed(whisper, batch_size=2, batch_wait_ms=1_000):
        heard = await asyncio.gather(answer(whisper, HELLO), answer(whisper, HELLO))
    assert [each.effort.batch_size for each in heard if each.effort] == [2, 2]
    assert (watched.sizes(EncoderPass), watched.sizes(DecoderPass)) == ([2], [2])
