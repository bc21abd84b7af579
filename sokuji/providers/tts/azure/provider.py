"""Text to speech with Azure's Speech service.

Written against "Text to speech REST API" (https://learn.microsoft.com/azure/ai-services/speech-service/
rest-text-to-speech) and "Customize voice and sound with SSML" (.../speech-synthesis-markup-voice), looked up
2026-11. The service cuts sound off after ten minutes without a word about it, which is why texts go in
portions that cannot get there.
"""

import logging
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing

from sokuji.config import AzureSpeechConfig, Settings, check_live
from sokuji.contract import AudioChunk, SynthesiserInfo, SynthesisRequest
from sokuji.errors import OUTAGES, ConfigError, ProviderUnavailable, listed
from sokuji.providers import azure
from sokuji.providers.cloud import CloudClient
from sokuji.providers.tts import streamed, voices
from sokuji.providers.tts.azure import voices as azure_voices
from sokuji.providers.tts.azure.voices import AzureVoice

SPEEDS = (0.5, 2.0)
LONGEST_S = 599.0
MOST_CHARACTERS = 500
"""Of one request: at the slowest speed each character has more than a second of the ten minutes."""
REFRESH_S = 3_600.0
"""A list of voices that is older is asked for anew with the next check."""
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

log = logging.getLogger(__name__)


class AzureSpeech:
    """Azure's voices; see ``TextToSpeech`` for the contract."""

    def __init__(self, config: AzureSpeechConfig) -> None:
        self.config = config
        self._cloud: CloudClient | None = None
        self._known = azure_voices.by_table()
        self._offered: list[AzureVoice] = []
        self._listed_at: float | None = None

    async def load(self) -> None:
        """Ask for the voices, which costs nothing; while the service is away those of the table are offered.

        Raises:
            ConfigError: key or region are not set, or a setting names a voice that there is not.
            ProviderFailed: the key is refused.
        """
        headers = {azure.KEY_HEADER: azure.key(), "User-Agent": "sokuji-bridge"}
        settings = self.config.model_copy(update={"base_url": azure.base_url(self.config)})
        self._cloud = CloudClient("Azure Speech", settings, headers, azure.KEY)
        try:
            await self.check()
        except OUTAGES as error:
            log.warning("the voices of the region are not known yet: %s", error.message)
        self._offered = self._choose(self.config)

    def update(self, config: Settings) -> None:
        """Take over new values of live settings, from the next request on.

        Raises:
            ConfigError: another setting differs, or one names a voice that there is not.
        """
        config = check_live(self.config, config)
        service, self._offered = self._ready, self._choose(config)
        service.update(config)
        self.config = config

    async def describe(self) -> SynthesiserInfo:
        """The voices; for each language its default voice is the first that speaks it."""
        return SynthesiserInfo(
            provider=self.config.provider,
            model="neural",
            voices=tuple(each.voice for each in self._offered),
            speeds=SPEEDS,
        )

    async def synthesize(self, request: SynthesisRequest) -> AsyncGenerator[AudioChunk, None]:
        """Speak a text, in chunks as they come; raises what ``voices.choose`` and ``Speech.chunks`` raise."""
        service, rate, offered = self._ready, self.config.output_rate, self._offered
        voice = voices.choose(request, [each.voice for each in offered], SPEEDS)
        chosen = next(each for each in offered if each.voice is voice)
        headers = {"Content-Type": "application/ssml+xml", "X-Microsoft-OutputFormat": _FORMATS[rate]}

        def ask(text: str) -> AsyncGenerator[bytes, None]:
            return service.stream(
                "POST",
                "/cognitiveservices/v1",
                look=streamed.refuse_other_than_sound("Azure Speech"),
                headers=headers,
                content=ssml(text, chosen, request.language, request.speed),
            )

        speech = streamed.SpeechStream("Azure Speech", rate, request.speed, LONGEST_S)
        async with aclosing(speech.chunks(streamed.portions(request.text, MOST_CHARACTERS), ask)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def check(self) -> None:
        """Ask for the list of voices, which costs nothing: the address and the key are good.

        The list is long: while a newer one is not wanted, its beginning is enough.
        """
        service = self._ready
        if self._listed_at is not None and time.monotonic() - self._listed_at < REFRESH_S:
            async with aclosing(service.stream("GET", _LIST)) as pieces:
                await anext(pieces, None)
            return
        self._known = azure_voices.from_list(await service.send_json("GET", _LIST))
        self._listed_at = time.monotonic()
        if self._offered:
            self._offered = self._choose(self.config)

    async def aclose(self) -> None:
        """End all connections."""
        if self._cloud is not None:
            await self._cloud.aclose()
        self._cloud = None

    @property
    def _ready(self) -> CloudClient:
        if self._cloud is None:
            raise ProviderUnavailable("Azure Speech is not loaded")
        return self._cloud

    def _choose(self, config: AzureSpeechConfig) -> list[AzureVoice]:
        """The voices on offer under ``config``."""
        defaults = azure_voices.choose_defaults(config.default_voices)
        known = {each.voice.id: each for each in self._known}
        if self._listed_at is None:
            # There is no telling which other names are good.
            known |= {name: voice for name in config.voices if (voice := azure_voices.by_name(name))}
        else:
            _check_names("default_voices", config.default_voices.values(), config.voices or list(known))
        _check_names("voices", config.voices, list(known))
        offered = [known[name] for name in config.voices] or self._known
        return azure_voices.in_order(offered, defaults, config.output_rate)


def _check_names(field: str, names: Iterable[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise ConfigError(
                f"{field}: there is no voice {name!r} here; accepted: {listed(known)}", param=field
            )


def ssml(text: str, chosen: AzureVoice, language: str, speed: float) -> bytes:
    """The request's body. Text stays text whatever it holds: the document is made as a tree.

    Args:
        text: without control characters, see ``phrases.clean``.
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
