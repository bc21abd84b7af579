"""The language detected on real speech: short answers in a conversation, changes of language, candidates.

The answers are spoken by embedded voices, whose accent makes them harder than most speakers do.
"""

from collections.abc import Mapping

import numpy as np
import pytest

from sokuji.audio.pcm import RECOGNISER_RATE
from sokuji.audio.resampling import resample
from sokuji.contract import RecognitionRequest, SynthesisRequest, Transcript
from sokuji.languages.scripts import own_letters
from sokuji.pipeline.heard_languages import NO_PRIOR, HeardLanguages
from sokuji.providers.stt.whisper.provider import FasterWhisper
from sokuji.providers.tts.kokoro.provider import Kokoro
from tests.support.speech import noise, sample, silence

pytestmark = pytest.mark.models

ANSWERS = {
    "pt": ("Não.", "Sim.", "Hoje não."),
    "es": ("Sí.", "Vale."),
    "it": ("Certo.", "Grazie."),
    "fr": ("Oui.", "Merci."),
}


async def detected(whisper: FasterWhisper, pcm: bytes, prior: Mapping[str, float] = NO_PRIOR) -> Transcript:
    (transcript,) = await whisper.transcribe([RecognitionRequest(pcm=pcm, language_prior=prior)])
    assert isinstance(transcript, Transcript)
    return transcript


async def spoken(kokoro: Kokoro, text: str, language: str) -> bytes:
    """An answer with the silence that a session leaves around it."""
    request = SynthesisRequest(text=text, language=language)
    chunks = [chunk async for chunk in kokoro.synthesize(request)]
    pcm = resample(b"".join(chunk.pcm for chunk in chunks), chunks[0].sample_rate, RECOGNISER_RATE)
    return silence(480) + pcm + silence(160)


def mixed(pcm: bytes, level: float) -> bytes:
    """The audio with white noise."""
    hiss = np.frombuffer(noise(1_000 * len(pcm) // (2 * RECOGNISER_RATE) + 1, level=level), "<i2")
    samples = np.frombuffer(pcm, "<i2").astype(np.int32) + hiss[: len(pcm) // 2]
    return bytes(samples.clip(-32_768, 32_767).astype("<i2").tobytes())


async def any_language(whisper: FasterWhisper) -> dict[str, float]:
    info = await whisper.describe()
    return {code: 0.05 if code in info.unusable_languages else 1.0 for code in info.languages}


@pytest.mark.parametrize(
    "language", [each if each == "pt" else pytest.param(each, marks=pytest.mark.long) for each in ANSWERS]
)
async def test_short_answers_have_the_language_of_the_sentence_before(
    whisper: FasterWhisper, kokoro: Kokoro, language: str
) -> None:
    heard, candidates = HeardLanguages(), await any_language(whisper)
    heard.add(language, 3_500)
    prior = heard.prior(candidates)
    for text in ANSWERS[language]:
        answer = await spoken(kokoro, text, language)
        for pcm in (answer, mixed(answer, 0.005)):
            assert (await detected(whisper, pcm, prior)).language == language, text


async def test_a_change_of_language_is_followed_at_once_both_ways(whisper: FasterWhisper) -> None:
    heard, candidates = HeardLanguages(), await any_language(whisper)
    script = [
        ("pt", "pangrama"),
        ("en", "quick_brown_fox"),
        ("pt", "contagem"),
        ("es", "conteo"),
        ("ja", "pangrama"),
    ]
    for language, name in script:
        # Half a minute of each, so that the language before is as expected as it can be.
        transcript = await detected(whisper, sample(language, name), heard.prior(candidates))
        assert transcript.language == language
        heard.add(transcript.language, 30_000)


@pytest.mark.parametrize("candidates", [("pt", "en"), ("es", "de", "hi"), ("ja",)])
async def test_no_language_outside_the_candidates_is_detected(
    whisper: FasterWhisper, candidates: tuple[str, ...]
) -> None:
    prior = dict.fromkeys(candidates, 1.0)
    for pcm in (sample("it", "pangrama"), sample("zh", "nihao_shijie"), noise(1_500, level=0.02)):
        assert (await detected(whisper, pcm, prior)).language in candidates


async def test_hindi_is_written_in_devanagari(whisper: FasterWhisper) -> None:
    for name in ("pangrama", "namaste_duniya"):
        request = RecognitionRequest(pcm=sample("hi", name), language="hi")
        (transcript,) = await whisper.transcribe([request])
        assert isinstance(transcript, Transcript)
        assert (transcript.language, own_letters(transcript.text, "hi")) == ("hi", 1)
