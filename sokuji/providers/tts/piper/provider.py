"""Text to speech with Piper: small VITS voices, one model for one voice or for a group of speakers.

Each phrase is rendered alone and sent piece by piece (``vits``), and the same request always gives the same
chunks. Piper's levelling of every phrase to full scale is left out: with it a short "Yes." comes out louder
than the sentence beside it.
"""

import json
from collections.abc import AsyncGenerator, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from piper import PiperVoice
from piper.config import PhonemeType
from piper.config import PiperConfig as VoiceConfig

from sokuji import languages, models
from sokuji.config import PiperConfig, Settings, check_live
from sokuji.contract import AudioChunk, SynthesiserInfo, SynthesisRequest, Voice
from sokuji.errors import ConfigError, ModelMissing, ProviderUnavailable, UnsupportedLanguage
from sokuji.providers.tts import espeak, phrases, sound, voices
from sokuji.providers.tts.piper.vits import SpeakingStyle, VitsModel, open_voice
from sokuji.providers.tts.scheduling import Turns, workers

FIRST_COLUMNS = 60
LONGEST_COLUMNS = 200
LONGEST_PHONEMES = 400
"""Of one inference, about half a minute of speech: memory grows with the square."""

_READABLE = (PhonemeType.ESPEAK, PhonemeType.TEXT)
"""How a voice may take its text; the other ways need packages and models of their own."""


class _Loaded(NamedTuple):
    model: PiperVoice
    """Without its network, which is run here."""
    network: VitsModel
    voices: tuple[Voice, ...]


class Piper:
    """A Piper model; see ``TextToSpeech`` for the contract."""

    def __init__(self, config: PiperConfig) -> None:
        self.config = config
        self._turns = Turns("piper", workers(config.num_workers))
        self._loaded: _Loaded | None = None

    async def load(self) -> None:
        """Load the model and speak a word with it.

        Raises:
            ConfigError: the device is not to be had, or the voice needs phonemes that cannot be made here.
            ModelMissing: the model is not to be had, or damaged.
        """
        await self._turns.run(self._load)
        await self.check()

    def update(self, config: Settings) -> None:
        """Take over new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs, which takes a new model.
        """
        config = check_live(self.config, config)
        self.config = config
        self._turns.at_once = workers(config.num_workers)

    async def describe(self) -> SynthesiserInfo:
        """The model's speakers, its default speaker first."""
        return SynthesiserInfo(
            provider=self.config.provider, model=_name(self.config.tts_model), voices=self._ready.voices
        )

    def synthesize(self, request: SynthesisRequest) -> AsyncGenerator[AudioChunk, None]:
        """Speak a text, each phrase in chunks that grow; raises what ``voices.choose`` raises."""
        return self._turns.stream(self._speak(request))

    async def check(self) -> None:
        """Speak one word."""
        language = self._ready.voices[0].languages[0]
        async for _ in self.synthesize(SynthesisRequest(text="1", language=language)):
            pass

    async def aclose(self) -> None:
        """Free the model and the threads."""
        self._loaded = None
        self._turns.shutdown()

    @property
    def _ready(self) -> _Loaded:
        if self._loaded is None:
            raise ProviderUnavailable("the voice is not loaded")
        return self._loaded

    def _load(self) -> None:
        name = _name(self.config.tts_model)
        path = models.locate("piper", self.config.tts_model) / f"{name}.onnx"
        description, voice_config = _read(path.with_name(f"{name}.onnx.json"))
        speakers = list_voices(name, description, voice_config)
        network = open_voice(path, device=self.config.device, cpu_threads=self.config.cpu_threads)
        self._loaded = _Loaded(PiperVoice(session=None, config=voice_config), network, speakers)

    def _speak(self, request: SynthesisRequest) -> Generator[AudioChunk]:
        model, network, speakers = self._ready
        voice = voices.choose(request, speakers)
        manner = _manner(self.config, model.config, voice, request.speed)

        def render(phonemes: Sequence[str]) -> Iterator[sound.Rendered]:
            return network.speak(model.phonemes_to_ids(list(phonemes)), manner)

        pieces = [
            piece
            for phrase in phrases.split(request.text, first=FIRST_COLUMNS, longest=LONGEST_COLUMNS)
            for piece in phrases.cut_phonemes(
                _phonemes(model, phrase.text), phrase.pause_ms, LONGEST_PHONEMES
            )
        ]
        yield from sound.chunks(pieces, render, voice.sample_rate, request.speed)


def _manner(config: PiperConfig, usual: VoiceConfig, voice: Voice, speed: float) -> SpeakingStyle:
    _, _, speaker = voice.id.partition("#")
    return SpeakingStyle(
        noise_scale=usual.noise_scale if config.noise_scale is None else config.noise_scale,
        length_scale=usual.length_scale / speed,
        noise_w_scale=usual.noise_w_scale if config.noise_w_scale is None else config.noise_w_scale,
        speaker=usual.speaker_id_map[speaker] if speaker else None,
    )


def _name(tts_model: str) -> str:
    """The file name without its suffix: of "en_US-joe-medium", of a hub name and of a path alike."""
    return Path(tts_model).name.removesuffix(".onnx")


def _read(path: Path) -> tuple[dict[str, Any], VoiceConfig]:
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
        voice_config = VoiceConfig.from_dict(description)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelMissing(
            f"{path.name} is not there or describes no Piper voice", param="tts_model"
        ) from error
    if voice_config.phoneme_type not in _READABLE:
        raise ConfigError(
            f"{path.stem} takes its text as {voice_config.phoneme_type.value}, which is not supported; "
            f"accepted: {', '.join(kind.value for kind in _READABLE)}",
            param="tts_model",
        )
    return description, voice_config


def list_voices(name: str, description: dict[str, Any], voice_config: VoiceConfig) -> tuple[Voice, ...]:
    """The speakers of a model, its default one first; several are told apart as "name#speaker".

    Args:
        name: of the model.
        description: its JSON file.
        voice_config: the same, as Piper reads it.

    Raises:
        ConfigError: it speaks a language that is not in the table.
    """
    tag = description.get("language", {}).get("code", voice_config.espeak_voice).replace("_", "-")
    try:
        language = languages.parse(tag, "tts_model")
    except UnsupportedLanguage as error:
        raise ConfigError(f"{name} speaks {tag!r}: {error.message}", param="tts_model") from error
    speakers = voice_config.speaker_id_map
    first = voice_config.default_speaker_id
    ordered = sorted(speakers, key=lambda speaker: (speakers[speaker] != first, speakers[speaker]))
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


def _phonemes(model: PiperVoice, text: str) -> list[str]:
    """The voice's symbols for one phrase; empty where nothing is speakable."""
    sentences = espeak.alone(model.phonemize, text)
    joined: list[str] = []
    for sentence in sentences:
        if joined:
            # A full stop within the phrase is an abbreviation's, and would be heard as an end.
            joined = [*joined[: -1 if joined[-1] == "." else None], " "]
        joined += sentence
    known = [symbol for symbol in joined if symbol in model.config.phoneme_id_map]
    return known if any(map(str.isalpha, known)) else []
