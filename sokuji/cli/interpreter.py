"""A recording as a whole, translated and spoken: by models in this process, or by a running service.

Both ways give the same utterances, so that a command need not know which one it uses.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace

from sokuji import events, languages
from sokuji.audio.pcm import RECOGNISER_RATE, AudioBuffer
from sokuji.client.client import TranslationClient, connect
from sokuji.client.config import Config
from sokuji.config import SegmentationSettings
from sokuji.pipeline.in_process import local_pipeline
from sokuji.pipeline.pipeline import Pipeline
from sokuji.pipeline.recordings import interpret

CONCURRENCY = 2
"""Utterances worked on at the same time in this process."""


@dataclass(slots=True)
class InterpretedUtterance:
    """One utterance, what it means, and that spoken; times are milliseconds of the recording."""

    start_ms: int
    end_ms: int
    language: str
    text: str
    translation: str = ""
    sound: AudioBuffer = field(default_factory=AudioBuffer)


Interpreter = Callable[[bytes], AsyncGenerator[InterpretedUtterance, None]]
"""Takes a recording, mono int16 PCM at 16 kHz, and gives its utterances in order."""


@asynccontextmanager
async def interpreter_here(wanted: Config) -> AsyncIterator[Interpreter]:
    """Loads the embedded models.

    Raises:
        UnsupportedLanguage, UnknownVoice: the models have no such pair or voice.
    """
    source = languages.parse_source(wanted.source_language)
    target = languages.parse(wanted.target_language, "target_language")
    async with local_pipeline() as pipeline:
        pipeline.catalogue.check_speech_pair(source, target)
        pipeline.catalogue.voice(wanted.voice_id, target)
        yield lambda pcm: _interpret(pipeline, pcm, source, target, wanted)


async def _interpret(
    pipeline: Pipeline, pcm: bytes, source: str | None, target: str, wanted: Config
) -> AsyncGenerator[InterpretedUtterance, None]:
    utterances = interpret(
        pipeline,
        pcm,
        source=source,
        target=target,
        segmentation=SegmentationSettings(),
        concurrency=CONCURRENCY,
    )
    async with aclosing(utterances):
        async for each in utterances:
            heard = each.transcript
            translation = each.translation.text if each.translation else ""
            spoken = InterpretedUtterance(each.start_ms, each.end_ms, heard.language, heard.text, translation)
            if spoken.translation:
                voice = pipeline.speak(
                    spoken.translation, target, voice_id=wanted.voice_id, speed=wanted.speed
                )
                async with aclosing(voice):
                    async for chunk in voice:
                        spoken.sound.add(chunk.pcm, chunk.sample_rate)
            yield spoken


@asynccontextmanager
async def interpreter_at(url: str, wanted: Config) -> AsyncIterator[Interpreter]:
    """Opens a conversation with the service at ``url``; the recording is sent as fast as it is worked off.

    Nobody waits for the beginning of an utterance, so each is translated as a whole.

    Raises:
        SokujiError: there is no service, or it has no such pair or voice.
    """
    async with connect(url, replace(wanted, commit="utterance")) as conversation:
        yield lambda pcm: _converse(conversation, pcm)


async def _converse(
    conversation: TranslationClient, pcm: bytes
) -> AsyncGenerator[InterpretedUtterance, None]:
    under_way: dict[int, InterpretedUtterance] = {}
    answers = conversation.converse(_seconds(pcm))
    async with aclosing(answers):
        async for event in answers:
            match event:
                case events.Transcription(is_final=True):
                    heard = InterpretedUtterance(event.start_ms, event.end_ms, event.language, event.text)
                    under_way[event.segment_id] = heard
                case events.TranslationText():
                    under_way[event.segment_id].translation += event.text
                case events.Audio():
                    under_way[event.segment_id].sound.add(event.pcm, event.sample_rate)
                case events.Ack():
                    for number in [n for n, each in under_way.items() if each.end_ms <= event.through_ms]:
                        yield under_way.pop(number)
                case events.Failed():
                    raise event.error


async def _seconds(pcm: bytes) -> AsyncIterator[bytes]:
    size = 2 * RECOGNISER_RATE
    for start in range(0, len(pcm), size):
        yield pcm[start : start + size]
