"""How often the language of short answers is detected, alone and in a conversation, and a change followed.

``python -m load_tests.language_detection``
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

import numpy as np
import typer

from load_tests.progress import tracked
from load_tests.reports.report import Columns, OutputOption, columns_table, show, write
from load_tests.scenarios import options
from load_tests.scenarios.recognisers import loaded, result
from load_tests.scenarios.speech_samples import SpeechSample, recordings
from load_tests.scenarios.spoken_answers import in_session, spoken
from sokuji.cli.console import one_line_failures
from sokuji.config import FasterWhisperConfig, KokoroConfig
from sokuji.contract import Recogniser, RecognitionRequest
from sokuji.pipeline.heard_languages import HeardLanguages

ANSWERS = {
    "pt": ("Não.", "Sim.", "Claro.", "Hoje não.", "Quatro.", "Com certeza."),
    "es": ("No.", "Sí.", "Vale.", "Hoy no.", "Cuatro.", "Por supuesto."),
    "fr": ("Non.", "Oui.", "Merci.", "Bien sûr.", "Quatre.", "Demain."),
    "it": ("No.", "Sì.", "Certo.", "Oggi no.", "Quattro.", "Domani."),
    "en": ("No.", "Yes.", "Sure.", "Not today.", "Four.", "Tomorrow."),
}
"""What is answered in a word or two, spoken by an embedded voice."""
HEARD_MS = 4_000
"""Speech of the language before: one sentence."""
NOISE = 0.005
"""RMS of the noise that is added, as a share of full scale."""

app = options.command_line()


@dataclass(frozen=True, slots=True)
class Detection:
    """How many utterances of a kind had the right language."""

    kind: str
    alone: int
    """With nothing known of the conversation."""
    in_conversation: int
    """Answers after a sentence of the same language; sentences after one of another language."""
    utterances: int


COLUMNS: Columns[Detection] = {
    "spoken": lambda each: each.kind,
    "utterances": lambda each: str(each.utterances),
    "alone": lambda each: f"{each.alone / each.utterances:.0%}",
    "in a conversation": lambda each: f"{each.in_conversation / each.utterances:.0%}",
}


@app.command()
@one_line_failures()
def main(
    model: Annotated[str, typer.Option(help="model_size of the recogniser.")] = "base",
    output: OutputOption = None,
) -> None:
    """Measure the detection of languages among all that the model knows."""
    detections = asyncio.run(_measure(FasterWhisperConfig(model_size=model)))
    show([columns_table("Utterances whose language is detected", COLUMNS, detections)])
    write(output, {"detections": [asdict(each) for each in detections]})


async def _measure(config: FasterWhisperConfig) -> list[Detection]:
    async with loaded("tts", KokoroConfig()) as voices:
        texts = [(code, text) for code, texts in ANSWERS.items() for text in texts]
        answers = [each async for each in spoken(voices, texts)]
    sentences = [in_session(each) for code in ANSWERS for each in recordings(code) if each.seconds > 1.5]
    async with loaded("stt", config) as recogniser:
        return [
            await _detection(recogniser, "short answers", answers, changes=False),
            await _detection(recogniser, "short answers, noise", [*map(_noisy, answers)], changes=False),
            await _detection(recogniser, "sentences", sentences, changes=True),
            await _detection(recogniser, "sentences, noise", [*map(_noisy, sentences)], changes=True),
        ]


def _noisy(sample: SpeechSample) -> SpeechSample:
    noise = np.random.default_rng(0).normal(0, NOISE * 32_767, len(sample.pcm) // 2)
    noisy = (np.frombuffer(sample.pcm, "<i2") + noise).clip(-32_768, 32_767)
    return SpeechSample(sample.language, noisy.astype("<i2").tobytes(), sample.text)


async def _detection(
    recogniser: Recogniser, kind: str, samples: Sequence[SpeechSample], *, changes: bool
) -> Detection:
    candidates = dict.fromkeys((await recogniser.describe()).languages, 1.0)
    alone = in_conversation = 0
    for sample in tracked(samples, kind):
        alone += await _detected(recogniser, sample, candidates) == sample.language
        others = (code for code in ANSWERS if code != sample.language)
        before = next(others) if changes else sample.language
        heard = HeardLanguages()
        heard.add(before, HEARD_MS)
        in_conversation += await _detected(recogniser, sample, heard.prior(candidates)) == sample.language
    return Detection(kind, alone, in_conversation, len(samples))


async def _detected(recogniser: Recogniser, sample: SpeechSample, prior: Mapping[str, float]) -> str:
    request = RecognitionRequest(pcm=sample.pcm, language_prior=prior)
    (transcript,) = await recogniser.transcribe([request])
    return result(transcript).language


if __name__ == "__main__":
    app()
