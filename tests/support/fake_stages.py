"""Stages without models: they fulfil the Protocols, respond by script, and keep the requests they receive.

A fake takes its results, one for each request; after the last it responds by a fixed rule. A
``ProviderUnavailable`` in the script is raised, as if a replica were lost; any other error is the result of
its request alone. Every call takes ``delay_s``. While ``gate`` is cleared, no call returns. ``arrived`` has
each request as it comes, and ``idle`` is set while no call is under way: no test has to guess times.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from typing import Generic, TypeVar

import numpy as np

from sokuji.config import Deadlines
from sokuji.contract import (
    AudioChunk,
    DiarizationRequest,
    DiarizerInfo,
    RecogniserInfo,
    RecognitionRequest,
    SpeakerTurn,
    SpeakerTurns,
    SynthesiserInfo,
    SynthesisRequest,
    Transcript,
    TranslatedText,
    TranslationRequest,
    TranslatorInfo,
    Voice,
    WorkerReport,
)
from sokuji.errors import ProviderUnavailable, SokujiError
from sokuji.pipeline.members import StageProviders
from sokuji.pipeline.pipeline import Pipeline

A = TypeVar("A")
Q = TypeVar("Q")
VOICES = (
    Voice(id="joe", name="Joe", language="en-US", languages=("en",), gender="male"),
    Voice(id="dora", name="Dora", language="pt-BR", languages=("pt", "es"), gender="female"),
)


class _FakeStage(Generic[Q, A]):
    def __init__(self, answers: Sequence[A | SokujiError], delay_s: float) -> None:
        self.answers = deque(answers)
        self.delay_s = delay_s
        self.gate = asyncio.Event()
        self.gate.set()
        self.requests: list[Q] = []
        self.arrived: asyncio.Queue[Q] = asyncio.Queue()
        self.idle = asyncio.Event()
        self.idle.set()
        self.under_way = 0
        self.cancelled = 0
        self.down: SokujiError | None = None
        """The error that ``describe`` raises, if set."""

    async def _next(self, request: Q) -> A | SokujiError | None:
        self.requests.append(request)
        self.arrived.put_nowait(request)
        self.idle.clear()
        answer = self.answers.popleft() if self.answers else None
        self.under_way += 1
        try:
            await self.gate.wait()
            await asyncio.sleep(self.delay_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.under_way -= 1
            if not self.under_way:
                self.idle.set()
        if isinstance(answer, ProviderUnavailable):
            raise answer
        return answer

    def forget(self) -> None:
        """Drop all kept requests, for tests of memory."""
        self.requests.clear()
        while not self.arrived.empty():
            self.arrived.get_nowait()

    def _check(self) -> None:
        if self.down is not None:
            raise self.down


class FakeStt(_FakeStage[RecognitionRequest, "str | Transcript"]):
    """Recognises the texts of the script, then "utterance 1", "utterance 2", ...

    Args:
        language: detected where the request names none.
        workers: what the description says of them.
    """

    def __init__(
        self,
        *answers: str | Transcript | SokujiError,
        language: str = "pt",
        delay_s: float = 0,
        workers: WorkerReport | None = None,
    ) -> None:
        super().__init__(answers, delay_s)
        self.language = language
        self.info = RecogniserInfo(
            provider="fake",
            model="ear",
            languages=("en", "es", "fr", "pt"),
            translates_to=("en",),
            workers=workers,
        )

    async def describe(self) -> RecogniserInfo:
        """The fixed description."""
        self._check()
        return self.info

    async def transcribe(self, requests: Sequence[RecognitionRequest]) -> list[Transcript | SokujiError]:
        """The next results of the script."""
        return [await self._hear(request) for request in requests]

    async def _hear(self, request: RecognitionRequest) -> Transcript | SokujiError:
        answer = await self._next(request)
        if isinstance(answer, Transcript | SokujiError):
            return answer
        text = f"utterance {len(self.requests)}" if answer is None else answer
        return Transcript(text=text, language=request.language or self.language, confidence=0.9)


class FakeTranslator(_FakeStage[TranslationRequest, str]):
    """Translates to the texts of the script, then to the text behind its target language: "en: olá"."""

    def __init__(self, *answers: str | SokujiError, delay_s: float = 0) -> None:
        super().__init__(answers, delay_s)
        self.info = TranslatorInfo(provider="fake", model="mind", pairs=(("en", "pt"), ("pt", "en")))

    async def describe(self) -> TranslatorInfo:
        """The fixed description."""
        self._check()
        return self.info

    async def translate(self, requests: Sequence[TranslationRequest]) -> list[TranslatedText | SokujiError]:
        """The next results of the script."""
        return [await self.answer(request) for request in requests]

    async def answer(self, request: TranslationRequest) -> TranslatedText | SokujiError:
        """The next result of the script."""
        answer = await self._next(request)
        if isinstance(answer, SokujiError):
            return answer
        return TranslatedText(text=f"{request.target}: {request.text}" if answer is None else answer)


class FakeTts(_FakeStage[SynthesisRequest, int]):
    """Speaks chunks of 100 ms at 22,050 Hz and a constant level: as many as the script says, then two.

    An error in the script comes after the first chunk. ``delay_s`` and ``gate`` hold the first chunk.
    """

    CHUNK_SAMPLES = 2_205
    LEVEL = 1_000

    def __init__(self, *answers: int | SokujiError, delay_s: float = 0) -> None:
        super().__init__(answers, delay_s)
        self.info = SynthesiserInfo(provider="fake", model="mouth", voices=VOICES)

    async def describe(self) -> SynthesiserInfo:
        """The fixed description."""
        self._check()
        return self.info

    async def synthesize(self, request: SynthesisRequest) -> AsyncGenerator[AudioChunk, None]:
        """The chunks that the script asks for."""
        answer = await self._next(request)
        pcm = self.LEVEL.to_bytes(2, "little", signed=True) * self.CHUNK_SAMPLES
        count = answer if isinstance(answer, int) else 2
        for number in range(count):
            yield AudioChunk(pcm, 22_050, number == count - 1)
            if isinstance(answer, SokujiError):
                raise answer


Turns = Sequence[tuple[int, int, bytes]]
"""Start and end in milliseconds, and voice, of each turn."""


def voice(number: int, *, leaning: float = 0.0) -> bytes:
    """One of four voices, at right angles to each other; ``leaning``: by how much towards the next one."""
    angle = leaning * np.pi / 2
    vector = np.zeros(4)
    vector[number % 4], vector[(number + 1) % 4] = np.cos(angle), np.sin(angle)
    return vector.astype("<f4").tobytes()


class FakeDiarizer(_FakeStage[DiarizationRequest, Turns]):
    """Finds the turns of the script, then one turn of the first voice over all of the audio."""

    def __init__(self, *answers: Turns | SokujiError, delay_s: float = 0) -> None:
        super().__init__(answers, delay_s)
        self.info = DiarizerInfo(provider="fake", model="face")

    async def describe(self) -> DiarizerInfo:
        """The fixed description."""
        self._check()
        return self.info

    async def diarize(self, requests: Sequence[DiarizationRequest]) -> list[SpeakerTurns | SokujiError]:
        """The next results of the script."""
        return [await self._listen(request) for request in requests]

    async def _listen(self, request: DiarizationRequest) -> SpeakerTurns | SokujiError:
        answer = await self._next(request)
        if isinstance(answer, SokujiError):
            return answer
        turns = [(0, len(request.pcm) // 32, voice(0))] if answer is None else answer
        return SpeakerTurns(turns=tuple(SpeakerTurn(*turn) for turn in turns), same_speaker=0.5)


async def ready_pipeline(
    stt: FakeStt | None = None,
    translator: FakeTranslator | None = None,
    tts: FakeTts | None = None,
    *,
    speakers: FakeDiarizer | None = None,
    deadlines: Deadlines | None = None,
) -> Pipeline:
    """A pipeline over fakes whose catalogue is filled."""
    stages = StageProviders(
        stt=[stt or FakeStt()],
        translation=[translator or FakeTranslator()],
        tts=[tts or FakeTts()],
        speakers=[speakers] if speakers else [],
    )
    pipeline = Pipeline(stages, deadlines or Deadlines())
    await pipeline.refresh()
    return pipeline
