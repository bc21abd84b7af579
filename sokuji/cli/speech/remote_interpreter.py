"""Translates recordings with a running service, in a conversation for each, at the speed of the service."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

from sokuji import events
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.cli.speech.results import Interpreted, InterpretedUtterance, Interpreter
from sokuji.client.client import TranslationClient, connect
from sokuji.client.config import Config
from sokuji.errors import NotRecognised, NoVoice, VoiceLeftOut
from sokuji.pipeline.recorded_speech import UnrecognisedSpeech
from sokuji.text.subtitles.timed_words import TimedText


def remote_interpreter(url: str, config: Config, api_key: str | None = None) -> Interpreter:
    """An interpreter that uses the service at ``url``.

    It translates whole utterances: a recording needs no early results, and more context translates better.
    Iterating over its results raises ``SokujiError`` if there is no service, or it has no such pair or voice.
    """
    return lambda pcm: _interpret(url, replace(config, commit="utterance"), api_key, pcm)


async def _interpret(url: str, config: Config, api_key: str | None, pcm: bytes) -> Interpreted:
    async with (
        connect(url, config, api_key=api_key) as conversation,
        aclosing(_converse(conversation, pcm)) as results,
    ):
        async for each in results:
            yield each


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
