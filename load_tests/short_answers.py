"""Short answers and digits that come out doubled or halved, against plain faster-whisper in its full window.

``python -m load_tests.short_answers``
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from load_tests.measurements.word_errors import NUMBERS, words
from load_tests.progress import tracked
from load_tests.reports.report import Columns, OutputOption, columns_table, show, write
from load_tests.scenarios import options
from load_tests.scenarios.recognisers import EMBEDDED, loaded, plain_faster_whisper, transcribe
from load_tests.scenarios.speech_samples import SpeechSample
from load_tests.scenarios.spoken_answers import spoken
from sokuji.cli.console import one_line_failures
from sokuji.config import KokoroConfig, PiperConfig
from sokuji.errors import SokujiError

ANSWERS = {
    "en": "Yes. No. Hello. Thank you. Good morning. Maybe. I don't know. Stop. Okay. Of course. Tomorrow. "
    "Right. Monday. Please. Good. Four four. Very very good. See you. Not now. Here.",
    "pt": "Sim. Não. Olá. Obrigado. Bom dia. Talvez. Não sei. Pare. Está bem. Claro. Amanhã. Certo. "
    "Segunda. Por favor. Bom. Quatro quatro. Muito muito bom. Até logo. Agora não. Aqui.",
    "es": "Sí. No. Hola. Gracias. Buenos días. Quizás. No sé. Alto. Vale. Claro. Mañana. Correcto. "
    "Lunes. Por favor. Bueno. Cuatro cuatro. Muy muy bueno. Hasta luego. Ahora no. Aquí.",
    "fr": "Oui. Non. Bonjour. Merci. Bonsoir. Peut-être. Je ne sais pas. Arrêtez. D'accord. Bien sûr. "
    "Demain. Exact. Lundi. S'il vous plaît. Bon. Quatre quatre. Très très bon. Au revoir. Ici. Plus tard.",
    "it": "Sì. No. Ciao. Grazie. Buongiorno. Forse. Non lo so. Basta. Va bene. Certo. Domani. Giusto. "
    "Lunedì. Per favore. Buono. Quattro quattro. Molto molto buono. A presto. Non ora. Qui.",
}
DIGIT_PAIRS = 10
"""Random pairs of digits in each language."""

app = options.command_line()


@dataclass(frozen=True, slots=True)
class RepetitionErrors:
    """Answers of one language, and how many have words repeated, or repeated words once, by mistake."""

    language: str
    answers: int
    doubled: int
    halved: int
    empty: int
    plain_doubled: int
    plain_halved: int
    plain_empty: int


COLUMNS: Columns[RepetitionErrors] = {
    "language": lambda each: each.language,
    "answers": lambda each: str(each.answers),
    "doubled": lambda each: str(each.doubled),
    "halved": lambda each: str(each.halved),
    "empty": lambda each: str(each.empty),
    "plain: doubled": lambda each: str(each.plain_doubled),
    "halved ": lambda each: str(each.plain_halved),
    "empty ": lambda each: str(each.plain_empty),
}


def texts(language: str) -> list[tuple[str, str]]:
    """The digits, the answers and some pairs of digits."""
    digits, chance = NUMBERS[language].split()[:10], random.Random(language)
    pairs = [" ".join(chance.sample(digits, 2)) for _ in range(DIGIT_PAIRS)]
    answers = [each.strip() for each in ANSWERS[language].split(".") if each.strip()]
    return [(language, f"{each.capitalize()}.") for each in [*digits, *answers, *pairs]]


def repeats(text: str, language: str) -> bool:
    """Whether words are followed by themselves."""
    said = words(text, language)
    return any(
        said[start : start + length] == said[start + length : start + 2 * length]
        for length in range(1, len(said) // 2 + 1)
        for start in range(len(said) - 2 * length + 1)
    )


@app.command()
@one_line_failures()
def main(
    beam_size: Annotated[int, typer.Option(min=1, max=20, help="Of plain faster-whisper.")] = 5,
    output: OutputOption = None,
) -> None:
    """Count doubled and halved answers; the exit code is 1 if there are more than in the full window."""
    rows = asyncio.run(_measure(beam_size))
    show([columns_table("Short answers", COLUMNS, rows)])
    write(output, {"languages": [asdict(each) for each in rows]})
    if any(each.doubled > each.plain_doubled or each.empty > each.plain_empty for each in rows):
        raise SokujiError("more answers are doubled or empty than in the full window")


async def _measure(beam_size: int) -> list[RepetitionErrors]:
    plain = plain_faster_whisper(EMBEDDED, beam_size=beam_size)
    samples: list[SpeechSample] = []
    async with loaded("tts", KokoroConfig()) as kokoro, loaded("tts", PiperConfig()) as piper:
        for language in ANSWERS:
            voices = piper if language == "en" else kokoro
            samples += [each async for each in spoken(voices, texts(language))]
    heard: list[tuple[SpeechSample, str, str]] = []
    async with loaded("stt", EMBEDDED) as ours:
        for sample in tracked(samples, "recognising"):
            text = await transcribe(ours, sample, thorough=False)
            heard.append((sample, text, await plain(sample)))
    return [
        _errors(language, [each for each in heard if each[0].language == language]) for language in ANSWERS
    ]


def _errors(language: str, heard: Sequence[tuple[SpeechSample, str, str]]) -> RepetitionErrors:
    said = [repeats(sample.text, language) for sample, _, _ in heard]

    def counts(results: Sequence[str]) -> tuple[int, int, int]:
        repeated = [repeats(text, language) for text in results]
        doubled = sum(now and not then for now, then in zip(repeated, said, strict=True))
        halved = sum(then and not now for now, then in zip(repeated, said, strict=True))
        return doubled, halved, sum(not text for text in results)

    ours, plain = counts([text for _, text, _ in heard]), counts([text for _, _, text in heard])
    return RepetitionErrors(language, len(heard), *ours, *plain)


if __name__ == "__main__":
    app()
