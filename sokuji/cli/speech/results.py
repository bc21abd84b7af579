"""The results of a recording, and how they are gone through as they come.

Nothing is lost in silence: speech in which no words were recognised, and a translation that no voice reads,
are warned of at once and counted among the results.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from sokuji.audio.pcm import AudioBuffer
from sokuji.cli.console import timestamp
from sokuji.cli.progress import Display
from sokuji.contract import Word
from sokuji.errors import NoSpeech, NotRecognised
from sokuji.pipeline.recorded_speech import UnrecognisedSpeech
from sokuji.text.subtitles.timed_words import TimedText


@dataclass(slots=True)
class InterpretedUtterance:
    """An utterance, with its translation and the voice if they are wanted; times in ms of the recording."""

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
    words: Sequence[Word] = ()
    """None where their times are not known."""


Interpreted = AsyncGenerator[InterpretedUtterance | UnrecognisedSpeech, None]
"""The utterances of a recording, in order."""
Interpreter = Callable[[bytes], Interpreted]
"""Takes a recording, mono int16 PCM at 16 kHz."""


@dataclass(slots=True)
class RecordingResults:
    """The results of one recording, each list in order."""

    utterances: list[InterpretedUtterance] = field(default_factory=list)
    unrecognised: list[UnrecognisedSpeech] = field(default_factory=list)

    async def collect(
        self, results: Interpreted, display: Display, show: Callable[[InterpretedUtterance], None]
    ) -> None:
        """Add all results of a recording; ``show`` is called with each utterance as soon as it is there.

        Args:
            results: is closed at the end.

        Raises:
            NoSpeech: nobody speaks.
            NotRecognised: somebody speaks, but no words were recognised.
        """
        async with aclosing(results):
            async for each in results:
                display.advance_to(each.end_ms)
                if isinstance(each, UnrecognisedSpeech):
                    display.warn(f"{times(each)}  not recognised")
                    self.unrecognised.append(each)
                    continue
                show(each)
                if each.unspoken:
                    display.warn(f"{times(each)}  no voice reads the translation")
                self.utterances.append(each)
        if not self.utterances:
            if self.unrecognised:
                raise NotRecognised("no words were recognised in its speech; name its language")
            raise NoSpeech("it contains no speech")

    def sound(self) -> AudioBuffer:
        """The voices of all utterances, one after the other."""
        sound = AudioBuffer()
        for each in self.utterances:
            if each.sound.pcm:
                sound.add(each.sound.pcm, each.sound.sample_rate)
        return sound


def times(part: InterpretedUtterance | UnrecognisedSpeech) -> str:
    """When a part of a recording is spoken."""
    return f"{timestamp(part.start_ms)} - {timestamp(part.end_ms)}"
