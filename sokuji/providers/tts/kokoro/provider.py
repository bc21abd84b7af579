"""Text to speech with Kokoro-82M: one small model for several languages.

Phonemes come from espeak-ng, and for Japanese from OpenJTalk, which is an optional extra; without it there is
no Japanese. A phrase is made as a whole, so the first one is very short, and it is held back if the next one
would not be ready when it has been played (``hold_back``).

The embedded voices are Japanese speakers and have a Japanese accent in other languages. Measured by
recognising their speech with Whisper base, they are understood well in Japanese, English, Spanish, Portuguese
and Italian, partly in Hindi, and poorly in French.
"""

import logging
import unicodedata
from collections.abc import AsyncGenerator, Container, Generator, Iterable, Iterator, Sequence
from typing import NamedTuple

from sokuji import models
from sokuji.audio.loudness import gain_to_target
from sokuji.config import KokoroConfig, Settings, check_live
from sokuji.contract import AudioChunk, SynthesiserInfo, SynthesisRequest, Voice
from sokuji.errors import ConfigError, ProviderUnavailable
from sokuji.languages import LANGUAGES
from sokuji.providers.tts import espeak
from sokuji.providers.tts.hold_back import HoldBack, SpeechPlan, SynthesisPace
from sokuji.providers.tts.kokoro import japanese
from sokuji.providers.tts.kokoro.network import KokoroNetwork
from sokuji.providers.tts.phrase_splitting import speakable_text, split_phonemes, split_phrases
from sokuji.providers.tts.scheduling import SynthesisScheduler, synthesis_count
from sokuji.providers.tts.voice_selection import choose_voice
from sokuji.providers.tts.waveform_chunks import WaveformPart, phrase_chunks

_log = logging.getLogger(__name__)

MODEL = "kokoro-82m-int8"
SAMPLE_RATE = 24_000
SPOKEN = ("en", "es", "pt", "fr", "it", "hi")
"""The languages of all voices; Japanese is added if its extra is installed."""
FIRST_COLUMNS = 26
LONGEST_COLUMNS = 120
LONGEST_PHONEMES = 200
"""Limit of one inference, more than a phrase usually has. The model takes 510, with memory to match."""

LOUDNESS = {
    "jf_alpha": -19.5,
    "jf_gongitsune": -19.9,
    "jf_nezumi": -20.4,
    "jf_tebukuro": -20.2,
    "jm_kumo": -19.9,
}
"""Loudness of the embedded voices in LUFS (``audio.loudness``), the mean over sentences in all languages. A
voice that is not in the table keeps its level."""

_VOICE_TAGS = {
    "a": "en-US",
    "b": "en-GB",
    "e": "es",
    "f": "fr-FR",
    "h": "hi",
    "i": "it",
    "j": "ja",
    "p": "pt-BR",
    "z": "zh",
}
"""First letter of a voice's id -> language of the speaker. The second letter is f or m."""

# The model was trained on one symbol where espeak writes two (see the phoneme notes of misaki, its G2P). Its
# symbols for diphthongs are not used: they make Portuguese harder to understand and English no easier.
_MERGED_SYMBOLS = (("dʒ", "ʤ"), ("tʃ", "ʧ"), ("dz", "ʣ"), ("ts", "ʦ"))


class _LoadedModel(NamedTuple):
    network: KokoroNetwork
    reader: japanese.JapaneseReader | None
    """None: the extra is not installed."""


