"""Sessions over coded or real speech, and the stages that they need."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from sokuji import events
from sokuji.admission.speech_activity import SpeechActivity
from sokuji.config import Deadlines, GatewaySettings, Limits, StreamingSettings
from sokuji.contract import RecognitionRequest, Transcript, TranslatedText, TranslationRequest, TranslatorInfo
from sokuji.errors import ProviderFailed, SokujiError
from sokuji.pipeline.members import StageProviders
from sokuji.pipeline.pipeline import Pipeline
from sokuji.session.conversation import ConversationSettings
from sokuji.session.session import Session
from tests.support.coded_speech import CodedStt, LevelVoiceActivity, coded_words, spelled
from tests.support.fake_stages import FakeTranslator, FakeTts
from tests.support.speech import noise, sample, silence

FRAME_BYTES = 2 * 1_280
"""80 ms at 16 kHz."""
PT_TO_EN = ConversationSettings(source_language="pt", target_languages=("en",))
CLAUSES = ConversationSettings(source_language="pt", target_languages=("en",), partials=True, commit="clause")
UTTERANCES = replace(CLAUSES, commit="utterance", partials=False)
EAGER = StreamingSettings(partial_interval_ms=0, max_recognition_s=60)


class EchoTranslator(FakeTranslator):
    """Returns the text unchanged, so that a test can follow every word."""

    def __init__(self, *, delay_s: float = 0) -> None:
        super().__init__(delay_s=delay_s)
        self.info = TranslatorInfo(
            provider="fake", model="echo", pairs=(("pt", "en"), ("pt", "es"), ("en", "pt"))
        )

    async def answer(self, request: TranslationRequest) -> TranslatedText | SokujiError:
        """The words of the request."""
        translations = await super().answer(request)
        return translations if isinstance(translations, SokujiError) else TranslatedText(text=request.text)


async def pipeline_of(
    stt: CodedStt, translator: FakeTranslator | None = None, tts: FakeTts | None = None
) -> Pipeline:
    pipeline = Pipeline(
        StageProviders([stt], [translator or EchoTranslator()], [tts or FakeTts()]), Deadlines()
    )
    await pipeline.refresh()
    return pipeline


def open_session(
    pipeline: Pipeline,
    streaming: StreamingSettings = EAGER,
    *,
    begin_ms: int = 0,
    resumed_text: str = "",
    vad: LevelVoiceActivity | None = None,
    activity: SpeechActivity | None = None,
) -> Session:
    config = GatewaySettings(streaming=streaming, limits=Limits(max_backlog_s=600))
    ear = vad or LevelVoiceActivity()
    return Session(
        pipeline,
        config,
        "test",
        begin_ms=begin_ms,
        resumed_text=resumed_text,
        activity=activity,
        vad=ear,
    )


def open_real_speech_session(pipeline: Pipeline, **limits: float) -> Session:
    """A session with Silero's voice activity that commits utterances; ``limits`` are fields of ``Limits``."""
    streaming = StreamingSettings(commit="utterance", speculate=False)
    settings = GatewaySettings(limits=Limits.model_validate(limits), streaming=streaming)
    return Session(pipeline, settings, "test")


class FailingFinalStt(CodedStt):
    """Fails the first ``fails`` final recognitions."""

    def __init__(self, fails: int) -> None:
        super().__init__()
        self.fails = fails

    async def transcribe(self, requests: Sequence[RecognitionRequest]) -> list[Transcript | SokujiError]:
        """The words, or a failure."""
        if self.fails and not requests[0].interim:
            self.fails -= 1
            return [ProviderFailed("on purpose")]
        return await super().transcribe(requests)


class DeafFinalStt(CodedStt):
    """Finds no words in complete utterances."""

    async def transcribe(self, requests: Sequence[RecognitionRequest]) -> list[Transcript | SokujiError]:
        """The words, or a transcript without any."""
        if requests[0].interim:
            return await super().transcribe(requests)
        return [Transcript(text="", language=self.language)]


class SlowVoiceActivity(LevelVoiceActivity):
    """Takes a millisecond for each frame."""

    def probabilities(self, frames: Sequence[bytes]) -> list[float]:
        """By the level of each frame."""
        time.sleep(0.001 * len(frames))
        return super().probabilities(frames)


def utterances(count: int) -> bytes:
    """Utterances of real speech, each followed by a second of near-silence."""
    spoken = sample("pt", "ola_mundo")
    return silence(300) + b"".join(spoken + noise(1_000, seed=index) for index in range(count))


@dataclass
class SpokenScript:
    """Runs of words, each followed by a pause, as (words, pause in ms)."""

    runs: Sequence[tuple[int, int]]
    words: list[str] = field(init=False)
    pcm: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.words, sound = [], [silence(500)]
        for count, pause_ms in self.runs:
            sound.append(coded_words(len(self.words), count) + silence(pause_ms))
            self.words += [spelled(number) for number in range(len(self.words), len(self.words) + count)]
        self.pcm = b"".join(sound)


@asynccontextmanager
async def running(session: Session, pause_s: float = 0) -> AsyncIterator[list[events.Event]]:
    """Run the session; its events gather in the list, read with random pauses.

    No task may fail unseen or outlive the block.
    """
    seen: list[events.Event] = []
    unseen: list[str] = []
    loop, before = asyncio.get_running_loop(), asyncio.all_tasks()
    loop.set_exception_handler(lambda _, context: unseen.append(context["message"]))
    slow = random.Random(1)

    async def collect() -> None:
        async for event in session.events():
            seen.append(event)
            if pause_s:
                await asyncio.sleep(slow.random() * pause_s)

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(session.run())
        tasks.create_task(collect())
        yield seen
    assert asyncio.all_tasks() == before
    assert not unseen


async def speak(
    session: Session, pcm: bytes, sizes: Sequence[int] = (2_560,), rest_s: float = 0.0005
) -> None:
    """Feed audio in chunks of the given sizes, over and over, and let the session run in between."""
    at, turn = 0, 0
    while at < len(pcm):
        size = sizes[turn % len(sizes)] // 2 * 2 or 2
        session.feed(pcm[at : at + size])
        at, turn = at + size, turn + 1
        await asyncio.sleep(rest_s)


async def translate_speech(
    pipeline: Pipeline, pcm: bytes, conversation: ConversationSettings = PT_TO_EN
) -> list[events.Event]:
    """All events of one recording of real speech."""
    session = open_real_speech_session(pipeline)
    async with running(session) as seen:
        session.configure(conversation)
        for start in range(0, len(pcm), FRAME_BYTES):
            session.feed(pcm[start : start + FRAME_BYTES])
        session.end()
    return seen


async def wait_until(met: Callable[[], object], within_s: float = 10) -> None:
    async with asyncio.timeout(within_s):
        while not met():
            await asyncio.sleep(0.005)
