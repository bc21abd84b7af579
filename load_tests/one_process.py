"""The models of the service called one after another in one process: no service, no sessions, no network.

Three ways to do it with the same files: as somebody writes it in an afternoon, with our providers, and with
as little around the recogniser as can be. The translation is the same in all, the voice in the last two.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from piper import AudioChunk, PiperVoice

from load_tests.batches import BareWhisper
from load_tests.material import Spoken
from sokuji import models
from sokuji.config import BergamotConfig, FasterWhisperConfig, PiperConfig, Settings
from sokuji.contract import (
    RecognitionRequest,
    SynthesisRequest,
    TranslatedText,
    TranslationRequest,
    Translator,
)
from sokuji.errors import SokujiError, UnsupportedLanguage
from sokuji.languages import LANGUAGES
from sokuji.pipeline.in_process import TTS
from sokuji.providers.registry import create
from sokuji.providers.stt.whisper.windows import Samples
from sokuji.providers.tts import espeak

RECOGNISER = FasterWhisperConfig()
"""The embedded default: its model and its compute type are those of all ways."""

Hear = Callable[[Spoken], Awaitable[str]]
Speak = Callable[[str], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One utterance; seconds since its work began."""

    text: str
    """What was recognised."""
    recognised_s: float
    translated_s: float
    first_audio_s: float
    last_audio_s: float


@dataclass(frozen=True, slots=True)
class Way:
    """One way to answer an utterance."""

    hear: Hear
    translate: Callable[[str], Awaitable[str]]
    speak: Speak

    async def answer(self, spoken: Spoken) -> Answer:
        """Recognise, translate, speak."""
        began = time.perf_counter()
        heard = await self.hear(spoken)
        recognised = time.perf_counter()
        translation = await self.translate(heard)
        translated = time.perf_counter()
        first = None
        async for _ in self.speak(translation):
            first = first or time.perf_counter()
        last = time.perf_counter()
        return Answer(
            text=heard,
            recognised_s=recognised - began,
            translated_s=translated - began,
            first_audio_s=(first or last) - began,
            last_audio_s=last - began,
        )


@dataclass(slots=True)
class Embedded:
    """The embedded default's providers for one pair of languages; a block that frees them at its end."""

    source: str
    target: str
    translator: Any = field(init=False)
    voice: Any = field(init=False)
    _recogniser: Any = field(init=False)

    async def __aenter__(self) -> "Embedded":
        """Load them.

        Raises:
            UnsupportedLanguage: no text model translates the pair, or no voice speaks the language.
            ModelMissing: a model is not installed.
        """
        self.translator = create("translation", BergamotConfig())
        await self.translator.load()
        await _check_pair(self.translator, self.source, self.target)
        self.voice = await _voice(self.target)
        self._recogniser = create("stt", RECOGNISER)
        await self._recogniser.load()
        return self

    async def __aexit__(self, *_: object) -> None:
        for provider in (self.translator, self.voice, self._recogniser):
            await provider.aclose()

    def ways(self, bare: BareWhisper) -> dict[str, Way]:
        """Each way by its name; ``bare`` is for one call at a time."""

        async def hear_bare(spoken: Spoken) -> str:
            return bare.recognise([samples(spoken)], most=1)[0]

        speak = self._speak
        plain = _plain_voice(self.voice.config) or speak
        return {
            "afternoon": Way(_plain_recogniser(self.source), self.translate, plain),
            "providers": Way(self._hear, self.translate, speak),
            "bare": Way(hear_bare, self.translate, speak),
        }

    async def translate(self, text: str) -> str:
        """The text in the language wanted."""
        request = TranslationRequest(text=text, source=self.source, target=self.target)
        (answer,) = await self.translator.translate([request])
        found: TranslatedText = good(answer)
        return found.text

    async def _hear(self, spoken: Spoken) -> str:
        (answer,) = await self._recogniser.transcribe(
            [RecognitionRequest(pcm=spoken.pcm, language=self.source)]
        )
        return str(good(answer).text)

    async def _speak(self, text: str) -> AsyncIterator[bytes]:
        async for chunk in self.voice.synthesize(SynthesisRequest(text=text, language=self.target)):
            yield chunk.pcm


def samples(spoken: Spoken) -> Samples:
    """As Whisper takes them."""
    return np.frombuffer(spoken.pcm, "<i2").astype(np.float32) / np.float32(32_768)


def whisper_files() -> Path:
    """The folder of the recogniser's model."""
    return models.locate("whisper", RECOGNISER.model_size)


async def _check_pair(translator: Translator, source: str, target: str) -> None:
    pairs = (await translator.describe()).pairs
    if (source, target) not in pairs:
        raise UnsupportedLanguage(
            f"no embedded text model translates {source!r} to {target!r}; accepted: "
            f"{', '.join(f'{one} to {other}' for one, other in pairs)}"
        )


async def _voice(language: str) -> Any:
    """The first embedded provider with a voice for the language, loaded."""
    for config in TTS:
        provider = create("tts", config)
        await provider.load()
        info = await provider.describe()
        if any(language in voice.languages for voice in info.voices):
            return provider
        await provider.aclose()
    raise UnsupportedLanguage(f"no embedded voice speaks {language!r}")


def _plain_recogniser(language: str) -> Hear:
    """faster-whisper as its own instructions show it, told the language."""
    model = WhisperModel(str(whisper_files()), device="cpu", compute_type=RECOGNISER.compute_type)

    async def hear(spoken: Spoken) -> str:
        segments, _ = model.transcribe(samples(spoken), language=LANGUAGES[language].whisper, beam_size=5)
        return "".join(segment.text for segment in segments).strip()

    return hear


def _plain_voice(config: Settings) -> Speak | None:
    """Piper's own voice as it comes; None where the voice is not Piper's."""
    if not isinstance(config, PiperConfig):
        return None
    folder = models.locate("piper", config.tts_model)
    voice = PiperVoice.load(folder / f"{Path(config.tts_model).name.removesuffix('.onnx')}.onnx")

    async def speak(text: str) -> AsyncIterator[bytes]:
        chunks: list[AudioChunk] = espeak.run_in_espeak_thread(list, voice.synthesize(text))
        for chunk in chunks:
            yield chunk.audio_int16_bytes

    return speak


def good(answer: Any) -> Any:
    """What a provider answered.

    Raises:
        SokujiError: the answer was that.
    """
    if isinstance(answer, SokujiError):
        raise answer
    return answer
