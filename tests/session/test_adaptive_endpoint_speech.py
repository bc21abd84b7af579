"""The adaptive endpoint with real speech and Whisper: a number dictated with pauses, a complete sentence."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import pytest

from sokuji.config import Deadlines, Endpoint, GatewaySettings, SegmentationSettings, StreamingSettings
from sokuji.contract import RecogniserInfo, RecognitionRequest, Transcript
from sokuji.errors import SokujiError
from sokuji.measure.samples import sentences
from sokuji.pipeline.members import StageProviders
from sokuji.pipeline.pipeline import Pipeline
from sokuji.providers.stt.whisper.provider import FasterWhisper
from sokuji.session.conversation import ConversationSettings
from sokuji.session.session import Session
from tests.support.fake_stages import FakeTts
from tests.support.session_events import finals
from tests.support.session_scenarios import EchoTranslator, running, speak, wait_until
from tests.support.speech import noise, reference, sample

pytestmark = pytest.mark.models
ENGLISH = ConversationSettings(source_language="en", target_languages=("pt",), speak=False)
EDGES_MS = (0, 1_020, 1_840, 2_720)
"""Of parts of the recording that counts to ten, between two numbers."""
PAUSED_MS = 256
"""Silence by which every pause has been noticed."""
PAUSE_MS = 640
PATIENT = StreamingSettings(late_audio_ms=60_000, max_recognition_s=60, max_lag_s=600)
"""However slow the machine is, sessions speculate."""
FAINT = 0.0003
"""Noise in which voice activity ends with the voice."""


class ObservedWhisper:
    """Whisper, and how many requests it has answered."""

    def __init__(self, whisper: FasterWhisper) -> None:
        self._whisper = whisper
        self.answered = 0

    async def describe(self) -> RecogniserInfo:
        """As Whisper."""
        return await self._whisper.describe()

    async def transcribe(self, requests: Sequence[RecognitionRequest]) -> list[Transcript | SokujiError]:
        """As Whisper."""
        heard = await self._whisper.transcribe(requests)
        self.answered += len(requests)
        return heard

    async def settled(self, answers: int) -> None:
        """Return when it has given so many answers, and the last one has taken effect."""
        await wait_until(lambda: self.answered >= answers, within_s=30)
        await asyncio.sleep(0.05)


async def spoken(session: Session, stt: ObservedWhisper, pieces: Sequence[bytes], pause_ms: int) -> None:
    """Speak in pieces with a pause after each, which is recognised before it is over."""
    await speak(session, noise(600, level=FAINT))
    for number, piece in enumerate(pieces):
        await speak(session, piece + noise(PAUSED_MS, seed=number, level=FAINT))
        await stt.settled(number + 1)
        await speak(session, noise(pause_ms - PAUSED_MS, seed=number, level=FAINT))


async def session_with(whisper: FasterWhisper, endpoint: Endpoint) -> tuple[Session, ObservedWhisper]:
    """A session that waits for audio as long as it takes."""
    stt = ObservedWhisper(whisper)
    pipeline = Pipeline(StageProviders([stt], [EchoTranslator()], [FakeTts()]), Deadlines())
    await pipeline.refresh()
    settings = GatewaySettings(segmentation=SegmentationSettings(endpoint=endpoint), streaming=PATIENT)
    return Session(pipeline, settings, "test"), stt


@pytest.mark.parametrize(("endpoint", "count"), [("adaptive", 1), ("fixed", 3)])
async def test_a_number_dictated_with_pauses_stays_whole(
    whisper: FasterWhisper, endpoint: Endpoint, count: int
) -> None:
    counting = sample("en", "counting")
    pieces = [counting[32 * begin : 32 * end] for begin, end in pairwise(EDGES_MS)]
    session, stt = await session_with(whisper, endpoint)
    async with running(session) as seen:
        session.configure(ENGLISH)
        await spoken(session, stt, pieces, PAUSE_MS)
        session.end()
    assert len(finals(seen)) == count


async def test_a_complete_sentence_ends_before_the_fixed_silence(whisper: FasterWhisper) -> None:
    *_, fox = sentences("en")
    session, stt = await session_with(whisper, "adaptive")
    async with running(session) as seen:
        session.configure(ENGLISH)
        await spoken(session, stt, [fox], SegmentationSettings().silence_ms - 100)
        await wait_until(lambda: finals(seen))
        session.end()
    assert [each.text for each in finals(seen)] == [reference("en", "quick_brown_fox")]
    assert stt.answered == 1
