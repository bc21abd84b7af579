"""Text to speech with Pocket TTS: a language model of sounds, which streams on a CPU.

A phrase is made frame by frame, and its first sounds are ready when a few frames are. Requests take turns
between these parts. The model samples: no two renderings of a text are the same.

The network is loaded on use, since PyTorch takes seconds and is no part of the embedded default.
"""

from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from sokuji import models
from sokuji.audio.loudness import gain_to_target, integrated_loudness
from sokuji.config import PocketTtsConfig, Settings, check_live
from sokuji.contract import AudioChunk, SynthesiserInfo, SynthesisRequest, Voice
from sokuji.errors import ConfigError, ModelMissing, ProviderFailed, ProviderUnavailable, listed
from sokuji.models.pocket_tts import VOICES, default_voice
from sokuji.providers.tts.phrase_splitting import split_phrases
from sokuji.providers.tts.pocket_tts.model_files import ModelFiles, find_files
from sokuji.providers.tts.scheduling import SynthesisScheduler, synthesis_count
from sokuji.providers.tts.voice_selection import choose_voice
from sokuji.providers.tts.waveform_chunks import WaveformPart, phrase_chunks, rendered
from sokuji.text.punctuation import has_words

LONGEST_COLUMNS = 120
"""Limit of one phrase: the models may skip words of texts above 50 tokens, each of some three letters."""
COUNTING = "1, 2, 3, 4."
"""What a voice says to have its loudness measured."""


class Network(Protocol):
    """A loaded model; may be used by several threads."""

    sample_rate: int

    def speak(self, text: str, voice: Path) -> Iterator[WaveformPart]:
        """The waveform of one phrase, part by part.

        Args:
            text: the phrase.
            voice: the file of the voice.
        """


class _LoadedModel(NamedTuple):
    files: ModelFiles
    network: Network
    gains: dict[str, float]
    """Voice id -> gain to the common loudness, of the voices whose loudness has been measured."""


class PocketTts:
    """A ``Synthesiser`` (``sokuji.contract``) with a Pocket TTS model.

    Args:
        config: the settings.
        open_network: loads a model; None: with PyTorch.
    """

    def __init__(
        self, config: PocketTtsConfig, open_network: Callable[[ModelFiles], Network] | None = None
    ) -> None:
        if open_network is None:
            from sokuji.providers.tts.pocket_tts.network import PocketNetwork

            open_network = PocketNetwork
        self.config = config
        self._open_network = open_network
        self._scheduler = SynthesisScheduler("pocket-tts", synthesis_count(config.num_workers))
        self._loaded: _LoadedModel | None = None

    async def load(self) -> None:
        """Load the model and speak a word with its default voice.

        Raises:
            ConfigError: there is no voice ``default_voice``, or the language of a local model is not known.
            ModelMissing: the model is not available, or damaged, or its default voice is.
        """
        await self._scheduler.run(self._load)
        try:
            await self.check()
        except ProviderFailed as error:
            raise ModelMissing(
                f"pocket-tts model {self._ready.files.name!r}: its voice {self._voices()[0].id!r} is damaged "
                f"or does not belong to it: {error.message}",
                param="tts_model",
            ) from error

    def update(self, config: Settings) -> None:
        """Apply new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs, which requires a new model, or there is no such voice.
        """
        config = check_live(self.config, config)
        _check_default(config, self._ready.files)
        self.config = config
        self._scheduler.resize(synthesis_count(config.num_workers))

    async def describe(self) -> SynthesiserInfo:
        """All voices, the default one first."""
        return SynthesiserInfo(
            provider=self.config.provider,
            model=models.display_name(self.config.tts_model),
            voices=self._voices(),
            workers=self._scheduler.report(),
        )

    def synthesize(self, request: SynthesisRequest) -> AsyncGenerator[AudioChunk, None]:
        """Speak a text, in chunks as they are made; raises what ``choose_voice`` raises."""
        return self._scheduler.stream(self._speak(request))

    async def check(self) -> None:
        """Speak one word."""
        language = self._ready.files.language
        async for _ in self.synthesize(SynthesisRequest(text="1", language=language)):
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
        files = find_files(self.config)
        _check_default(self.config, files)
        self._loaded = _LoadedModel(files, self._open_network(files), {})

    def _voices(self) -> tuple[Voice, ...]:
        files, network, _ = self._ready
        default = self.config.default_voice or default_voice(files.language)
        return tuple(
            Voice(
                id=name,
                name=name.replace("_", " ").title(),
                language=VOICES.get(name, files.language),
                languages=(files.language,),
                sample_rate=network.sample_rate,
            )
            for name in sorted(files.voices, key=lambda name: (name != default, name))
        )

    def _speak(self, request: SynthesisRequest) -> Generator[AudioChunk]:
        loaded = self._ready
        voice = choose_voice(request, self._voices())
        path = loaded.files.voices[voice.id]
        phrases = [
            ((phrase.text,), phrase.pause_ms)
            for phrase in split_phrases(request.text, first=LONGEST_COLUMNS, longest=LONGEST_COLUMNS)
            if has_words(phrase.text)
        ]

        # The model reads letters: a phrase of "phonemes" is one text.
        def render(texts: Sequence[str]) -> Iterator[WaveformPart]:
            for text in texts:
                yield from loaded.network.speak(text, path)

        gain = _gain(loaded, voice) if phrases else 1.0
        yield from phrase_chunks(phrases, render, voice.sample_rate, speed=request.speed, gain=gain)


def _gain(loaded: _LoadedModel, voice: Voice) -> float:
    """The gain to the common loudness; measured once for each voice, when it is first heard."""
    if voice.id not in loaded.gains:
        path = loaded.files.voices[voice.id]
        parts = rendered(lambda texts: loaded.network.speak(texts[0], path), [COUNTING])
        waveform = np.concatenate([part.waveform for part in parts])
        loaded.gains[voice.id] = gain_to_target(integrated_loudness(waveform, voice.sample_rate))
    return loaded.gains[voice.id]


def _check_default(config: PocketTtsConfig, files: ModelFiles) -> None:
    if config.default_voice and config.default_voice not in files.voices:
        raise ConfigError(
            f"no voice {config.default_voice!r}; accepted: {listed(sorted(files.voices))}",
            param="default_voice",
        )
