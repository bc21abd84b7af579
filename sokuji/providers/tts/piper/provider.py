"""Text to speech with Piper: small VITS voices, one model for one voice or for a group of speakers.

Each phrase is synthesised separately and sent in parts (``vits``); the same request always gives the same
chunks. Piper's normalisation of every phrase to full scale is not applied: it makes a short "Yes." louder
than the sentence beside it.
"""

import json
import math
from collections.abc import AsyncGenerator, Generator, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from piper import PiperVoice
from piper.config import PhonemeType
from piper.config import PiperConfig as VoiceConfig

from sokuji import languages, models
from sokuji.audio.loudness import gain_to_target, integrated_loudness
from sokuji.config import PiperConfig, Settings, check_live
from sokuji.contract import AudioChunk, SynthesiserInfo, SynthesisRequest, Voice
from sokuji.errors import ConfigError, ModelMissing, ProviderUnavailable, UnsupportedLanguage
from sokuji.providers.tts import espeak
from sokuji.providers.tts.phrase_splitting import PhonemePhrase, Phrase, split_phonemes, split_phrases
from sokuji.providers.tts.piper.vits import SpeakingStyle, VitsModel, open_voice
from sokuji.providers.tts.scheduling import SynthesisScheduler, synthesis_count
from sokuji.providers.tts.voice_selection import choose_voice
from sokuji.providers.tts.waveform_chunks import WaveformPart, phrase_chunks, rendered

FIRST_COLUMNS = 60
LONGEST_COLUMNS = 200
COUNTING = "1, 2, 3, 4, 5, 6, 7, 8."
"""What a voice says to have its loudness measured: every language has words for it."""
LONGEST_PHONEMES = 400
"""Limit of one inference, about half a minute of speech: memory grows with its square."""

_SUPPORTED_PHONEME_TYPES = (PhonemeType.ESPEAK, PhonemeType.TEXT)
"""The other phoneme types of Piper need packages and models of their own."""


class _LoadedVoice(NamedTuple):
    phonemizer: PiperVoice
    """Used for its phonemes only; the network is ``network``."""
    network: VitsModel
    voices: tuple[Voice, ...]
    gains: dict[str, float]
    """Voice id -> gain to the common loudness, of the voices whose loudness has been measured."""

    def phonemes(self, phrases: Sequence[Phrase]) -> list[PhonemePhrase]:
        """The voice's symbols for phrases, in parts that the network can synthesise."""
        return [
            part
            for phrase in phrases
            for part in split_phonemes(
                _phonemes(self.phonemizer, phrase.text), phrase.pause_ms, LONGEST_PHONEMES
            )
        ]

    def render(self, style: SpeakingStyle, phonemes: Sequence[str]) -> Iterator[WaveformPart]:
        """The waveform of one part."""
        return self.network.speak(self.phonemizer.phonemes_to_ids(list(phonemes)), style)


class Piper:
    """A ``Synthesiser`` (``sokuji.contract``) with a Piper model."""

    def __init__(self, config: PiperConfig) -> None:
        self.config = config
        self._scheduler = SynthesisScheduler("piper", synthesis_count(config.num_workers))
        self._loaded: _LoadedVoice | None = None

    async def load(self) -> None:
        """Load the model and speak a word with it.

        Raises:
            ConfigError: the device is not available, or the voice uses an unsupported phoneme type.
            ModelMissing: the model is not available, or damaged.
        """
        await self._scheduler.run(self._load)
        await self.check()

    def update(self, config: Settings) -> None:
        """Apply new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs, which requires a new model.
        """
        config = check_live(self.config, config)
        self.config = config
        self._scheduler.resize(synthesis_count(config.num_workers))

    async def describe(self) -> SynthesiserInfo:
        """The model's speakers, its default speaker first."""
        return SynthesiserInfo(
            provider=self.config.provider,
            model=_name(self.config.tts_model),
            voices=self._ready.voices,
            workers=self._scheduler.report(),
        )

    def synthesize(self, request: SynthesisRequest) -> AsyncGenerator[AudioChunk, None]:
        """Speak a text, each phrase in chunks that grow; raises what ``choose_voice`` raises."""
        return self._scheduler.stream(self._speak(request), request)

    async def check(self) -> None:
        """Speak one word."""
        language = self._ready.voices[0].languages[0]
        async for _ in self.synthesize(SynthesisRequest(text="1", language=language)):
            pass

    async def aclose(self) -> None:
        """Free the model and the threads."""
        self._loaded = None
        self._scheduler.shutdown()

    @property
    def _ready(self) -> _LoadedVoice:
        if self._loaded is None:
            raise ProviderUnavailable("the voice is not loaded")
        return self._loaded

    def _load(self) -> None:
        name = _name(self.config.tts_model)
        path = models.locate("piper", self.config.tts_model) / f"{name}.onnx"
        description, voice_config = _read(path.with_name(f"{name}.onnx.json"))
        speakers = list_voices(name, description, voice_config)
        network = open_voice(path, device=self.config.device, cpu_threads=self.config.cpu_threads)
        self._loaded = _LoadedVoice(PiperVoice(session=None, config=voice_config), network, speakers, {})

    def _speak(self, request: SynthesisRequest) -> Generator[AudioChunk]:
        loaded = self._ready
        voice = choose_voice(request, loaded.voices)
        phrases = split_phrases(request.text, first=FIRST_COLUMNS, longest=LONGEST_COLUMNS)
        yield from phrase_chunks(
            loaded.phonemes(phrases),
            partial(loaded.render, _style(self.config, loaded.phonemizer.config, voice)),
            voice.sample_rate,
            speed=request.speed,
            gain=self._gain(loaded, voice),
        )

    def _gain(self, loaded: "_LoadedVoice", voice: Voice) -> float:
        """The gain to the common loudness; measured once, in a fraction of a second, for each speaker."""
        if voice.id not in loaded.gains:
            style = _style(self.config, loaded.phonemizer.config, voice)
            (counting,) = split_phrases(COUNTING, first=LONGEST_COLUMNS, longest=LONGEST_COLUMNS)
            parts = [
                part.waveform
                for phonemes, _ in loaded.phonemes([counting])
                for part in rendered(partial(loaded.render, style), phonemes)
            ]
            loudness = integrated_loudness(np.concatenate(parts), voice.sample_rate) if parts else -math.inf
            loaded.gains[voice.id] = gain_to_target(loudness)
        return loaded.gains[voice.id]


