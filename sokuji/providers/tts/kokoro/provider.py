"""Text to speech with Kokoro-82M: one small model for several languages.

Phonemes come from espeak-ng, for Japanese from OpenJTalk; without that one, which has an extra of its own,
the voices speak no Japanese. A second of speech takes about half a second on two cores, so the first phrase
is kept very short. The embedded voices are Japanese speakers with their accent in every language: by round
trips through Whisper base they are understood well in Japanese, English, Spanish, Portuguese and Italian, in
part in Hindi, and poorly in French.
"""

import json
import logging
import unicodedata
from collections.abc import AsyncGenerator, Container, Generator, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sokuji import models
from sokuji.config import KokoroConfig, Settings, check_live
from sokuji.contract import AudioChunk, SynthesiserInfo, SynthesisRequest, Voice
from sokuji.errors import ConfigError, ModelMissing, ProviderUnavailable
from sokuji.languages import LANGUAGES
from sokuji.providers.tts import espeak, phrases, sound, voices
from sokuji.providers.tts.kokoro import japanese
from sokuji.providers.tts.onnx_voice import open_session
from sokuji.providers.tts.scheduling import Turns, workers

log = logging.getLogger(__name__)

MODEL = "kokoro-82m-int8"
SAMPLE_RATE = 24_000
SPOKEN = ("en", "es", "pt", "fr", "it", "hi")
"""By all voices; Japanese as well where its reader is installed."""
FIRST_COLUMNS = 26
LONGEST_COLUMNS = 120
LONGEST_PHONEMES = 500
"""Of one inference: the model has 512 positions, and a voice has a style for each length up to 510."""

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
"""First letter of a voice's id -> the speaker's own language; the second is f or m."""

# The model was trained on one symbol where espeak writes two (see the phoneme notes of misaki, its G2P). Its
# letters for diphthongs are left out: with them Portuguese is understood worse, and English no better.
_ONE_SYMBOL = (("dʒ", "ʤ"), ("tʃ", "ʧ"), ("dz", "ʣ"), ("ts", "ʦ"))
Style = NDArray[np.float32]
"""A voice: shape (510, 1, 256), one style vector for each number of phonemes."""


class Kokoro:
    """The Kokoro model; see ``TextToSpeech`` for the contract."""

    def __init__(self, config: KokoroConfig) -> None:
        self.config = config
        self._turns = Turns("kokoro", workers(config.num_workers))
        self._loaded: _Model | None = None

    async def load(self) -> None:
        """Load the model and speak a word with it.

        Raises:
            ConfigError: ``default_voice`` is not among the voices.
            ModelMissing: the model is not to be had, or damaged.
        """
        await self._turns.run(self._load)
        await self.check()

    def update(self, config: Settings) -> None:
        """Take over new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs, which takes a new model; or there is no such voice.
        """
        config = check_live(self.config, config)
        _check_default(config, self._ready.styles)
        self.config = config
        self._turns.at_once = workers(config.num_workers)

    async def describe(self) -> SynthesiserInfo:
        """All voices, the default one first."""
        return SynthesiserInfo(provider=self.config.provider, model=MODEL, voices=self._voices())

    def synthesize(self, request: SynthesisRequest) -> AsyncGenerator[AudioChunk, None]:
        """Speak a text, one chunk for each phrase; raises what ``voices.choose`` raises."""
        return self._turns.stream(self._speak(request))

    async def check(self) -> None:
        """Speak one word."""
        async for _ in self.synthesize(SynthesisRequest(text="1", language="en")):
            pass

    async def aclose(self) -> None:
        """Free the model and the threads."""
        self._loaded = None
        self._turns.shutdown()

    @property
    def _ready(self) -> "_Model":
        if self._loaded is None:
            raise ProviderUnavailable("the voices are not loaded")
        return self._loaded

    def _load(self) -> None:
        model = _Model(models.locate("kokoro", MODEL), self.config)
        _check_default(self.config, model.styles)
        self._loaded = model

    def _voices(self) -> tuple[Voice, ...]:
        ids = sorted(self._ready.styles, key=lambda name: (name != self.config.default_voice, name))
        languages = SPOKEN if self._ready.reader is None else (*SPOKEN, "ja")
        return tuple(_voice(name, languages) for name in ids)

    def _speak(self, request: SynthesisRequest) -> Generator[AudioChunk]:
        model = self._ready
        voice = voices.choose(request, self._voices())
        text = phrases.clean(request.text)
        if request.language == "ja" and model.reader is not None:
            text = model.reader.read(text)
        pieces = [
            piece
            for phrase in phrases.split(text, first=FIRST_COLUMNS, longest=LONGEST_COLUMNS)
            for piece in phrases.cut_phonemes(
                to_symbols(phrase.text, request.language, model.ids), phrase.pause_ms, LONGEST_PHONEMES
            )
        ]
        style = model.styles[voice.id]

        def render(phonemes: Sequence[str]) -> Iterator[sound.Rendered]:
            yield sound.Rendered(model.render(phonemes, style, request.speed), True)

        yield from sound.chunks(pieces, render, SAMPLE_RATE, request.speed)


class _Model:
    """The files of one model, loaded: the network, its symbols and its voices."""

    def __init__(self, folder: Path, config: KokoroConfig) -> None:
        try:
            self.ids: dict[str, int] = json.loads((folder / "vocab.json").read_text("utf-8"))["vocab"]
            with np.load(folder / "voices_ja.npz") as archive:
                self.styles: Mapping[str, Style] = {name: archive[name] for name in archive.files}
        except (OSError, ValueError, KeyError) as error:
            raise ModelMissing(f"kokoro model {MODEL!r} is damaged or incomplete") from error
        self.reader = _japanese_reader()
        self._session = open_session(
            folder / "model.onnx",
            device="cpu",
            cpu_threads=config.cpu_threads,
        )

    def render(self, phonemes: Sequence[str], style: Style, speed: float) -> sound.Waveform:
        """Samples of ``phonemes`` at ``SAMPLE_RATE``, within -1 to 1."""
        ids = [self.ids[symbol] for symbol in phonemes]
        inputs = {
            "tokens": np.array([[0, *ids, 0]], np.int64),
            "style": style[len(ids) - 1],
            "speed": np.array([speed], np.float32),
        }
        waveform: sound.Waveform = self._session.run(None, inputs)[0]
        return waveform.reshape(-1)


def _japanese_reader() -> japanese.JapaneseReader | None:
    try:
        return japanese.JapaneseReader()
    except (ImportError, RuntimeError):
        log.info("kokoro speaks no Japanese here: that takes pip install 'sokuji-bridge[kokoro-ja]'")
        return None


def to_symbols(text: str, language: str, known: Container[str]) -> list[str]:
    """The model's symbols for one phrase, those of ``known`` only; empty where nothing is speakable.

    Japanese comes as ``japanese.JapaneseReader`` has read it.
    """
    if language == "ja":
        ipa = japanese.phonemize(text)
    else:
        ipa = espeak.phonemize(LANGUAGES[language].espeak or "", text)
    for written, symbol in _ONE_SYMBOL:
        ipa = ipa.replace(written, symbol)
    # Some letters are known whole (c with cedilla), others as letter and mark (nasal vowels).
    parts = (sign if sign in known else unicodedata.normalize("NFD", sign) for sign in ipa)
    return [symbol for symbol in "".join(parts) if symbol in known]


def _check_default(config: KokoroConfig, styles: Mapping[str, Style]) -> None:
    if config.default_voice not in styles:
        raise ConfigError(
            f"no voice {config.default_voice!r}; accepted: {', '.join(sorted(styles))}", param="default_voice"
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
