"""A conversation through the SDK, in real time, and what an application got of it."""

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from sokuji import events
from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.client.client import connect
from sokuji.client.config import Config
from sokuji.config import Commit
from sokuji.measure.latency import RealTimeSource, Stopwatch
from sokuji.measure.samples import ComposedSpeech

RESUME_WITHIN_S = 60
MISHEARD = 0.4
"""Share of an utterance's letters that may be heard otherwise the second time; one word of two is more."""


@dataclass
class Heard:
    """What an application got of one conversation."""

    transcript: list[str] = field(default_factory=list)
    translation: list[str] = field(default_factory=list)
    stopwatch: Stopwatch = field(default_factory=lambda: Stopwatch("en"))
    voiced: list[tuple[int, int]] = field(default_factory=list)
    resumptions: int = 0


async def interpret(
    url: str, speech: ComposedSpeech, commit: Commit, reached: Callable[[float], None]
) -> Heard:
    """Portuguese to English; ``reached`` is called with the milliseconds that have been sent."""
    heard, pace = Heard(), RealTimeSource()
    config = Config(source_language="pt", target_language="en", commit=commit)
    async with connect(url, config, resume_within_s=RESUME_WITHIN_S) as conversation:
        answers = conversation.converse(pace.frames(speech.pcm, RECOGNISER_RATE, reached))
        async with aclosing(answers):
            async for event in answers:
                heard.stopwatch.record(event, 0)
                match event:
                    case events.Transcription(is_final=True):
                        heard.transcript.append(event.text)
                    case events.TranslationText() if event.text:
                        heard.translation.append(event.text)
                    case events.Audio(last=True):
                        heard.voiced.append((event.segment_id, event.clause))
        heard.resumptions = conversation.resumptions
    return heard