class Kokoro:
    """A ``Synthesiser`` (``sokuji.contract``) with the Kokoro model."""

    def __init__(self, config: KokoroConfig) -> None:
        self.config = config
        self._scheduler = SynthesisScheduler("kokoro", synthesis_count(config.num_workers))
        self._pace = SynthesisPace()
        self._loaded: _LoadedModel | None = None

    async def load(self) -> None:
        """Load the model and speak a word with it.

        Raises:
            ConfigError: ``default_voice`` is not among the voices.
            ModelMissing: the model is not available, or damaged.
        """
        await self._scheduler.run(self._load)
        await self.check()

    def update(self, config: Settings) -> None:
        """Apply new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs, which requires a new model, or there is no such voice.
        """
        config = check_live(self.config, config)
        _check_default(config, self._ready.network.styles)
        self.config = config
        self._scheduler.resize(synthesis_count(config.num_workers))

    async def describe(self) -> SynthesiserInfo:
        """All voices, the default one first."""
        return SynthesiserInfo(
            provider=self.config.provider,
            model=MODEL,
            voices=self._voices(),
            workers=self._scheduler.report(),
        )

    def synthesize(self, request: SynthesisRequest) -> AsyncGenerator[AudioChunk, None]:
        """Speak a text, one chunk for each phrase; raises what ``choose_voice`` raises.

        The first chunk is held back if the following ones would not be ready in time.
        """
        plan = SpeechPlan()
        chunks = self._scheduler.stream(self._speak(request, plan), request)
        return HoldBack(plan, self._pace, self.config.max_hold_back_s).stream(chunks)

    async def check(self) -> None:
        """Speak one word."""
        async for _ in self.synthesize(SynthesisRequest(text="1", language="en")):
            pass

    async def aclose(self) -> None:
        """Free the model and the threads."""
        self._loaded = None
        self._scheduler.shutdown()

    @property
    def _ready(self) -> _LoadedModel:
        if self._loaded is None:
            raise ProviderUnavailable("the voices are not loaded")
        return self._loaded

    def _load(self) -> None:
        folder = models.locate("kokoro", MODEL)
        network = KokoroNetwork(folder, cpu_threads=self.config.cpu_threads)
        _check_default(self.config, network.styles)
        self._loaded = _LoadedModel(network, _japanese_reader())

    def _voices(self) -> tuple[Voice, ...]:
        ids = sorted(self._ready.network.styles, key=lambda name: (name != self.config.default_voice, name))
        languages = SPOKEN if self._ready.reader is None else (*SPOKEN, "ja")
        return tuple(_voice(name, languages) for name in ids)

    def _speak(self, request: SynthesisRequest, plan: SpeechPlan) -> Generator[AudioChunk]:
        network, reader = self._ready
        voice = choose_voice(request, self._voices())
        text = speakable_text(request.text)
        if request.language == "ja" and reader is not None:
            text = reader.read(text)
        phrases = [
            part
            for phrase in split_phrases(text, first=FIRST_COLUMNS, longest=LONGEST_COLUMNS)
            for part in split_phonemes(
                to_symbols(phrase.text, request.language, network.ids), phrase.pause_ms, LONGEST_PHONEMES
            )
        ]
        plan.expect([len(phonemes) for phonemes, _ in phrases])
        style = network.styles[voice.id]

        def render(phonemes: Sequence[str]) -> Iterator[WaveformPart]:
            waveform = network.render(phonemes, style)
            plan.phrase_made()
            yield WaveformPart(waveform, True)

        gain = gain_to_target(LOUDNESS[voice.id]) if voice.id in LOUDNESS else 1.0
        yield from phrase_chunks(phrases, render, SAMPLE_RATE, speed=request.speed, gain=gain)


def _japanese_reader() -> japanese.JapaneseReader | None:
    try:
        return japanese.JapaneseReader()
    except (ImportError, RuntimeError):
        _log.info("kokoro speaks no Japanese, which needs pip install 'sokuji-bridge[kokoro-ja]'")
        return None


def to_symbols(text: str, language: str, known: Container[str]) -> list[str]:
    """The model's symbols for one phrase; empty if nothing can be spoken.

    Args:
        text: one phrase; Japanese in kana, as ``japanese.JapaneseReader.read`` returns it.
        language: canonical code.
        known: the symbols of the model; others are left out.
    """
    if language == "ja":
        ipa = japanese.phonemize(text)
    else:
        ipa = espeak.phonemize(LANGUAGES[language].espeak or "", text)
    for written, symbol in _MERGED_SYMBOLS:
        ipa = ipa.replace(written, symbol)
    # The model knows some letters composed (c with cedilla), others decomposed (nasal vowels).
    parts = (sign if sign in known else unicodedata.normalize("NFD", sign) for sign in ipa)
    return [symbol for symbol in "".join(parts) if symbol in known]


def _check_default(config: KokoroConfig, voices: Iterable[str]) -> None:
    if config.default_voice not in voices:
        raise ConfigError(
            f"no voice {config.default_voice!r}; accepted: {', '.join(sorted(voices))}", param="default_voice"
        )


def _voice(name: str, languages: tuple[str, ...]) -> Voice:
    return Voice(
        id=name,
        name=name.partition("_")[2].title(),
        language=_VOICE_TAGS[name[0]],
        languages=languages,
        gender="female" if name[1] == "f" else "male",
        sample_rate=SAMPLE_RATE,
    )