def _style(config: PiperConfig, defaults: VoiceConfig, voice: Voice) -> SpeakingStyle:
    _, _, speaker = voice.id.partition("#")
    return SpeakingStyle(
        noise_scale=defaults.noise_scale if config.noise_scale is None else config.noise_scale,
        length_scale=defaults.length_scale,
        noise_w_scale=defaults.noise_w_scale if config.noise_w_scale is None else config.noise_w_scale,
        speaker=defaults.speaker_id_map[speaker] if speaker else None,
    )


def _name(tts_model: str) -> str:
    """The file name without its suffix, from a voice name, a hub name or a path."""
    return Path(tts_model).name.removesuffix(".onnx")


def _read(path: Path) -> tuple[dict[str, Any], VoiceConfig]:
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
        voice_config = VoiceConfig.from_dict(description)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelMissing(
            f"{path.name} is missing or does not describe a Piper voice", param="tts_model"
        ) from error
    if voice_config.phoneme_type not in _SUPPORTED_PHONEME_TYPES:
        raise ConfigError(
            f"{path.stem} takes its text as {voice_config.phoneme_type.value}, which is not supported; "
            f"accepted: {', '.join(kind.value for kind in _SUPPORTED_PHONEME_TYPES)}",
            param="tts_model",
        )
    return description, voice_config


def list_voices(name: str, description: dict[str, Any], voice_config: VoiceConfig) -> tuple[Voice, ...]:
    """The speakers of a model, its default speaker first; if there are several, their ids are "name#speaker".

    Args:
        name: name of the model.
        description: the contents of its JSON file.
        voice_config: the same, parsed by Piper.

    Raises:
        ConfigError: the model's language is not known.
    """
    tag = description.get("language", {}).get("code", voice_config.espeak_voice).replace("_", "-")
    try:
        language = languages.parse(tag, "tts_model")
    except UnsupportedLanguage as error:
        raise ConfigError(f"{name} speaks {tag!r}: {error.message}", param="tts_model") from error
    speakers = voice_config.speaker_id_map
    default = voice_config.default_speaker_id
    ordered = sorted(speakers, key=lambda speaker: (speakers[speaker] != default, speakers[speaker]))
    return tuple(
        Voice(
            id=f"{name}#{speaker}" if speaker else name,
            name=" ".join(filter(None, (str(description.get("dataset", name)), speaker))),
            language=tag,
            languages=(language,),
            sample_rate=voice_config.sample_rate,
        )
        for speaker in (ordered if voice_config.num_speakers > 1 else [""])
    )


def _phonemes(phonemizer: PiperVoice, text: str) -> list[str]:
    """The voice's symbols for one phrase; empty if nothing can be spoken."""
    sentences = espeak.run_in_espeak_thread(phonemizer.phonemize, text)
    joined: list[str] = []
    for sentence in sentences:
        if joined:
            # A full stop within the phrase belongs to an abbreviation; the voice would end the sentence
            # there.
            joined = [*joined[: -1 if joined[-1] == "." else None], " "]
        joined += sentence
    known = [symbol for symbol in joined if symbol in phonemizer.config.phoneme_id_map]
    return known if any(map(str.isalpha, known)) else []
