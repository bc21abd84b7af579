"""Text to speech with Azure's Speech service.

Written against "Text to speech REST API" (https://learn.microsoft.com/azure/ai-services/speech-service/
rest-text-to-speech) and "Customize voice and sound with SSML" (.../speech-synthesis-markup-voice), looked up
2026-11. The service cuts audio off after ten minutes without an error, so texts are sent in parts that stay
below this limit.
"""

import logging
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing

from sokuji.config import AzureSpeechConfig, Settings, check_live
from sokuji.contract import AudioChunk, SynthesiserInfo, SynthesisRequest
from sokuji.errors import OUTAGES, ConfigError, ProviderUnavailable, listed
from sokuji.metrics.cloud_usage import record_usage
from sokuji.providers import azure_speech
from sokuji.providers.cloud import CloudClient
from sokuji.providers.tts.azure import voice_list
from sokuji.providers.tts.azure.voice_list import AzureVoice
from sokuji.providers.tts.speech_stream import SpeechStream, require_audio, split_text
from sokuji.providers.tts.voice_selection import choose_voice

SPEEDS = (0.5, 2.0)
MAX_AUDIO_S = 599.0
"""Audio of one request; the service cuts off longer audio."""
MAX_CHARACTERS = 500
"""Text of one request: at the slowest speed, more than a second of ``MAX_AUDIO_S`` for each character."""
REFRESH_S = 3_600.0
"""A list of voices older than this is requested again by the next check."""
_FORMATS = {
    8_000: "raw-8khz-16bit-mono-pcm",
    16_000: "raw-16khz-16bit-mono-pcm",
    22_050: "raw-22050hz-16bit-mono-pcm",
    24_000: "raw-24khz-16bit-mono-pcm",
    44_100: "raw-44100hz-16bit-mono-pcm",
    48_000: "raw-48khz-16bit-mono-pcm",
}
_LIST = "/cognitiveservices/voices/list"
_XML = "{http://www.w3.org/XML/1998/namespace}"
_SSML = "http://www.w3.org/2001/10/synthesis"

_log = logging.getLogger(__name__)


class AzureSpeech:
    """A ``Synthesiser`` (``sokuji.contract``) with the voices of Azure Speech."""

    def __init__(self, config: AzureSpeechConfig) -> None:
        self.config = config
        self._cloud: CloudClient | None = None
        self._known = voice_list.voices_of_table()
        self._offered: list[AzureVoice] = []
        self._listed_at: float | None = None

    async def load(self) -> None:
        """List the voices, which is free; if the service cannot be reached, those of the table are offered.

        Raises:
            ConfigError: the key or the region is not set, or a setting names an unknown voice.
            ProviderFailed: the key is refused.
        """
        headers = {azure_speech.KEY_HEADER: azure_speech.api_key(), "User-Agent": "sokuji-bridge"}
        settings = self.config.model_copy(update={"base_url": azure_speech.base_url(self.config)})
        self._cloud = CloudClient("Azure Speech", settings, headers, azure_speech.KEY)
        try:
            await self.check()
        except OUTAGES as error:
            _log.warning("the voices of the region could not be listed at start: %s", error.message)
        self._offered = self._choose(self.config)

    def update(self, config: Settings) -> None:
        """Apply new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs, or a setting names an unknown voice.
        """
        config = check_live(self.config, config)
        service, self._offered = self._ready, self._choose(config)
        service.update(config)
        self.config = config

    async def describe(self) -> SynthesiserInfo:
        """The voices; the first that speaks a language is its default voice."""
        return SynthesiserInfo(
            provider=self.config.provider,
            model="neural",
            voices=tuple(each.voice for each in self._offered),
            speeds=SPEEDS,
            reads_notation=True,
        )

    async def synthesize(self, request: SynthesisRequest) -> AsyncGenerator[AudioChunk, None]:
        """Speak a text, in chunks as they arrive; raises what ``choose_voice`` and ``SpeechStream.chunks``
        raise."""
        service, rate, offered = self._ready, self.config.output_rate, self._offered
        voice = choose_voice(request, [each.voice for each in offered], SPEEDS)
        chosen = next(each for each in offered if each.voice is voice)
        headers = {"Content-Type": "application/ssml+xml", "X-Microsoft-OutputFormat": _FORMATS[rate]}

        def request_audio(text: str) -> AsyncGenerator[bytes, None]:
            record_usage("tts", "azure", "characters", len(text))
            return service.stream(
                "POST",
                "/cognitiveservices/v1",
                request,
                check_headers=require_audio("Azure Speech"),
                headers=headers,
                content=ssml(text, chosen, request.language, request.speed),
            )

        speech = SpeechStream("Azure Speech", rate, request.speed, MAX_AUDIO_S)
        async with aclosing(speech.chunks(split_text(request.text, MAX_CHARACTERS), request_audio)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def check(self) -> None:
        """List the voices, which is free and checks the address and the key.

        The list is long, so that it is read completely only if the known one is older than ``REFRESH_S``.
        """
        service = self._ready
        if self._listed_at is not None and time.monotonic() - self._listed_at < REFRESH_S:
            async with aclosing(service.stream("GET", _LIST)) as response:
                await anext(response, None)
            return
        self._known = voice_list.read_voice_list(await service.send_json("GET", _LIST))
        self._listed_at = time.monotonic()
        if self._offered:
            self._offered = self._choose(self.config)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._cloud is not None:
            await self._cloud.aclose()
        self._cloud = None

    @property
    def _ready(self) -> CloudClient:
        if self._cloud is None:
            raise ProviderUnavailable("Azure Speech is not loaded")
        return self._cloud

    def _choose(self, config: AzureSpeechConfig) -> list[AzureVoice]:
        """The voices that are offered with ``config``."""
        defaults = voice_list.default_voice_names(config.default_voices)
        known = {each.voice.id: each for each in self._known}
        if self._listed_at is None:
            # Without the service's list, any well-formed name is accepted.
            known |= {name: voice for name in config.voices if (voice := voice_list.voice_from_name(name))}
        else:
            _check_names("default_voices", config.default_voices.values(), config.voices or list(known))
        _check_names("voices", config.voices, list(known))
        offered = [known[name] for name in config.voices] or self._known
        return voice_list.order_voices(offered, defaults, config.output_rate)


def _check_names(field: str, names: Iterable[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise ConfigError(
                f"{field}: there is no voice {name!r} here; accepted: {listed(known)}", param=field
            )


def ssml(text: str, chosen: AzureVoice, language: str, speed: float) -> bytes:
    """The SSML document of a request, built as a tree so that the text cannot contain markup.

    Args:
        text: without control characters (``phrase_splitting.speakable_text``).
        chosen: the voice.
        language: canonical code.
        speed: within ``SPEEDS``.
    """
    own, locale = chosen.voice.language, chosen.locales[language]
    root = ElementTree.Element("speak", {"version": "1.0", "xmlns": _SSML, f"{_XML}lang": own})
    innermost = ElementTree.SubElement(root, "voice", {"name": chosen.voice.id})
    if locale != own:
        innermost = ElementTree.SubElement(innermost, "lang", {f"{_XML}lang": locale})
    if speed != 1.0:
        innermost = ElementTree.SubElement(innermost, "prosody", {"rate": f"{speed:g}"})
    innermost.text = text
    body: bytes = ElementTree.tostring(root, encoding="utf-8")
    return body
