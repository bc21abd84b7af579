"""One recording of ``sokuji translate``: lines while it is translated, and then its files."""

import asyncio
from dataclasses import dataclass, field

from sokuji.audio.encoding import encode
from sokuji.audio.pcm import RECOGNISER_RATE, duration_ms
from sokuji.cli.files import batch
from sokuji.cli.files.outputs import SOUND_FORMATS, WorkItem
from sokuji.cli.progress import Display
from sokuji.cli.speech.recordings import RecordingReader
from sokuji.cli.speech.results import InterpretedUtterance, Interpreter, RecordingResults, times
from sokuji.cli.speech.transcript_formats import Contents, transcript_file
from sokuji.errors import NoVoice


@dataclass(frozen=True, slots=True)
class RecordingTranslation:
    """The translation of a recording; ``contents`` is what its text files have."""

    display: Display
    item: WorkItem
    contents: Contents
    target: str
    results: RecordingResults = field(default_factory=RecordingResults)

    async def run(self, reader: RecordingReader, interpret: Interpreter, title: str) -> None:
        """Translate it, and write all that is made of it; if it is cancelled, what is ready by then.

        Raises:
            SokujiError, OSError: it cannot be read, translated or written.
            NoVoice: sound is wanted, and no voice reads the translation; the texts have been written.
        """
        with self.item.input.opened() as file:
            pcm = await reader.read(file, self.item.input.name.name)
        self.display.start(title, duration_ms(pcm, RECOGNISER_RATE))
        try:
            await self.results.collect(interpret(pcm), self.display, self._show)
        except asyncio.CancelledError:
            if self.results.utterances:
                self._write(batch.write_partial_results)
            raise
        self._write(batch.write_results)
        if self._wants_sound and not self.results.sound().pcm:
            raise NoVoice("no voice reads the translation, so that there is no sound to write")

    @property
    def _wants_sound(self) -> bool:
        return any(sink.format in SOUND_FORMATS for sink in self.item.sinks)

    def _write(self, write: batch.Writer) -> None:
        has_sound = bool(self.results.sound().pcm)
        sinks = [sink for sink in self.item.sinks if has_sound or sink.format not in SOUND_FORMATS]
        write(sinks, self._rendered, self.display)

    def _rendered(self, file_format: str) -> bytes:
        if file_format not in SOUND_FORMATS:
            return transcript_file(self.results, file_format, self.contents)
        sound = self.results.sound()
        return encode(bytes(sound.pcm), sound.sample_rate, SOUND_FORMATS[file_format]).data

    def _show(self, utterance: InterpretedUtterance) -> None:
        """Print an utterance, unless a text of the whole is made."""
        if any(sink.path is None or sink.format not in SOUND_FORMATS for sink in self.item.sinks):
            return
        when = times(utterance)
        self.display.print_line(f"{when}  {utterance.language}  {utterance.text}")
        self.display.print_line(f"{'':{len(when)}}  {self.target}  {utterance.translation}", style="bold")
