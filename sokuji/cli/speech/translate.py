"""``sokuji translate``: recordings in, text and voice out; and texts in, texts out."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass
from typing import Annotated

import typer

from sokuji.cli.console import ApiKeyOption
from sokuji.cli.files import batch, outputs
from sokuji.cli.files.batch import Batch
from sokuji.cli.files.inputs import RECORDING_SUFFIXES
from sokuji.cli.files.outputs import (
    SOUND_FORMATS,
    FormatsOption,
    OutputDirOption,
    OutputOption,
    OverwriteOption,
    WorkItem,
)
from sokuji.cli.language_options import source_language, target_language
from sokuji.cli.progress import Display, progress_display
from sokuji.cli.speech.interpreter import in_process_interpreter
from sokuji.cli.speech.opened import Opened
from sokuji.cli.speech.options import (
    STARTING,
    CandidatesOption,
    DeviceOption,
    FilesArgument,
    ModelOption,
    ServerOption,
    SpeedOption,
    TextOption,
    VoiceOption,
    chosen_inputs,
    codes,
    recogniser,
)
from sokuji.cli.speech.recording_translation import RecordingTranslation
from sokuji.cli.speech.recordings import recording_reader
from sokuji.cli.speech.remote_interpreter import remote_interpreter
from sokuji.cli.speech.results import Interpreter
from sokuji.cli.speech.text_translation import (
    MAX_TEXT_BYTES,
    TextTranslator,
    in_process_text_translator,
    remote_text_translator,
)
from sokuji.cli.speech.transcript_formats import TIMED_FORMATS, Contents, ContentsOption
from sokuji.cli.speech.translation_work import is_text, text_suffix, translation_work
from sokuji.client.config import Config
from sokuji.config import Settings
from sokuji.errors import TooLarge


def translate(
    target: Annotated[
        str, typer.Option("--to", callback=target_language, help="Language to translate to, by code or name.")
    ],
    files: FilesArgument = None,
    text: TextOption = "",
    source: Annotated[
        str,
        typer.Option("--from", callback=source_language, help="Language spoken or written; auto detects it."),
    ] = "auto",
    candidates: CandidatesOption = "",
    formats: FormatsOption = "",
    contents: ContentsOption = "target",
    output: OutputOption = None,
    output_dir: OutputDirOption = None,
    overwrite: OverwriteOption = False,
    voice: VoiceOption = "default",
    speed: SpeedOption = 1.0,
    model: ModelOption = None,
    device: DeviceOption = None,
    server: ServerOption = "",
    api_key: ApiKeyOption = "",
) -> None:
    """Translate recordings into text or speech, and texts (txt, srt, vtt, html) into texts.

    Formats of recordings: txt, srt, vtt, json, tsv, and of the voice wav, mp3, opus, ogg, flac. Without any,
    each utterance is printed as soon as it is translated. A translated text has the format that it had. With
    --server the words of subtitles share the time of their utterance.
    """
    work = translation_work(
        chosen_inputs(files, text, RECORDING_SUFFIXES), formats, contents, output, output_dir, target
    )
    outputs.check(work, output_dir)
    made = {sink.format for item in work for sink in item.sinks}
    speaks = not made.isdisjoint(SOUND_FORMATS)
    if not speaks and (voice, speed) != ("default", 1.0):
        raise typer.BadParameter(
            "there is no sound to write; name one with --output", param_hint="--voice, --speed"
        )
    config = Config(
        source_language=source,
        source_languages=codes(candidates),
        target_language=target,
        voice_id=voice,
        speed=speed,
        output="audio" if speaks else "captions",
    )
    stt = recogniser(model, device, server)
    models = _Models(config, stt, not made.isdisjoint(TIMED_FORMATS), server, api_key)
    batch.run(_translate(work, models, contents, overwrite=overwrite))


@dataclass(frozen=True, slots=True)
class _Models:
    """What translates: models in this process, or those of a service. Each is opened when it is needed."""

    config: Config
    stt: Sequence[Settings]
    word_times: bool
    server: str
    api_key: str

    def interpreter(self) -> AbstractAsyncContextManager[Interpreter]:
        """For recordings."""
        if self.server:
            return nullcontext(remote_interpreter(self.server, self.config, self.api_key))
        return in_process_interpreter(self.config, word_times=self.word_times, stt=self.stt)

    def text_translator(self) -> AbstractAsyncContextManager[TextTranslator]:
        """For texts."""
        source, target = self.config.source_language, self.config.target_language
        if self.server:
            return remote_text_translator(self.server, self.api_key, source, target)
        return in_process_text_translator(source, target)


async def _translate(work: list[WorkItem], models: _Models, contents: Contents, *, overwrite: bool) -> None:
    with progress_display(STARTING) as display, recording_reader() as reader:
        pending = Batch(work, display, overwrite=overwrite)
        async with AsyncExitStack() as opened:
            interpreter = Opened(opened, models.interpreter)
            translator = Opened(opened, models.text_translator)

            async def process(item: WorkItem, title: str) -> None:
                if is_text(item.input):
                    await _translate_text(await translator.get(), display, item, title)
                else:
                    recording = RecordingTranslation(display, item, contents, models.config.target_language)
                    await recording.run(reader, await interpreter.get(), title)

            await pending.run(process)


async def _translate_text(translate: TextTranslator, display: Display, item: WorkItem, title: str) -> None:
    with item.input.opened() as file:
        data = file.read(MAX_TEXT_BYTES + 1)
    if len(data) > MAX_TEXT_BYTES:
        raise TooLarge(f"it has more than {MAX_TEXT_BYTES} bytes")
    display.start(title, 0)
    translated = await translate(data, text_suffix(item.input))
    batch.write_results(item.sinks, lambda _: translated, display)
