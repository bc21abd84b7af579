"""A conversation at the pace of speech, beside an attack that it must not notice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sokuji import events
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.client import Config, connect
from sokuji.measure.latency import RealTimeSource
from tests.support.speech import sample, silence

UTTERANCE = silence(500) + sample("pt", "ola_mundo") + silence(500)
"""Two seconds."""


@asynccontextmanager
async def undisturbed_conversation(url: str) -> AsyncIterator[None]:
    """Speak for as long as the block lasts, and check that each utterance was heard once and in full."""
    over = asyncio.Event()
    conversation = asyncio.create_task(_converse(url, over))
    try:
        yield
    finally:
        over.set()
        spoken, received = await conversation
    _check(spoken, received)


async def _converse(url: str, over: asyncio.Event) -> tuple[int, list[events.Event]]:
    spoken = 0

    async def speech() -> AsyncIterator[bytes]:
        nonlocal spoken
        while not over.is_set() or not spoken:
            async for frame in RealTimeSource().frames(UTTERANCE, RECOGNISER_RATE, lambda _: None):
                yield frame
            spoken += 1

    config = Config(source_language="pt", target_language="en")
    async with connect(url, config, resume_within_s=0) as conversation:
        return_events = [event async for event in conversation.converse(speech())]
    return spoken, return_events


def _check(spoken: int, received: list[events.Event]) -> None:
    assert not [event for event in received if isinstance(event, events.Failed)]
    heard = [event for event in received if isinstance(event, events.Transcription) and event.is_final]
    translated = [event for event in received if isinstance(event, events.TranslationText) and event.is_final]
    voiced = [event for event in received if isinstance(event, events.Audio) and event.last]
    assert {"heard": len(heard), "translated": len(translated), "voiced": len(voiced)} == dict.fromkeys(
        ("heard", "translated", "voiced"), spoken
    )
    period_ms = len(UTTERANCE) // 2 * 1_000 // RECOGNISER_RATE
    # Every utterance begins where it was spoken: nothing before it was dropped.
    offsets = [event.start_ms - number * period_ms for number, event in enumerate(heard)]
    assert max(offsets) - min(offsets) <= 64
    assert isinstance(received[-1], events.Done)
