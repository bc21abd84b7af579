"""How well each language is recognised and spoken, as Markdown tables for the documentation.

``python -m load_tests.language_quality > quality.md``
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from load_tests.measurements.word_errors import CHARACTERS, ErrorCount, count_errors
from load_tests.progress import tracked
from load_tests.recognition import (
    Figures,
    PlainBeamOption,
    RecognitionTiming,
    measure_recognition,
    summary,
)
from load_tests.reports.report import OutputOption, write
from load_tests.scenarios import options
from load_tests.scenarios.recognisers import loaded, transcribe
from load_tests.scenarios.speech_samples import padded, transcripts
from load_tests.scenarios.spoken_answers import synthesised
from sokuji.cli.console import one_line_failures
from sokuji.config import FasterWhisperConfig, KokoroConfig, PiperConfig, Settings
from sokuji.contract import Recogniser, Synthesiser, SynthesisRequest
from sokuji.languages import LANGUAGES as NAMES
from sokuji.measure.samples import LANGUAGES

VOICES: tuple[Settings, ...] = (PiperConfig(), KokoroConfig())
"""The synthesisers of the embedded default."""
PAUSE_MS = 300
"""Silence before the voice and after it."""

app = options.command_line()


@dataclass(frozen=True, slots=True)
class VoiceQuality:
    """Errors of the recogniser in what a voice says."""

    voice: str
    language: str
    errors: ErrorCount


@app.command()
@one_line_failures()
def main(
    languages: Annotated[
        str, typer.Option(callback=options.recorded_languages, help="Languages measured.")
    ] = ",".join(LANGUAGES),
    plain_beam_size: PlainBeamOption = 5,
    output: OutputOption = None,
) -> None:
    """Measure the recogniser against plain faster-whisper, and each voice by recognising what it says."""
    names = list(dict.fromkeys(languages.split(",")))
    recogniser = FasterWhisperConfig()
    timings = asyncio.run(measure_recognition(recogniser, names, plain_beam_size, fallback=True))
    voices = asyncio.run(_measure_voices(recogniser, names))
    recognised = {name: summary(_of(timings, name)) for name in names}
    for line in (*recognition_table(recognised), "", *voice_table(voices)):
        typer.echo(line)
    spoken = [
        {"voice": each.voice, "language": each.language, "error_rate": each.errors.rate} for each in voices
    ]
    write(output, {"recogniser": recogniser.model_dump(), "recognition": recognised, "voices": spoken})


def recognition_table(recognised: Mapping[str, Figures]) -> Iterator[str]:
    """Errors per word, or per character, of this recogniser and of plain faster-whisper in each language."""
    yield from _heading("language", "words", "this recogniser", "plain faster-whisper")
    for language, figures in recognised.items():
        rates = (_percent(figures["error_rate"][side], language) for side in ("ours", "plain"))
        yield _row(NAMES[language].name, str(figures["words"]), *rates)


def voice_table(voices: Sequence[VoiceQuality]) -> Iterator[str]:
    """Errors per word, or per character, of what each voice says, recognised again; a column per language."""
    languages = list(dict.fromkeys(each.language for each in voices))
    rates = {(each.voice, each.language): _percent(each.errors.rate, each.language) for each in voices}
    yield from _heading("voice", *(NAMES[language].name for language in languages))
    for voice in dict.fromkeys(each.voice for each in voices):
        yield _row(voice, *(rates.get((voice, language), "") for language in languages))


def _heading(*cells: str) -> tuple[str, str]:
    return _row(*cells), _row("---", *("---:" for _ in cells[1:]))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _percent(rate: float, language: str) -> str:
    return f"{rate:.1%}{' CER' if language in CHARACTERS else ''}"


def _of(timings: Sequence[RecognitionTiming], language: str) -> list[RecognitionTiming]:
    return [each for each in timings if each.language == language]


async def _measure_voices(recogniser: FasterWhisperConfig, languages: Sequence[str]) -> list[VoiceQuality]:
    async with loaded("stt", recogniser) as listener:
        qualities: list[VoiceQuality] = []
        for config in VOICES:
            qualities += [each async for each in _voices(config, listener, languages)]
        return qualities


async def _voices(
    config: Settings, listener: Recogniser, languages: Sequence[str]
) -> AsyncIterator[VoiceQuality]:
    """Every voice of a synthesiser in every language that it speaks and that has texts."""
    async with loaded("tts", config) as synthesiser:
        info = await synthesiser.describe()
        pairs = [(voice, code) for voice in info.voices for code in voice.languages if code in languages]
        for voice, language in tracked(pairs, f"{info.provider} speaks"):
            counts = [
                await _heard_errors(listener, synthesiser, text, language, voice.id)
                for text in transcripts(language)
            ]
            yield VoiceQuality(f"{info.provider} {voice.id}", language, sum(counts, ErrorCount()))


async def _heard_errors(
    listener: Recogniser, synthesiser: Synthesiser, text: str, language: str, voice: str
) -> ErrorCount:
    request = SynthesisRequest(text=text, language=language, voice=voice)
    sample = padded(await synthesised(synthesiser, request), PAUSE_MS, PAUSE_MS)
    heard = await transcribe(listener, sample)
    return count_errors(text, heard, language)


if __name__ == "__main__":
    app()
