"""Sessions over coded speech, and the invariants of the events that they emit."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from sokuji import events
from sokuji.config import Deadlines, GatewaySettings, Limits, StreamingSettings
from sokuji.contract import TranslatedText, TranslationRequest, TranslatorInfo
from sokuji.errors import SokujiError
from sokuji.pipeline.members import StageProviders
from sokuji.pipeline.pipeline import Pipeline
from sokuji.session.conversation import ConversationSettings
from sokuji.session.session import Session
from tests.support.coded_speech import CodedStt, LevelVoiceActivity, coded_words, spelled
from tests.support.fake_stages import FakeTranslator, FakeTts
from tests.support.speech import silence

E = TypeVar("E")
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
) -> Session:
    config = GatewaySettings(streaming=streaming, limits=Limits(max_backlog_s=600))
    ear = vad or LevelVoiceActivity()
    return Session(pipeline, config, "test", begin_ms=begin_ms, resumed_text=resumed_text, vad=ear)


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


async def converse(
    script: SpokenScript,
    stt: CodedStt,
    conversation: ConversationSettings = CLAUSES,
    streaming: StreamingSettings = EAGER,
) -> list[events.Event]:
    session = open_session(await pipeline_of(stt), streaming)
    async with running(session) as seen:
        session.configure(conversation)
        await speak(session, script.pcm)
        session.end()
    return seen


async def wait_until(met: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not met():
            await asyncio.sleep(0.005)


def translations(seen: list[events.Event], target: str) -> list[str]:
    return [event.text for event in of_kind(seen, events.TranslationText) if event.target_language == target]


def of_kind(seen: list[events.Event], kind: type[E]) -> list[E]:
    return [event for event in seen if isinstance(event, kind)]


def finals(seen: list[events.Event]) -> list[events.Transcription]:
    return [event for event in of_kind(seen, events.Transcription) if event.is_final]


def assert_whole(seen: list[events.Event], script: SpokenScript, targets: Sequence[str] = ("en",)) -> None:
    """Captions and each translation hold every word once and in order."""
    assert " ".join(event.text for event in finals(seen)).split() == script.words
    for target in targets:
        translations = [
            event for event in of_kind(seen, events.TranslationText) if event.target_language == target
        ]
        assert " ".join(event.text for event in translations).split() == script.words
        places = [(event.segment_id, event.clause) for event in translations]
        assert places == sorted(set(places))
        assert [event.segment_id for event in translations if event.is_final] == [
            each.segment_id for each in finals(seen)
        ]
        spoken = [event for event in of_kind(seen, events.Audio) if event.target_language == target]
        chunks = [(event.segment_id, event.clause, event.chunk) for event in spoken]
        assert chunks == sorted(set(chunks))
        voiced = {(event.segment_id, event.clause) for event in spoken if event.last}
        assert voiced == {(event.segment_id, event.clause) for event in translations if event.text}
    assert not of_kind(seen, events.Failed)
    assert isinstance(seen[-1], events.Done)


def assert_append_only(seen: list[events.Event]) -> None:
    """Stable text is never changed."""
    stable: dict[int, str] = defaultdict(str)
    for event in of_kind(seen, events.Transcription):
        assert event.text.startswith(stable[event.segment_id])
        assert event.stable_chars >= len(stable[event.segment_id])
        stable[event.segment_id] = event.text[: event.stable_chars]
    ids = [event.segment_id for event in of_kind(seen, events.Transcription)]
    assert ids == sorted(ids)


def assert_acknowledged(seen: list[events.Event]) -> None:
    """Acks grow, and none covers what has not been delivered."""
    acks = [event.through_ms for event in of_kind(seen, events.Ack)]
    assert acks == sorted(acks)
    for index, event in enumerate(seen):
        if isinstance(event, events.Ack) and event.through_ms:
            later = [
                each for each in seen[index:] if isinstance(each, events.Transcription) and each.is_final
            ]
            assert all(each.end_ms > event.through_ms for each in later)


def assert_delivered(seen: list[events.Event], targets: Sequence[str]) -> None:
    """An acknowledgement follows the captions, translations and voice of each target that it covers."""
    for index, ack in enumerate(seen):
        if not isinstance(ack, events.Ack):
            continue
        before = seen[:index]
        for target in targets:
            texts = [
                each for each in of_kind(before, events.TranslationText) if each.target_language == target
            ]
            over = {each.segment_id for each in texts if each.is_final}
            due = [each.segment_id for each in finals(seen) if each.end_ms <= ack.through_ms]
            assert over.issuperset(due)
            # The text of an ack belongs to the oldest segment that is not over.
            current = min((each.segment_id for each in texts if each.segment_id not in due), default=None)
            own = [each for each in texts if each.segment_id == current and each.clause < ack.clauses]
            words = ack.text.split()
            assert " ".join(each.text for each in own).split()[: len(words)] == words
            voiced = {
                (each.segment_id, each.clause)
                for each in of_kind(before, events.Audio)
                if each.last and each.target_language == target
            }
            wanted = [each for each in texts if each.segment_id in due] + own
            assert voiced.issuperset((each.segment_id, each.clause) for each in wanted if each.text)
