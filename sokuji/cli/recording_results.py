"""Goes through the results of a recording as they come, for each command that prints them.

Nothing is lost in silence: speech in which no words were recognised, and a translation that no voice reads,
are warned of at once and counted among the results.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from sokuji.cli.console import Display, timestamp
from sokuji.cli.interpreter import InterpretedUtterance
from sokuji.errors import NoSpeech, NotRecognised
from sokuji.pipeline.recorded_speech import RecordedUtterance, UnrecognisedSpeech

UtteranceT = TypeVar("UtteranceT", RecordedUtterance, InterpretedUtterance)


@dataclass(slots=True)
class RecordingResults(Generic[UtteranceT]):
    """The results of one recording, each list in order."""

    utterances: list[UtteranceT] = field(default_factory=list)
    unrecognised: list[UnrecognisedSpeech] = field(default_factory=list)


async def collect(
    file: Path,
    results: AsyncGenerator[UtteranceT | UnrecognisedSpeech, None],
    display: Display,
    show: Callable[[UtteranceT], None],
) -> RecordingResults[UtteranceT]:
    """All results of a recording; ``show`` is called with each utterance as soon as it is there.

    Args:
        file: the recording, for messages.
        results: is closed at the end.

    Raises:
        NoSpeech: nobody speaks.
        NotRecognised: somebody speaks, but no words were recognised.
    """
    found = RecordingResults[UtteranceT]()
    async with aclosing(results):
        async for each in results:
            display.advance_to(each.end_ms)
            if isinstance(each, UnrecognisedSpeech):
                display.warn(f"{times(each)}  not recognised")
                found.unrecognised.append(each)
                continue
            show(each)
            if isinstance(each, InterpretedUtterance) and each.unspoken:
                display.warn(f"{times(each)}  no voice reads the translation")
            found.utterances.append(each)
    if not found.utterances:
        if found.unrecognised:
            raise NotRecognised(f"no words were recognised in the speech of {file}; name its language")
        raise NoSpeech(f"{file} contains no speech")
    return found


def times(part: InterpretedUtterance | RecordedUtterance | UnrecognisedSpeech) -> str:
    """When a part of a recording is spoken."""
    return f"{timestamp(part.start_ms)} - {timestamp(part.end_ms)}"
