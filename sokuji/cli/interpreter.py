"""Translates and speaks a recording, with models in this process or with a running service.

Both yield the same utterances, so that a command works with either.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace

from sokuji import events, languages
from sokuji.audio.pcm import RECOGNISER_RATE, AudioBuffer
from sokuji.client.client import TranslationClient, connect
from sokuji.client.config import Config
from sokuji.config import SegmentationSettings
from sokuji.errors import NotRecognised, NoVoice, VoiceLeftOut
from sokuji.pipeline.in_process import local_pipeline
from sokuji.pipeline.language_candidates import check_candidates
from sokuji.pipeline.pipeline import Pipeline
from sokuji.pipeline.recorded_speech import UnrecognisedSpeech, interpret
from sokuji.pipeline.recording_times import spoken_parts
from sokuji.text.subtitles.timed_words import TimedText

CONCURRENCY = 2
"""Utterances processed at the same time in this process."""


@dataclass(slots=True)
class InterpretedUtterance:
    """An utterance with its translation and the voice; times are milliseconds of the recording."""

    start_ms: int
    end_ms: int
    language: str
    text: str
    parts: Sequence[TimedText]
    """The shortest parts of the speech whose times are known."""
    translation: str = ""
    unspoken: bool = False
    """Whether no voice reads a part of the translation."""
    sound: AudioBuffer = field(default_factory=AudioBuffer)


Interpreted = AsyncGenerator[InterpretedUtterance | UnrecognisedSpeech, None]
"""The utterances of a recording, in order."""
Interpreter = Callable[[bytes], Interpreted]
"""Takes a recording, mono int16 PCM at 16 kHz."""


@asynccontextmanager
async def in_process_interpreter(config: Config, *, word_times: bool = False) -> AsyncIterator[Interpreter]:
    """An interpreter that runs the embedded models; with ``word_times``, ``parts`` are words.

    Raises:
        InvalidRequest: a source language, and candidates for its detection.
        UnsupportedLanguage, UnknownVoice: the models have no such pair, candidate or voice.
    """
    source = languages.parse_source(config.source_language)
    target = languages.parse(config.target_language, "target_language")
    async with local_pipeline() as pipeline:
        pipeline.catalogue.check_speech_pair(source, target)
        check_candidates(pipeline.catalogue, source, config.source_languages, [target])
        pipeline.catalogue.voice(config.voice_id, target)
        yield lambda pcm: _interpret(pipeline, pcm, source, target, config, word_times)


async def _interpret(
    pipeline: Pipeline, pcm: bytes, source: str | None, target: str, config: Config, word_times: bool
) -> Interpreted:
    utterances = interpret(
        pipeline,
        pcm,
        source=source,
        named=config.source_languages,
        target=target,
        segmentation=SegmentationSettings(),
        concurrency=CONCURRENCY,
        word_times=word_times,
    )
    async with aclosing(utterances):
        async for each in utterances:
            if isinstance(each, UnrecognisedSpeech):
                yield each
                continue
            transcript, text = each.transcript, each.translation.text if each.translation else ""
            utterance = InterpretedUtterance(
                each.start_ms, each.end_ms, transcript.language, transcript.text, spoken_parts(each), text
            )
            try:
                await _speak(pipeline, utterance, target, config)
            except NoVoice:
                utterance.unspoken = True
            yield utterance


async def _speak(pipeline: Pipeline, utterance: InterpretedUtterance, target: str, config: Config) -> None:
    if not utterance.translation:
        return
    voice = pipeline.speak(utterance.translation, target, voice_id=config.voice_id, speed=config.speed)
    async with aclosing(voice):
        async for chunk in voice:
            utterance.sound.add(chunk.pcm, chunk.sample_rate)


@asynccontextmanager
async def remote_interpreter(
    url: str, config: Config, api_key: str | None = None
) -> AsyncIterator[Interpreter]:
    """An interpreter that uses the service at ``url``, at the speed of the service.

    It translates whole utterances: a recording needs no early results, and more context translates better.

    Raises:
        SokujiError: there is no service, or it has no such pair or voice.
    """
    async with connect(url, replace(config, commit="utterance"), api_key=api_key) as conversation:
        yield lambda pcm: _converse(conversation, pcm)


async def _converse(conversation: TranslationClient, pcm: bytes) -> Interpreted:
    recognised: dict[int, InterpretedUtterance] = {}
    unrecognised: dict[int, UnrecognisedSpeech] = {}
    spoken: dict[int, UnrecognisedSpeech] = {}
    """When each segment was spoken: the result, if no words are recognised in it."""
    received = conversation.converse(_seconds(pcm))
    async with aclosing(received):
        async for event in received:
            match event:
                case events.Speech(at_ms=at_ms, segment_id=number):
                    start_ms = spoken[number].start_ms if number in spoken else at_ms
                    spoken[number] = UnrecognisedSpeech(start_ms, at_ms)
                case events.Transcription(is_final=True):
                    whole = TimedText(event.text, event.start_ms, event.end_ms)
                    recognised[event.segment_id] = InterpretedUtterance(
                        event.start_ms, event.end_ms, event.language, event.text, [whole]
                    )
                case events.TranslationText():
                    recognised[event.segment_id].translation += event.text
                case events.Audio():
                    recognised[event.segment_id].sound.add(event.pcm, event.sample_rate)
                case events.Ack():
                    results: dict[int, InterpretedUtterance | UnrecognisedSpeech]
                    results = {**unrecognised, **recognised}
                    # Errors come as soon as they are known; results come in the order of the speech.
                    for number in sorted(n for n, each in results.items() if each.end_ms <= event.through_ms):
                        yield results[number]
                        for done in (unrecognised, recognised, spoken):
                            done.pop(number, None)
                case events.Failed(error=NotRecognised(), fatal=False, segment_id=int(number)):
                    unrecognised[number] = spoken[number]
                case events.Failed(error=NoVoice() | VoiceLeftOut(), fatal=False, segment_id=int(number)):
                    recognised[number].unspoken = True
                case events.Failed():
                    raise event.error


async def _seconds(pcm: bytes) -> AsyncIterator[bytes]:
    """The recording in chunks of one second."""
    size = 2 * RECOGNISER_RATE
    for start in range(0, len(pcm), size):
        yield pcm[start : start + size]
