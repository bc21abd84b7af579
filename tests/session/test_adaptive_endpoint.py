"""What is recognised in a pause decides how long the pause has to be to end the utterance."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from sokuji import events
from sokuji.config import SegmentationSettings
from sokuji.contract import RecognitionRequest, Transcript
from sokuji.errors import ProviderFailed, SokujiError
from sokuji.session.session import Session
from tests.support.coded_speech import CodedStt, coded_words
from tests.support.session_events import finals, of_kind
from tests.support.session_scenarios import (
    EAGER,
    UTTERANCES,
    open_session,
    pipeline_of,
    running,
    speak,
    wait_until,
)
from tests.support.speech import silence

SETTINGS = SegmentationSettings()
COMPLETE, OPEN = "Eu gostaria de um quarto.", "Eu gostaria de"
PATIENT = EAGER.model_copy(update={"late_audio_ms": 60_000})
IMPATIENT = EAGER.model_copy(update={"late_audio_ms": 50})


class ScriptedStt(CodedStt):
    """Hears the text that the script has for so many words; an error is raised once."""

    def __init__(self, script: Mapping[int, str | SokujiError]) -> None:
        super().__init__()
        self.script = dict(script)
        self.gate = asyncio.Event()
        self.gate.set()

    async def transcribe(self, requests: Sequence[RecognitionRequest]) -> list[Transcript | SokujiError]:
        """As the script says, once the gate is open."""
        (heard,) = await super().transcribe(requests)
        await self.gate.wait()
        assert isinstance(heard, Transcript)
        count = len(heard.text.split())
        said = self.script.get(count, heard.text)
        if isinstance(said, SokujiError):
            self.script[count] = COMPLETE
            return [said]
        return [replace(heard, text=said)]


async def listening(stt: CodedStt) -> Session:
    """A session that waits for audio as long as it takes."""
    return open_session(await pipeline_of(stt), PATIENT)


async def settled(stt: CodedStt) -> None:
    """Return when nothing is being recognised, and what was has taken effect."""
    await wait_until(lambda: not stt.under_way)
    await asyncio.sleep(0.05)


async def test_complete_words_end_the_utterance_early_from_one_recognition() -> None:
    stt = ScriptedStt({4: COMPLETE})
    session = await listening(stt)
    async with running(session) as seen:
        session.configure(UTTERANCES)
        await speak(session, silence(500) + coded_words(0, 4) + silence(SETTINGS.padding_ms + 32))
        await settled(stt)
        await speak(session, silence(SETTINGS.min_silence_ms - SETTINGS.padding_ms))
        await wait_until(lambda: finals(seen))
        session.end()
    assert [each.text for each in finals(seen)] == [COMPLETE]
    assert len(stt.requests) == 1


async def test_incomplete_words_keep_the_utterance_open_beyond_the_fixed_silence() -> None:
    stt = ScriptedStt({4: OPEN, 7: COMPLETE})
    session = await listening(stt)
    async with running(session) as seen:
        session.configure(UTTERANCES)
        await speak(session, silence(500) + coded_words(0, 4) + silence(SETTINGS.padding_ms + 32))
        await settled(stt)
        await speak(session, silence((SETTINGS.silence_ms + SETTINGS.max_silence_ms) // 2))
        await asyncio.sleep(0.05)
        assert not finals(seen)
        await speak(session, coded_words(4, 3) + silence(SETTINGS.max_silence_ms + 64))
        session.end()
    assert [each.text for each in finals(seen)] == [COMPLETE]
    assert len([each for each in of_kind(seen, events.Speech) if each.state == "stopped"]) == 1


@pytest.mark.parametrize(
    ("heard", "segmentation", "silence_ms", "text"),
    [
        pytest.param(OPEN, None, SETTINGS.max_silence_ms, OPEN, id="the longest, behind incomplete words"),
        pytest.param(
            ProviderFailed("on purpose"),
            None,
            SETTINGS.silence_ms,
            COMPLETE,
            id="the fixed, if nothing is heard",
        ),
        pytest.param(
            OPEN,
            SegmentationSettings(endpoint="fixed"),
            SETTINGS.silence_ms,
            OPEN,
            id="the fixed, as the session asks",
        ),
    ],
)
async def test_an_utterance_ends_after_a_silence(
    heard: str | SokujiError, segmentation: SegmentationSettings | None, silence_ms: int, text: str
) -> None:
    stt = ScriptedStt({4: heard})
    session = await listening(stt)
    async with running(session) as seen:
        session.configure(replace(UTTERANCES, segmentation=segmentation))
        await speak(session, silence(500) + coded_words(0, 4) + silence(SETTINGS.padding_ms + 32))
        await settled(stt)
        await speak(session, silence(silence_ms - SETTINGS.padding_ms))
        await wait_until(lambda: finals(seen))
        session.end()
    assert [each.text for each in finals(seen)] == [text]


async def test_a_recogniser_that_is_late_leaves_the_fixed_silence_in_force() -> None:
    stt = ScriptedStt({4: OPEN})
    stt.gate.clear()
    session = await listening(stt)
    async with running(session) as seen:
        session.configure(UTTERANCES)
        await speak(session, silence(500) + coded_words(0, 4) + silence(SETTINGS.silence_ms + 32))
        await wait_until(lambda: [each for each in of_kind(seen, events.Speech) if each.state == "stopped"])
        assert not finals(seen)
        stt.gate.set()
        await wait_until(lambda: finals(seen))
        session.end()
    assert len(stt.requests) == 1


@pytest.mark.slow
@pytest.mark.parametrize("text", [COMPLETE, OPEN])
@pytest.mark.parametrize("ended_by", [Session.flush, Session.end, lambda session: None])
async def test_silence_alone_is_never_recognised_again(
    text: str, ended_by: Callable[[Session], None]
) -> None:
    stt = ScriptedStt({4: text})
    session = open_session(await pipeline_of(stt), IMPATIENT)
    async with running(session) as seen:
        session.configure(UTTERANCES)
        await speak(session, silence(500) + coded_words(0, 4) + silence(SETTINGS.padding_ms + 40))
        await settled(stt)
        # The last one does nothing: the line is muted.
        ended_by(session)
        await wait_until(lambda: finals(seen))
        if not session.ended:
            session.end()
    assert [each.text for each in finals(seen)] == [text]
    assert len(stt.requests) == 1
