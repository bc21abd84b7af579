"""What is ready of a recording or a text when Ctrl-C comes is kept, and marked as incomplete."""

import asyncio
import io
import os
import wave
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path, PurePath

import pytest

from sokuji.audio.pcm import AudioBuffer, wav_bytes
from sokuji.cli.files.inputs import Input
from sokuji.cli.files.outputs import Sink, WorkItem
from sokuji.cli.progress import Display, progress_display
from sokuji.cli.speech.recording_translation import RecordingTranslation
from sokuji.cli.speech.recordings import RecordingReader, recording_reader
from sokuji.cli.speech.results import Interpreted, InterpretedUtterance
from sokuji.cli.speech.speak import _speak_one
from sokuji.cli.speech.transcribe import _transcribe_one
from tests.support.speech import silence

SOUND = AudioBuffer(16_000, bytearray(3_200))


class Endless:
    """Says one thing, then nothing more; ``waits`` is set then."""

    def __init__(self) -> None:
        self.waits = asyncio.Event()

    async def interpret(self, pcm: bytes) -> Interpreted:
        yield InterpretedUtterance(0, 900, "pt", "olá", [], "hello", sound=SOUND)
        await self._wait()

    async def say(self, text: str, rate: int | None) -> AsyncGenerator[AudioBuffer, None]:
        yield SOUND
        await self._wait()

    async def _wait(self) -> None:
        self.waits.set()
        await asyncio.Event().wait()


Work = Callable[[RecordingReader, Display, WorkItem, Endless], Awaitable[None]]


async def transcribe(reader: RecordingReader, display: Display, item: WorkItem, endless: Endless) -> None:
    await _transcribe_one(reader, endless.interpret, display, item, "talk")


async def translate(reader: RecordingReader, display: Display, item: WorkItem, endless: Endless) -> None:
    await RecordingTranslation(display, item, "target", "en").run(reader, endless.interpret, "talk")


async def speak(reader: RecordingReader, display: Display, item: WorkItem, endless: Endless) -> None:
    await _speak_one(endless.say, display, item, "talk")


async def interrupted(work: Work, source: Path, *targets: Path) -> None:
    item = WorkItem(
        Input(PurePath(source.name), source.name, source),
        tuple(Sink(path.suffix.removeprefix("."), path) for path in targets),
    )
    endless = Endless()
    with progress_display("testing") as display, recording_reader() as reader:
        working = asyncio.ensure_future(work(reader, display, item, endless))
        await asyncio.wait_for(endless.waits.wait(), 60)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working


@pytest.mark.parametrize(("work", "text"), [(transcribe, "olá\n"), (translate, "hello\n")])
async def test_texts_of_a_recording_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], work: Work, text: str
) -> None:
    (tmp_path / "talk.wav").write_bytes(wav_bytes(silence(1_000), 16_000))
    await interrupted(work, tmp_path / "talk.wav", tmp_path / "talk.txt", tmp_path / "talk.json")
    assert (tmp_path / "talk.partial.txt").read_text() == text
    assert set(os.listdir(tmp_path)) == {"talk.wav", "talk.partial.txt", "talk.partial.json"}
    assert "what is ready so far is in" in capsys.readouterr().err


@pytest.mark.parametrize("work", [translate, speak])
async def test_a_voice_is_kept(tmp_path: Path, work: Work) -> None:
    source = tmp_path / "talk.source"
    source.write_bytes(b"hello" if work is speak else wav_bytes(silence(1_000), 16_000))
    await interrupted(work, source, tmp_path / "talk.wav")
    with wave.open(io.BytesIO((tmp_path / "talk.partial.wav").read_bytes())) as file:
        assert file.getnframes() == 1_600
