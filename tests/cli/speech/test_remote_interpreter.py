"""What the command line makes of the events of a service."""

import asyncio
from collections.abc import Sequence

from websockets.asyncio.server import ServerConnection

from sokuji import events
from sokuji.cli.speech.remote_interpreter import remote_interpreter
from sokuji.cli.speech.results import InterpretedUtterance
from sokuji.errors import NotRecognised, NoVoice
from sokuji.pipeline.recorded_speech import UnrecognisedSpeech
from tests.support.scripted_server import ENGLISH, send_events, service


def spoken(number: int, start_ms: int, end_ms: int) -> list[events.Event]:
    return [
        events.Speech(state="started", at_ms=start_ms, segment_id=number),
        events.Speech(state="stopped", at_ms=end_ms, segment_id=number),
    ]


def caption(number: int, start_ms: int, end_ms: int) -> events.Transcription:
    return events.Transcription(
        segment_id=number, text=f"frase {number}", language="pt", is_final=True, confidence=None,
        start_ms=start_ms, end_ms=end_ms, stable_chars=7,
    )  # fmt: skip


def translation(number: int) -> events.TranslationText:
    return events.TranslationText(
        segment_id=number, clause=0, text=f"sentence {number}", source_language="pt", target_language="en",
        is_final=True,
    )  # fmt: skip


def unrecognised(number: int) -> events.Failed:
    return events.Failed(NotRecognised("no words"), segment_id=number)


async def interpreted(said: Sequence[events.Event]) -> list[InterpretedUtterance | UnrecognisedSpeech]:
    """The results that the events of a service become."""

    async def script(socket: ServerConnection) -> None:
        await send_events(socket, *said, events.Done())
        await socket.wait_closed()

    async with asyncio.timeout(10), service(script) as url:
        return [each async for each in remote_interpreter(url, ENGLISH)(bytes(32_000))]


async def results(said: Sequence[events.Event]) -> list[tuple[int, int] | str]:
    """The times of what was not recognised, and the translations, in order."""
    return [
        (each.start_ms, each.end_ms) if isinstance(each, UnrecognisedSpeech) else each.translation
        for each in await interpreted(said)
    ]


async def test_speech_that_is_not_recognised_has_its_own_times_and_its_place_among_the_others() -> None:
    # All is spoken before anything is recognised, as in a file; the error comes before older translations.
    said = [*spoken(0, 100, 900), *spoken(1, 2_000, 2_700), *spoken(2, 4_000, 5_000)]
    said += [caption(0, 0, 1_000), unrecognised(1), caption(2, 3_900, 5_100)]
    said += [translation(0), events.Ack(1_000), translation(2), events.Ack(5_100)]
    assert await results(said) == ["sentence 0", (2_000, 2_700), "sentence 2"]


async def test_the_translation_goes_on_after_speech_that_is_not_recognised() -> None:
    said = [*spoken(0, 100, 900), unrecognised(0), events.Ack(1_000), *spoken(1, 2_000, 2_900)]
    said += [caption(1, 1_900, 3_000), translation(1), events.Ack(3_000)]
    assert await results(said) == [(100, 900), "sentence 1"]


async def test_the_translation_goes_on_after_a_sentence_without_a_voice() -> None:
    no_voice = events.Failed(NoVoice("none reads it"), segment_id=0)
    said = [*spoken(0, 100, 900), caption(0, 0, 1_000), translation(0), no_voice, events.Ack(1_000)]
    said += [*spoken(1, 2_000, 2_900), caption(1, 1_900, 3_000), translation(1), events.Ack(3_000)]
    found = [each for each in await interpreted(said) if isinstance(each, InterpretedUtterance)]
    assert [(each.translation, each.unspoken) for each in found] == [
        ("sentence 0", True),
        ("sentence 1", False),
    ]
