"""A text as one audio file that leaves while it is spoken.

All formats have 24 kHz, whatever the rate of the voice, as OpenAI's have.
"""

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np

from sokuji.api.openai.model_ids import ModelIds
from sokuji.api.openai.rest.speech_request import SpeechRequest
from sokuji.api.openai.voice_names import voice_id, voice_of
from sokuji.api.service import Service
from sokuji.audio.encoding import AudioEncoder
from sokuji.audio.resampling import to_pcm
from sokuji.audio.time_stretch import TimeStretcher
from sokuji.config import AudioFormat
from sokuji.contract import StageName
from sokuji.errors import InvalidRequest, UnsupportedLanguage
from sokuji.pipeline.catalogue import Catalogue
from sokuji.pipeline.voice_selection import DEFAULT_VOICE
from sokuji.text.language_identification import identify

SPEECH_RATE = 24_000
_FULL_SCALE = 32_768


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks a text, and how."""

    providers: Mapping[StageName, str]
    """Those to call first."""
    voice: str
    language: str
    speed: float
    """Of the voice, within what its provider can do."""
    tempo: float
    """By which its speech is sped up in addition."""


async def choose_speaker(request: SpeechRequest, service: Service) -> Speaker:
    """Find the voice for a request.

    Raises:
        UnknownModel, UnknownVoice, UnsupportedLanguage, InvalidRequest: the request names what is not served.
    """
    settings = service.settings.openai
    served = service.pipeline.catalogue
    providers = ModelIds(served, settings.aliases).providers(request.model, "tts")
    catalogue = served.preferring(providers)
    if providers:
        # Of a model that is named, the voices alone; others only speak if it fails.
        catalogue = dataclasses.replace(catalogue, tts=catalogue.tts[:1])
    language = request.language or await _language_of(request, catalogue, settings.target_language)
    catalogue.voices_for(DEFAULT_VOICE, language, param="language")
    voice = voice_id(catalogue, request.voice, language)
    try:
        reading = catalogue.voices_for_text(request.input, voice, language, param="language")
    except UnsupportedLanguage as error:
        error.param = "input" if error.param == "text" else error.param
        raise
    slowest, fastest = reading.voices[0][0].info.speeds
    speed = min(max(request.speed, slowest), fastest)
    return Speaker(providers, voice, language, speed, request.speed / speed)


async def _language_of(request: SpeechRequest, catalogue: Catalogue, usual: str) -> str:
    """The language of the text, among those that the voice speaks."""
    voice = voice_of(catalogue, request.voice)
    speaking = [voice] if voice else catalogue.voices
    among = list(dict.fromkeys(code for each in speaking for code in each.languages)) or [usual]
    return await asyncio.to_thread(identify, request.input, among, usual)


class SpeechAudio:
    """The file of one request."""

    def __init__(self, request: SpeechRequest, speaker: Speaker, service: Service) -> None:
        self._text = request.input
        self._speaker = speaker
        self._pipeline = service.request_pipeline(speaker.providers)
        self._writer = FileWriter(request.response_format, speaker.tempo)

    @property
    def media_type(self) -> str:
        """Of the file."""
        return self._writer.media_type

    @property
    def duration_ms(self) -> int:
        """How long the speech has lasted so far."""
        return self._writer.duration_ms

    async def parts(self) -> AsyncGenerator[bytes, None]:
        """The file as it is made, from the first sound on; closing the generator stops the synthesis.

        Raises:
            InvalidRequest: the text has nothing that can be spoken.
            SokujiError: see ``Pipeline.speak``; a part that has been yielded is no complete file then.
        """
        speaker = self._speaker
        chunks = self._pipeline.speak(
            self._text,
            speaker.language,
            voice_id=speaker.voice,
            speed=speaker.speed,
            sample_rate=SPEECH_RATE,
        )
        spoken = False
        async with aclosing(chunks):
            async for chunk in chunks:
                if not chunk.pcm:
                    continue
                spoken = True
                if data := await asyncio.to_thread(self._writer.add, chunk.pcm):
                    yield data
        if not spoken:
            raise InvalidRequest("input has no word, number or sign that can be spoken", param="input")
        if data := await asyncio.to_thread(self._writer.end):
            yield data


class FileWriter:
    """PCM at ``SPEECH_RATE`` to a file, sped up by ``tempo``. Blocks while it computes."""

    def __init__(self, audio_format: AudioFormat, tempo: float) -> None:
        self._encoder = AudioEncoder(audio_format, SPEECH_RATE)
        self._stretcher = None if tempo == 1 else TimeStretcher(SPEECH_RATE, tempo)
        self._samples = 0
        self.media_type = self._encoder.media_type

    @property
    def duration_ms(self) -> int:
        """Of the file so far."""
        return 1_000 * self._samples // SPEECH_RATE

    def add(self, pcm: bytes) -> bytes:
        """Append speech; returns the part of the file that is ready, possibly empty."""
        return self._encode(pcm if self._stretcher is None else self._stretched(self._stretcher, pcm))

    def end(self) -> bytes:
        """The rest of the file; nothing may be added after it."""
        rest = b"" if self._stretcher is None else self._stretched(self._stretcher, b"", last=True)
        return self._encode(rest) + self._encoder.flush()

    def _encode(self, pcm: bytes) -> bytes:
        self._samples += len(pcm) // 2
        return self._encoder.push(pcm)

    @staticmethod
    def _stretched(stretcher: TimeStretcher, pcm: bytes, *, last: bool = False) -> bytes:
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(_FULL_SCALE)
        return to_pcm(stretcher.add(samples, last=last) * np.float32(_FULL_SCALE))
